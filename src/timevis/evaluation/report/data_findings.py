"""Describe the data of a run in facts and table rows; `timevis.data.quality.findings` describes their defects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from timevis.data.quality.findings import format_period
from timevis.runs.results import Results, WindowSetFacts
from timevis.utils.formatting import format_count, format_number, join_names

MAX_CHANNEL_ROWS = 20
MAX_LISTED_CHANNELS = 10
PART_NAMES = {"train": "Training", "val": "Validation", "test": "Test"}
CHANNEL_COLUMNS = {
    "unit": "unit",
    "observed": "values",
    "missing": "missing",
    "mean": "mean",
    "std": "std",
    "min": "min",
    "q50": "median",
    "max": "max",
}
"""Header of each column of the table of channels, by its key in data_report.json."""


def data_facts(report: dict[str, Any], results: Results, not_scored: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Name and value of each known property of the data; `not_scored` names channels of series without windows."""
    card, window_set, read = report["card"], results.window_set, results.run.covariates_read
    covariates = [
        (name, f"{covariate_name(name, c)} ({_availability(c)})") for name, c in report["covariates"].items()
    ]
    utc = "UTC, as data.timezone is not set" if is_shown_in_utc(report) else "none: times are used as written"
    facts = [
        ("Source", card["source"] or report["source"]),
        ("Licence", card["licence"]),
        ("Attribution", card["attribution"]),
        ("Domain", card["domain"]),
        ("Holidays of", card["country"]),
        ("Rows", f"{format_number(report['rows'])} from {format_period(report['start'], report['end'])}"),
        ("Frequency", report["frequency"] + (" (inferred)" if report["frequency_inferred"] else "")),
        ("Time zone", report["timezone"] or utc),
        ("Channels", join_names(window_set.channels)),
        ("Series", _series(window_set, not_scored)),
        ("Covariates", join_names([text for name, text in covariates if name in read])),
        ("Covariates not read", join_names([text for name, text in covariates if name not in read])),
        ("Static covariates", join_names(static_covariates(report))),
        *((f"{PART_NAMES.get(part, part)} part", _part_rows(entry)) for part, entry in report["split"].items()),
    ]
    return [(name, value) for name, value in facts if value]


def _series(window_set: WindowSetFacts, channels_not_scored: Sequence[str]) -> str:
    """How many series there are if each is split by its own span, and which of them are not scored."""
    if window_set.borders is not None:
        return ""
    number, not_scored = window_set.series, window_set.series_not_scored
    names = join_names(channels_not_scored, MAX_LISTED_CHANNELS)
    left_out = f"; {not_scored} of them are too short to be scored: {names}" if not_scored else ""
    return f"{number}, each split by the rows of its own span{left_out}"


def is_shown_in_utc(report: dict[str, Any]) -> bool:
    """Whether the times of the data have a time zone and are shown in UTC, because data.timezone is not set."""
    return report["timezone"] is None and report["start"].endswith("+00:00")


def covariate_name(name: str, entry: dict[str, Any]) -> str:
    """Name of a covariate, with a note if each series has its own."""
    return f"{name} of each series" if entry["of_each_series"] else name


def static_covariates(report: Mapping[str, Any]) -> list[str]:
    """Each static covariate with the number of its values, or its range."""
    return [
        f"{name} ({format_count(c['categories'], 'value')})"
        if "categories" in c
        else f"{name} ({format_number(c['min'])} to {format_number(c['max'])})"
        for name, c in (report.get("statics") or {}).items()
    ]


def _availability(covariate: dict[str, Any]) -> str:
    return "known in advance" if covariate["kind"] == "known" else "observed up to the origin"


def _part_rows(part: dict[str, Any]) -> str:
    if not part["rows"]:
        return "no rows"
    return f"{format_count(part['rows'], 'row', format_number)}, {format_period(part['start'], part['end'])}"


def channel_rows(report: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of channels: statistics and seasonal strengths."""
    channels = dict(list(report["channels"].items())[:MAX_CHANNEL_ROWS])
    periods = list(dict.fromkeys(s["name"] for c in channels.values() for s in c["seasonality"]))
    header = ["channel", *CHANNEL_COLUMNS.values(), *(f"seasonality, {period}" for period in periods)]
    rows = []
    for channel, entry in channels.items():
        strengths = {s["name"]: s["strength"] for s in entry["seasonality"]}
        cells = [format_number(entry.get(key)) for key in CHANNEL_COLUMNS]
        rows.append([channel, *cells, *(_strength(strengths.get(period)) for period in periods)])
    return header, rows


def _strength(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
