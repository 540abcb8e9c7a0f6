"""Describe the defects in a data report, and how they were handled, as a code with parameters and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from timevis.messages.data import NOTE_MESSAGES
from timevis.utils.formatting import format_count, format_number, format_time, join_names

DataSeverity: TypeAlias = Literal["info", "warning", "error"]

MAX_PLACES = 3
MAX_CHANNELS_WITH_OUTLIERS = 8
DUPLICATES: dict[str, tuple[DataSeverity, str]] = {
    "identical": ("info", "identical to another row of the same time were dropped"),
    "filled": ("info", "with values that were missing in another row of the same time were merged with it"),
    "averaged": ("warning", "with other values than another row of the same time were averaged with it"),
}
"""How serious the rows of each kind of duplicates are, and how they were merged."""


@dataclass(frozen=True)
class DataFinding:
    """One remark on a data set.

    Attributes
    ----------
    code : str
        One of `CODES`.
    severity : {"info", "warning", "error"}
    channel : str or None
        The channel that the remark is about; None for all channels, or for several.
    params : dict
        The numbers and names in the text, for an interface that writes its own sentence.
    text : str
        The sentence in English.
    """

    code: str
    severity: DataSeverity
    channel: str | None
    params: dict[str, Any]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as values of JSON."""
        return asdict(self)


CODES = (
    *("unsorted_rows", "identical_duplicates", "filled_duplicates", "averaged_duplicates"),
    *("rows_moved_to_grid", "rows_left_out_of_grid", "gaps", "sentinels", "missing_values"),
    *("outliers", "outliers_in_other_channels", "declared_defect", "card_note", "unused_columns", "cleaning_note"),
    *NOTE_MESSAGES,
)


def data_findings(report: dict[str, Any]) -> list[DataFinding]:
    """A finding for each kind of defect in the data, with its count and places, and how it was handled.

    Parameters
    ----------
    report : dict
        data_report.json.
    """
    codes = report.get("text_codes", {})
    found = [] if report["was_sorted"] else [_finding("unsorted_rows", "info", _UNSORTED)]
    found += [*_duplicates(report["duplicates"]), *_grid(report["off_grid"]), *_gaps(report["gaps"])]
    found += [*_sentinels(report["sentinels"]), *_missing(report), *_outliers(report["outliers"])]
    for defect in report["defects"]:
        period = format_period(str(defect["start"]), str(defect["end"]))
        masked = f"{_count(defect['masked'], 'value')} masked"
        text = f"Declared by the dataset card, {period}: {defect['reason']}; {masked}."
        params = {key: str(defect[key]) for key in ("start", "end", "reason")} | {"masked": defect["masked"]}
        found.append(_finding("declared_defect", "info", text, **params))
    for note in report["card"]["notes"]:
        found.append(_finding("card_note", "info", f"Note of the dataset card: {note.rstrip('.')}.", note=note))
    if report["left_out"]:
        unused = [f"{column} ({reason})" for column, reason in report["left_out"].items()]
        text = f"Columns not used: {join_names(unused)}."
        reasons = {column: codes[reason] for column, reason in report["left_out"].items() if reason in codes}
        found.append(_finding("unused_columns", "info", text, columns=dict(report["left_out"]), reasons=reasons))
    for note in report["notes"]:
        text = note[:1].upper() + note[1:].rstrip(".") + "."
        coded = codes.get(note, {"code": "cleaning_note", "params": {"note": note}})
        found.append(_finding(coded["code"], "info", text, **coded["params"]))
    return found


_UNSORTED = "The rows were not in time order; they were sorted."


def _finding(code: str, severity: DataSeverity, text: str, channel: str | None = None, **params: Any) -> DataFinding:
    assert code in CODES, code
    return DataFinding(code, severity, channel, params, text)


def _duplicates(duplicates: dict[str, Any]) -> list[DataFinding]:
    found = []
    for kind, (severity, handling) in DUPLICATES.items():
        entry = duplicates.get(kind) or {}
        if entry.get("rows"):
            places = _places([format_time(t) for t in entry["places"]], entry["rows"])
            text = f"{_rows(entry['rows'])} {handling}: {places}."
            params = {"rows": entry["rows"], "places": entry["places"][:MAX_PLACES]}
            found.append(_finding(f"{kind}_duplicates", severity, text, **params))
    return found


def _grid(grid: dict[str, Any]) -> list[DataFinding]:
    found = []
    if moved := grid.get("moved"):
        text = f"{_rows(moved)} slightly off the regular time grid were moved onto it."
        found.append(_finding("rows_moved_to_grid", "info", text, rows=moved))
    if left_out := grid.get("left_out"):
        text = f"{_rows(left_out)} between the steps of the time grid were left out."
        found.append(_finding("rows_left_out_of_grid", "warning", text, rows=left_out))
    return found


def _gaps(gaps: dict[str, Any]) -> list[DataFinding]:
    if not gaps.get("count"):
        return []
    places = _places([f"{format_time(p['start'])} ({_rows(p['rows'])})" for p in gaps["places"]], gaps["count"])
    text = (
        f"{_rows(gaps['rows'])} in {_count(gaps['count'], 'gap')} have no value in any channel; "
        f"the longest gap has {_rows(gaps['longest'])}. Longest gaps first: {places}. Gaps are not filled."
    )
    params = {key: gaps[key] for key in ("count", "rows", "longest")} | {"places": gaps["places"][:MAX_PLACES]}
    return [_finding("gaps", "warning", text, **params)]


def _sentinels(sentinels: dict[str, Any]) -> list[DataFinding]:
    found = []
    for column, entry in sentinels.items():
        cells = join_names([f"{sentinel!r} ({format_number(n)})" for sentinel, n in entry["cells"].items()])
        places = _places(entry["places"], entry["count"])
        text = f"Cells of {column} that data.missing_values lists as missing: {cells}, in {places}."
        params = {"column": column, "count": entry["count"], "cells": entry["cells"]}
        found.append(_finding("sentinels", "info", text, **params))
    return found


def _missing(report: dict[str, Any]) -> list[DataFinding]:
    missing = {channel: n for channel, n in report["missing"].items() if n}
    if not missing:
        return []
    ranked = sorted(missing.items(), key=lambda item: -item[1])
    listed = join_names([f"{c} {format_number(n)}{_longest_gap(report['channels'][c])}" for c, n in ranked])
    text = f"Values missing after cleaning: {listed}. They are ignored in training and scores."
    channel = ranked[0][0] if len(ranked) == 1 else None
    return [_finding("missing_values", "warning", text, channel, values=sum(missing.values()), channels=dict(ranked))]


def _longest_gap(channel: dict[str, Any]) -> str:
    gap = channel.get("longest_gap")
    if not gap or gap["rows"] == 1:
        return ""
    return f" (at most {format_number(gap['rows'])} in a row, from {format_time(gap['start'])} on)"


def _outliers(outliers: dict[str, Any]) -> list[DataFinding]:
    """A finding for each of the channels with the most outliers, and one for the other channels."""
    ranked = sorted(outliers.items(), key=lambda item: -item[1]["count"])
    found = []
    for channel, entry in ranked[:MAX_CHANNELS_WITH_OUTLIERS]:
        handling = (
            f"{format_number(entry['masked'])} of them masked" if entry["masked"] else "only reported, not masked"
        )
        places = _places(
            [f"{format_time(p['time'])} ({format_number(p['value'])})" for p in entry["places"]], entry["count"]
        )
        text = f"{channel}: {_count(entry['count'], 'outlier')}, {handling}: {places}."
        params = {"count": entry["count"], "masked": entry["masked"], "places": entry["places"][:MAX_PLACES]}
        found.append(_finding("outliers", "warning", text, channel, **params))
    others = ranked[MAX_CHANNELS_WITH_OUTLIERS:]
    if others:
        count = sum(entry["count"] for _, entry in others)
        text = f"{format_number(count)} outliers in {len(others)} other channels."
        found.append(_finding("outliers_in_other_channels", "info", text, count=count, channels=len(others)))
    return found


def _count(count: int, noun: str) -> str:
    return format_count(count, noun, format_number)


def _rows(count: int) -> str:
    return _count(count, "row")


def format_period(start: str, end: str) -> str:
    """Two times as text, such as ``2024-01-01 to 2024-02-01``."""
    return f"{format_time(start)} to {format_time(end)}"


def _places(places: list[str], count: int) -> str:
    hidden = count - min(len(places), MAX_PLACES)
    return ", ".join(places[:MAX_PLACES]) + (f" and {format_number(hidden)} more" if hidden > 0 else "")
