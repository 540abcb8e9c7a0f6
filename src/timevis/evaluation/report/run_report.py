"""Write report.html, one self-contained page on a run, and the charts of a run as PNG files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from timevis.data.window_sampling import evenly_spaced
from timevis.evaluation.charts import run_charts
from timevis.evaluation.charts.chart import TOKENS, Chart
from timevis.evaluation.charts.draw_matplotlib import save_png
from timevis.evaluation.charts.draw_plotly import json_for_html, plotly_figure, plotly_script
from timevis.evaluation.charts.explanation_charts import explanation_charts
from timevis.evaluation.charts.period_chart import period_figures
from timevis.evaluation.error_profile import SavedForecasts
from timevis.evaluation.report import explanation_console, run_sections
from timevis.evaluation.report.next_steps import next_steps
from timevis.evaluation.report.series_section import series_section
from timevis.evaluation.verdict import averaging, verdict_of
from timevis.evaluation.worst_events import Event, worst_events
from timevis.runs.record import RunRecord
from timevis.utils.commands import command_line
from timevis.utils.files import display_path, write_text
from timevis.utils.formatting import format_count, format_number, format_time

NUM_EXAMPLES = 6
NUM_WORST_IN_PAGE = 4
MAX_SELECTABLE_VALUES = 250_000
"""Numbers in the charts of the windows that the reader can select; limits the size of the page."""


def write_report(run_folder: Path | str) -> Path:
    """Write ``report.html`` and ``plots/*.png`` into a run folder, from the files in the folder.

    Parameters
    ----------
    run_folder : path
        Folder of a run that was scored.

    Returns
    -------
    Path
        The HTML file, which needs no other file and no network.
    """
    record = RunRecord.load(run_folder)
    freq = record.results.window_set.freq
    forecasts = SavedForecasts.from_tables(record.predictions, record.windows, freq, record.timezone)
    spaced = forecasts.evenly_spaced
    sections = {
        "error": run_charts.error_charts(record, spaced),
        "residuals": run_charts.residual_charts(record, spaced),
        "calibration": run_charts.calibration_charts(record, spaced),
        "training": run_charts.training_charts(record),
        "explanation": explanation_charts(record.explanation),
    }
    series = series_section(record, spaced)
    examples = example_charts(record, spaced)
    events = worst_events(record.windows, record.horizon)
    worst_rows = [row for event in events if (row := _worst_saved_row(forecasts, event)) is not None]
    saved_as_worst = np.flatnonzero(forecasts.frame["worst"].to_numpy(bool))
    worst = [run_charts.forecast_chart(forecasts, row, record) for row in worst_rows]
    _write_pngs(record.folder / "plots", sections, examples, worst)
    error_statistics, error_statistics_note = run_sections.error_statistics_table(record, spaced)
    page = _template().render(
        label=record.label,
        results=record.results,
        verdict=verdict_of(record.results),
        averaging=averaging(record.results),
        tiles=run_sections.headline_tiles(record.results),
        contents=run_sections.contents(record, bool(sections["training"]), series is not None),
        series=series,
        facts=run_sections.run_facts(record),
        model_settings=run_sections.model_settings(record),
        data=run_sections.data_section(record),
        metrics=run_sections.metric_rows(record),
        members=run_sections.member_rows(record.results),
        combination=record.results.run.description.get("combination"),
        interval_note=run_sections.interval_note(record.results),
        naive_seasons=run_sections.naive_seasons(record.results),
        calibration=run_sections.calibration(record.results),
        explanation=record.explanation,
        explanation_columns=explanation_console.COLUMNS,
        explanation_sentences=explanation_console.sentences(record.explanation) if record.explanation else [],
        explain_command=command_line("timevis", "explain", str(display_path(record.folder))),
        language_sample=run_sections.language_sample(record),
        costs=run_sections.cost_rows(record.results),
        sections=sections,
        examples=examples,
        worst=worst[:NUM_WORST_IN_PAGE],
        worst_table=run_sections.event_rows(record, events),
        period=period_figures(forecasts, record),
        next_steps=next_steps(record),
        versions=run_sections.versions(record),
        num_spaced=len(spaced.frame),
        clock=run_sections.clock(record),
        error_statistics=error_statistics,
        error_statistics_note=error_statistics_note,
        selectable=_selectable_figures(forecasts, np.union1d(saved_as_worst, worst_rows).astype(int), record),
        format_number=format_number,
        format_count=format_count,
        format_time=format_time,
        json_for_html=json_for_html,
        plotly_figure=plotly_figure,
        plotly_script=plotly_script(),
        style=_css_variables() + _template_file("report.css"),
        script=_template_file("report.js"),
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


def _css_variables() -> str:
    """The colours and the font of `TOKENS` as variables such as ``--band-80``."""
    values = TOKENS["colour"]["light"] | {"family": TOKENS["type"]["family"]}
    return ":root { " + " ".join(f"--{name.replace('_', '-')}: {value};" for name, value in values.items()) + " }\n"


def _template_file(name: str) -> str:
    return (files("timevis.evaluation.report") / "templates" / name).read_text(encoding="utf-8")


def example_charts(record: RunRecord, forecasts: SavedForecasts | None = None) -> list[Chart]:
    """Charts of a few scored windows of a run, from a small error to a large one."""
    if forecasts is None:
        freq = record.results.window_set.freq
        tables = SavedForecasts.from_tables(record.predictions, record.windows, freq, record.timezone)
        forecasts = tables.evenly_spaced
    return [run_charts.forecast_chart(forecasts, row, record) for row in _example_rows(forecasts)]


def _example_rows(forecasts: SavedForecasts) -> list[int]:
    """Windows at evenly spaced ranks of their error, the smallest error first."""
    error = forecasts.frame["scaled_mae"].to_numpy()
    order = np.argsort(error, kind="stable")[: np.isfinite(error).sum()]
    if not len(order):
        return []
    ranks = np.linspace(0.08, 0.92, NUM_EXAMPLES) * (len(order) - 1)
    return order[np.unique(ranks.round().astype(int))].tolist()


def _worst_saved_row(forecasts: SavedForecasts, event: Event) -> int | None:
    """The saved window of an event with the largest error; None if no window of the event was saved."""
    frame = forecasts.frame
    inside = (frame["origin"] >= event.first) & (frame["origin"] + forecasts.truth.shape[1] <= event.last)
    error = frame["scaled_mae"].where(inside).to_numpy()
    return int(np.nanargmax(error)) if np.isfinite(error).any() else None


def _selectable_figures(forecasts: SavedForecasts, worst_rows: np.ndarray, record: RunRecord) -> list[dict[str, Any]]:
    """Figures of evenly spaced windows and of the worst ones, in time order, as many as keep the page small.

    Windows without a truth are left out, unless no window has one.
    """
    values_per_window = len(forecasts.context[0]) + 8 * forecasts.truth.shape[1]
    is_spaced = forecasts.frame["spread"].to_numpy(bool)
    has_truth = np.isfinite(forecasts.frame["scaled_mae"].to_numpy())
    candidates = np.flatnonzero(is_spaced & has_truth if (is_spaced & has_truth).any() else is_spaced)
    num_windows = int(np.clip(MAX_SELECTABLE_VALUES // values_per_window, 10, 80))
    chosen = candidates[evenly_spaced(len(candidates), num_windows)]
    rows = np.union1d(chosen, worst_rows).tolist()
    charts = [run_charts.forecast_chart(forecasts, row, record) for row in rows]
    return [{"title": chart.title, **plotly_figure(chart)} for chart in charts]


def _write_pngs(folder: Path, sections: dict[str, list[Chart]], examples: list[Chart], worst: list[Chart]) -> None:
    """Write forecasts.png, worst_windows.png and a picture for each section."""
    for name, charts in (("forecasts", examples), ("worst_windows", worst[:NUM_EXAMPLES])):
        if charts:
            save_png(folder, name, charts, one_legend=True)
    for name, charts in sections.items():
        if charts:
            save_png(folder, name, charts)
