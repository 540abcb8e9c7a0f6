"""The result of a forecast: items with their recent past, quantiles and truth, or a table for CSV."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
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
from timevis.service.series import StoredSeries
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_COLUMNS, QUANTILE_LEVELS

CSV_COLUMNS = ("model", "item", "channel", "timestamp", "point", *QUANTILE_COLUMNS, "truth", "scored", "model_id")
ITEM_COLUMNS = ("item_index", "item_name")
NO_CONTEXT: dict[str, list[Any]] = {"time": [], "value": []}


def forecast_table(session: Session, task: Task) -> pd.DataFrame:
    """The rows of a forecast with the truth as far as it is known now; columns `CSV_COLUMNS` and `ITEM_COLUMNS`."""
    table = _rows(session, task)
    forecast = table[~table["is_history"]]
    items, tables = task.result["items"], []
    for position, rows in forecast.groupby("position", sort=False):
        item = items[int(str(position))]
        times = _iso(_local_times(rows, item["data"]))
        described = {"item_index": position, "item_name": item["item_name"]}
        tables.append(rows.assign(model=item["name"], model_id=item["model"], timestamp=times, **described))
    return pd.concat(tables)[[*CSV_COLUMNS, *ITEM_COLUMNS]]


def file_name(data: str | None, table: pd.DataFrame) -> str:
    """The file name of a forecast of `data`, such as ``forecast load 2026-03-01.csv``."""
    name = data or ", ".join(table["item"].unique()[:3])
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", f"forecast {name[:80]} {table['timestamp'].min()[:10]}.csv")


def forecast_items(session: Session, task: Task) -> list[dict[str, Any]]:
    """One entry for each item and channel; an item that failed has its error."""
    table = _rows(session, task)
    entries = []
    for position, item in enumerate(task.result["items"]):
        described = {
            key: item.get(key)
            for key in ("model", "name", "dataset", "item_name", "error", "error_code", "advice", "advice_code")
        }
        described["item_index"] = position
        rows = table[table["position"] == position]
        if rows.empty:
            empty: dict[str, Any] = {"time": [], "point": [], "levels": [], "quantiles": [], "truth": None}
            empty |= {"scored": None, "known": {}, "events": None}
            entries.append(described | empty | {"item": None, "channel": None, "unit": "", "history": NO_CONTEXT})
            continue
        report = item["data"]
        for (name, channel), group in rows.groupby(["item", "channel"], sort=False):
            past, future = group[group["is_history"]], group[~group["is_history"]]
            truth, times = future["truth"].to_numpy(float), _local_times(future, report)
            events = item.get("events")
            entries.append(
                {
                    **described,
                    **{"item": str(name), "channel": str(channel), "unit": _unit(report, str(channel))},
                    "history": {"time": _iso(_local_times(past, report)), "value": past["truth"].tolist()},
                    **{"time": _iso(times), "point": future["point"].tolist()},
                    "levels": list(QUANTILE_LEVELS),
                    "quantiles": future[list(QUANTILE_COLUMNS)].to_numpy(float).T.tolist(),
                    "truth": truth.tolist() if np.isfinite(truth).any() else None,
                    "known": {name: future[f"{KNOWN_PREFIX}{name}"].tolist() for name in item.get("known") or ()},
                    "events": None if events is None else [_with_rows(event, times) for event in events],
                    "scored": None if group["scored"].isna().any() else bool(group["scored"].all()),
                }
            )
    items: list[dict[str, Any]] = to_json_types(entries)
    return items


def _rows(session: Session, task: Task) -> pd.DataFrame:
    """The stored rows, with the truth that newer rows of the datasets have shown since."""
    path = context().storage.fetched_result(task.id)
    if not path.is_file():
        raise Problem(
            404,
            "not-found",
            Text("forecast-rows-removed", "the rows of this forecast were removed"),
            Text("forecast-again-in-time", "forecast again; TIMEVIS_KEEP_UNUSED_DAYS says how long rows are kept"),
        )
    table = pd.read_parquet(path)
    if task.request.get("kind") == "backtest":
        return table
    is_open = ~table["is_history"] & table["truth"].isna()
    for position, rows in table[is_open].groupby("position"):
        item = task.result["items"][int(str(position))]
        if item["dataset"] is None or _has_own_values(task, int(str(position))):
            continue
        newest = newest_version(session, item["dataset"])
        if newest is None:
            continue
        for channel, group in rows.groupby("channel"):
            table.loc[group.index, "truth"] = _stored_values(
                newest, str(channel), pd.DatetimeIndex(group["timestamp"])
            )
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


def _with_rows(event: dict[str, Any], times: pd.DatetimeIndex) -> dict[str, Any]:
    """An event with the number of the rows at local times that lie in it."""
    given = {key: event[key] for key in EVENT_COLUMNS if key in event}
    rows = sum(part.end - part.start for part in rows_of_events(read_events([given]), times))
    return {"to": None, **event, "rows": rows}


def _local_times(rows: pd.DataFrame, report: dict[str, Any]) -> pd.DatetimeIndex:
    """Local times of rows, which are stored in UTC if the data have a zone."""
    index = pd.DatetimeIndex(rows["timestamp"])
    return to_local_time(index.tz_localize("UTC"), report["timezone"]) if has_time_zone(report) else index


def _iso(times: pd.DatetimeIndex) -> list[str]:
    return [time.isoformat() for time in times]
