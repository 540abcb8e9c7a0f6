"""What the console says of a file: its columns, its gaps and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from timevis.config.compose import compose
from timevis.config.paths import CONF
from timevis.config.suggestions import did_you_mean
from timevis.config.validate import check
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.schema.repeated_times import MERGE_KINDS
from timevis.data.split import SplitSpec, split_panel, split_rows
from timevis.errors import ConfigError, TimeVisError
from timevis.evaluation.labels import CHANNEL, MAX, MEDIAN, STD, UNIT, VALUES
from timevis.messages import Setting, Text
from timevis.runs.results import Results, WindowSetFacts
from timevis.utils.formatting import format_count, format_number, format_time
from timevis.utils.phrases import format_interval, from_to, join_names, row_count

MAX_CHANNEL_ROWS = 20
MAX_LISTED_CHANNELS = 10
SPLIT_NAMES = {
    "train": Text("Training part"),
    "val": Text("Validation part"),
    "test": Text("Test part"),
}
CHANNEL_COLUMNS = {
    "unit": UNIT,
    "observed": VALUES,
    "missing": Text("missing"),
    "mean": Text("mean"),
    "std": STD,
    "min": Text("min"),
    "q50": MEDIAN,
    "max": MAX,
}
"""Header of each column of the table of channels, by its key in data_report.json."""
PERIODS = {
    "hour": Text("hour"),
    "day": Text("day"),
    "week": Text("week"),
    "year": Text("year"),
}
"""Names of the periods of `timevis.data.quality.statistics.named_periods`."""


def data_facts(report: dict[str, Any], results: Results, not_scored: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Name and value of each known property of the data; `not_scored` names channels of series without windows."""
    card, window_set, read = report["card"], results.window_set, results.run.covariates_read
    covariates = [
        (name, f"{covariate_name(name, c)} ({_availability(c)})") for name, c in report["covariates"].items()
    ]
    zone = report["timezone"] or (
        Text("UTC, as {setting} is not set", setting=Setting("data.timezone"))
        if is_shown_in_utc(report)
        else Text("none: times are used as written")
    )
    frequency = report["frequency"]
    if report["frequency_inferred"]:
        frequency = Text("{frequency} (inferred)", frequency=frequency)
    period = _period(report)
    rows = Text("{rows} from {period}", rows=format_number(report["rows"]), period=period)
    facts = [
        (Text("Source"), card["source"] or report["source"]),
        (Text("Licence"), card["licence"]),
        (Text("Attribution"), card["attribution"]),
        (Text("Domain"), card["domain"]),
        (Text("Holidays of"), card["country"]),
        (Text("Rows"), rows),
        (Text("Frequency"), frequency),
        (Text("Time zone"), zone),
        (Text("Channels"), join_names(window_set.channels)),
        (Text("Series"), _series(window_set, not_scored)),
        (Text("Covariates"), join_names([text for name, text in covariates if name in read])),
        (
            Text("Covariates not read"),
            join_names([text for name, text in covariates if name not in read]),
        ),
        (Text("Static covariates"), join_names(static_covariates(report))),
        *((SPLIT_NAMES[part], _part_rows(entry)) for part, entry in report["split"].items()),
    ]
    return [(str(name), str(value)) for name, value in facts if value]


def _period(entry: Mapping[str, Any]) -> str:
    return from_to(format_time(entry["start"]), format_time(entry["end"]))


def _series(window_set: WindowSetFacts, channels_not_scored: Sequence[str]) -> Text | str:
    """How many series there are if each is split by its own span, and which of them are not scored."""
    if window_set.borders is not None:
        return ""
    series = Text("{series}, each split by the rows of its own span", series=window_set.series)
    if not window_set.series_not_scored:
        return series
    return Text(
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
    return str(Text("{name} of each series", name=name)) if entry["of_each_series"] else name


def static_covariates(report: Mapping[str, Any]) -> list[str]:
    """Each static covariate with the number of its values, or its range."""
    return [f"{name} ({_static_values(c)})" for name, c in (report.get("statics") or {}).items()]


def _static_values(covariate: Mapping[str, Any]) -> str:
    if "categories" not in covariate:
        return format_interval(covariate["min"], covariate["max"])
    count = covariate["categories"]
    return str(Text("1 value") if count == 1 else Text("{count} values", count=count))


def _availability(covariate: dict[str, Any]) -> Text:
    if covariate["kind"] == "known":
        return Text("known in advance")
    return Text("observed up to the origin")


def _part_rows(part: dict[str, Any]) -> Text:
    if not part["rows"]:
        return Text("no rows")
    return Text("{rows}, {period}", rows=row_count(part["rows"]), period=_period(part))


def channel_rows(report: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of channels: statistics and seasonal strengths."""
    channels = dict(list(report["channels"].items())[:MAX_CHANNEL_ROWS])
    periods = list(dict.fromkeys(s["name"] for c in channels.values() for s in c["seasonality"]))
    seasons = [Text("seasonality, {period}", period=PERIODS[period]) for period in periods]
    header = [str(name) for name in (CHANNEL, *CHANNEL_COLUMNS.values(), *seasons)]
    rows = []
    for channel, entry in channels.items():
        strengths = {s["name"]: s["strength"] for s in entry["seasonality"]}
        cells = [format_number(entry.get(key)) for key in CHANNEL_COLUMNS]
        rows.append([channel, *cells, *(_strength(strengths.get(period)) for period in periods)])
    return header, rows


def _strength(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


LENGTHS = ("context_length", "horizon")
MAX_CHANNELS = 12
"""Channels that the tables show; the JSON report has all."""
MAX_GAPS = 5
MAX_DEFECTS = 6
MAX_PLACES = 3
MIN_WIDTH = 140
"""Characters in a line of the report if it is written to a file or a pipe."""


def compose_data_config(source: str, overrides: Sequence[str]) -> tuple[DictConfig, int | None, int | None]:
    """Compose the `data` group for a file or a named data set, with overrides as on the command line of train.py.

    Parameters
    ----------
    source : str
        A file, or the name of a config in conf/data.
    overrides : sequence of ``key=value``
        Keys of the `data` group, with or without the prefix ``data.``, and `context_length` and `horizon`.

    Returns
    -------
    config, context_length, horizon
        A length that the overrides do not give is None.

    Raises
    ------
    ConfigError
        A name or key is unknown (the advice names the most similar one), or a length is not a positive integer.
    """
    names = sorted(p.stem for p in (CONF / "data").glob("*.yaml"))
    is_file = Path(source).suffix or Path(source).exists()
    is_key = source.startswith(("data=", "data.path=", "path=")) and not Path(source).exists()
    if is_key or (not is_file and source not in names):
        raise ConfigError(
            Text("{source!r} is neither a file nor a data set", source=source),
            Text("give the file or name first, without a key: timevis inspect my.csv id=store")
            if is_key
            else did_you_mean(source, names),
        )
    for override in overrides:
        if "=" not in override:
            message = Text("{override!r} is not of the form key=value", override=override)
            advice = Text("for example 'target=[load]' or 'split=[0.6,0.2,0.2]'")
            raise ConfigError(message, advice)
    if is_file and (again := [o for o in overrides if o.startswith(("path=", "data.path="))]):
        raise ConfigError(
            Text("{override!r} names a second file beside {source}", override=again[0], source=source),
            Text("give one file: timevis inspect my.csv"),
        )
    prefixed = [o if o.startswith(("data.", *LENGTHS)) else f"data.{o}" for o in overrides]
    cfg = compose([f"data={'file' if is_file else source}", *prefixed])
    check(cfg)
    if is_file:
        cfg.data.path = source  # not as an override, because the grammar of Hydra restricts its characters
    return cfg.data, cfg.context_length, cfg.horizon


def print_data_report(panel: Panel, report: QualityReport, split: SplitSpec, lengths: tuple[int, int]) -> None:
    """Print the data report.

    Parameters
    ----------
    panel : Panel
    report : QualityReport
    split : three numbers, or two or three times
        As in `data.split`.
    lengths : tuple of int
        context_length and horizon, for the number of windows in each part.
    """
    console = Console(highlight=False, markup=False)  # channel names may contain brackets
    if not console.is_terminal:
        console.width = max(console.width, MIN_WIDTH)
    card = panel.card
    console.print(RichText.assemble("\n", (card.name, "bold"), f"  {card.description}".rstrip()))
    for text in (card.attribution, f"licence {card.licence}" if card.licence else "", *card.notes):
        if text:
            console.print(f"  {text}", style="dim")
    console.print(
        f"\n{report.rows:,} rows of {format_count(len(panel.channels), 'channel')}, every {report.frequency}, "
        f"{report.start} to {report.end}"
    )
    for note in report.notes:
        console.print(f"  {note}")
    for title, table in (
        ("Findings", _findings_table(report)),
        ("Values", _values_table(panel, report)),
        (
            "Seasonal strength (0 to 1; season in rows in brackets) and autocorrelation of the training part",
            _patterns_table(panel, report),
        ),
        (
            f"Split, for context_length={lengths[0]} and horizon={lengths[1]}",
            _split_table(panel, report, split, lengths),
        ),
    ):
        console.print(f"\n{title}", style="bold")
        console.print(table)
    _print_places(console, report)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        look: Any = {"justify": "right"} if i else {"style": "cyan", "no_wrap": True}
        table.add_column(column, overflow="fold", **look)  # fold, because a truncated number would be misread
    return table


def _missing(report: QualityReport) -> str:
    """Total of missing values, and the longest run of them in one channel."""
    total = f"{sum(report.missing.values()):,}"
    gaps = {c: d["longest_gap"] for c, d in report.channels.items() if d["longest_gap"]}
    if not gaps:
        return total
    channel, gap = max(gaps.items(), key=lambda item: item[1]["rows"])
    return f"{total} (at most {gap['rows']} in a row, in {channel} from {gap['start']} on)"


def _outliers(report: QualityReport) -> str:
    if not report.outliers:
        return "none"
    count = sum(entry["count"] for entry in report.outliers.values())
    masked = sum(entry["masked"] for entry in report.outliers.values())
    handling = (
        f"{masked} masked" if masked else "not masked (data.cleaning.outliers=mask masks those before the test part)"
    )
    return f"{count} in {format_count(len(report.outliers), 'channel')}, {handling}"


def _closed(report: QualityReport) -> str:
    """The closed hours of all channels, and of the channels with hours of their own."""
    parts = [_hours(report.closed)] if report.closed else []
    parts += [f"{name}: {_hours(closed)}" for name, closed in islice(report.closed_channels.items(), MAX_CHANNELS)]
    more = len(report.closed_channels) - MAX_CHANNELS
    return "; ".join(parts + [f"{format_count(more, 'more channel')}"] * (more > 0))


def _hours(closed: Mapping[str, Any]) -> str:
    return f"{closed['when']} ({', '.join(map(str, closed['hours']))})"


def _findings_table(report: QualityReport) -> Table:
    table = _table("", "")
    table.show_header = False
    table.columns[1].justify = "left"
    names = {kind: kind for kind in MERGE_KINDS}
    merged = ", ".join(
        f"{v['rows']} {names.get(kind, f'by {kind}')}" for kind, v in report.duplicates.items() if v["rows"]
    )
    gaps = report.gaps
    gap_text = f"{gaps['count']} ({gaps['rows']} rows, longest {gaps['longest']})" if gaps["count"] else "none"
    covariates = ", ".join(
        f"{covariate_name(name, c)} ({c['kind']}, {c['missing']} missing)" for name, c in report.covariates.items()
    )
    masked_defects = sum(d["masked"] for d in report.defects)
    left_out = ", ".join(f"{name} ({reason})" for name, reason in islice(report.left_out.items(), MAX_CHANNELS))
    for name, text in (
        ("rows read", f"{report.rows_read:,}, {'in order' if report.was_sorted else 'not in order, now sorted'}"),
        ("duplicates merged", merged),
        ("off the time grid", _off_grid(report.off_grid)),
        ("always missing", _closed(report)),
        ("gaps", gap_text),
        ("missing values", _missing(report)),
        ("read as missing", _sentinels(report.sentinels)),
        ("declared defects", f"{masked_defects} values masked" if report.defects else ""),
        ("outliers", _outliers(report)),
        ("covariates", covariates),
        ("static covariates", ", ".join(static_covariates({"statics": report.statics}))),
        ("left out", left_out),
    ):
        if text or name not in ("always missing", "static covariates"):
            table.add_row(name, text or "none")
    return table


def _off_grid(off_grid: dict[str, Any]) -> str:
    if not off_grid.get("moved") and not off_grid.get("left_out"):
        return "none"
    return f"{off_grid['moved']} rows moved onto it, {off_grid['left_out']} left out"


def _sentinels(sentinels: dict[str, Any]) -> str:
    return ", ".join(f"{s['count']} in {name} ({' '.join(s['cells'])})" for name, s in sentinels.items())


def _values_table(panel: Panel, report: QualityReport) -> Table:
    table = _table("channel", "observed", "mean", "std", "min", "median", "max", "outliers")
    for name in panel.channels[:MAX_CHANNELS]:
        channel = report.channels[name]
        statistics = (format_number(channel.get(key)) for key in ("mean", "std", "min", "q50", "max"))
        outliers = report.outliers.get(name, {"count": 0})["count"]
        table.add_row(name, f"{channel['observed']:,}", *statistics, str(outliers))
    if len(panel.channels) > MAX_CHANNELS:
        table.add_row(f"and {len(panel.channels) - MAX_CHANNELS} more")
    return table


def _patterns_table(panel: Panel, report: QualityReport) -> Table:
    """Seasonal strength and autocorrelation of the training part."""
    first = next(iter(report.channels.values()))
    seasons = [f"{s['name']} ({s['period']})" for s in first["seasonality"]]
    lags = [f"lag {lag}" for lag in first["autocorrelation"]]
    table = _table("channel", *seasons, *lags, "unit")
    for name in panel.channels[:MAX_CHANNELS]:
        channel = report.channels[name]
        strengths = (_two_decimals(s["strength"]) for s in channel["seasonality"])
        table.add_row(name, *strengths, *map(_two_decimals, channel["autocorrelation"].values()), channel["unit"])
    return table


def _two_decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _split_table(panel: Panel, report: QualityReport, spec: SplitSpec, lengths: tuple[int, int]) -> Table:
    context_length, horizon = lengths
    table = _table("part", "rows", "from", "to")
    table.add_column("windows per channel", justify="right")
    try:
        split = split_panel(panel, spec, context_length, horizon, report.split_by)
        bounds = {part: split.origin_bounds(part, context_length, horizon) for part in report.split}
        windows = {part: f"{np.max(stop - first):,}" for part, (first, stop) in bounds.items()}
        error = None
    except TimeVisError as caught:
        windows, error = dict.fromkeys(report.split, "-"), caught
    for part, s in report.split.items():
        table.add_row(part, f"{s['rows']:,}", s.get("start", "")[:16], s.get("end", "")[:16], windows[part])
    unused = len(panel) - split_rows(panel, spec, report.split_by).test_end
    if unused > 1:
        table.add_row("not used", f"{unused:,}")
    if error is not None:
        table.caption = str(error)
        table.caption_justify = "left"
    return table


def _print_places(console: Console, report: QualityReport) -> None:
    """Print the places of the first findings of each kind."""
    lines: list[str] = []
    declared = {d["start"] for d in report.defects}
    gaps = [p for p in report.gaps["places"] if p["start"].removesuffix(":00") not in declared]
    lines += [f"gap of {format_count(p['rows'], 'row')} from {p['start']}" for p in gaps[:MAX_GAPS]]
    lines += [f"declared defect at {d['start']}: {d['reason']}" for d in report.defects[:MAX_DEFECTS]]
    for name, entry in islice(report.sentinels.items(), MAX_CHANNELS):
        lines += _first_places((f"read as missing: {name} in {p}" for p in entry["places"]), entry["count"])
    for kind, entry in report.duplicates.items():
        lines += _first_places((f"{kind} rows at {t}" for t in entry["places"]), entry["rows"])
    for channel, entry in islice(report.outliers.items(), MAX_CHANNELS):
        places = (
            f"outlier in {channel} at {p['time']}: {p['value']:.5g}, outside {p['lower']:.4g} to {p['upper']:.4g}"
            for p in entry["places"]
        )
        lines += _first_places(places, entry["count"])
    if lines:
        console.print(RichText.assemble("\n", ("Places", "bold"), " (the JSON report lists more)"))
        for line in lines:
            console.print(f"  {line}")


def _first_places(lines: Iterable[str], count: int) -> list[str]:
    more = [f"  and {count - MAX_PLACES} more"] if count > MAX_PLACES else []
    return [*islice(lines, MAX_PLACES), *more]
