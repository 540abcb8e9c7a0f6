"""What the multiscale patch network reads: scales of a long context, normalised values, periods, reference curves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from timevis.models.patches.features import carried_values, patch_roughness

MIN_VARIANCE = 1e-6
"""Added to the variance of a window; the network expects series with a standard deviation of about 1."""
MAX_INPUT = 8.0
"""Largest value that the network reads, after the inverse hyperbolic sine."""
HALF_LIFE, LEAST_WEIGHT = 400.0, 0.05
"""Shift and scale are weighted: a row has half the weight after so many rows, but at least this one."""
PERIODS = 3
"""Periods that are detected: the clearest one, a shorter one and a longer one."""
REFERENCE_PERIODS = 6
"""How many periods back the references of a row are looked up."""
REFERENCE_DECAY = 0.75
"""Factor of the weight of each older period in the mean reference."""
REFERENCES = 4 + 2 * PERIODS
"""Curves from which a forecast starts: the last value, the level, the damped slope, the clearest season with its
drift, and for each period the last values and their mean."""
SLOPE_ROWS, SLOPE_STEADY_ROWS, SLOPE_DAMPING = 3, 8, 0.9
"""Rows over which the slope is measured, and its steadiness, and what is left of the slope after each row."""
PERIOD_FEATURES = 3
"""Of each period: its autocorrelation, its contrast to half a period, and its logarithm."""
CONTRAST_WEIGHT = 0.3
"""Of the contrast in the score of a lag; with a large one, three times a quarter of a year would win over a year."""
TREND_SHARE = 8
"""Before periods are detected, the mean of so large a part of the span before and after each row is subtracted."""
CALENDAR_BONUS, MIN_CALENDAR_CORRELATION = 0.15, 0.1
"""What the score of a day, a week or a year is higher; if it is correlated so much, it need not be a maximum."""
LONG_LAG_PENALTY = 0.3
"""What the score of a lag of the whole span must be higher, so that a period precedes its multiples."""


@dataclass(frozen=True)
class Layout:
    """Patches of a context from the coarsest scale to the finest one; the fine ones include the forecast.

    Attributes
    ----------
    coarse : tuple of (rows_per_value, patches)
        From the oldest scale on, without scales that have no patch.
    fine : int
    """

    coarse: tuple[tuple[int, int], ...]
    fine: int

    @property
    def coarse_tokens(self) -> int:
        return sum(patches for _, patches in self.coarse)

    def coarse_rows(self, patch_length: int) -> int:
        """Rows before the fine patches."""
        return sum(factor * patches for factor, patches in self.coarse) * patch_length

    def rows(self, patch_length: int) -> int:
        return self.coarse_rows(patch_length) + self.fine * patch_length

    def positions(self) -> Tensor:
        """Where each token ends, in fine patches after the first fine row; float32 [N]."""
        ends, end = [], -float(sum(factor * patches for factor, patches in self.coarse))
        for factor, patches in self.coarse:
            for _ in range(patches):
                end += factor
                ends.append(end)
        return torch.tensor(ends + [float(i + 1) for i in range(self.fine)])

    def calendar_rows(self, patch_length: int, rows_per_patch: int) -> Tensor:
        """Rows of each token whose calendar the network reads, evenly spaced; int64 [N, rows_per_patch]."""
        steps, first, place = torch.arange(rows_per_patch), [], 0
        for factor, patches in (*self.coarse, (1, self.fine)):
            length = factor * patch_length
            first += [place + i * length + steps * length // rows_per_patch for i in range(patches)]
            place += patches * length
        return torch.stack(first)


def merge_scales(x: Tensor, layout: Layout, patch_length: int, fine: Tensor) -> Tensor:
    """Means of `x` [B, T] over the rows of each value of the coarse patches, then the fine patches [B, fine, P]."""
    parts, place = [], 0
    for factor, patches in layout.coarse:
        length = factor * patches * patch_length
        rows = x[:, place : place + length]
        parts.append(rows.unflatten(1, (patches, patch_length, factor)).mean(-1))
        place += length
    return torch.cat([*parts, fine], 1)


def shift_and_scale(values: Tensor, counted: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean and standard deviation [B, 1] of the counted values; recent rows have more weight."""
    rows = torch.arange(values.shape[1], device=values.device)
    last = torch.where(counted > 0, rows, 0).amax(1, keepdim=True)
    age = (last - rows).clamp(min=0)
    weight = counted * (torch.exp2(-age / HALF_LIFE) + LEAST_WEIGHT)
    total = weight.sum(1, keepdim=True).clamp(min=LEAST_WEIGHT)
    shift = (values * weight).sum(1, keepdim=True) / total
    variance = ((values - shift).square() * weight).sum(1, keepdim=True) / total
    return shift, (variance + MIN_VARIANCE).sqrt()


def _fast_length(length: int) -> int:
    """The smallest product of a power of two and 1, 3 or 9 that is not smaller."""
    return min(odd * 2 ** math.ceil(math.log2(length / odd)) for odd in (1, 3, 9))


def autocorrelations(z: Tensor, mask: Tensor, lags: int) -> Tensor:
    """Correlation of the observed pairs of values at each lag from 0 to `lags` - 1; float32 [B, lags]."""
    size = _fast_length(z.shape[1] + lags)
    values, counted, squares = torch.fft.rfft(torch.stack([z, mask, z.square()]), size)
    products = torch.stack([values * values.conj(), counted * squares.conj(), squares * counted.conj()])
    covariance, earlier, later = torch.fft.irfft(products, size)[..., :lags]
    return covariance / (earlier.clamp(min=1e-3) * later.clamp(min=1e-3)).sqrt()


def calendar_periods(calendar: Tensor) -> Tensor:
    """Rows of a day, a week and a year, of calendar rows int64 [B, T, 5]; 1 where there is no whole number.

    The step is the one between the last two rows: of minutes or hours, a day, a week, or some months, whose rows may
    stand at their first or last days.

    Returns
    -------
    int64 [B, 3]
    """
    out = torch.ones(len(calendar), 3, dtype=torch.int64, device=calendar.device)
    if calendar.shape[1] < 2:
        return out
    minute, hour, weekday, day, month = (calendar[:, -1] - calendar[:, -2]).unbind(-1)
    minutes = (weekday * 1440 + hour * 60 + minute) % 10_080
    at_midnight = (hour == 0) & (minute == 0)
    in_months = at_midnight & (day.abs() <= 3) & (month != 0)
    in_years = at_midnight & (day == 0) & (month == 0)  # the same date has another weekday
    in_minutes = (minutes > 0) & ~in_months & ~in_years
    step, months = minutes.clamp(min=1), (month % 12).clamp(min=1)
    out[:, 0] = torch.where(in_minutes & (1440 % step == 0), 1440 // step, 1)
    out[:, 1] = torch.where(in_minutes & (10_080 % step == 0), 10_080 // step, 1)
    out[:, 2] = torch.where(in_months & (12 % months == 0), 12 // months, 1)
    out[:, 2] = torch.where(in_minutes & (step == 1440), 365, out[:, 2])
    out[:, 2] = torch.where((minutes == 0) & (day.abs() > 3), 52, out[:, 2])
    return out


def detect_periods(z: Tensor, mask: Tensor, usual: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Find the clearest period of each series, a shorter one and a longer one.

    A candidate is a local maximum of the autocorrelation whose lag fits twice into the observed span. Its score adds
    the autocorrelation and its contrast: how much it exceeds the mean at a half and at one and a half of the lag.
    Series that only change slowly have maxima by chance, without contrast. Usual periods have a bonus, and need to
    fit only one and a third times into the span.

    Parameters
    ----------
    z, mask : float [B, T]
        Standardised values, 0 where the mask is 0.
    usual : int64 [B, K], optional
        Rows of the day, the week and the year; 1 where there is none. See `calendar_periods`.

    Returns
    -------
    period : int64 [B, PERIODS]
        In rows, in the order shorter, clearest, longer; 1 where there is none.
    features : float [B, PERIODS * PERIOD_FEATURES]
        Autocorrelation, contrast and scaled logarithm of each period; 0 where there is none.
    """
    length = z.shape[1]
    lags = torch.arange(1, 3 * length // 4 + 1, device=z.device)
    rows = torch.arange(length, device=z.device)
    first = torch.where(mask > 0, rows, length).amin(1, keepdim=True)
    last = torch.where(mask > 0, rows, -1).amax(1, keepdim=True)
    span = (last - first + 1).clamp(min=1)
    correlation = autocorrelations(_without_trend(z, mask, span // TREND_SHARE), mask, 3 * length // 4 + 3)
    middle, before, after = (correlation[:, lags + i] for i in (0, -1, 1))
    half, one_and_a_half = lags // 2, 3 * lags // 2
    one_and_a_half = torch.where(2 * lags <= length, one_and_a_half, half)
    contrast = middle - 0.5 * (correlation[:, half] + correlation[:, one_and_a_half])
    is_peak = (middle > before) & (middle >= after) & (2 * lags <= span)
    score = middle + CONTRAST_WEIGHT * contrast - LONG_LAG_PENALTY * lags / span
    if usual is not None:
        is_usual = (lags == usual.unsqueeze(-1)).any(1)
        is_peak = is_peak | (is_usual & (4 * lags <= 3 * span) & (middle > MIN_CALENDAR_CORRELATION))
        score = score + CALENDAR_BONUS * is_usual
    score = torch.where(is_peak & (lags > 1) & (middle > 0), score, -1.0)
    clearest = _best(score, torch.ones_like(is_peak))
    shorter = _best(score, lags < 0.7 * clearest[:, None])
    longer = _best(score, lags > 1.6 * clearest[:, None])
    period = torch.stack([shorter, clearest, longer], 1)
    index, found = (period - 1).clamp(min=0), period > 1
    features = torch.stack(
        [middle.gather(1, index), contrast.gather(1, index).clamp(-1, 2), period.log() / 4], -1
    ) * found.unsqueeze(-1)
    return period, features.flatten(1)


def _without_trend(z: Tensor, mask: Tensor, reach: Tensor) -> Tensor:
    """Values less the mean of those that are at most `reach` [B, 1] rows before or after, which keeps all periods."""
    rows = torch.arange(z.shape[1], device=z.device)
    values, counts = (functional.pad(x.cumsum(1), (1, 0)) for x in (z, mask))
    begin, end = (rows - reach).clamp(min=0), (rows + reach + 1).clamp(max=z.shape[1])
    count = (counts.gather(1, end) - counts.gather(1, begin)).clamp(min=1)
    return (z - (values.gather(1, end) - values.gather(1, begin)) / count) * mask


def _best(score: Tensor, allowed: Tensor) -> Tensor:
    """The lag with the highest positive score; 1 where there is none; int64 [B]."""
    if not score.shape[1]:
        return torch.ones(len(score), dtype=torch.int64, device=score.device)
    highest, index = torch.where(allowed, score, -1.0).max(1)
    return torch.where(highest > 0, index + 1, 1)


def _steady_slope(observed: Tensor, edge: Tensor) -> Tensor:
    """Change per row up to the rows `edge` [B, N], times the share of the recent changes that have its direction.

    `observed` [B, T] is NaN where a value is missing; the slope is 0 where one of the rows is missing.
    """
    back = torch.arange(SLOPE_STEADY_ROWS, -1, -1, device=edge.device)
    rows = (edge.unsqueeze(-1) - back).clamp(min=0)
    recent = observed.gather(1, rows.flatten(1)).view_as(rows)
    change = recent.diff(dim=-1)
    steadiness = change.sum(-1).abs() / change.abs().sum(-1).clamp(min=1e-6)
    return (steadiness * change[..., -SLOPE_ROWS:].mean(-1)).nan_to_num()


def reference_curves(z: Tensor, mask: Tensor, period: Tensor, layout: Layout, patch_length: int) -> Tensor:
    """Curves of the fine patches from the second one on, from observed values before each patch.

    A season is looked up in the most recent period that was observed before the patch, row by row, so that a period
    which is shorter than a patch contributes its last repetition.

    Returns
    -------
    float [B, fine - 1, REFERENCES, P]
        Last value; level, the mean of the clearest period; last value plus damped slope; last season of the clearest
        period plus its drift; then the last season and a mean of seasons for each of the three periods.
    """
    total = z.shape[1]
    start = layout.coarse_rows(patch_length)
    rows = torch.arange(total, device=z.device)
    newest = torch.where(mask > 0, rows, -1).cummax(1).values
    first_rows = torch.arange(start + patch_length, total, patch_length, device=z.device)
    edge = newest[:, first_rows - 1]  # the last observed row before each patch
    last = carried_values(z, mask)[:, first_rows - 1]
    target = rows[start + patch_length :].unflatten(0, (-1, patch_length))
    ahead = target - edge.clamp(min=0).unsqueeze(-1)  # [B, fine - 1, P], at least 1

    values, counts = (functional.pad(x.cumsum(1), (1, 0)) for x in (z * mask, mask))
    main = period[:, 1:2]
    end = edge + 1

    def mean_before(stop: Tensor) -> tuple[Tensor, Tensor]:
        begin = (stop - main).clamp(min=0)
        stop = stop.clamp(min=0)
        count = counts.gather(1, stop) - counts.gather(1, begin)
        return (values.gather(1, stop) - values.gather(1, begin)) / count.clamp(min=1), count

    level, count = mean_before(end)
    earlier, earlier_count = mean_before(end - main)
    level = torch.where(count > 0, level, last)
    enough = (count > 0.5 * main) & (earlier_count > 0.5 * main) & (main > 1)
    drift = torch.where(enough, level - earlier, 0.0)

    fallback = last.unsqueeze(-1).expand(-1, -1, patch_length)
    observed_z = torch.where(mask > 0, z, torch.nan)
    slope = _steady_slope(observed_z, edge).unsqueeze(-1)
    continued = SLOPE_DAMPING * (1 - SLOPE_DAMPING**ahead) / (1 - SLOPE_DAMPING)  # of the slope, so many rows ahead
    curves = [fallback, level.unsqueeze(-1).expand_as(fallback), fallback + slope * continued, fallback]
    for number in range(PERIODS):
        lag = period[:, number, None, None]
        ago = (ahead - 1) // lag + 1  # the fewest periods that lead to the edge or before it
        recent = torch.full_like(fallback, torch.nan)
        mean, weights = torch.zeros_like(fallback), torch.zeros_like(fallback)
        for back in range(REFERENCE_PERIODS):
            source = target - (ago + back) * lag
            value = observed_z.gather(1, source.clamp(min=0).flatten(1)).view_as(source)
            usable = (source >= 0) & ~value.isnan()
            recent = torch.where(recent.isnan() & usable, value, recent)
            weight = usable * REFERENCE_DECAY**back
            mean, weights = mean + weight * value.nan_to_num(), weights + weight
        recent = torch.where(recent.isnan(), fallback, recent)
        mean = torch.where(weights > 0, mean / weights.clamp(min=1e-6), fallback)
        if number == 1:
            curves[3] = recent + drift.unsqueeze(-1) * ago
        curves += [recent, mean]
    return torch.stack(curves, 2).clamp(-MAX_INPUT, MAX_INPUT)


@dataclass(frozen=True)
class MultiscaleInputs:
    """Normalised inputs of N tokens, of which the last F are fine patches of P rows.

    Attributes
    ----------
    values, mask : float [B, N, P]
    roughness : float [B, N, 1]
    references : float [B, F - 1, REFERENCES, P]
        Of the fine patches from the second one on.
    periods : float [B, PERIODS * PERIOD_FEATURES]
    shift, scale : float [B, 1]
        Of the values before the inverse hyperbolic sine.
    layout : Layout
    """

    values: Tensor
    mask: Tensor
    roughness: Tensor
    references: Tensor
    periods: Tensor
    shift: Tensor
    scale: Tensor
    layout: Layout

    def normalise(self, values: Tensor) -> Tensor:
        """Values [B, T] in the units of the network."""
        return torch.asinh((values - self.shift) / self.scale).clamp(-MAX_INPUT, MAX_INPUT)


def multiscale_inputs(
    values: Tensor,
    mask: Tensor,
    visible: Tensor,
    layout: Layout,
    patch_length: int,
    usual_periods: Tensor | None = None,
) -> MultiscaleInputs:
    """Normalise series and compute all inputs but the calendar.

    Parameters
    ----------
    values, mask : float [B, T]
        T are the rows of the layout. The mask is 1 where a value may be read.
    visible : float [B, T]
        1 where a value counts for shift, scale and periods: the context, or the first part of it in the pretraining.
    layout : Layout
    patch_length : int
    usual_periods : int64 [B, K], optional
        As for `detect_periods`.
    """
    counted = mask * visible
    shift, scale = shift_and_scale(values, counted)
    z = torch.asinh((values - shift) / scale).clamp(-MAX_INPUT, MAX_INPUT) * mask
    period, period_features = detect_periods(z * visible, counted, usual_periods)
    references = reference_curves(z, mask, period, layout, patch_length)
    start = layout.coarse_rows(patch_length)
    fine_z, fine_mask = (x[:, start:].unflatten(1, (-1, patch_length)) for x in (z, mask))
    seen = merge_scales(mask, layout, patch_length, fine_mask)
    means = merge_scales(z, layout, patch_length, fine_z) / seen.clamp(min=1e-3)
    return MultiscaleInputs(
        means,
        seen,
        patch_roughness(means, (seen > 0).to(seen.dtype)),
        references,
        period_features,
        shift,
        scale,
        layout,
    )
