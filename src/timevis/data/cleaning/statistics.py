"""What a channel looks like in numbers: moments, quantiles, seasonality, autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from timevis.data.calendar import season_lengths, steps_per_day

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MIN_ZERO_SHARE = 0.05


def named_periods(freq: str, rows: int) -> dict[str, int]:
    """Periods in rows, of at least two rows, that fit into `rows` three times: hour, day, week and year."""
    per_day = steps_per_day(freq)
    lengths = {"hour": per_day / 24, "day": per_day, "week": 7 * per_day, "year": 365.25 * per_day}
    return {name: round(p) for name, p in lengths.items() if p >= 2 - 1e-9 and 3 * round(p) <= rows}


def reported_lags(freq: str, rows: int) -> list[int]:
    """Lags whose autocorrelation is reported: the next row and the seasons of the frequency."""
    return [lag for lag in sorted({1, *season_lengths(freq)}) if lag < rows // 2]


def summary_statistics(values: np.ndarray) -> dict[str, float | int | None]:
    """Counts, moments and quantiles of one channel, [T] with NaN for missing."""
    seen = values[np.isfinite(values)].astype(np.float64)
    out: dict[str, float | int | None] = {"observed": len(seen), "missing": len(values) - len(seen)}
    if not len(seen):
        return out
    mean, std = float(seen.mean()), float(seen.std())
    centred = (seen - mean) / std if std > 0 else np.zeros_like(seen)
    square = centred * centred
    out |= {
        "mean": mean,
        "std": std,
        "skewness": float((square * centred).mean()),
        "excess_kurtosis": float((square * square).mean() - 3) if std > 0 else 0.0,
        "min": float(seen.min()),
        **{f"q{100 * q:02.0f}": float(v) for q, v in zip(QUANTILES, np.quantile(seen, QUANTILES), strict=True)},
        "max": float(seen.max()),
        "zeros": int((seen == 0).sum()),
    }
    return out


def non_negative_channels(values: np.ndarray) -> np.ndarray:
    """Which channels of rows [T, C] end at zero: never below, and zero in `AT_ZERO` of them; bool [C].

    As solar power, rain and rare counts do. A temperature that happens to have been above zero does not.
    """
    seen = np.maximum(np.isfinite(values).sum(0), 1)
    return ((values == 0).sum(0) >= MIN_ZERO_SHARE * seen) & ~(values < 0).any(0)


def moving_average(values: np.ndarray, width: int) -> np.ndarray:
    """Centred mean of the observed values among `width`; NaN where fewer than half are, [T]."""
    rolling = pd.Series(values).rolling(width, center=True, min_periods=-(-width // 2))
    return rolling.mean().to_numpy()


def seasonal_strength(values: np.ndarray, period: int) -> float | None:
    """Share of the variation that a repeating pattern explains, 0 to 1, after taking out a moving average.

    The measure of Wang, Smith and Hyndman (2006), max(0, 1 - Var(remainder) / Var(detrended)), corrected for the
    degrees of freedom that the pattern uses, so that noise scores about 0.

    Parameters
    ----------
    values : [T]
        NaN where missing.
    period : int
        In rows; at least two periods are needed, else None.
    """
    rows = len(values) // period * period
    if rows < 2 * period:
        return None
    series = values[len(values) - rows :].astype(np.float64)
    detrended = series - moving_average(series, period)
    detrended[: period // 2] = np.nan  # the average is not over a whole period there
    detrended[rows - (period - period // 2) + 1 :] = np.nan
    seen = np.isfinite(detrended)
    if seen.sum() <= 1.5 * period:
        return None
    phase = np.arange(rows) % period
    count = np.bincount(phase[seen], minlength=period)
    level = np.bincount(phase[seen], detrended[seen], minlength=period) / np.maximum(count, 1)
    rest = (detrended - level[phase])[seen]
    total = detrended[seen].var()
    if total <= 0:
        return None
    freedom = len(rest) / max(1, len(rest) - (count > 0).sum())
    return float(np.clip(1 - freedom * rest.var() / total, 0, 1))


def autocorrelation(values: np.ndarray, lags: Sequence[int]) -> list[float | None]:
    """Correlation of series with themselves some rows before, about their common mean, over observed pairs.

    Parameters
    ----------
    values : [..., T]
        NaN where missing.
    lags : sequence of int

    Returns
    -------
    list
        None for a lag without a pair, and for all of them where nothing varies.
    """
    seen = np.isfinite(values)
    if not seen.any():
        return [None] * len(lags)
    centred = np.where(seen, values - values[seen].mean(dtype=np.float64), 0.0)
    variance = (centred * centred).sum() / seen.sum()  # not `@`: small products are slow on shared cores
    length = values.shape[-1]
    out: list[float | None] = []
    for lag in lags:
        pairs = int((seen[..., lag:] & seen[..., : length - lag]).sum()) if lag < length else 0
        if not pairs or variance <= 0:
            out.append(None)
            continue
        product = (centred[..., lag:] * centred[..., : length - lag]).sum() / pairs
        out.append(float(np.clip(product / variance, -1, 1)))
    return out
