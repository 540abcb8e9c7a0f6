"""Describe the defects in a data report, and how they were handled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from timevis.messages import Setting, Text, listed
from timevis.utils.formatting import format_number, format_time
from timevis.utils.phrases import as_sentence, join_names

DataSeverity: TypeAlias = Literal["info", "warning", "error"]

MAX_PLACES = 3
MAX_CHANNELS_WITH_OUTLIERS = 8
MAX_CLOSED_HOURS = 4
MAX_LISTED_CHANNELS = 5


@dataclass(frozen=True)
class DataFinding:
    """One remark on a data set.

    Attributes
    ----------
    message : Text
    severity : {"info", "warning", "error"}
    channel : str or None
        The channel that the remark is about; None for all channels, or for several.
    """

    message: Text
    severity: DataSeverity = "info"
    channel: str | None = None

    @property
    def text(self) -> str:
        """The message as a sentence."""
        return as_sentence(self.message)

    def to_dict(self) -> dict[str, Any]:
        """The finding as values of JSON: ``code`` and ``params`` of the message, and its English ``text``."""
        return self.message.to_json() | {"severity": self.severity, "channel": self.channel, "text": self.text}


def data_findings(report: Mapping[str, Any]) -> list[DataFinding]:
    """A finding for each kind of defect in the data, with its count and places, and how it was handled.

    Parameters
    ----------
    report : mapping
        data_report.json.
    """
    codes = report.get("text_codes", {})

    def stored(text: str) -> Text:
        return Text.from_json(text, codes[text]) if text in codes else Text("{note}", code="cleaning-note", note=text)

    findings = []
    if not report["was_sorted"]:
        findings.append(DataFinding(Text("The rows were not in time order; they were sorted.", code="unsorted-rows")))
    findings += [*_duplicates(report["duplicates"]), *_grid(report["off_grid"])]
    findings += [*_closed(report.get("closed") or {}, stored), *_closed_channels(report, stored)]
    findings += _gaps(report["gaps"])
    findings += [*_sentinels(report["sentinels"], stored), *_missing(report), *_outliers(report["outliers"])]
    for defect in report["defects"]:
        message = Text(
            "Declared by the dataset card, {start} to {end}: {reason}. Values masked: {masked:,}.",
            code="declared-defect",
            start=format_time(str(defect["start"])),
            end=format_time(str(defect["end"])),
            reason=defect["reason"],
            masked=defect["masked"],
        )
        findings.append(DataFinding(message))
    for note in report["card"]["notes"]:
        findings.append(
            DataFinding(Text("Note of the dataset card: {note}.", code="card-note", note=note.rstrip(".")))
        )
    if report["left_out"]:
        columns = [
            Text("{column} ({reason})", code="unused-column", column=column, reason=stored(reason))
            for column, reason in report["left_out"].items()
        ]
        findings.append(
            DataFinding(Text("Columns not used: {columns}.", code="unused-columns", columns=listed(columns)))
        )
    return findings + [DataFinding(stored(note)) for note in report["notes"]]


def _duplicates(duplicates: Mapping[str, Any]) -> list[DataFinding]:
    findings: list[DataFinding] = []
    for kind, entry in duplicates.items():
        if not entry["rows"]:
            continue
        places = _places([format_time(t) for t in entry["places"]], entry["rows"])
        params = {"rows": entry["rows"], "places": places}
        if kind == "identical":
            message = Text(
                "Rows identical to another row of the same time, which were dropped: {rows:,}, at {places}.",
                code="identical-duplicates",
                **params,
            )
        elif kind == "filled":
            message = Text(
                "Rows that filled values missing in another row of the same time: {rows:,}, at {places}.",
                code="filled-duplicates",
                **params,
            )
        elif kind != "averaged":
            message = Text(
                "Rows that {setting} merged with another row of the same time: {rows:,}, at {places}.",
                code="merged-duplicates",
                setting=Setting("data.duplicates", kind),
                **params,
            )
        else:
            message = Text(
                "Rows with other values than another row of the same time, which were averaged with it: {rows:,}, at "
                "{places}.",
                code="averaged-duplicates",
                **params,
            )
        findings.append(DataFinding(message, "warning" if kind == "averaged" else "info"))
    return findings


def _grid(grid: Mapping[str, Any]) -> list[DataFinding]:
    findings: list[DataFinding] = []
    if moved := grid.get("moved"):
        message = Text(
            "Rows slightly off the regular time grid, which were moved onto it: {rows:,}.",
            code="rows-moved-to-grid",
            rows=moved,
        )
        findings.append(DataFinding(message))
    if left_out := grid.get("left_out"):
        message = Text(
            "Rows between the steps of the time grid, which were left out: {rows:,}.",
            code="rows-left-out-of-grid",
            rows=left_out,
        )
        findings.append(DataFinding(message, "warning"))
    return findings


def _closed(closed: Mapping[str, Any], stored: Callable[[str], Text]) -> list[DataFinding]:
    if not closed:
        return []
    message = Text(
        "Always missing {when}: {hours}; {rows:,} rows. Forecasts leave these hours empty.",
        code="always-missing",
        when=stored(closed["when"]),
        hours=[stored(hours) for hours in closed["hours"]],
        rows=closed["rows"],
    )
    return [DataFinding(message)]


def _closed_channels(report: Mapping[str, Any], stored: Callable[[str], Text]) -> list[DataFinding]:
    """A finding for each of the closed hours that some channels have for themselves."""
    channels: dict[tuple[str, ...], list[str]] = {}
    closed_channels = report.get("closed_channels") or {}
    for channel, closed in closed_channels.items():
        channels.setdefault((closed["when"], *closed["hours"]), []).append(channel)
    findings = []
    for (when, *hours), names in sorted(channels.items(), key=lambda item: -len(item[1]))[:MAX_CLOSED_HOURS]:
        message = Text(
            "Always missing {when} in {channels}: {hours}; {rows:,} rows. Forecasts leave these hours empty.",
            code="always-missing-in-channels",
            when=stored(when),
            channels=join_names(names, MAX_LISTED_CHANNELS),
            hours=[stored(text) for text in hours],
            rows=closed_channels[names[0]]["rows"],
        )
        findings.append(DataFinding(message, channel=names[0] if len(names) == 1 else None))
    return findings


def _gaps(gaps: Mapping[str, Any]) -> list[DataFinding]:
    if not gaps.get("count"):
        return []
    message = Text(
        "Gaps without a value in any channel: {count:,}, with {rows:,} rows in all and at most {longest:,} in a row. "
        "Longest first, with their rows: {places}. Gaps are not filled.",
        code="gaps",
        count=gaps["count"],
        rows=gaps["rows"],
        longest=gaps["longest"],
        places=_places(
            [f"{format_time(p['start'])} ({format_number(p['rows'])})" for p in gaps["places"]], gaps["count"]
        ),
    )
    return [DataFinding(message, "warning")]


def _sentinels(sentinels: Mapping[str, Any], stored: Callable[[str], Text]) -> list[DataFinding]:
    return [
        DataFinding(
            Text(
                "Cells of {column} that {setting} lists as missing: {cells}, in {places}.",
                code="cells-read-as-missing",
                column=column,
                setting=Setting("data.missing_values"),
                cells=[f"{sentinel!r} ({format_number(n)})" for sentinel, n in entry["cells"].items()],
                places=_places([stored(place) for place in entry["places"]], entry["count"]),
            )
        )
        for column, entry in sentinels.items()
    ]


def _missing(report: Mapping[str, Any]) -> list[DataFinding]:
    ranked = sorted((item for item in report["missing"].items() if item[1]), key=lambda item: -item[1])
    if not ranked:
        return []
    message = Text(
        "Values missing after cleaning: {channels}. They are ignored in training and scores.",
        code="missing-values",
        channels=listed(
            [_missing_of(channel, n, report["channels"][channel].get("longest_gap")) for channel, n in ranked]
        ),
    )
    return [DataFinding(message, "warning", ranked[0][0] if len(ranked) == 1 else None)]


def _missing_of(channel: str, count: int, gap: Mapping[str, Any] | None) -> str | Text:
    if not gap or gap["rows"] == 1:
        return f"{channel} {format_number(count)}"
    return Text(
        "{channel} {count:,} (at most {rows:,} in a row, from {start} on)",
        code="missing-of-channel",
        channel=channel,
        count=count,
        rows=gap["rows"],
        start=format_time(gap["start"]),
    )


def _outliers(outliers: Mapping[str, Any]) -> list[DataFinding]:
    """A finding for each of the channels with the most outliers, and one for the other channels."""
    ranked = sorted(outliers.items(), key=lambda item: -item[1]["count"])
    findings: list[DataFinding] = []
    for channel, entry in ranked[:MAX_CHANNELS_WITH_OUTLIERS]:
        farthest = sorted(entry["places"], key=_distance_from_bounds, reverse=True)
        places = [f"{format_time(p['time'])} ({format_number(p['value'])})" for p in farthest]
        params = {"channel": channel, "count": entry["count"], "places": _places(places, entry["count"])}
        if entry["masked"]:
            message = Text(
                "Outliers in {channel}: {count:,}, of which {masked:,} are masked: {places}.",
                code="outliers-masked",
                masked=entry["masked"],
                **params,
            )
        else:
            message = Text(
                "Outliers in {channel}: {count:,}, at {places}. They are kept. If they are errors, correct the file, "
                "or set {setting} so that the training leaves them out.",
                code="outliers-kept",
                setting=Setting("data.cleaning.outliers", "mask"),
                **params,
            )
        findings.append(DataFinding(message, "warning", channel))
    if others := ranked[MAX_CHANNELS_WITH_OUTLIERS:]:
        message = Text(
            "Outliers in other channels: {count:,}, in {channels:,} of them.",
            code="outliers-in-other-channels",
            count=sum(entry["count"] for _, entry in others),
            channels=len(others),
        )
        findings.append(DataFinding(message))
    return findings


def _distance_from_bounds(place: Mapping[str, Any]) -> float:
    """How far an outlier lies outside its bounds, of which one may be infinite."""
    lower, upper, value = place["lower"], place["upper"], place["value"]
    below = 0.0 if lower is None else lower - value
    above = 0.0 if upper is None else value - upper
    return float(max(below, above))


def _places(places: Sequence[str | Text], count: int) -> list[str | Text]:
    return listed(places, MAX_PLACES, count)
