"""Forecast the future with trained models, and compare models on one window set.

The result of a forecast has items with their recent past, quantiles and truth, or is a table for CSV. It is written
into a file when it is first asked for, and again when newer rows of the datasets have shown more truth.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd
from apiflask import APIBlueprint
from flask import Response, g, json
from sqlalchemy.orm import Session

from timevis.data.calendar import to_local_time
from timevis.data.events import rows_of_events
from timevis.data.known_values import KNOWN_PREFIX
from timevis.data.quality.quality_report import has_time_zone
from timevis.data.read_events import COLUMNS as EVENT_COLUMNS
from timevis.data.read_events import read_events
from timevis.errors import DataError, RunFolderError
from timevis.messages import Setting, Text
from timevis.models.catalog import declared_models
from timevis.runs.folder import RunFolder
from timevis.service.api.commands import commands_of
from timevis.service.api.submit import submit_once
from timevis.service.api.training import require_channels
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.db.versions import newest_version
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas.forecasts import (
    COMPARE_EXAMPLE,
    PREDICT_EXAMPLES,
    CompareRequest,
    ForecastEvent,
    PredictItem,
    PredictRequest,
)
from timevis.service.schemas.tasks import TaskDetail
from timevis.service.series import VALUES_FILE, StoredSeries
from timevis.service.tasks.states import COMPLETED, TRAIN
from timevis.service.training import event_readers, untrained_methods
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_COLUMNS, QUANTILE_LEVELS
from timevis.utils.spreadsheets import to_csv

blueprint = APIBlueprint("forecasts", __name__, tag="Forecasts")
comparison_blueprint = APIBlueprint("comparison", __name__, tag="Comparison")
CSV_COLUMNS = ("model", "item", "channel", "timestamp", "point", *QUANTILE_COLUMNS, "truth", "scored", "model_id")
ITEM_COLUMNS = ("item_index", "item_name")
NO_CONTEXT: dict[str, list[Any]] = {"time": [], "value": []}


@blueprint.post("/predict")
@blueprint.input(PredictRequest, arg_name="body", examples=PREDICT_EXAMPLES)
@blueprint.output(TaskDetail, status_code=202)
@blueprint.doc(summary="Forecast", responses={200: "The task has ended (Prefer: wait)"})
def predict(body: PredictRequest) -> Any:
    """Forecast the rows after the last value of the model's own data, of another dataset, or of given rows.

    With `method`, nothing is trained: seasonal naive, or nano as it was pretrained, forecasts a dataset or rows.
    With `training`, the best combination so far of a training run that goes on forecasts its data.
    With `dry_run`, nothing is forecast: the answer has the commands that do the same.
    """
    values = body.model_dump(exclude_unset=True, mode="json", exclude={"dry_run"}, by_alias=True)
    given: list[tuple[str, PredictItem | PredictRequest]] = (
        [("", body)] if body.items is None else [(f"/items/{n}", item) for n, item in enumerate(body.items)]
    )
    for pointer, item in given:
        if item.dataset is not None and item.values is not None:
            raise wrong_field(
                f"{pointer}/values", Text("a dataset and values are both given"), Text("leave one of them out")
            )
        try:
            read_events([event.model_dump(by_alias=True) for event in item.events or ()])
        except DataError as error:
            raise wrong_field(f"{pointer}/{error.field}", error.message, error.advice) from None
    datasets = {item.dataset for _, item in given if item.dataset is not None}

    def make_task() -> Task:
        with context().sessions() as session:
            if body.items is None and body.dataset is not None:
                find(session, Dataset, body.dataset, "/dataset")
            if body.training is not None:
                datasets.add(_require_result(session, body.training, body.events))
            elif body.method is not None:
                _require_target(session, body)
            elif body.items is None:
                for model in _require_models(session, body.models or [], "/models/{}"):
                    _require_reader(model.kind, body.events, "/events", model.run_id)
            else:
                _require_an_item(session, body.items)
            dataset_id = next(iter(datasets)) if len(datasets) == 1 else None
            if dataset_id is not None and session.get(Dataset, dataset_id) is None:
                dataset_id = None
        return Task(id=new_id(), kind="predict", request=values, dataset_id=dataset_id)

    if body.dry_run:
        g.changes_nothing = True
        task = make_task()
        with context().sessions() as session:
            dataset = session.get(Dataset, task.dataset_id) if task.dataset_id else None
        return Response(json.dumps({"commands": commands_of(task, dataset)}), mimetype="application/json")
    return submit_once("predict", values, make_task)


def _require_reader(
    model: str, events: Sequence[ForecastEvent] | None, pointer: str, run_id: str | None = None
) -> None:
    """Refuse events for a model that cannot read them, or cannot with the options of its run.

    With a model that declares nothing, or a run that cannot be read, the task fails.
    """
    declared = declared_models().get(model)
    if not events or declared is None:
        return
    title, needed = declared.declaration.title, declared.declaration.options_with_events
    message = Text("{model} does not read events", model=title)
    if needed:
        try:
            run = run_id and RunFolder(context().storage.fetched_run(run_id)).config.model
        except RunFolderError:
            return
        if not run or declared.declaration.reads_events(run):
            return
        options = [Setting(f"model.{key}", value) for key, value in needed.items()]
        message = Text("{model} reads events only with {options}", model=title, options=options)
    advice = Text("leave them out, or forecast with {methods}", methods=event_readers())
    raise wrong_field(pointer, message, advice)


def _require_result(session: Session, task_id: str, events: Sequence[ForecastEvent] | None) -> str:
    """Refuse a task that is no training run with a result; returns the identifier of its dataset."""
    task = find(session, Task, task_id, "/training")
    has_result = task.state == COMPLETED or task.progress.get("combination") is not None
    if task.kind != TRAIN or task.run_id is None or task.dataset_id is None or not has_result:
        raise wrong_field(
            "/training",
            Text("the task is no training run that can forecast already"),
            Text("auto and ensemble can forecast after their first member"),
        )
    _require_reader(task.request["model"], events, "/events", task.run_id)
    return task.dataset_id


def _require_target(session: Session, body: PredictRequest) -> None:
    """Refuse events that the method cannot read, a deleted dataset, and a channel that the dataset does not have."""
    assert body.method is not None
    _require_reader(untrained_methods()[body.method][0], body.events, "/events")
    if body.dataset is not None:
        require_channels(find_present(session, Dataset, body.dataset, "/dataset"), body.target)


def _require_an_item(session: Session, items: list[PredictItem]) -> None:
    """Refuse items of which none can be forecast; the others fail alone, when they are forecast."""
    problems = list[Problem]()
    for position, item in enumerate(items):
        try:
            model = find_present(session, Model, item.model, f"/items/{position}/model")
            _require_reader(model.kind, item.events, f"/items/{position}/events", model.run_id)
            if item.dataset is not None:
                find(session, Dataset, item.dataset, f"/items/{position}/dataset")
        except Problem as error:
            problems.append(error)
    if len(problems) == len(items):
        raise problems[0]


def _require_models(session: Session, models: list[str], pointer: str) -> list[Model]:
    """The models; refuses the first identifier that is of none; its position fills the braces of `pointer`."""
    return [find_present(session, Model, one, pointer.format(models.index(one))) for one in dict.fromkeys(models)]


@comparison_blueprint.post("/compare")
@comparison_blueprint.input(CompareRequest, arg_name="body", example=COMPARE_EXAMPLE)
@comparison_blueprint.output(TaskDetail, status_code=202)
@comparison_blueprint.doc(summary="Compare models", responses={200: "The task has ended (Prefer: wait)"})
def compare(body: CompareRequest) -> Any:
    """Compare models window by window: metrics, paired differences with intervals, error by horizon, and cost."""
    values = body.model_dump(exclude_unset=True, mode="json")
    if body.reference is not None and body.reference not in body.models:
        raise wrong_field(
            "/reference",
            Text("the reference is not one of the models that are compared"),
            Text("add it to the models"),
        )

    def make_task() -> Task:
        with context().sessions() as session:
            _require_models(session, body.models, "/models/{}")
        return Task(id=new_id(), kind="compare", request=values)

    return submit_once("compare", values, make_task)


def write_result(session: Session, task: Task, kind: Literal["json", "csv"]) -> Path:
    """The file of the result of a forecast as JSON or CSV.

    Raises
    ------
    Problem
        The rows of the forecast were removed.
    """
    rows, versions = _rows_file(task), _newest_versions(session, task)
    state = [[identifier, newest.id, _changed(newest)] for identifier, newest in sorted(versions.items())]

    def write(file: IO[str]) -> None:
        table = _with_truth(pd.read_parquet(rows), task, versions)
        if kind == "csv":
            to_csv(_forecast_table(table, task), file, index=False)
            return
        file.write('{"items": [')
        for number, entry in enumerate(forecast_items(table, task)):
            file.write((", " if number else "") + json.dumps(entry))
        file.write("]}")

    return context().written_answers.path(task.id, state, kind, write)


def _forecast_table(table: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The rows of a forecast; columns `CSV_COLUMNS` and `ITEM_COLUMNS`."""
    forecast = table[~table["is_history"]]
    items, tables = task.result["items"], []
    for position, rows in forecast.groupby("position", sort=False):
        item = items[int(str(position))]
        times = _iso(rows["timestamp"], item["data"])
        described = {"item_index": position, "item_name": item["item_name"]}
        tables.append(rows.assign(model=item["name"], model_id=item["model"], timestamp=times, **described))
    return pd.concat(tables)[[*CSV_COLUMNS, *ITEM_COLUMNS]]


def file_name(task: Task, data: str | None) -> str:
    """The file name of a forecast of `data`, such as ``forecast load 2026-03-01.csv``."""
    columns = ["position", "item", "timestamp", "is_history"]
    table = pd.read_parquet(_rows_file(task), columns=columns).query("not is_history")
    firsts = table.groupby("position")["timestamp"].min()
    reports = [task.result["items"][int(position)]["data"] for position in firsts.index]
    first = min(_iso(firsts.iloc[[number]], report)[0] for number, report in enumerate(reports))
    name = data or ", ".join(table["item"].unique()[:3])
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", f"forecast {name[:80]} {first[:10]}.csv")


def forecast_items(table: pd.DataFrame, task: Task) -> Iterator[dict[str, Any]]:
    """One entry for each item and channel; an item that failed has its error."""
    positions = {int(str(position)): rows for position, rows in table.groupby("position", sort=False)}
    for position, item in enumerate(task.result["items"]):
        described = {
            key: item.get(key)
            for key in ("model", "name", "dataset", "item_name", "error", "error_code", "advice", "advice_code")
        }
        described["item_index"] = position
        if position not in positions:
            empty: dict[str, Any] = {"time": [], "point": [], "levels": [], "quantiles": [], "truth": None}
            empty |= {"scored": None, "known": {}, "events": None}
            entry = described | empty | {"item": None, "channel": None, "unit": "", "history": NO_CONTEXT}
            yield to_json_types(entry)
            continue
        report, rows = item["data"], positions[position]
        times = np.array(_iso(rows["timestamp"], report), dtype=object)
        is_history = rows["is_history"].to_numpy()
        numbers = {name: rows[name].to_numpy(float) for name in ("truth", "point", *QUANTILE_COLUMNS)}
        known = {name: rows[KNOWN_PREFIX + name].to_numpy(float) for name in item.get("known") or ()}
        is_scored, events = rows["scored"].to_numpy(object), item.get("events")
        for (name, channel), group in _groups(rows, ["item", "channel"]):
            past, future = group[is_history[group]], group[~is_history[group]]
            scored = is_scored[group]
            yield {
                **to_json_types(described),
                **{"item": str(name), "channel": str(channel), "unit": _unit(report, str(channel))},
                "history": {"time": times[past].tolist(), "value": _numbers(numbers["truth"][past])},
                **{"time": times[future].tolist(), "point": _numbers(numbers["point"][future])},
                "levels": list(QUANTILE_LEVELS),
                "quantiles": [_numbers(numbers[column][future]) for column in QUANTILE_COLUMNS],
                "truth": _numbers(numbers["truth"][future]) if np.isfinite(numbers["truth"][future]).any() else None,
                "known": {name: _numbers(values[future]) for name, values in known.items()},
                "events": None if events is None else [_with_rows(e, rows.iloc[future], report) for e in events],
                "scored": None if pd.isna(scored).any() else bool(scored.all()),
            }


def _groups(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[Any, np.ndarray]]:
    """The groups of equal values in some columns, in the order of their first row, with the numbers of their rows."""
    numbers, names = rows.groupby(columns, sort=False).ngroup().to_numpy(), rows[columns].to_numpy(object)
    order = np.argsort(numbers, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        yield tuple(names[group[0]]), group


def _rows_file(task: Task) -> Path:
    path = context().storage.fetched_result(task.id)
    if not path.is_file():
        raise Problem(
            404,
            "not-found",
            Text("the rows of this forecast were removed"),
            Text("forecast again; TIMEVIS_KEEP_UNUSED_DAYS says how long rows are kept"),
        )
    return path


def _newest_versions(session: Session, task: Task) -> dict[str, Dataset]:
    """The newest version of each dataset that may have shown truth since the forecast."""
    if task.request.get("kind") == "backtest":
        return {}
    found = {}
    for position, item in enumerate(task.result["items"]):
        identifier = item["dataset"]
        if identifier is None or identifier in found or _has_own_values(task, position):
            continue
        if (newest := newest_version(session, identifier)) is not None:
            found[identifier] = newest
    return found


def _changed(dataset: Dataset) -> int:
    """When the values of a dataset were stored, in nanoseconds; another reading of its file stores other values."""
    return (context().storage.fetched_dataset(dataset.id) / VALUES_FILE).stat().st_mtime_ns


def _with_truth(table: pd.DataFrame, task: Task, versions: dict[str, Dataset]) -> pd.DataFrame:
    """The rows with the truth that newer rows of the datasets have shown since."""
    is_open = ~table["is_history"] & table["truth"].isna()
    for position, rows in table[is_open].groupby("position"):
        newest = versions.get(task.result["items"][int(str(position))]["dataset"])
        if newest is None or _has_own_values(task, int(str(position))):
            continue
        for channel, group in rows.groupby("channel"):
            times = pd.DatetimeIndex(group["timestamp"])
            table.loc[group.index, "truth"] = _stored_values(newest, str(channel), times)
    return table


def _has_own_values(task: Task, position: int) -> bool:
    """Whether the rows of an item stood in the request, so that no dataset has its truth."""
    items = task.request.get("items")
    return bool((items[position] if items else task.request).get("values"))


def _stored_values(dataset: Dataset, channel: str, times: pd.DatetimeIndex) -> np.ndarray:
    """Values of a dataset at times, float64 [N]; NaN where it has none."""
    channels = list(dataset.report["channels"])
    if channel not in channels:
        return np.full(len(times), np.nan)
    series = StoredSeries.open(context().storage.fetched_dataset(dataset.id), channels.index(channel), dataset.report)
    return series.values_at(times)


def _unit(report: dict[str, Any], channel: str) -> str:
    return str((report["channels"].get(channel) or {}).get("unit") or "")


def _with_rows(event: dict[str, Any], rows: pd.DataFrame, report: dict[str, Any]) -> dict[str, Any]:
    """An event with the number of the rows that lie in it, by their local times."""
    given = {key: event[key] for key in EVENT_COLUMNS if key in event}
    parts = rows_of_events(read_events([given]), _local_times(rows["timestamp"], report))
    return {"to": None, **event, "rows": sum(part.end - part.start for part in parts)}


def _local_times(times: pd.Series, report: dict[str, Any]) -> pd.DatetimeIndex:
    """Local times of rows, which are stored in UTC if the data have a zone."""
    index = pd.DatetimeIndex(times)
    return to_local_time(index.tz_localize("UTC"), report["timezone"]) if has_time_zone(report) else index


def _iso(times: pd.Series, report: dict[str, Any]) -> list[str]:
    """Local times as ISO text. Channels share most times, each of which is formatted once."""
    codes, distinct = pd.factorize(times)
    texts = [time.isoformat() for time in _local_times(pd.Series(distinct), report)]
    return [texts[code] for code in codes]


def _numbers(values: np.ndarray) -> list[float | None]:
    """Numbers for JSON, with None in place of NaN and infinities."""
    if np.isfinite(values).all():
        return list(values.tolist())
    return [value if math.isfinite(value) else None for value in values.tolist()]
