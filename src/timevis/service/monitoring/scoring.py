"""The scores of stored forecasts, and what they say: pooled errors of recent forecasts, drift, and alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import torch
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from timevis.evaluation.drift import Drift, measure_drift
from timevis.evaluation.window_table import WindowTable
from timevis.messages import Share, Text
from timevis.metrics.forecast_metrics import ForecastMetrics, headline, ratios
from timevis.metrics.specs import METRICS, PINBALL, REFERENCE_PINBALL, terms
from timevis.runs.folder import RunFolder
from timevis.service.db.monitor_tables import (
    COVERAGE,
    DRIFT,
    WORSE,
    Champion,
    ForecastArrays,
    ForecastScore,
    Monitor,
    StoredForecast,
    pack,
    unpack,
)
from timevis.service.monitoring.alerts import raise_alert, resolve_alerts
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS

SHOWN_METRICS = ("relative_wql", "wql", "mae", "mase", "bias", "coverage_50", "coverage_80", "coverage_95")
DETAILED_METRICS = ("relative_wql", "wql", "mae", "bias", "coverage_80")
"""Metrics that are stored for each channel and for each step."""
MIN_COVERAGE_FORECASTS = 7
"""Forecasts from which the coverage is computed, at least."""


@dataclass(frozen=True)
class ScoreSums:
    """The terms of all metrics of one stored forecast, and the quantile losses of seasonal naive.

    Attributes
    ----------
    channels : tuple of C names
    sums : {name: float64 [C, H]}
        Zero where there is no truth.
    """

    channels: tuple[str, ...]
    sums: dict[str, np.ndarray]

    @classmethod
    def of(cls, forecast: ForecastArrays, truth: np.ndarray) -> ScoreSums:
        """Score a forecast; `truth` is float64 [C, H], NaN where it is missing."""
        ones = torch.ones(len(truth))
        metrics = ForecastMetrics(truth.shape[1], ones, ones, QUANTILE_LEVELS)
        target, mask = torch.from_numpy(np.nan_to_num(truth)), torch.from_numpy(np.isfinite(truth))
        model, naive = (
            metrics.elements(torch.from_numpy(point.copy()), torch.from_numpy(quantiles.copy()), target, mask)
            for point, quantiles in (
                (forecast.point, forecast.quantiles),
                (forecast.naive[:, len(QUANTILE_LEVELS) // 2], forecast.naive),
            )
        )
        sums = {name: tensor.numpy() for name, tensor in model.items()}
        return cls(forecast.channels, sums | {REFERENCE_PINBALL: naive[PINBALL.name].numpy()})

    @property
    def targets(self) -> int:
        """The number of truths."""
        return int(self.sums["count"].sum())

    def to_json(self) -> dict[str, Any]:
        return {"channels": list(self.channels), "arrays": pack(self.sums)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ScoreSums:
        arrays = {name: array.astype(np.float64) for name, array in unpack(values["arrays"]).items()}
        return cls(tuple(values["channels"]), arrays)

    def scales(self, scales: pd.DataFrame) -> tuple[torch.Tensor, torch.Tensor]:
        """``std`` and ``mase_scale`` of the channels, from a data frame whose index is the channels."""
        own = scales.loc[list(self.channels)]
        return torch.tensor(own["std"].to_list(), dtype=torch.float64), torch.tensor(
            own["mase_scale"].to_list(), dtype=torch.float64
        )

    def summary(self, scales: pd.DataFrame) -> dict[str, Any]:
        """`SHOWN_METRICS` overall, and `DETAILED_METRICS` by channel and by step, as values of JSON.

        A metric has no value where there is no truth.
        """
        std, mase_scale = self.scales(scales)
        tensors = {name: torch.from_numpy(table) for name, table in self.sums.items()}
        of_channels = {name: table.sum(1) for name, table in tensors.items()}
        overall = headline(of_channels, std, mase_scale)
        by_channel = ratios(of_channels, std, mase_scale)
        by_step = headline({name: table.T for name, table in tensors.items()}, std, mase_scale)
        described: dict[str, Any] = to_json_types(
            {
                "metrics": {name: float(overall[name]) for name in SHOWN_METRICS},
                "by_channel": {
                    channel: {name: float(by_channel[name][c]) for name in DETAILED_METRICS}
                    for c, channel in enumerate(self.channels)
                },
                "by_step": {name: by_step[name].tolist() for name in DETAILED_METRICS},
            }
        )
        return described


def pooled(scores: Sequence[ScoreSums]) -> ScoreSums:
    """The sums of several forecasts of the same model, over the channels that any of them has."""
    channels = tuple(dict.fromkeys(channel for score in scores for channel in score.channels))
    numbers = {name: number for number, name in enumerate(channels)}
    horizon = max(score.sums["count"].shape[1] for score in scores)
    sums = {name: np.zeros((len(channels), horizon)) for name in scores[0].sums}
    for score in scores:
        rows = [numbers[name] for name in score.channels]
        for name, table in score.sums.items():
            sums[name][rows, : table.shape[1]] += table
    return ScoreSums(channels, sums)


def window_table(scores: Sequence[tuple[int, ScoreSums]], scales: pd.DataFrame) -> WindowTable:
    """Stored forecasts as the windows of a run, by which errors are compared; `scores` has the row of each origin."""
    rows = [
        {"origin": origin, "channel": channel, **{name: table[c].sum() for name, table in score.sums.items()}}
        for origin, score in scores
        for c, channel in enumerate(score.channels)
    ]
    frame = pd.DataFrame(rows)
    frame = frame.join(scales.loc[frame["channel"]].reset_index(drop=True))
    naive = frame.assign(**dict.fromkeys(terms(), frame["count"]))
    return WindowTable.from_frame(frame, naive.assign(**{PINBALL.name: frame[REFERENCE_PINBALL]}))


Recent = list[tuple[StoredForecast, ScoreSums]]


def _recent_scores(session: Session, champion: Champion, count: int) -> Recent:
    """The last complete forecasts of a champion with their sums, in the order of time."""
    query = (
        select(StoredForecast, ForecastScore)
        .join(ForecastScore, ForecastScore.forecast_id == StoredForecast.id)
        .where(StoredForecast.champion_id == champion.id, StoredForecast.complete, ForecastScore.complete)
        .options(undefer(ForecastScore.sums))
        .order_by(StoredForecast.origin_row.desc())
        .limit(count)
    )
    newest_first = [(forecast, ScoreSums.from_json(score.sums)) for forecast, score in session.execute(query)]
    return newest_first[::-1]


def watch_scores(
    session: Session, monitor: Monitor, champion: Champion, scales: pd.DataFrame, run: RunFolder
) -> Drift | None:
    """Write the state of a monitor, and raise or resolve the alerts of its scores; returns the drift, if any.

    Parameters
    ----------
    session : Session
    monitor : Monitor
    champion : Champion
        The present one.
    scales : DataFrame
        ``std`` and ``mase_scale`` of its channels.
    run : RunFolder
        Of its model.
    """
    recent = _recent_scores(session, champion, monitor.bounds["window"])
    state: dict[str, Any] = {"forecasts": len(recent), "summary": None, "drift": [], "test": _test_metrics(run)}
    if not recent:
        monitor.state = state
        return None
    scores = [score for _, score in recent]
    state["summary"] = pooled(scores).summary(scales)
    state["first_origin"], state["last_origin"] = recent[0][0].origin, recent[-1][0].origin
    drifts = measure_drift(_table(recent, scales), WindowTable.from_frame(run.table("windows"), _naive(run)))
    state["drift"] = [asdict(drift) | {"is_drift": drift.is_drift} for drift in drifts]
    monitor.state = to_json_types(state)
    _watch_naive(session, monitor, recent, scales)
    _watch_coverage(session, monitor, recent, state["summary"]["metrics"]["coverage_80"])
    return _watch_drift(session, monitor, recent, drifts)


def _test_metrics(run: RunFolder) -> dict[str, Any]:
    """The metrics of the test of the champion's run, with which the recent ones are compared."""
    metrics: dict[str, Any] = to_json_types({name: value.value for name, value in run.results.metrics.items()})
    return metrics


def _naive(run: RunFolder) -> pd.DataFrame:
    return run.table("windows_seasonal_naive")


def _table(recent: Recent, scales: pd.DataFrame) -> WindowTable:
    return window_table([(forecast.origin_row, score) for forecast, score in recent], scales)


def _watch_naive(session: Session, monitor: Monitor, recent: Recent, scales: pd.DataFrame) -> None:
    """Raise an alert if the forecasts of each of the last days had larger errors than seasonal naive."""
    by_day = groupby(recent, key=lambda pair: pair[0].last_time[:10])
    days = [(day, list(pairs)) for day, pairs in by_day][-monitor.bounds["worse_days"] :]
    ratios = [pooled([s for _, s in pairs]).summary(scales)["metrics"]["relative_wql"] for _, pairs in days]
    is_worse = [ratio is not None and ratio > 1 for ratio in ratios]
    if len(days) == monitor.bounds["worse_days"] and all(is_worse):
        last = days[-1][1][-1][0]
        text = Text(
            "the forecasts of the last {days} days have larger errors than seasonal naive: the relative WQL of the "
            "last day is {ratio:.2f}",
            days=len(days),
            ratio=ratios[-1],
        )
        raise_alert(session, monitor, WORSE, last.id, text, data_time=last.last_time, relative_wql=ratios)
    elif is_worse and not is_worse[-1]:
        resolve_alerts(session, monitor, WORSE)


def _watch_coverage(session: Session, monitor: Monitor, recent: Recent, coverage: float | None) -> None:
    low, high = monitor.bounds["coverage_low"], monitor.bounds["coverage_high"]
    if len(recent) < MIN_COVERAGE_FORECASTS or coverage is None:
        return
    side = "inside" if low <= coverage <= high else "below" if coverage < low else "above"
    resolve_alerts(session, monitor, COVERAGE, keep=side)
    if side == "inside":
        return
    last = recent[-1][0]
    text = Text(
        "the 80 % intervals of the last {forecasts} forecasts contain {coverage} of the values, outside the bounds "
        "{low} to {high}",
        forecasts=len(recent),
        coverage=Share(coverage),
        low=Share(low),
        high=Share(high),
    )
    raise_alert(session, monitor, COVERAGE, last.id, text, data_time=last.last_time, coverage_80=coverage, side=side)


def _watch_drift(session: Session, monitor: Monitor, recent: Recent, drifts: Sequence[Drift]) -> Drift | None:
    """Raise an alert about the clearest drift; it ends when no ratio is above 1 by more than chance."""
    clearest_first = sorted((drift for drift in drifts if drift.is_drift), key=lambda drift: drift.p)
    if not clearest_first:
        if drifts and all(drift.low <= 1 for drift in drifts):
            resolve_alerts(session, monitor, DRIFT)
        return None
    drift, last = clearest_first[0], recent[-1][0]
    text = Text(
        "the {metric} of the last {forecasts} forecasts is {ratio:.2f} times the one of the test of the model (95 % "
        "interval {low:.2f} to {high:.2f})",
        metric=METRICS[drift.metric].label,
        forecasts=drift.forecasts,
        ratio=drift.ratio,
        low=drift.low,
        high=drift.high,
    )
    raise_alert(session, monitor, DRIFT, last.id, text, data_time=last.last_time, **to_json_types(asdict(drift)))
    return drift
