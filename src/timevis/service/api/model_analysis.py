"""What a scored model did: forecasts against the truth, residuals, calibration, and the inputs that it depends on."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from apiflask import APIBlueprint
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.errors import DataError
from timevis.evaluation.error_profile import SavedForecasts
from timevis.evaluation.forecast_window import forecast_window, saved_forecasts, scored_period
from timevis.evaluation.residuals import calibration_profile, residual_profile
from timevis.evaluation.scored_part import scored_part
from timevis.evaluation.verdict import verdict_of
from timevis.messages import Text
from timevis.runs.explanation import Explanation
from timevis.runs.record import RunRecord
from timevis.service.api.submit import submit_once
from timevis.service.context import context, find, find_present, unknown_channel
from timevis.service.db.tables import Model, Task, new_id
from timevis.service.problems import wrong_field
from timevis.service.schemas.models import (
    Calibration,
    ChannelQuery,
    ForecastWindow,
    ModelExplanation,
    PeriodQuery,
    Residuals,
    ScoredPeriodView,
    Verdict,
    WindowQuery,
)
from timevis.service.schemas.tasks import TaskDetail
from timevis.service.tasks.states import COMPLETED, EXPLAIN
from timevis.utils.json_types import to_json_types

blueprint = APIBlueprint("model_analysis", __name__, tag="Models")
MAX_PERIOD_ROWS = 20_000
CACHED_RUNS = 8
_LOCKS = tuple(Lock() for _ in range(64))
explanation_blueprint = APIBlueprint("explanation", __name__, tag="Models")


@blueprint.get("/models/<model_id>/forecasts")
@blueprint.input(WindowQuery, location="query", arg_name="query")
@blueprint.output(ForecastWindow)
@blueprint.doc(summary="A forecast against the truth")
def get_forecast(model_id: str, query: WindowQuery) -> Any:
    """Return one saved window of the scored part: context, truth, forecast, and for a language model its digits."""
    record, forecasts = _scored_run(model_id)
    part = record.results.window_set.part
    if query.split not in (None, part):
        raise wrong_field(
            "/split", Text("the model was scored on another part: {part}", part=scored_part(record.results))
        )
    channel = _channel(record, query.channel) or record.channels[0]
    try:
        window = forecast_window(record, forecasts, channel, query.index)
    except DataError as error:
        raise wrong_field("/index", error.message, error.advice) from None
    return {**window, "channels": record.channels, "unit": record.unit_of(channel)}


@blueprint.get("/models/<model_id>/scored-period")
@blueprint.input(PeriodQuery, location="query", arg_name="query")
@blueprint.output(ScoredPeriodView)
@blueprint.doc(summary="The whole scored period")
def get_scored_period(model_id: str, query: PeriodQuery) -> Any:
    """Return truth, median and 80 % interval over the scored period of a channel, and its largest errors."""
    record, forecasts = _scored_run(model_id)
    forecast = set(forecasts.frame["channel"])
    channels = [name for name in record.channels if name in forecast]
    channel = _channel(record, query.channel) or channels[0]
    if channel not in forecast:
        message = Text("{channel!r} has no scored window", channel=channel)
        raise wrong_field("/channel", message)
    period = scored_period(forecasts, channel, record, MAX_PERIOD_ROWS)
    times = [time.isoformat() for time in period.times]
    window_of = period.windows[np.searchsorted(period.starts, np.arange(len(times)), side="right").clip(1) - 1]
    return to_json_types(
        {
            **{"channel": channel, "channels": channels, "unit": record.unit_of(channel), "time": times},
            **{name: getattr(period, name).tolist() for name in ("truth", "low", "median", "high")},
            "windows": [
                {"index": int(index), "start": times[max(0, int(start))]}
                for index, start in zip(period.windows, period.starts, strict=True)
            ],
            "largest_errors": [
                {
                    **{"time": times[row], "truth": float(period.truth[row]), "median": float(period.median[row])},
                    "index": int(window_of[row]),
                }
                for row in period.largest_errors(record.horizon)
            ],
        }
    )


@blueprint.get("/models/<model_id>/residuals")
@blueprint.input(ChannelQuery, location="query", arg_name="query")
@blueprint.output(Residuals)
@blueprint.doc(summary="Residuals of a model")
def get_residuals(model_id: str, query: ChannelQuery) -> Any:
    """Return the distribution of the residuals, their autocorrelation, and the error by hour, weekday and step."""
    record, forecasts = _scored_run(model_id)
    return residual_profile(record, forecasts, _channel(record, query.channel))


@blueprint.get("/models/<model_id>/calibration")
@blueprint.input(ChannelQuery, location="query", arg_name="query")
@blueprint.output(Calibration)
@blueprint.doc(summary="Calibration of a model")
def get_calibration(model_id: str, query: ChannelQuery) -> Any:
    """Return the coverage of the intervals, the reliability of the quantiles, and the PIT histogram."""
    record, forecasts = _scored_run(model_id)
    return calibration_profile(forecasts, _channel(record, query.channel))


@blueprint.get("/models/<model_id>/verdict")
@blueprint.output(Verdict)
@blueprint.doc(summary="Is the model good?")
def get_verdict(model_id: str) -> Any:
    """Say whether the model beats seasonal naive, whether its intervals hold, and what else to know."""
    record, _ = _scored_run(model_id)
    return to_json_types(verdict_of(record.results).to_dict())


def _scored_run(model_id: str) -> tuple[RunRecord, SavedForecasts]:
    with context().sessions() as session:
        model = find(session, Model, model_id)
    folder = context().storage.fetched_run(model.run_id)
    return scored_run(folder), _forecasts(folder, changed_at(folder))


@lru_cache(maxsize=CACHED_RUNS)
def _forecasts(folder: Path, changed: int) -> SavedForecasts:
    """The saved forecasts of a run; `changed` is the time of its results, so that new ones are read again."""
    return saved_forecasts(scored_run(folder))


def _channel(record: RunRecord, name: str | None) -> str | None:
    if name is not None and name not in record.channels:
        raise unknown_channel("/channel", name, record.channels)
    return name


def scored_run(folder: Path) -> RunRecord:
    """The record of a finished run; new results are read again, and by one of the requests that arrive together.

    Raises
    ------
    RunFolderError
        The run has no results, or its results are damaged.
    """
    with _LOCKS[hash(folder) % len(_LOCKS)]:
        return _load_run(folder, changed_at(folder))


def changed_at(folder: Path) -> int:
    """The time of the results of a run, in nanoseconds; 0 if it has none."""
    results = folder / "results.json"
    return results.stat().st_mtime_ns if results.is_file() else 0


@lru_cache(maxsize=CACHED_RUNS)
def _load_run(folder: Path, changed: int) -> RunRecord:
    return RunRecord.load(folder)


@explanation_blueprint.get("/models/<model_id>/explanation")
@explanation_blueprint.output(ModelExplanation)
@explanation_blueprint.doc(summary="Which inputs a forecast depends on")
def get_explanation(model_id: str) -> Any:
    """Return the rise of the error and the move of the forecast when an input is hidden or replaced."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
        result = _newest_result(session, model_id)
    return {"explanation": result or Explanation.read(context().storage.fetched_run(model.run_id))}


@explanation_blueprint.post("/models/<model_id>/explanation")
@explanation_blueprint.output(TaskDetail, status_code=202)
@explanation_blueprint.doc(summary="Explain a model", responses={200: "The task has ended (Prefer: wait)"})
def explain(model_id: str) -> Any:
    """Measure which inputs the model and its forecast depend on: two passes over 100 windows for each input."""
    values = {"models": [model_id]}

    def make_task() -> Task:
        with context().sessions() as session:
            find_present(session, Model, model_id)
        return Task(id=new_id(), kind=EXPLAIN, request=values)

    return submit_once(EXPLAIN, values, make_task)


def _newest_result(session: Session, model_id: str) -> dict[str, Any] | None:
    """The result of the last explanation of a model that was completed."""
    query = select(Task.request, Task.result).where(Task.kind == EXPLAIN, Task.state == COMPLETED)
    tasks = session.execute(query.order_by(Task.finished.desc()))
    return next((result for request, result in tasks if request["models"] == [model_id]), None)
