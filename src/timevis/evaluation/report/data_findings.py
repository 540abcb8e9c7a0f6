"""Describe a data report in sentences and table rows: the data, the defects found, and how they were handled."""

from __future__ import annotations

from typing import Any

from timevis.utils.formatting import format_count, format_number, format_time, join_names

MAX_PLACES = 3
MAX_CHANNEL_ROWS = 20
MAX_CHANNELS_WITH_OUTLIERS = 8
PART_NAMES = {"train": "Training", "val": "Validation", "test": "Test"}
DUPLICATES = {
    "identical": "identical to another row of the same time were dropped",
    "filled": "with values that were missing in another row of the same time were merged with it",
    "averaged": "with other values than another row of the same time were averaged with it",
}
"""How the rows of each kind of duplicates were merged."""
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


def data_facts(report: dict[str, Any], results: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each known property of the data."""
    card, window_set, read = report["card"], results["window_set"], results["run"]["covariates_read"]
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
        (
            "Rows",
            f"{format_number(report['rows'])} from {_period(report['start'], report['end'])}",
        ),
        ("Frequency", report["frequency"] + (" (inferred)" if report["frequency_inferred"] else "")),
        ("Time zone", report["timezone"] or utc),
        ("Channels", join_names(window_set["channels"])),
        ("Series", _series(window_set)),
        ("Covariates", join_names([text for name, text in covariates if name in read])),
        ("Covariates not read", join_names([text for name, text in covariates if name not in read])),
        *((f"{PART_NAMES.get(part, part)} part", _part_rows(entry)) for part, entry in report["split"].items()),
    ]
    return [(name, value) for name, value in facts if value]


def _series(window_set: dict[str, Any]) -> str:
    """How many series there are if each is split by its own span, and how many of them are not scored."""
    if window_set["borders"] is not None:
        return ""
    number, not_scored = window_set["series"], window_set["series_not_scored"]
    left_out = f"; {not_scored} of them are too short to be scored" if not_scored else ""
    return f"{number}, each split by the rows of its own span{left_out}"


def is_shown_in_utc(report: dict[str, Any]) -> bool:
    """Whether the times of the data have a time zone and are shown in UTC, because data.timezone is not set."""
    return report["timezone"] is None and report["start"].endswith("+00:00")


def covariate_name(name: str, entry: dict[str, Any]) -> str:
    """Name of a covariate, with a note if each series has its own."""
    return f"{name} of each series" if entry["of_each_series"] else name


def _availability(covariate: dict[str, Any]) -> str:
    return "known in advance" if covariate["kind"] == "known" else "observed up to the origin"


def _part_rows(part: dict[str, Any]) -> str:
    return f"{_rows(part['rows'])}, {_period(part['start'], part['end'])}" if part["rows"] else "no rows"


def findings(report: dict[str, Any]) -> list[str]:
    """A sentence for each kind of defect in the data, with its count and places, and how it was handled."""
    sentences = [] if report["was_sorted"] else ["The rows were not in time order; they were sorted."]
    sentences += _duplicates(report["duplicates"])
    grid = report["off_grid"]
    if grid.get("moved"):
        sentences.append(f"{_rows(grid['moved'])} slightly off the regular time grid were moved onto it.")
    if grid.get("left_out"):
        sentences.append(f"{_rows(grid['left_out'])} between the steps of the time grid were left out.")
    gaps = report["gaps"]
    if gaps.get("count"):
        places = _places([f"{format_time(p['start'])} ({_rows(p['rows'])})" for p in gaps["places"]], gaps["count"])
        sentences.append(
            f"{_rows(gaps['rows'])} in {_count(gaps['count'], 'gap')} have no value in any channel; "
            f"the longest gap has {_rows(gaps['longest'])}. Longest gaps first: {places}. Gaps are not filled."
        )
    for column, entry in report["sentinels"].items():
        cells = join_names([f"{sentinel!r} ({format_number(n)})" for sentinel, n in entry["cells"].items()])
        places = _places(entry["places"], entry["count"])
        sentences.append(f"Cells of {column} that data.cleaning.missing lists as missing: {cells}, in {places}.")
    missing = {channel: n for channel, n in report["missing"].items() if n}
    if missing:
        ranked = sorted(missing.items(), key=lambda item: -item[1])
        listed = join_names([f"{c} {format_number(n)}{_longest_gap(report['channels'][c])}" for c, n in ranked])
        sentences.append(f"Values missing after cleaning: {listed}. They are ignored in training and scores.")
    sentences += _outliers(report["outliers"])
    for defect in report["defects"]:
        period = _period(str(defect["start"]), str(defect["end"]))
        masked = f"{_count(defect['masked'], 'value')} masked"
        sentences.append(f"Declared by the dataset card, {period}: {defect['reason']}; {masked}.")
    sentences += [f"Note of the dataset card: {note.rstrip('.')}." for note in report["card"]["notes"]]
    unused = [f"{column} ({reason})" for column, reason in report["left_out"].items()]
    if unused:
        sentences.append(f"Columns not used: {join_names(unused)}.")
    return sentences + [note[:1].upper() + note[1:].rstrip(".") + "." for note in report["notes"]]


def _duplicates(duplicates: dict[str, Any]) -> list[str]:
    sentences = []
    for kind, handling in DUPLICATES.items():
        entry = duplicates.get(kind) or {}
        if entry.get("rows"):
            places = _places([format_time(t) for t in entry["places"]], entry["rows"])
            sentences.append(f"{_rows(entry['rows'])} {handling}: {places}.")
    return sentences


def _longest_gap(channel: dict[str, Any]) -> str:
    gap = channel.get("longest_gap")
    if not gap or gap["rows"] == 1:
        return ""
    return f" (at most {format_number(gap['rows'])} in a row, from {format_time(gap['start'])} on)"


def _outliers(outliers: dict[str, Any]) -> list[str]:
    """A sentence for each of the channels with the most outliers, and one for the other channels."""
    ranked = sorted(outliers.items(), key=lambda item: -item[1]["count"])
    sentences = []
    for channel, entry in ranked[:MAX_CHANNELS_WITH_OUTLIERS]:
        handling = (
            f"{format_number(entry['masked'])} of them masked" if entry["masked"] else "only reported, not masked"
        )
        places = _places(
            [f"{format_time(p['time'])} ({format_number(p['value'])})" for p in entry["places"]], entry["count"]
        )
        sentences.append(f"{channel}: {_count(entry['count'], 'outlier')}, {handling}: {places}.")
    others = ranked[MAX_CHANNELS_WITH_OUTLIERS:]
    if others:
        count = sum(entry["count"] for _, entry in others)
        sentences.append(f"{format_number(count)} outliers in {len(others)} other channels.")
    return sentences


def _count(count: int, noun: str) -> str:
    return format_count(count, noun, format_number)


def _rows(count: int) -> str:
    return _count(count, "row")


def _period(start: str, end: str) -> str:
    return f"{format_time(start)} to {format_time(end)}"


def _places(places: list[str], count: int) -> str:
    hidden = count - min(len(places), MAX_PLACES)
    return ", ".join(places[:MAX_PLACES]) + (f" and {format_number(hidden)} more" if hidden > 0 else "")


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
