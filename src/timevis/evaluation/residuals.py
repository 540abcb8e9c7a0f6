"""Residuals and the calibration of quantiles."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.quality.statistics import autocorrelation
from timevis.evaluation.error_profile import (
    SavedForecasts,
    error_histogram,
    metrics_by_step,
    pit_density,
    reliability,
)
from timevis.evaluation.forecast_window import forecasts_of_channel
from timevis.runs.record import RunRecord
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS


def calibration_profile(forecasts: SavedForecasts, channel: str | None = None) -> dict[str, Any]:
    """Compare nominal with observed shares on the evenly spaced saved windows.

    Parameters
    ----------
    forecasts : SavedForecasts
        From `timevis.evaluation.forecast_window.saved_forecasts`.
    channel : str, optional
        None takes all channels.

    Returns
    -------
    dict
        ``levels``: share of truths inside each central interval, its ends included; ``quantiles``: share of truths at
        or below each quantile, see `timevis.evaluation.error_profile.reliability`; ``pit``: histogram of the
        probability integral transform over bins between the quantile levels, with ``density`` 1 when calibrated.
    """
    own = forecasts_of_channel(forecasts.evenly_spaced, channel)
    observed = np.isfinite(own.truth)
    count = int(observed.sum())
    if not count:
        return {"levels": [], "quantiles": [], "pit": {"edges": [], "counts": [], "density": []}}
    levels = []
    for position, low in enumerate(QUANTILE_LEVELS[: len(QUANTILE_LEVELS) // 2]):
        high = -1 - position
        inside = (own.truth >= own.quantiles[:, position]) & (own.truth <= own.quantiles[:, high])
        nominal = round(QUANTILE_LEVELS[high] - low, 6)
        levels.append({"nominal": nominal, "observed": inside[observed].mean(), "count": count})
    share = reliability(own)
    edges, density = pit_density(share)
    return to_json_types(
        {
            "levels": levels[::-1],
            "quantiles": [
                {"level": level, "observed": value} for level, value in zip(QUANTILE_LEVELS, share, strict=True)
            ],
            "pit": {
                "edges": edges.tolist(),
                "counts": (density * np.diff(edges) * count).tolist(),
                "density": density.tolist(),
            },
        }
    )


QQ_POINTS = 199
MAX_LAG = 168
Z_95 = NormalDist().inv_cdf(0.975)


def residual_profile(record: RunRecord, forecasts: SavedForecasts, channel: str | None = None) -> dict[str, Any]:
    """Describe the residuals, point forecast minus truth, of the evenly spaced saved windows.

    Parameters
    ----------
    record : RunRecord
    forecasts : SavedForecasts
        From `timevis.evaluation.forecast_window.saved_forecasts`.
    channel : str, optional
        None takes all channels. With several channels the residuals are then divided by the standard deviation of
        the training part of their channel.

    Returns
    -------
    dict
        ``count``, ``mean``, ``std``, ``scaled``, ``unit``; ``histogram`` (edges, counts); ``qq`` (quantiles of the
        standard normal distribution, and of the standardised residuals); ``autocorrelation`` along a forecast, with
        the bound 1.96 / sqrt(count) of white noise; ``by_hour`` and ``by_weekday`` (mean absolute error and bias by
        the time of the target; Monday is 0); ``by_horizon``.
    """
    own = forecasts_of_channel(forecasts.evenly_spaced, channel)
    scaled = channel is None and len(record.channels) > 1
    scale = own.frame["std"].to_numpy()[:, None] if scaled else 1.0
    error = own.error / scale
    observed = error[np.isfinite(error)]
    return to_json_types(
        {
            "count": len(observed),
            "mean": float(observed.mean()) if len(observed) else None,
            "std": float(observed.std()) if len(observed) else None,
            "scaled": scaled,
            "unit": "training standard deviation" if scaled else record.unit_of(channel or record.channels[0]),
            "histogram": _histogram(observed),
            "qq": _normal_quantiles(observed),
            "autocorrelation": _autocorrelation(error, len(observed)),
            "by_hour": _by_calendar(own, error, own.absolute_error / scale, "hour"),
            "by_weekday": _by_calendar(own, error, own.absolute_error / scale, "weekday"),
            "by_horizon": _by_horizon_of_run(record)
            if channel is None
            else _by_horizon_of_channel(record, own, channel),
        }
    )


def _histogram(values: np.ndarray) -> dict[str, list[float]]:
    if not len(values):
        return {"edges": [], "counts": []}
    counts, edges = error_histogram(values)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _normal_quantiles(values: np.ndarray) -> dict[str, list[float]]:
    """Quantiles of the standard normal distribution, and of the standardised values at the same probabilities."""
    if len(values) < 2 or not values.std():
        return {"theoretical": [], "observed": []}
    probabilities = (np.arange(QQ_POINTS) + 0.5) / QQ_POINTS
    standardised = (values - values.mean()) / values.std()
    normal = NormalDist()
    return {
        "theoretical": [normal.inv_cdf(float(p)) for p in probabilities],
        "observed": np.quantile(standardised, probabilities).tolist(),
    }


def _autocorrelation(error: np.ndarray, count: int) -> dict[str, Any]:
    """Autocorrelation of errors [N, H] along the horizon."""
    lags = list(range(1, min(error.shape[1] - 1, MAX_LAG) + 1)) if count else []
    return {"lags": lags, "values": autocorrelation(error, lags), "bound": Z_95 / np.sqrt(count) if count else None}


def _by_calendar(
    forecasts: SavedForecasts, error: np.ndarray, absolute: np.ndarray, field: str
) -> list[dict[str, Any]]:
    """Mean absolute error and bias by the hour or weekday of the target; empty if there is only one."""
    if not forecasts.times:
        return []
    index = pd.DatetimeIndex(np.concatenate([t.tz_localize(None).to_numpy() for t in forecasts.times]))
    keys = index.hour if field == "hour" else index.day_of_week
    table = pd.DataFrame({"key": keys, "error": error.ravel(), "absolute": absolute.ravel()}).dropna()
    groups = table.groupby("key").agg(count=("error", "size"), mae=("absolute", "mean"), bias=("error", "mean"))
    return groups.reset_index().to_dict("records") if len(groups) > 1 else []


def _by_horizon_of_run(record: RunRecord) -> list[dict[str, Any]]:
    """Metrics of each step over all scored windows and channels, from results.json."""
    own, naive = record.results.by_horizon, record.results.seasonal_naive_by_horizon
    return [
        {
            "step": step + 1,
            **{name: own[name][step] for name in ("mae", "wql", "coverage_80")},
            **{f"naive_{name}": naive[name][step] for name in ("mae", "wql")},
        }
        for step in range(record.horizon)
    ]


def _by_horizon_of_channel(record: RunRecord, own: SavedForecasts, channel: str) -> list[dict[str, Any]]:
    """Metrics of each step over the saved windows of a channel.

    The metrics of seasonal naive are None: run folders store its errors by step for all channels together.
    """
    if record.channels == [channel]:
        return _by_horizon_of_run(record)
    values = metrics_by_step(own, ("mae", "wql", "coverage_80"))
    rows = zip(*values.values(), strict=True)
    return [
        {"step": step, **dict(zip(values, row, strict=True)), "naive_mae": None, "naive_wql": None}
        for step, row in enumerate(rows, 1)
    ]
