"""The report of a run, one self-contained page in a language, from the files of the run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from timevis.data.window_sampling import evenly_spaced
from timevis.evaluation import labels
from timevis.evaluation.charts import run_charts
from timevis.evaluation.charts.chart import TOKENS, Chart
from timevis.evaluation.charts.draw_plotly import json_for_html, plotly_figure, plotly_locale, plotly_script
from timevis.evaluation.charts.explanation_charts import explanation_charts
from timevis.evaluation.charts.period_chart import period_figures
from timevis.evaluation.error_profile import SavedForecasts
from timevis.evaluation.report import explanation_console, run_sections
from timevis.evaluation.report.next_steps import next_steps
from timevis.evaluation.report.series_section import series_section
from timevis.evaluation.scored_part import averaging, scored_part
from timevis.evaluation.verdict import verdict_of
from timevis.evaluation.worst_events import Event, worst_events
from timevis.messages import Text
from timevis.runs.record import RunRecord
from timevis.utils.commands import command_line
from timevis.utils.files import display_path
from timevis.utils.formatting import format_number, percent_sign
from timevis.utils.language import Language, in_language
from timevis.utils.phrases import join_sentences

NUM_EXAMPLES = 6
NUM_WORST_IN_PAGE = 4
MAX_SELECTABLE_VALUES = 250_000
"""Numbers in the charts of the windows that the reader can select; limits the size of the page."""


def report_page(run_folder: Path | str, language: Language) -> str:
    """The report of a run in a language, as HTML, from the files in its folder, which stays as it is.

    Parameters
    ----------
    run_folder : path
        Folder of a run that was scored.
    language : {"en", "zh"}
        Names of data, columns, models and settings are as they are in every language.

    Raises
    ------
    RunFolderError
        The folder is not a run folder, or the run has not been scored.
    """
    record = RunRecord.load(run_folder)
    with in_language(language):
        return page_of(record, charts_of(record))


@dataclass(frozen=True)
class RunCharts:
    """Charts of a run, and the windows that they show.

    Attributes
    ----------
    forecasts, spaced : SavedForecasts
        All saved windows, and the evenly spaced ones.
    sections : dict
        Charts by the section that shows them.
    examples, worst : list of Chart
        Windows.
    worst_rows : list of int
        Rows of `forecasts` that `worst` shows.
    events : list of Event
    """

    forecasts: SavedForecasts
    spaced: SavedForecasts
    sections: dict[str, list[Chart]]
    examples: list[Chart]
    worst: list[Chart]
    worst_rows: list[int]
    events: list[Event]


def charts_of(record: RunRecord) -> RunCharts:
    """Charts of the sections and of some windows of a run."""
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
    events = worst_events(record.windows, record.horizon)
    worst_rows = [row for event in events if (row := _worst_saved_row(forecasts, event)) is not None]
    return RunCharts(
        forecasts=forecasts,
        spaced=spaced,
        sections=sections,
        examples=example_charts(record, spaced),
        worst=[run_charts.forecast_chart(forecasts, row, record) for row in worst_rows],
        worst_rows=worst_rows,
        events=events,
    )


def page_of(record: RunRecord, charts: RunCharts) -> str:
    """The report with its charts, which are in the language of `timevis.utils.language` too."""
    series = series_section(record, charts.spaced)
    saved_as_worst = np.flatnonzero(charts.forecasts.frame["worst"].to_numpy(bool))
    selectable = np.union1d(saved_as_worst, charts.worst_rows).astype(int)
    error_statistics, error_statistics_note = run_sections.error_statistics_table(record, charts.spaced)
    page: str = _template().render(
        Text=Text,
        labels=labels,
        titles=run_sections.SECTIONS,
        join_sentences=join_sentences,
        percent_sign=percent_sign(),
        part=scored_part(record.results),
        label=record.label,
        results=record.results,
        verdict=verdict_of(record.results),
        averaging=averaging(record.results),
        tiles=run_sections.headline_tiles(record.results),
        contents=run_sections.contents(record, bool(charts.sections["training"]), series is not None),
        series=series,
        facts=run_sections.run_facts(record),
        model_settings=run_sections.model_settings(record),
        data=run_sections.data_section(record),
        metrics=run_sections.metric_rows(record),
        members=run_sections.member_rows(record.results),
        combination=record.results.run.description.get("combination"),
        scored_windows=run_sections.scored_windows(record.results),
        interval_note=run_sections.interval_note(record.results),
        naive_seasons=run_sections.naive_seasons(record.results),
        calibration=run_sections.calibration(record.results),
        explanation=record.explanation,
        explanation_columns=explanation_console.COLUMNS,
        explanation_sentences=explanation_console.sentences(record.explanation) if record.explanation else [],
        explain_command=command_line("timevis", "explain", str(display_path(record.folder))),
        language_sample=run_sections.language_sample(record),
        costs=run_sections.cost_rows(record.results),
        sections=charts.sections,
        examples=charts.examples,
        worst=charts.worst[:NUM_WORST_IN_PAGE],
        worst_table=run_sections.event_rows(record, charts.events),
        period=period_figures(charts.forecasts, record),
        next_steps=next_steps(record),
        versions=run_sections.versions(record),
        num_spaced=len(charts.spaced.frame),
        clock=run_sections.clock(record),
        error_statistics=error_statistics,
        error_statistics_note=error_statistics_note,
        selectable=_selectable_figures(charts.forecasts, selectable, record),
        format_number=format_number,
        json_for_html=json_for_html,
        plotly_figure=plotly_figure,
        plotly_locale=plotly_locale(),
        plotly_script=plotly_script(),
        style=_css_variables() + _template_file("report.css"),
        script=_template_file("report.js"),
    )
    return page


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
