"""What the scores of a monitor say: pooled errors of the recent forecasts, drift, and the alerts that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from timevis.evaluation.drift import Drift, measure_drift
from timevis.evaluation.window_table import WindowTable
from timevis.messages import Share, Text
from timevis.metrics.specs import METRICS
from timevis.runs.folder import RunFolder
from timevis.service.db.monitor_tables import (
    COVERAGE,
    DRIFT,
    WORSE,
    Champion,
    ForecastScore,
    Monitor,
    StoredForecast,
)
from timevis.service.monitoring.alerts import raise_alert, resolve_alerts
from timevis.service.monitoring.scoring import ScoreSums, pooled, window_table
from timevis.utils.json_types import to_json_types

MIN_COVERAGE_FORECASTS = 7
"""Forecasts from which the coverage is computed, at least."""

Recent = list[tuple[StoredForecast, ScoreSums]]


def recent_scores(session: Session, champion: Champion, count: int) -> Recent:
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
    recent = recent_scores(session, champion, monitor.bounds["window"])
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
            "alert-worse-than-naive",
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
        "alert-coverage",
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
        "alert-drift",
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
