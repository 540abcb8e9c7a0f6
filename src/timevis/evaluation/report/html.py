"""report.html: a run in one self-contained page, and the same charts as PNG files beside it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from timevis.data.windows import evenly
from timevis.evaluation.charts import plotly_figures, png_files, run_charts
from timevis.evaluation.charts.chart import Chart
from timevis.evaluation.error_profile import SavedForecasts, at_ends
from timevis.evaluation.report import sections as words
from timevis.evaluation.report.verdict import averages, outcome, verdict
from timevis.runs.record import RunRecord
from timevis.utils.files import write_text
from timevis.utils.formatting import format_count, format_number, format_time

GRID = 6
EXPLORED_VALUES = 250_000


def write_report(run_folder: Path | str) -> Path:
    """Write ``report.html`` and ``plots/*.png`` into a run folder, from the files in it alone.

    Parameters
    ----------
    run_folder : path
        Of a run that was scored.

    Returns
    -------
    Path
        Of the HTML file; it needs no other file and no network.
    """
    record = RunRecord.load(run_folder)
    freq = record.results["window_set"]["freq"]
    forecasts = SavedForecasts.read(record.predictions, record.windows, freq, record.timezone)
    typical = forecasts.typical
    sections = {
        "error": run_charts.error_charts(record, typical),
        "residuals": run_charts.residual_charts(record, typical),
        "calibration": run_charts.calibration_charts(record, typical),
        "training": run_charts.training_charts(record),
    }
    examples = [run_charts.forecast_chart(typical, row, record) for row in _examples(typical)]
    worst_rows = np.flatnonzero(forecasts.frame["worst"].to_numpy(bool))
    worst_rows = worst_rows[np.argsort(-forecasts.frame["error"].to_numpy()[worst_rows], kind="stable")]
    worst = [run_charts.forecast_chart(forecasts, row, record) for row in worst_rows.tolist()]
    _write_pngs(record.folder / "plots", sections, examples, worst)
    statistics, statistics_of = words.statistics(record, typical)
    page = _template().render(
        label=record.label,
        results=record.results,
        verdict=verdict(record.results),
        averaged=averages(record.results),
        outcome=outcome(record.results),
        tiles=words.tiles(record.results),
        contents=words.contents(record, bool(sections["training"])),
        facts=words.run_facts(record),
        settings=words.settings(record),
        data=words.data_section(record),
        metrics=words.metric_rows(record),
        bounded=words.bounded(record.results),
        naive_seasons=words.naive_seasons(record.results),
        calibration=words.calibration(record.results, at_ends(typical)),
        sample=words.sample(record),
        costs=words.cost_rows(record.results),
        sections=sections,
        examples=examples,
        worst=worst[:4],
        worst_table=words.worst_rows(record, forecasts.take(worst_rows)),
        typical=len(typical.frame),
        clock=words.clock(record),
        statistics=statistics,
        statistics_of=statistics_of,
        explored=_explored(forecasts, worst_rows, record),
        format_number=format_number,
        format_count=format_count,
        format_time=format_time,
        embed=plotly_figures.embed,
        figure=plotly_figures.figure,
        plotly=plotly_figures.plotly_script(),
        style=_asset("report.css"),
        script=_asset("report.js"),
    )
    path = record.folder / "report.html"
    write_text(path, page)
    return path


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("timevis.evaluation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _asset(name: str) -> str:
    return (files("timevis.evaluation.report") / "templates" / name).read_text(encoding="utf-8")


def _examples(forecasts: SavedForecasts) -> list[int]:
    """Windows from the easiest to the hardest: at evenly spaced ranks of their error."""
    error = forecasts.frame["error"].to_numpy()
    order = np.argsort(error, kind="stable")[: np.isfinite(error).sum()]
    if not len(order):
        return []
    ranks = np.linspace(0.08, 0.92, GRID) * (len(order) - 1)
    return order[np.unique(ranks.round().astype(int))].tolist()


def _explored(forecasts: SavedForecasts, worst: np.ndarray, record: RunRecord) -> list[dict[str, Any]]:
    """Windows for the chooser, in time: evenly spread ones as many as keep the page small, and the worst.

    Those without a truth are left out, unless none has one.
    """
    size = len(forecasts.context[0]) + 8 * forecasts.truth.shape[1]
    spread, seen = forecasts.frame["spread"].to_numpy(bool), np.isfinite(forecasts.frame["error"].to_numpy())
    typical = np.flatnonzero(spread & seen if (spread & seen).any() else spread)
    number = int(np.clip(EXPLORED_VALUES // size, 10, 80))
    chosen = typical[evenly(len(typical), number)]
    drawn = [run_charts.forecast_chart(forecasts, row, record) for row in np.union1d(chosen, worst).tolist()]
    return [{"title": chart.title, **plotly_figures.figure(chart)} for chart in drawn]


def _write_pngs(folder: Path, sections: dict[str, list[Chart]], examples: list[Chart], worst: list[Chart]) -> None:
    """One picture per section: forecasts, worst_windows, error, residuals, calibration, training."""
    for name, windows in (("forecasts", examples), ("worst_windows", worst[:GRID])):
        if windows:
            png_files.save(folder, name, windows, one_legend=True)
    for name, group in sections.items():
        if group:
            png_files.save(folder, name, group)
