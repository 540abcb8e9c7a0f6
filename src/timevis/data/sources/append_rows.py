"""Append newer rows of one file to the rows of another one, as a new file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from timevis.data.catalog import load_panel, open_table
from timevis.data.options import DataOptions
from timevis.data.readers.cell_units import check_same_units
from timevis.errors import DataError
from timevis.messages import Text
from timevis.utils.files import atomic_write


def append_rows(
    earlier: Path, newer: Path, target: Path, options: Mapping[str, Any], report: Mapping[str, Any]
) -> int:
    """Write a Parquet file with the rows of both files.

    Parameters
    ----------
    earlier, newer : Path
        Files with the same columns.
    target : Path
        New file.
    options : mapping
        Keys of the config section `data`, with which `earlier` was read.
    report : mapping
        data_report.json of `earlier`.

    Returns
    -------
    int
        Number of rows of `newer`.

    Raises
    ------
    DataError
        A column is missing or is not in the earlier file, or has another unit there, the newer file cannot be read as
        the earlier one was, or its first row is not later than the last row of the earlier file.
    """
    table, _ = open_table(DataOptions.from_config({**options, "path": str(newer)}))
    whole, _ = open_table(DataOptions.from_config({**options, "path": str(earlier)}))
    old_names, new_names = list(map(str, whole.frame.columns)), list(map(str, table.frame.columns))
    same_columns = Text("same-columns", "give the columns {columns}", columns=old_names)
    if absent := [name for name in old_names if name not in new_names]:
        message = Text(
            "newer-rows-lack-column",
            "{source} has no column {column!r}, which the rows so far have",
            source=table.source,
            column=absent[0],
        )
        raise DataError(message, same_columns)
    if unknown := [name for name in new_names if name not in old_names]:
        message = Text(
            "newer-rows-new-column",
            "{source} has a column {column!r}, which the rows so far do not have",
            source=table.source,
            column=unknown[0],
        )
        raise DataError(message, same_columns)
    check_same_units(table, whole.units)
    channels = tuple(report["channels"])  # also those that a few rows do not change
    newer_options = {**options, **_roles(report), "frequency": report["frequency"], "path": str(newer)}
    panel, _ = load_panel(newer_options, channels=channels)
    last = pd.Timestamp(report["end"])
    first = panel.local_index[0]
    if first <= last:
        message = Text(
            "newer-rows-too-early",
            "{source} starts at {first}, not after the last row so far, {last}",
            source=table.source,
            first=str(first),
            last=str(last),
        )
        advice = Text("only-newer-rows", "give only newer rows; upload the whole file again to change earlier ones")
        raise DataError(message, advice)
    combined = pd.concat([whole.frame, table.frame[whole.frame.columns]], ignore_index=True)
    for name in combined:
        if whole.frame[name].dtype != table.frame[name].dtype and combined[name].dtype == object:
            combined[name] = combined[name].astype("string")
    combined.attrs["units"] = table.units | whole.units  # pandas stores them in the file
    with atomic_write(target) as path:
        combined.to_parquet(path, index=False)
    return len(table.frame)


def _roles(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """The columns of each role, so that they are not inferred from a few rows."""
    names: dict[str, list[str]] = {"time": [], "target": []}
    for name, role in report["roles"].items():
        if role in names:
            names[role].append(name)
    names["id"] = report.get("series_columns", [])
    return {role: columns for role, columns in names.items() if columns}
