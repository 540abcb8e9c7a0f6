"""What the patch network reads beside the values: calendar waves, detected periods, and the values a period ago."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

CALENDAR_ROWS = 4
"""Rows of each patch whose calendar the network reads, evenly spaced."""
CALENDAR_WAVES = 15
"""Features of the calendar of one row."""
SHORT_PERIODS = 36
"""Largest period, in rows, of the first of the two periods that are detected."""
REFERENCE_PERIODS = 9
"""How many periods back a missing reference is looked up."""
MINUTES_PER_DAY, MINUTES_PER_WEEK = 1440, 10_080


def calendar_waves(calendar: Tensor) -> Tensor:
    """Features of calendar rows: waves of the day, the month and the year, and the weekday.

    Parameters
    ----------
    calendar : int64 [..., 5]
        See `timevis.data.calendar.CALENDAR_FIELDS`.

    Returns
    -------
    float32 [..., CALENDAR_WAVES]
    """
    minute, hour, weekday, day, month = calendar.unbind(-1)
    of_day = (hour + minute / 60) * (2 * math.pi / 24)
    angles = torch.stack([of_day, 2 * of_day, day * (2 * math.pi / 31), month * (2 * math.pi / 12)], -1)
    return torch.cat([angles.sin(), angles.cos(), functional.one_hot(weekday, 7)], -1)


def patch_calendars(calendar: Tensor, patch_length: int) -> Tensor:
    """Calendar features of patches, [B, N, CALENDAR_ROWS * CALENDAR_WAVES], of calendar rows [B, N * P, 5]."""
    rows = torch.arange(CALENDAR_ROWS, device=calendar.device) * patch_length // CALENDAR_ROWS
    return calendar_waves(calendar.unflatten(1, (-1, patch_length))[:, :, rows]).flatten(2)


def extend_calendar(calendar: Tensor, before: int, after: int) -> Tensor:
    """Add rows before and after regular calendar rows [B, T, 5]: time and weekday go on, day and month stay."""
    minute = calendar[..., 2] * MINUTES_PER_DAY + calendar[..., 1] * 60 + calendar[..., 0]
    step = (minute[:, -1:] - minute[:, -2:-1]) % MINUTES_PER_WEEK if minute.shape[1] > 1 else torch.zeros_like(minute)
    parts = []
    for count, edge, numbers in ((before, 0, range(-before, 0)), (after, -1, range(1, after + 1))):
        offsets = torch.tensor(list(numbers), dtype=torch.int64, device=calendar.device)
        rows = calendar[:, [edge]].repeat(1, count, 1)
        minutes = (minute[:, [edge]] + step * offsets) % MINUTES_PER_WEEK
        rows[..., 0], rows[..., 1] = minutes % 60, minutes // 60 % 24
        rows[..., 2] = minutes // MINUTES_PER_DAY
        parts.append(rows)
    return torch.cat([parts[0], calendar, parts[1]], 1)


def detect_periods(z: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Find a short and a long period of each series: the highest local maxima of its autocorrelation.

    The autocorrelation at a lag is estimated from the pairs of observed values. A lag is considered if the observed
    span is at least twice as long.

    Parameters
    ----------
    z, mask : float [B, T]
        Standardised values, 0 where the mask is 0.

    Returns
    -------
    period : int64 [B, 2]
        In rows; the first is at most `SHORT_PERIODS`, the second longer. 1 where there is none.
    strength : float [B, 2]
        The autocorrelation at the period, 0 where there is none.
    """
    length = z.shape[1]
    size = 2 ** math.ceil(math.log2(2 * length))
    pair = torch.stack([z, mask])
    spectrum = torch.fft.rfft(pair, size)
    sums, counts = torch.fft.irfft(spectrum * spectrum.conj(), size)[..., : length // 2 + 2]
    correlation = sums / counts.clamp(min=1)
    correlation = correlation / correlation[:, :1].clamp(min=1e-6)
    lags = torch.arange(correlation.shape[1], device=z.device)
    rows = torch.arange(length, device=z.device)
    span = length - torch.where(mask > 0, rows, length).amin(1, keepdim=True)
    last = torch.where(mask > 0, rows, -1).amax(1, keepdim=True)
    span = span - (length - 1 - last)
    middle = correlation[:, 1:-1]
    is_peak = (middle > correlation[:, :-2]) & (middle >= correlation[:, 2:]) & (2 * lags[1:-1] <= span)
    is_peak &= counts[:, 1:-1] > 0.5
    periods, strengths = [], []
    for allowed in (lags[1:-1] <= SHORT_PERIODS, lags[1:-1] > SHORT_PERIODS):
        peaks = torch.where(is_peak & allowed, middle, 0.0)
        strength, index = peaks.max(1) if peaks.shape[1] else (z.new_zeros(len(z)), lags.new_zeros(len(z)))
        periods.append(torch.where(strength > 0, index + 1, 1))
        strengths.append(strength)
    return torch.stack(periods, 1), torch.stack(strengths, 1).clamp(max=1)


def carried_values(z: Tensor, mask: Tensor) -> Tensor:
    """The last observed value up to each row, 0 before the first one; all [B, T]."""
    rows = torch.arange(z.shape[1], device=z.device)
    last = torch.where(mask > 0, rows, -1).cummax(1).values
    return torch.where(last >= 0, z.gather(1, last.clamp(min=0)), 0.0)


def periodic_reference(z: Tensor, mask: Tensor, lag: Tensor, fallback: Tensor) -> Tensor:
    """The last observed value of each row that is a multiple of `lag` rows older; all [B, T], `lag` int64 [B].

    `fallback` replaces values that were never observed.
    """
    rows = torch.arange(z.shape[1], device=z.device)
    out, missing = fallback, torch.ones_like(mask, dtype=torch.bool)
    for number in range(1, REFERENCE_PERIODS + 1):
        index = rows - number * lag[:, None]
        source = index.clamp(min=0)
        use = missing & (index >= 0) & (mask.gather(1, source) > 0)
        out = torch.where(use, z.gather(1, source), out)
        missing = missing & ~use
    return out
