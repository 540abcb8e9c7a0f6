"""The result of a forecast: items with their recent past, quantiles and truth, or a table for CSV.

It is written into a file when it is first asked for, and again when newer rows of the datasets have shown more truth.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd
from flask import json
from sqlalchemy.orm import Session

from timevis.data.calendar import to_local_time
from timevis.data.events import rows_of_events
from timevis.data.known_values import KNOWN_PREFIX
from timevis.data.quality.quality_report import has_time_zone
from timevis.data.read_events import COLUMNS as EVENT_COLUMNS
from timevis.data.read_events import read_events
from timevis.messages import Text
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Task
from timevis.service.db.versions import newest_version
from timevis.service.problems import Problem
from timevis.service.series import VALUES_FILE, StoredSeries
from timevis.utils.files import to_csv
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_COLUMNS, QUANTILE_LEVELS

CSV_COLUMNS = ("model", "item", "channel", "timestamp", "point", *QUANTILE_COLUMNS, "truth", "scored", "model_id")
ITEM_COLUMNS = ("item_index", "item_name")
NO_CONTEXT: dict[str, list[Any]] = {"time": [], "value": []}


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
            to_csv(forecast_table(table, task), file, index=False)
            return
        file.write('{"items": [')
        for number, entry in enumerate(forecast_items(table, task)):
            file.write((", " if number else "") + json.dumps(entry))
        file.write("]}")

    return context().written_answers.path(task.id, state, kind, write)


def forecast_table(table: pd.DataFrame, task: Task) -> pd.DataFrame:
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
            Text("forecast-rows-removed", "the rows of this forecast were removed"),
            Text("forecast-again-in-time", "forecast again; TIMEVIS_KEEP_UNUSED_DAYS says how long rows are kept"),
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
