"""The series of a dataset as a list: a small line of each, its defects, and the errors of a model on it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from apiflask import APIBlueprint

from timevis.service.context import context, find
from timevis.service.db.tables import Dataset, Model
from timevis.service.schemas.series_list import SeriesListQuery, SeriesPage
from timevis.service.scored_runs import changed_at, scored_run
from timevis.service.series import OUTLIERS_FILE, VALUES_FILE
from timevis.service.small_lines import small_line

blueprint = APIBlueprint("series_list", __name__, tag="Datasets")
CACHED_PAGES = 64
CACHED_MODELS = 8

Facts = dict[str, Any]
"""What is known of one series, apart from its line."""


@blueprint.get("/datasets/<dataset_id>/series-list")
@blueprint.input(SeriesListQuery, location="query", arg_name="query")
@blueprint.output(SeriesPage)
@blueprint.doc(summary="The series of a dataset, a page at a time")
def list_series(dataset_id: str, query: SeriesListQuery) -> Any:
    """List the series of a dataset with small lines and defects, and with the errors of a model on each of them."""
    service = context()
    with service.sessions() as session:
        report = find(session, Dataset, dataset_id).report
        run_id = None if query.model is None else find(session, Model, query.model).run_id
    folder = service.storage.fetched_dataset(dataset_id)
    run = None if run_id is None else service.storage.fetched_run(run_id)
    errors = {} if run is None else _errors(run, changed_at(run))
    rows = _facts(report, np.load(folder / OUTLIERS_FILE))
    rows = [row | errors.get(row["channel"], NO_ERRORS) for row in rows]
    if query.search:
        words = query.search.casefold().split()
        rows = [row for row in rows if all(word in row["channel"].casefold() for word in words)]
    if query.sort != "position" or query.order == "desc":
        rows = _sorted(rows, query.sort, is_descending=query.order == "desc")
    first = (query.page - 1) * query.per_page
    page = rows[first : first + query.per_page]
    changed = (folder / VALUES_FILE).stat().st_mtime_ns
    lines = _lines(folder, changed, tuple(row["position"] for row in page), query.points)
    items = [{**row, "line": line} for row, line in zip(page, lines, strict=True)]
    return {"items": items, "total": len(rows), "page": query.page, "per_page": query.per_page}


def _facts(report: dict[str, Any], outliers: np.ndarray) -> list[Facts]:
    """Name, unit, counts and mean of every series of a dataset, in the order of the file."""
    channels: dict[str, dict[str, Any]] = report["channels"]
    counts = np.bincount(outliers[:, 1], minlength=len(channels)).tolist()
    return [
        {
            **{"position": position, "channel": name, "unit": facts.get("unit") or "", "outliers": counts[position]},
            **{key: facts.get(key) for key in ("observed", "missing", "mean", "min", "max")},
        }
        for position, (name, facts) in enumerate(channels.items())
    ]


NO_ERRORS = dict.fromkeys(("mae", "naive_mae", "wql", "skill"))


@lru_cache(maxsize=CACHED_MODELS)
def _errors(folder: Path, changed: int) -> dict[str, dict[str, float | None]]:
    """The errors of a run on each of its channels; `changed` is the time of its results."""
    results = scored_run(folder).results
    errors = {}
    for channel, metrics in results.by_channel.items():
        naive = results.seasonal_naive_by_channel.get(channel, {})
        wql, naive_wql = metrics.get("wql"), naive.get("wql")
        errors[channel] = {
            **{"mae": metrics.get("mae"), "naive_mae": naive.get("mae"), "wql": wql},
            "skill": None if wql is None or not naive_wql else 1 - wql / naive_wql,
        }
    return errors


def _sorted(rows: list[Facts], key: str, *, is_descending: bool) -> list[Facts]:
    """Rows in the order of a key; rows without a value come last, and equal ones stay in the order of the file."""
    known = [row for row in rows if row[key] is not None]
    known.sort(key=lambda row: row[key].casefold() if key == "channel" else row[key], reverse=is_descending)
    return known + [row for row in rows if row[key] is None]


@lru_cache(maxsize=CACHED_PAGES)
def _lines(folder: Path, changed: int, positions: tuple[int, ...], points: int) -> list[list[float | None]]:
    """The lines of some series; `changed` is the time of the stored values, so that new values are read again."""
    values = np.load(folder / VALUES_FILE, mmap_mode="r")
    return [small_line(values[position], points) for position in positions]
