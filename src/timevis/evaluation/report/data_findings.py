"""Describe the data of a run in facts and table rows; `timevis.data.quality.findings` describes their defects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from timevis.evaluation.labels import CHANNEL, MAX, MEDIAN, STD, UNIT, VALUES
from timevis.messages import Setting, Text
from timevis.runs.results import Results, WindowSetFacts
from timevis.utils.formatting import format_number, format_time
from timevis.utils.phrases import format_interval, from_to, join_names, row_count

MAX_CHANNEL_ROWS = 20
MAX_LISTED_CHANNELS = 10
SPLIT_NAMES = {
    "train": Text("training-part", "Training part"),
    "val": Text("validation-part", "Validation part"),
    "test": Text("test-part", "Test part"),
}
CHANNEL_COLUMNS = {
    "unit": UNIT,
    "observed": VALUES,
    "missing": Text("missing", "missing"),
    "mean": Text("mean", "mean"),
    "std": STD,
    "min": Text("min", "min"),
    "q50": MEDIAN,
    "max": MAX,
}
"""Header of each column of the table of channels, by its key in data_report.json."""
PERIODS = {
    "hour": Text("period-hour", "hour"),
    "day": Text("period-day", "day"),
    "week": Text("period-week", "week"),
    "year": Text("period-year", "year"),
}
"""Names of the periods of `timevis.data.quality.statistics.named_periods`."""


def data_facts(report: dict[str, Any], results: Results, not_scored: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Name and value of each known property of the data; `not_scored` names channels of series without windows."""
    card, window_set, read = report["card"], results.window_set, results.run.covariates_read
    covariates = [
        (name, f"{covariate_name(name, c)} ({_availability(c)})") for name, c in report["covariates"].items()
    ]
    zone = report["timezone"] or (
        Text("utc-without-timezone", "UTC, as {setting} is not set", setting=Setting("data.timezone"))
        if is_shown_in_utc(report)
        else Text("no-timezone", "none: times are used as written")
    )
    frequency = report["frequency"]
    if report["frequency_inferred"]:
        frequency = Text("inferred-frequency", "{frequency} (inferred)", frequency=frequency)
    period = _period(report)
    rows = Text("rows-of-period", "{rows} from {period}", rows=format_number(report["rows"]), period=period)
    facts = [
        (Text("fact-source", "Source"), card["source"] or report["source"]),
        (Text("fact-licence", "Licence"), card["licence"]),
        (Text("fact-attribution", "Attribution"), card["attribution"]),
        (Text("fact-domain", "Domain"), card["domain"]),
        (Text("fact-holidays", "Holidays of"), card["country"]),
        (Text("fact-rows", "Rows"), rows),
        (Text("fact-frequency", "Frequency"), frequency),
        (Text("fact-time-zone", "Time zone"), zone),
        (Text("fact-channels", "Channels"), join_names(window_set.channels)),
        (Text("fact-series", "Series"), _series(window_set, not_scored)),
        (Text("fact-covariates", "Covariates"), join_names([text for name, text in covariates if name in read])),
        (
            Text("fact-covariates-not-read", "Covariates not read"),
            join_names([text for name, text in covariates if name not in read]),
        ),
        (Text("fact-static-covariates", "Static covariates"), join_names(static_covariates(report))),
        *((SPLIT_NAMES[part], _part_rows(entry)) for part, entry in report["split"].items()),
    ]
    return [(str(name), str(value)) for name, value in facts if value]


def _period(entry: Mapping[str, Any]) -> str:
    return from_to(format_time(entry["start"]), format_time(entry["end"]))


def _series(window_set: WindowSetFacts, channels_not_scored: Sequence[str]) -> Text | str:
    """How many series there are if each is split by its own span, and which of them are not scored."""
    if window_set.borders is not None:
        return ""
    series = Text(
        "series-with-own-split", "{series}, each split by the rows of its own span", series=window_set.series
    )
    if not window_set.series_not_scored:
        return series
    return Text(
        "series-not-scored",
        "{series}; {count} of them are too short to be scored: {names}",
        series=series,
        count=window_set.series_not_scored,
        names=join_names(channels_not_scored, MAX_LISTED_CHANNELS),
    )


def is_shown_in_utc(report: dict[str, Any]) -> bool:
    """Whether the times of the data have a time zone and are shown in UTC, because data.timezone is not set."""
    return report["timezone"] is None and report["start"].endswith("+00:00")


def covariate_name(name: str, entry: dict[str, Any]) -> str:
    """Name of a covariate, with a note if each series has its own."""
    return str(Text("covariate-of-series", "{name} of each series", name=name)) if entry["of_each_series"] else name


def static_covariates(report: Mapping[str, Any]) -> list[str]:
    """Each static covariate with the number of its values, or its range."""
    return [f"{name} ({_static_values(c)})" for name, c in (report.get("statics") or {}).items()]


def _static_values(covariate: Mapping[str, Any]) -> str:
    if "categories" not in covariate:
        return format_interval(covariate["min"], covariate["max"])
    count = covariate["categories"]
    return str(
        Text("value-count-one", "1 value") if count == 1 else Text("value-count", "{count} values", count=count)
    )


def _availability(covariate: dict[str, Any]) -> Text:
    if covariate["kind"] == "known":
        return Text("known-in-advance", "known in advance")
    return Text("observed-to-origin", "observed up to the origin")


def _part_rows(part: dict[str, Any]) -> Text:
    if not part["rows"]:
        return Text("part-without-rows", "no rows")
    return Text("rows-and-period", "{rows}, {period}", rows=row_count(part["rows"]), period=_period(part))


def channel_rows(report: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of channels: statistics and seasonal strengths."""
    channels = dict(list(report["channels"].items())[:MAX_CHANNEL_ROWS])
    periods = list(dict.fromkeys(s["name"] for c in channels.values() for s in c["seasonality"]))
    seasons = [Text("seasonality-of", "seasonality, {period}", period=PERIODS[period]) for period in periods]
    header = [str(name) for name in (CHANNEL, *CHANNEL_COLUMNS.values(), *seasons)]
    rows = []
    for channel, entry in channels.items():
        strengths = {s["name"]: s["strength"] for s in entry["seasonality"]}
        cells = [format_number(entry.get(key)) for key in CHANNEL_COLUMNS]
        rows.append([channel, *cells, *(_strength(strengths.get(period)) for period in periods)])
    return header, rows


def _strength(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
