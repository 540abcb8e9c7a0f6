"""What the row of a model stores: the part of its results that lists show, and its name if the request has none."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from timevis.errors import RunFolderError
from timevis.evaluation.forecast_window import saved_forecasts, scored_period
from timevis.runs.record import RunRecord
from timevis.runs.results import Cost, Interval, Results, Skill
from timevis.service.db.tables import MAX_NAME_CHARACTERS
from timevis.service.series import POINTS, bucket_means, rounded, rows_of_line
from timevis.utils.files import from_json
from timevis.utils.json_types import to_json_types

log = logging.getLogger(__name__)

MIN_FORECAST_ROWS = 24
"""Rows of a `NewestForecast`; a longer horizon has more, up to `timevis.service.series.rows_of_line`."""
NOT_NAMED = {"model", "dataset", "name", "target", "evaluation", "dry_run", "preset", "seed", "backbone", "minutes"}
"""Fields of a request that say nothing of the model, or that `_differences` writes in its own way."""


@dataclass(frozen=True, kw_only=True)
class WindowSetSummary:
    """The windows that a model was scored on; models with the same hash can be compared."""

    hash: str
    windows: int
    horizon: int
    context_length: int


@dataclass(frozen=True, kw_only=True)
class ResultsSummary:
    """The metrics of the test, of seasonal naive and of validation, and the cost."""

    metrics: dict[str, Interval]
    seasonal_naive: dict[str, Interval]
    validation: dict[str, float | None]
    skill: Skill
    cost: Cost
    window_set: WindowSetSummary
    data_hash: str


def summarise(results: Results) -> dict[str, Any]:
    """`ResultsSummary` as JSON types, which the row of a model stores."""
    content = to_json_types(results) | {"data_hash": results.run.data_hash}
    summary: dict[str, Any] = to_json_types(from_json(ResultsSummary, content))
    return summary


@dataclass(frozen=True, kw_only=True)
class NewestForecast:
    """Truth and median of the newest forecast rows of the scored period of a run, for one channel.

    Attributes
    ----------
    channel : str
        The first one that has a saved forecast.
    start, end : str
        Local times of the first and the last row, ISO 8601.
    truth, median : list of float or None [at most 56]
        Means of equally long stretches; None where there is no value.
    """

    channel: str
    start: str
    end: str
    truth: list[float | None]
    median: list[float | None]


def summarise_run(record: RunRecord) -> dict[str, Any]:
    """What the row of a model stores: `ResultsSummary`, and under ``forecast`` a `NewestForecast` or None."""
    try:
        forecast = newest_forecast(record)
    except RunFolderError as error:
        log.warning("lists show no forecast of %s: %s", record.folder, error)
        forecast = None
    return {**summarise(record.results), "forecast": forecast}


def newest_forecast(record: RunRecord) -> dict[str, Any] | None:
    """`NewestForecast` as JSON types; None if no forecast was saved.

    Raises
    ------
    RunFolderError
        A table of the run is absent or damaged.
    """
    forecasts = saved_forecasts(record)
    saved = set(forecasts.frame["channel"])
    channel = next((name for name in record.channels if name in saved), None)
    if channel is None:
        return None
    period = scored_period(forecasts, channel, record, max_rows=sys.maxsize)
    count = min(max(record.horizon, MIN_FORECAST_ROWS), rows_of_line(record.results.window_set.freq))
    rows = np.flatnonzero(np.isfinite(period.median))[
        -count:
    ]  # only some windows are saved, perhaps with rows between
    if not len(rows):
        return None
    start, end = (period.times[row].isoformat() for row in (rows[0], rows[-1]))
    truth, median = rounded([bucket_means(values[rows], POINTS) for values in (period.truth, period.median)])
    return asdict(NewestForecast(channel=channel, start=start, end=end, truth=truth, median=median))


def automatic_name(title: str, request: Mapping[str, Any], taken: Collection[str]) -> str:
    """A name such as ``LSTM, 3 members`` for a model of a dataset.

    Parameters
    ----------
    title : str
        What the kind of model is called.
    request : mapping
        The fields of the training that were given.
    taken : collection of str
        The names of the other models of the dataset; a name that occurs there gets a number.
    """
    whole = ", ".join([title, *_differences(request)])[: MAX_NAME_CHARACTERS - 8]
    name, count = whole, 1
    while name in taken:
        count += 1
        name = f"{whole} ({count})"
    return name


def _differences(request: Mapping[str, Any]) -> list[str]:
    backbone = dict(request.get("backbone") or {})
    parts = [str(backbone.pop("name"))] if "name" in backbone else []
    if request.get("preset") not in (None, "standard"):
        parts.append(str(request["preset"]))
    if request.get("minutes") is not None:
        parts.append(f"{request['minutes']:g} min")
    if request.get("seed"):
        parts.append(f"seed {request['seed']}")
    fields = {key: value for key, value in request.items() if key not in NOT_NAMED} | {"backbone": backbone}
    for key, value in fields.items():
        inner = value if isinstance(value, Mapping) else {key: value}
        parts += [_phrase(name, item) for name, item in inner.items() if _is_scalar(item)]
    return parts


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | float | str) and value != ""


def _phrase(name: str, value: Any) -> str:
    words = name.removeprefix("num_").replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{shown} {words}" if words.endswith("s") and isinstance(value, int) else f"{words} {shown}"
