"""The data report in words: what the data are, what was found in them, and what was done about it."""

from __future__ import annotations

from typing import Any

from timevis.utils.formatting import format_count, format_number, format_time, join_names

NAMED_PLACES = 3
MOST_CHANNELS = 20
NAMED_CHANNELS = 8
PARTS = {"train": "Training", "val": "Validation", "test": "Test"}
MERGED = {
    "identical": "identical to another row of their time were dropped",
    "filled": "held values that another row of their time left empty, and were merged with it",
    "averaged": "disagreed with another row of their time and were averaged with it",
}


def data_facts(report: dict[str, Any], results: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value of what is known about the data."""
    card, window_set, covariates = report["card"], results["window_set"], report["covariates"].items()
    facts = [
        ("Source", card["source"] or report["source"]),
        ("Licence", card["licence"]),
        ("Attribution", card["attribution"]),
        ("Domain", card["domain"]),
        ("Holidays of", card["country"]),
        (
            "Rows",
            f"{format_number(report['rows'])} from {format_time(report['start'])} to {format_time(report['end'])}",
        ),
        ("Frequency", report["frequency"] + (" (inferred)" if report["frequency_inferred"] else "")),
        ("Time zone", report["timezone"] or (UTC if in_utc(report) else "times are taken as they are written")),
        ("Channels", join_names(window_set["channels"])),
        ("Covariates", join_names([f"{covariate(name, c)} ({_kind(c)})" for name, c in covariates])),
        *((f"{PARTS.get(part, part)} part", _part(what)) for part, what in report["split"].items()),
    ]
    return [(name, value) for name, value in facts if value]


UTC = "UTC, as no data.timezone is given"


def in_utc(report: dict[str, Any]) -> bool:
    """Whether times had a zone, and are told in UTC since no other was asked for."""
    return report["timezone"] is None and report["start"].endswith("+00:00")


def covariate(name: str, entry: dict[str, Any]) -> str:
    """A covariate of a data report by name, and whether each series has its own."""
    return f"{name} of each series" if entry.get("of_each_series") else name  # absent in older reports


def _kind(entry: dict[str, Any]) -> str:
    return "known ahead" if entry["kind"] == "known" else "observed only"


def _part(part: dict[str, Any]) -> str:
    return (
        f"{format_number(part['rows'])} rows, {format_time(part['start'])} to {format_time(part['end'])}"
        if part["rows"]
        else "no rows"
    )


def findings(report: dict[str, Any]) -> list[str]:
    """Defects found and decisions taken, a sentence each."""
    out = []
    if not report["was_sorted"]:
        out.append("The rows were not in time order; they were sorted.")
    for kind, what in MERGED.items():
        entry = report["duplicates"].get(kind) or {}
        if entry.get("rows"):
            out.append(
                f"{_rows(entry['rows'])} {what}: {_places([format_time(t) for t in entry['places']], entry['rows'])}."
            )
    grid = report["off_grid"]
    if grid.get("moved"):
        out.append(f"{_rows(grid['moved'])} slightly off the regular grid were put onto it.")
    if grid.get("left_out"):
        out.append(f"{_rows(grid['left_out'])} between the steps of the grid were left out.")
    gaps = report["gaps"]
    if gaps.get("count"):
        places = _places([f"{format_time(p['start'])} ({_rows(p['rows'])})" for p in gaps["places"]], gaps["count"])
        out.append(
            f"{_rows(gaps['rows'])} in {format_count(gaps['count'], 'gap', format_number)} have no value at all; "
            f"the longest is {_rows(gaps['longest'])}. Largest first: {places}. They are missing, not filled."
        )
    for column, entry in report.get("sentinels", {}).items():  # absent in older reports
        cells = join_names([f"{sentinel!r} ({format_number(n)})" for sentinel, n in entry["cells"].items()])
        places = _places(entry["places"], entry["count"])
        out.append(f"Cells of {column} that were named as missing: {cells}, in {places}.")
    missing = {c: n for c, n in report["missing"].items() if n}
    if missing:
        most = sorted(missing.items(), key=lambda item: -item[1])
        listed = join_names(
            [f"{c} {format_number(n)}{_longest(report.get('channels', {}).get(c, {}))}" for c, n in most]
        )
        out.append(f"Values missing after cleaning: {listed}. They carry no weight in training or scores.")
    out += _outliers(report["outliers"])
    for defect in report["defects"]:
        span = f"{format_time(str(defect['start']))} to {format_time(str(defect['end']))}"
        masked = f"{format_count(defect['masked'], 'value', format_number)} masked"
        out.append(f"Declared by the dataset card, {span}: {defect['reason']}; {masked}.")
    out += [f"Said by the dataset card: {note.rstrip('.')}." for note in report["card"]["notes"]]
    unused = [f"{column} ({reason})" for column, reason in report["left_out"].items()]
    if unused:
        out.append(f"Columns not used: {join_names(unused)}.")
    return out + [note[:1].upper() + note[1:].rstrip(".") + "." for note in report["notes"]]


def _longest(channel: dict[str, Any]) -> str:
    gap = channel.get("longest_gap")
    return (
        f" (at most {format_number(gap['rows'])} in a row, from {format_time(gap['start'])} on)"
        if gap and gap["rows"] > 1
        else ""
    )


def _outliers(outliers: dict[str, Any]) -> list[str]:
    """A sentence for each of the channels with the most outliers, one for the rest."""
    ranked = sorted(outliers.items(), key=lambda item: -item[1]["count"])
    out = []
    for channel, entry in ranked[:NAMED_CHANNELS]:
        done = f"{format_number(entry['masked'])} of them masked" if entry["masked"] else "reported only, none masked"
        places = _places(
            [f"{format_time(p['time'])} ({format_number(p['value'])})" for p in entry["places"]], entry["count"]
        )
        out.append(f"{channel}: {format_count(entry['count'], 'outlier', format_number)}, {done}: {places}.")
    if len(ranked) > NAMED_CHANNELS:
        rest = sum(entry["count"] for _, entry in ranked[NAMED_CHANNELS:])
        out.append(f"{format_number(rest)} outliers in {len(ranked) - NAMED_CHANNELS} other channels.")
    return out


def _rows(count: int) -> str:
    return format_count(count, "row", format_number)


def _places(places: list[str], count: int) -> str:
    more = count - min(len(places), NAMED_PLACES)
    return ", ".join(places[:NAMED_PLACES]) + (f" and {format_number(more)} more" if more > 0 else "")


CHANNEL_COLUMNS = {
    "unit": "unit",
    "observed": "values",
    "missing": "missing",
    "mean": "mean",
    "std": "deviation",
    "min": "least",
    "q50": "median",
    "max": "largest",
}


def channel_rows(report: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Column names and rows of the table of channels, with the strength of their seasons."""
    channels = dict(list(report["channels"].items())[:MOST_CHANNELS])
    periods = list(dict.fromkeys(s["name"] for c in channels.values() for s in c["seasonality"]))
    names = ["channel", *CHANNEL_COLUMNS.values(), *(f"seasonality, {p}" for p in periods)]
    rows = []
    for channel, entry in channels.items():
        strength = {s["name"]: s["strength"] for s in entry["seasonality"]}
        cells = [format_number(entry.get(key)) for key in CHANNEL_COLUMNS]
        rows.append([channel, *cells, *(_share(strength.get(p)) for p in periods)])
    return names, rows


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
