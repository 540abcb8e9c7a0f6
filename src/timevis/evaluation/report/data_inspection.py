"""The data report on screen: what a table holds, what cleaning found in it, and how the split falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from timevis.config.compose import compose
from timevis.config.validate import CONF, check, did_you_mean
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.panel import Panel
from timevis.data.split import borders, in_rows, make_split
from timevis.errors import ConfigError, TimeVisError
from timevis.evaluation.report.data_section import covariate
from timevis.utils.formatting import format_count, format_number

LENGTHS = ("context_length", "horizon")
SHOWN = 12
"""Channels that are shown; the JSON report has all."""
WIDTH = 140
"""Columns of a file or a pipe that the report is written to."""


def data_config(source: str, overrides: Sequence[str]) -> tuple[DictConfig, int, int]:
    """The `data` group for a file or a named data set, with overrides as on the command line of train.py.

    Parameters
    ----------
    source : str
        A file, or the name of a config in conf/data.
    overrides : sequence of ``key=value``
        Keys of the `data` group, with or without ``data.`` before them, and `context_length` and `horizon`.

    Returns
    -------
    config, context_length, horizon

    Raises
    ------
    ConfigError
        An unknown name or key (names the nearest), or a length that is not a positive whole number.
    """
    named = sorted(p.stem for p in (CONF / "data").glob("*.yaml"))
    is_file = Path(source).suffix or Path(source).exists()
    if source.startswith(("data=", "data.path=", "path=")) and not Path(source).exists():
        advice = "a file or a name stands first, without a key: python scripts/inspect.py my.csv id=store"
        raise ConfigError(f"{source!r} is neither a file nor a data set", advice)
    if not is_file and source not in named:
        raise ConfigError(f"{source!r} is neither a file nor a data set", did_you_mean(source, named))
    for item in overrides:
        if "=" not in item:
            raise ConfigError(f"{item!r} is not key=value", "for example 'target=[load]' or 'split=[0.6,0.2,0.2]'")
    own = [o if o.startswith(("data.", *LENGTHS)) else f"data.{o}" for o in overrides]
    typed = [f"data={'csv' if is_file else source}", *own]
    cfg = compose(typed)
    check(cfg)
    if is_file:
        cfg.data.path = source  # which may hold anything
    return cfg.data, cfg.context_length, cfg.horizon


def show(panel: Panel, report: QualityReport, split: Sequence[Any], lengths: tuple[int, int]) -> None:
    """Print the report."""
    console = Console(highlight=False, markup=False)  # names may hold brackets
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    card = panel.card
    console.print(Text.assemble("\n", (card.name, "bold"), f"  {card.description}".rstrip()))
    for text in (card.attribution, f"licence {card.licence}" if card.licence else "", *card.notes):
        if text:
            console.print(f"  {text}", style="dim")
    console.print(
        f"\n{report.rows:,} rows of {format_count(len(panel.channels), 'channel')}, every "
        f"{report.frequency}, {report.start} to {report.end}"
    )
    for note in report.notes:
        console.print(f"  {note}")
    for title, grid in (
        ("What was found", _findings(report)),
        ("Values", _values(panel, report)),
        (
            "Seasonality (0 to 1; rows of a season in brackets) and autocorrelation, training part",
            _patterns(panel, report),
        ),
        (f"Split, for context_length={lengths[0]} and horizon={lengths[1]}", _split(panel, report, split, lengths)),
    ):
        console.print(f"\n{title}", style="bold")
        console.print(grid)
    _places(console, report)


def _grid(*columns: str) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        look: Any = {"justify": "right"} if i else {"style": "cyan", "no_wrap": True}
        grid.add_column(column, overflow="fold", **look)  # a number that is cut would be another one
    return grid


def _missing(report: QualityReport) -> str:
    """How many in all, and the longest run of them in one channel."""
    missing = f"{sum(report.missing.values()):,}"
    gaps = {c: d["longest_gap"] for c, d in report.channels.items() if d["longest_gap"]}
    if not gaps:
        return missing
    channel, gap = max(gaps.items(), key=lambda item: item[1]["rows"])
    return f"{missing} (at most {gap['rows']} in a row, in {channel} from {gap['start']} on)"


def _findings(report: QualityReport) -> Grid:
    grid = _grid("", "")
    grid.show_header = False
    grid.columns[1].justify = "left"
    merged = ", ".join(f"{v['rows']} {kind}" for kind, v in report.duplicates.items() if v["rows"]) or "none"
    gaps = report.gaps
    known = report.covariates.items()
    covariates = ", ".join(f"{covariate(name, c)} ({c['kind']}, {c['missing']} missing)" for name, c in known)
    outliers = {c: o["count"] for c, o in report.outliers.items()}
    masked = sum(o["masked"] for o in report.outliers.values())
    done = (
        f"{masked} masked" if masked else "kept (data.cleaning.outliers=mask leaves out those before the test part)"
    )
    emptied = sum(d["masked"] for d in report.defects)
    for name, text in (
        ("rows read", f"{report.rows_read:,}, {'in order' if report.was_sorted else 'not in order: sorted'}"),
        ("duplicates merged", merged),
        ("off the grid", _off_grid(report.off_grid)),
        ("gaps", f"{gaps['count']} ({gaps['rows']} rows, longest {gaps['longest']})" if gaps["count"] else "none"),
        ("missing values", _missing(report)),
        ("read as missing", _sentinels(report.sentinels)),
        ("declared defects", f"{emptied} values masked" if report.defects else "none"),
        (
            "outliers",
            f"{sum(outliers.values())} in {format_count(len(outliers), 'channel')}, {done}" if outliers else "none",
        ),
        ("covariates", covariates or "none"),
        ("left out", ", ".join(f"{n} ({why})" for n, why in list(report.left_out.items())[:SHOWN]) or "none"),
    ):
        grid.add_row(name, text)
    return grid


def _off_grid(off: dict[str, Any]) -> str:
    if not off.get("moved") and not off.get("left_out"):
        return "none"
    return f"{off['moved']} put onto it, {off['left_out']} left out"


def _sentinels(found: dict[str, Any]) -> str:
    return ", ".join(f"{s['count']} in {name} ({' '.join(s['cells'])})" for name, s in found.items()) or "none"


def _values(panel: Panel, report: QualityReport) -> Grid:
    grid = _grid("channel", "observed", "mean", "std", "min", "median", "max", "outliers")
    for name in panel.channels[:SHOWN]:
        c = report.channels[name]
        numbers = (format_number(c.get(key)) for key in ("mean", "std", "min", "q50", "max"))
        grid.add_row(name, f"{c['observed']:,}", *numbers, str(report.outliers.get(name, {"count": 0})["count"]))
    if len(panel.channels) > SHOWN:
        grid.add_row(f"and {len(panel.channels) - SHOWN} more")
    return grid


def _patterns(panel: Panel, report: QualityReport) -> Grid:
    """Seasonal strength (0 to 1) and autocorrelation, both of the training part."""
    first = next(iter(report.channels.values()))
    seasons = [f"{s['name']} ({s['period']})" for s in first["seasonality"]]
    lags = [f"lag {lag}" for lag in first["autocorrelation"]]
    grid = _grid("channel", *seasons, *lags, "unit")
    for name in panel.channels[:SHOWN]:
        c = report.channels[name]
        strengths = (_share(s["strength"]) for s in c["seasonality"])
        grid.add_row(name, *strengths, *map(_share, c["autocorrelation"].values()), c["unit"])
    return grid


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _split(panel: Panel, report: QualityReport, spec: Sequence[Any], lengths: tuple[int, int]) -> Grid:
    context_length, horizon = lengths
    grid = _grid("part", "rows", "from", "to")
    grid.add_column("windows per channel", justify="right")
    try:
        split = make_split(len(panel), in_rows(spec, panel), context_length, horizon, panel.card.name)
        windows = {p: f"{len(split.origins(p, context_length, horizon)):,}" for p in report.split}
        problem = None
    except TimeVisError as error:
        windows, problem = dict.fromkeys(report.split, "-"), error
    for part, s in report.split.items():
        grid.add_row(part, f"{s['rows']:,}", s.get("start", "")[:16], s.get("end", "")[:16], windows[part])
    unused = len(panel) - borders(panel, spec)[2]
    if unused > 1:
        grid.add_row("not used", f"{unused:,}")
    if problem is not None:
        grid.caption = str(problem)
        grid.caption_justify = "left"
    return grid


def _places(console: Console, report: QualityReport) -> None:
    lines: list[str] = []
    declared = {d["start"] for d in report.defects}
    gaps = [p for p in report.gaps["places"] if p["start"].removesuffix(":00") not in declared]
    lines += [f"gap of {format_count(p['rows'], 'row')} from {p['start']}" for p in gaps[:5]]
    lines += [f"declared defect at {d['start']}: {d['reason']}" for d in report.defects[:6]]
    for name, found in list(report.sentinels.items())[:SHOWN]:
        lines += _some((f"read as missing: {name} in {place}" for place in found["places"]), found["count"])
    for kind, found in report.duplicates.items():
        lines += _some((f"{kind} rows at {t}" for t in found["places"]), found["rows"])
    for channel, found in list(report.outliers.items())[:SHOWN]:
        places = (
            f"outlier in {channel} at {p['time']}: {p['value']:.5g}, outside {p['lower']:.4g} to {p['upper']:.4g}"
            for p in found["places"]
        )
        lines += _some(places, found["count"])
    if lines:
        console.print(Text.assemble("\n", ("Where", "bold"), " (the JSON report lists more)"))
        for line in lines:
            console.print(f"  {line}")


def _some(lines: Iterable[str], count: int, most: int = 3) -> list[str]:
    shown = [line for line, _ in zip(lines, range(most), strict=False)]
    return shown + ([f"  and {count - most} more"] if count > most else [])
