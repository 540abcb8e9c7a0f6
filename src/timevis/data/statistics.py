"""What a channel looks like in numbers: moments, quantiles, seasonality, autocorrelation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.calendar import seasons_of, steps_per_day

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def named_periods(freq: str, rows: int) -> dict[str, int]:
    """Periods in rows, of at least two rows, that fit into `rows` three times: hour, day, week and year."""
    per_day = steps_per_day(freq)
    lengths = {"hour": per_day / 24, "day": per_day, "week": 7 * per_day, "year": 365.25 * per_day}
    if freq == "B":
        lengths = {"week": 5, "year": 261}
    return {name: round(p) for name, p in lengths.items() if p >= 2 - 1e-9 and 3 * round(p) <= rows}


def key_lags(freq: str, rows: int) -> list[int]:
    """Lags whose autocorrelation is reported: the next row and the seasons of the frequency."""
    return [lag for lag in sorted({1, *seasons_of(freq)}) if lag < rows // 2]


def moments(values: np.ndarray) -> dict[str, float | int | None]:
    """Counts, moments and quantiles of one channel, [T] with NaN for missing."""
    seen = values[np.isfinite(values)].astype(np.float64)
    out: dict[str, float | int | None] = {"observed": len(seen), "missing": len(values) - len(seen)}
    if not len(seen):
        return out
    mean, std = float(seen.mean()), float(seen.std())
    centred = (seen - mean) / std if std > 0 else np.zeros_like(seen)
    out |= {
        "mean": mean,
        "std": std,
        "skewness": float((centred**3).mean()),
        "excess_kurtosis": float((centred**4).mean() - 3) if std > 0 else 0.0,
        "min": float(seen.min()),
        **{f"q{100 * q:02.0f}": float(v) for q, v in zip(QUANTILES, np.quantile(seen, QUANTILES), strict=True)},
        "max": float(seen.max()),
        "zeros": int((seen == 0).sum()),
    }
    return out


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
    series = pd.Series(values[len(values) - rows :].astype(np.float64))
    trend = series.rolling(period, center=True, min_periods=max(1, period // 2)).mean()
    detrended = (series - trend).to_numpy()
    seen = np.isfinite(detrended)
    if seen.sum() <= 2 * period:
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


def autocorrelation(values: np.ndarray, lags: list[int] | range) -> list[float | None]:
    """Correlation of a channel, [T] with NaN for missing, with itself some rows before, over observed pairs."""
    x = values.astype(np.float64)
    x = x - (np.nanmean(x) if np.isfinite(x).any() else 0.0)
    seen = np.isfinite(x)
    x = np.where(seen, x, 0.0)
    size = 1 << (2 * len(x) - 1).bit_length()
    sums = np.fft.irfft(np.abs(np.fft.rfft(x, size)) ** 2, size)
    pairs = np.fft.irfft(np.abs(np.fft.rfft(seen.astype(np.float64), size)) ** 2, size).round()
    if not seen.any() or sums[0] <= 0:
        return [None for _ in lags]
    variance = sums[0] / pairs[0]
    return [
        float(np.clip(sums[k] / pairs[k] / variance, -1, 1)) if k < len(x) and pairs[k] > 0 else None for k in lags
    ]
