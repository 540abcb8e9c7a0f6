"""What a patch network reads of a window: scaled values, the calendar, covariates and other channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

CALENDAR_ROWS = 4
"""Rows of each patch whose calendar the network reads, evenly spaced."""
CALENDAR_WAVES = 15
"""Features of the calendar of one row."""
SHORT_PERIODS = 36
"""Largest period, in rows, of the first of the two periods that are detected."""
REFERENCE_PERIODS = 9
"""How many periods back the references of a row are looked up."""
REFERENCE_DECAY = 0.7
"""Factor of the weight of each older period in the mean reference."""
PENALTY_OF_LONG_LAGS = 0.05
"""What the autocorrelation at a lag of the whole span must be higher, so that a period precedes its multiples."""
MIN_DIFFERENCE = 1e-4
"""Added to the mean absolute difference of the values of a patch, before its logarithm."""
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

    The autocorrelation at a lag is the correlation of the pairs of observed values, so that it is 1 at the exact
    period of a series without noise. A lag is considered if the observed span is at least twice as long.

    Parameters
    ----------
    z, mask : float [B, T]
        Standardised values, 0 where the mask is 0.

    Returns
    -------
    period : int64 [B, 2]
        In rows; the first is at most `SHORT_PERIODS`, the second longer. 1 where there is none.
    strength : float [B, 2]
        The autocorrelation at the period, less the penalty of long lags; 0 where there is none.
    """
    length = z.shape[1]
    size = 2 ** math.ceil(math.log2(2 * length))
    values, counted, squares = torch.fft.rfft(torch.stack([z, mask, z.square()]), size)
    products = torch.stack([values * values.conj(), counted * squares.conj(), squares * counted.conj()])
    covariance, earlier, later = torch.fft.irfft(products, size)[..., : length // 2 + 2]
    correlation = covariance / (earlier.clamp(min=1e-3) * later.clamp(min=1e-3)).sqrt()
    lags = torch.arange(correlation.shape[1], device=z.device)
    rows = torch.arange(length, device=z.device)
    span = length - torch.where(mask > 0, rows, length).amin(1, keepdim=True)
    last = torch.where(mask > 0, rows, -1).amax(1, keepdim=True)
    span = span - (length - 1 - last)
    middle = correlation[:, 1:-1]
    is_peak = (middle > correlation[:, :-2]) & (middle >= correlation[:, 2:]) & (2 * lags[1:-1] <= span)
    periods, strengths = [], []
    for allowed in (lags[1:-1] <= SHORT_PERIODS, lags[1:-1] > SHORT_PERIODS):
        peaks = torch.where(is_peak & allowed, middle - PENALTY_OF_LONG_LAGS * lags[1:-1] / span.clamp(min=1), 0.0)
        highest, index = functional.pad(peaks, (0, 1)).max(1)
        periods.append(torch.where(highest > 0, index + 1, 1))
        strengths.append(highest.clamp(0, 1))
    return torch.stack(periods, 1), torch.stack(strengths, 1)


def carried_values(z: Tensor, mask: Tensor) -> Tensor:
    """The last observed value up to each row, 0 before the first one; all [B, T]."""
    rows = torch.arange(z.shape[1], device=z.device)
    last = torch.where(mask > 0, rows, -1).cummax(1).values
    return torch.where(last >= 0, z.gather(1, last.clamp(min=0)), 0.0)


def periodic_references(z: Tensor, mask: Tensor, lag: Tensor, fallback: Tensor) -> tuple[Tensor, Tensor]:
    """Observed values that are multiples of `lag` rows older than each row; all [B, T], `lag` int64 [B].

    Returns
    -------
    last, mean : float [B, T]
        The most recent of them, and a mean in which older ones have less weight. `fallback` replaces values that
        were never observed.
    """
    rows = torch.arange(z.shape[1], device=z.device)
    last, missing = fallback, torch.ones_like(mask, dtype=torch.bool)
    total, weights = torch.zeros_like(z), torch.zeros_like(z)
    for number in range(1, REFERENCE_PERIODS + 1):
        index = rows - number * lag[:, None]
        source = index.clamp(min=0)
        observed = (index >= 0) & (mask.gather(1, source) > 0)
        value, weight = z.gather(1, source), observed * REFERENCE_DECAY**number
        last = torch.where(missing & observed, value, last)
        missing = missing & ~observed
        total, weights = total + weight * value, weights + weight
    return last, torch.where(weights > 0, total / weights.clamp(min=1e-9), fallback)


def patch_roughness(z: Tensor, mask: Tensor) -> Tensor:
    """Logarithm of the mean absolute difference of neighbouring values in each patch; [B, N, P] give [B, N, 1]."""
    pairs = mask[..., 1:] * mask[..., :-1]
    difference = (z.diff(dim=-1).abs() * pairs).sum(-1, keepdim=True) / pairs.sum(-1, keepdim=True).clamp(min=1)
    return (difference + MIN_DIFFERENCE).log() / 4 + 1


class DataInputs(nn.Module):
    """Weights for covariates and channels, which a patch network has in addition when it is tuned on data.

    All are zero at first, so that the network forecasts as it was pretrained until it is tuned.

    Parameters
    ----------
    hidden_size, patch_length : int
        Of the patch network.
    num_channels, num_covariates : int
        Of the data; with one channel, there is no embedding.
    """

    def __init__(self, hidden_size: int, patch_length: int, num_channels: int, num_covariates: int) -> None:
        super().__init__()
        width, size = 2 * hidden_size, 2 * num_covariates * patch_length
        channels = num_channels if num_channels > 1 else 0
        self.embed_covariates = nn.Parameter(torch.zeros(width, 2 * size))
        self.head_covariates = nn.Parameter(torch.zeros(width, size))
        self.factors = nn.Parameter(torch.zeros(2 * num_covariates, hidden_size))
        self.factor_bias = nn.Parameter(torch.zeros(2 * num_covariates))
        self.embed_channel = nn.Parameter(torch.zeros(channels, width))
        self.head_channel = nn.Parameter(torch.zeros(channels, width))


@dataclass(frozen=True)
class WindowData:
    """Covariates and channels of some windows, and the layers that read them.

    They are added before the first activation of the embedding of each patch and of the head. Each covariate also
    shifts the forecast of its row, by a factor that depends on the state.

    Attributes
    ----------
    layers : DataInputs
    covariates : float [B, N + 1, P, 2 K]
        Covariates of the rows of each patch, and 1 where they may be read.
    channel : int64 [B]
    """

    layers: DataInputs
    covariates: Tensor
    channel: Tensor

    def add_to_embedding(self, hidden: Tensor) -> Tensor:
        """Add to `hidden` [B, N, 2 * hidden_size] what belongs to each patch and to the one after it."""
        if self.covariates.shape[-1]:
            rows = self.covariates.flatten(2)
            own_and_next = torch.cat([rows[:, :-1], rows[:, 1:]], -1)
            hidden = hidden + functional.linear(own_and_next, self.layers.embed_covariates)
        return self._with_channel(hidden, self.layers.embed_channel)

    def add_to_head(self, hidden: Tensor, first: int) -> Tensor:
        """Add to `hidden` [B, N - first, 2 * hidden_size] what belongs to the patches after patch `first`."""
        if self.covariates.shape[-1]:
            hidden = hidden + functional.linear(
                self.covariates[:, 1 + first :].flatten(2), self.layers.head_covariates
            )
        return self._with_channel(hidden, self.layers.head_channel)

    def add_to_rows(self, base: Tensor, state: Tensor, first: int) -> Tensor:
        """Add to `base` [B, N - first, P] the covariates of each row, times the factors of the state."""
        factors = functional.linear(state, self.layers.factors, self.layers.factor_bias)
        return base + (self.covariates[:, 1 + first :] * factors.unsqueeze(2)).sum(-1).float()

    def _with_channel(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        return hidden + embedding[self.channel].unsqueeze(1) if len(embedding) else hidden
