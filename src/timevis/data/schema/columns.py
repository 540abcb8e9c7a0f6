"""Find the role of each column: time, series name, target or covariate; from the options, else inferred."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pandas.api import types

from timevis.config.suggestions import did_you_mean
from timevis.data.covariates import find_static_columns
from timevis.data.options import DataOptions
from timevis.data.readers.numbers import (
    MARK_NAMES,
    ambiguous_number,
    begin_with_numbers,
    numbers_with_units,
    plain_cells,
    split_unit,
)
from timevis.data.schema.cells import NUMBER_ADVICE, clear_missing_values, column_kind
from timevis.data.schema.series_columns import find_series_columns, join_series_columns
from timevis.data.schema.time_column import find_time_columns
from timevis.data.table import Table, quote_cell
from timevis.data.timestamps.parse_times import looks_like_time
from timevis.data.timestamps.time_parts import contains_time_part, contains_times_of_day
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text

ROW_COUNTER_NAMES = ("no", "nr", "index", "row", "rownum", "row_number", "unnamed: 0", "column 1", "id")
MAX_JUDGED_CELLS = 10_000
"""Cells of a text column by which it is judged whether most of them begin with a number."""
REASON_OF_KIND = {
    "boolean": Text("contains booleans"),
    "time": Text("contains dates"),
    "text": Text("contains text"),
    "empty": Text("is empty"),
}


@dataclass
class Columns:
    """The role of each column.

    Attributes
    ----------
    time : names of the columns that make the time
    id : name or None
        The column that names the series; if several do together, the one that `find_columns` makes of them.
    targets, covariates : names
    covariates_known : bool for each covariate
        Whether it is known ahead of time.
    statics : names
        Columns of a long table that are constant within each series.
    series_columns : names
        The columns of the file that name the series: `id`, or those that `id` is made of.
    left_out : dict
        Name of every other column to the reason why it is not used.
    missing_values : dict
        Per column, the result of `clear_missing_values`.
    notes : list of Text
    """

    time: tuple[str, ...]
    id: str | None
    targets: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    covariates_known: tuple[bool, ...] = ()
    left_out: dict[str, Text] = field(default_factory=dict)
    missing_values: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[Text] = field(default_factory=list)
    statics: tuple[str, ...] = ()
    series_columns: tuple[str, ...] = ()

    @property
    def roles(self) -> dict[str, str]:
        """Name of each used column to ``time``, ``id``, ``target``, ``covariate`` or ``static``."""
        ids = (self.id,) if self.id is not None else ()
        groups = {"time": self.time, "id": ids, "target": self.targets, "covariate": self.covariates}
        groups["static"] = self.statics
        return {name: role for role, names in groups.items() for name in names}


def find_columns(table: Table, options: DataOptions) -> tuple[Table, Columns]:
    """Find the role of each column, and empty the cells of targets and covariates that data.missing_values names.

    Returns
    -------
    table
        A copy in which these cells are empty and one column names the series.
    columns

    Raises
    ------
    DataError
        A column of the options is missing (the error names the nearest one) or not numeric, there is no time column,
        or no numeric column is left.
    """
    table = replace(table, frame=table.frame.copy(deep=False), notes=[*table.notes])
    names = [str(c) for c in table.frame.columns]
    if (missing := missing_column(table, options)) is not None:
        raise DataError(
            no_such_column(table, missing),
            did_you_mean(missing, names),
            next(
                f"data.{key}"
                for key in ("time", "id", "target", "covariates")
                if missing in (getattr(options, key) or ())
            ),
        )
    covariates = {k: v for k, v in (options.covariates or {}).items() if k != "holiday" or k in table.frame}
    notes: list[Text] = []
    time = options.time or find_time_columns(table, notes)
    others = [c for c in names if c not in (*time, *covariates)]
    series_columns = options.id or find_series_columns(
        table, time, [c for c in others if c not in (options.target or ())], notes
    )
    id_column = join_series_columns(table, series_columns) if series_columns else None
    others = [c for c in others if c not in series_columns]
    columns = Columns(
        time, id_column, (), tuple(covariates), tuple(k == "known" for k in covariates.values()), notes=notes
    )
    columns.series_columns = series_columns
    columns.missing_values = clear_missing_values(
        table, [*(options.target or others), *covariates], options.missing_values
    )
    _check_covariates(table, covariates)
    if id_column is not None:
        columns.statics = _static_columns(table, others, id_column, series_columns, options)
        others = [c for c in others if c not in columns.statics]
    if options.target:
        _check_targets(table, options.target)
        columns.targets = options.target
        reason = Text("not in {setting}", setting=Setting("data.target"))
        columns.left_out = {c: reason for c in others if c not in options.target}
    else:
        columns.targets, columns.left_out = _infer_targets(table, others, id_column)
    return table, columns


def _static_columns(
    table: Table, names: list[str], series: str, series_columns: tuple[str, ...], options: DataOptions
) -> tuple[str, ...]:
    """The columns that are constant within each series, and the columns whose texts name the series together.

    If the targets are not given, numbers are static only beside a column of numbers that is not.
    """
    candidates = [c for c in names if c not in (options.target or ())]
    static = find_static_columns(table.frame, candidates, series)
    numeric = {c for c in candidates if column_kind(table.frame[c]) == "number"}
    if not options.target and numeric <= set(static):
        static = [c for c in static if c not in numeric]
    return (*(series_columns if len(series_columns) > 1 else ()), *static)


def missing_column(table: Table, options: DataOptions) -> str | None:
    """The first column of the options that the table does not have; `holiday` may also come from a calendar."""
    covariates = [c for c in options.covariates or () if c != "holiday"]
    names = (*(options.time or ()), *(options.id or ()), *(options.target or ()), *covariates)
    return next((name for name in names if name not in table.frame), None)


def no_such_column(table: Table, column: str) -> Text:
    return Text("{source} has no column {column!r}", source=table.source, column=column)


def _check_covariates(table: Table, covariates: dict[str, str]) -> None:
    if covariates.get("holiday", "known") not in ("known", "observed"):
        message = Text(
            "{setting}, but {source} has a column of that name",
            setting=Setting("data.covariates.holiday", repr(covariates["holiday"])),
            source=table.source,
        )
        advice = Text(
            "set it to known or observed to use the column, or rename the column to use the holidays of a country"
        )
        raise ConfigError(message, advice, "data.covariates.holiday")
    for name in covariates:
        kind = column_kind(table.frame[name])
        if kind in ("time", "text"):
            message = Text(
                "{source}: the covariate {column!r} {reason}",
                source=table.source,
                column=name,
                reason=_reason(table, name, kind),
            )
            advice = Text(
                "covariates are numbers or booleans; {setting} names text that marks a missing value",
                setting=Setting("data.missing_values"),
            )
            raise DataError(message, advice, "data.covariates")


def _check_targets(table: Table, targets: tuple[str, ...]) -> None:
    for name in targets:
        kind = column_kind(table.frame[name])
        if kind != "number":
            message = Text(
                "{source}: column {column!r}{cell} {reason}, so it cannot be a target",
                source=table.source,
                column=name,
                cell=_first_text(table, name, kind),
                reason=_reason(table, name, kind),
            )
            advice = Text(
                "{target} takes numeric columns; {setting} names text that marks a missing value",
                target=Setting("data.target"),
                setting=Setting("data.missing_values"),
            )
            raise DataError(message, advice, "data.target")


def _infer_targets(table: Table, names: list[str], series: str | None) -> tuple[tuple[str, ...], dict[str, Text]]:
    """All numeric columns except parts of the time and row counters; and the reasons why others are not used."""
    kinds = {c: column_kind(table.frame[c]) for c in names}
    numeric = [c for c in names if kinds[c] == "number"]
    parts = [c for c in numeric if contains_time_part(c, table.frame[c])]
    if set(parts) < set(numeric):  # a table with other numeric columns has its time in another column
        numeric = [c for c in numeric if c not in parts]
    counters = [c for c in numeric if len(numeric) > 1 and _counts_rows(table, c, series)]
    left_out = {c: _reason(table, c, kind) for c, kind in kinds.items() if kind != "number"}
    left_out |= dict.fromkeys(counters, Text("counts the rows"))
    left_out |= {c: Text("is part of the time") for c in parts if c not in numeric}
    targets = tuple(c for c in numeric if c not in counters)
    if not targets:
        reasons = [column_with_reason(c, reason, _first_text(table, c, kinds[c])) for c, reason in left_out.items()]
        message = Text(
            "{source}{sheet_note}: no numeric column is left to forecast ({reasons})",
            source=table.source,
            sheet_note=table.sheet_note or "",
            reasons=reasons or [Text("the time is the only column")],
        )
        raise DataError(message, NUMBER_ADVICE)
    return targets, left_out


def column_with_reason(column: str, reason: Text, cell: Text | str = "") -> Text:
    """A column and why it is not used, for a list in an error."""
    return Text("{column!r} {reason}{cell}", column=column, reason=reason, cell=cell)


def _reason(table: Table, name: str, kind: str) -> Text:
    """Why a column that is not numeric cannot be forecast; text may contain dates, or numbers with other text."""
    column = table.frame[name]
    if kind != "text":
        return REASON_OF_KIND[kind]
    if looks_like_time(column):
        return REASON_OF_KIND["time"]
    filled = column.dropna()
    judged = plain_cells(filled.iloc[:: 1 + len(filled) // MAX_JUDGED_CELLS])
    if contains_times_of_day(column) or not begin_with_numbers(judged):
        return REASON_OF_KIND["text"]
    cells = plain_cells(filled)
    numbers, units = numbers_with_units(cells) or (cells, [])
    if len(units) > 1:
        shown = [unit or Text("none") for unit in units]
        return Text("contains numbers in different units: {units}", code="different-units", units=shown)
    if cell := ambiguous_number(numbers.unique()):
        return Text(
            "contains numbers such as {cell}, whose {mark} may be a decimal mark or a thousands separator: set "
            "{setting}",
            code="mark-unclear",
            cell=quote_cell(cell),
            mark=MARK_NAMES["comma" if "," in cell else "point"],
            setting=Setting("data.decimal"),
        )
    other = next((cell for cell in cells.unique() if split_unit(cell) is None), cells.iloc[0])
    return Text("contains numbers with other text, such as {cell}", code="numbers-with-text", cell=quote_cell(other))


def _first_text(table: Table, name: str, kind: str) -> Text | str:
    """The first cell of a text column and its row, in parentheses; empty for other columns."""
    column = table.frame[name].dropna()
    if kind != "text" or not len(column):
        return ""
    place = table.row_label(int(column.index[0]))
    return Text(" ({place}: {cell})", place=place, cell=quote_cell(column.iloc[0]))


def _counts_rows(table: Table, name: str, series: str | None) -> bool:
    """Whether a column numbers the rows, or the rows of each series: ascending, or in any order but without gaps."""
    frame = table.frame
    column = frame[name]
    if name.lower().strip() not in ROW_COUNTER_NAMES or not types.is_numeric_dtype(column) or len(column) < 3:
        return False
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    code = np.zeros(len(frame), np.int64) if series is None else frame[series].factorize()[0]
    if not (values == np.round(values)).all():
        return False

    def steps_in_series(order: np.ndarray) -> np.ndarray:
        return np.diff(values[order])[np.diff(code[order]) == 0]

    in_file_order = steps_in_series(np.argsort(code, kind="stable"))
    in_value_order = steps_in_series(np.lexsort((values, code)))
    return bool((in_file_order > 0).all() or (in_value_order == 1).all())
