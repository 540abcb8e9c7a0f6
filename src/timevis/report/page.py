"""report.html of a run, and its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from timevis.data.window_sampling import evenly_spaced
from timevis.evaluation import labels
from timevis.evaluation.error_profile import Event, SavedForecasts, worst_events
from timevis.evaluation.scored_part import averaging, scored_part
from timevis.evaluation.verdict import verdict_of
from timevis.messages import Text
from timevis.report import charts as run_charts
from timevis.report import console, sections
from timevis.report.chart import TOKENS, Chart
from timevis.report.charts import explanation_charts, period_figures
from timevis.report.draw_matplotlib import save_png
from timevis.report.draw_plotly import json_for_html, plotly_figure, plotly_locale, plotly_script
from timevis.report.series_section import series_section
from timevis.runs.record import RunRecord
from timevis.utils.commands import command_line, train_command
from timevis.utils.files import display_path, write_text
from timevis.utils.formatting import format_number, percent_sign
from timevis.utils.language import Language, in_language
from timevis.utils.phrases import join_sentences

LEARNED_MODEL, SIMPLE_MODEL = "lstm", "linear"
"""The model to compare with, and the model to compare with if the run used `LEARNED_MODEL`."""


@dataclass(frozen=True)
class NextStep:
    """A sentence and a command."""

    text: Text
    command: str


def next_steps(record: RunRecord) -> list[NextStep]:
    """Forecast beyond the data, mend what the verdict found, and compare with another model."""
    forecast = NextStep(
        Text("Forecast the rows after the data."), command_line("timevis", "predict", _folder(record))
    )
    return [forecast, _improvement(record), _comparison(record)]


def _improvement(record: RunRecord) -> NextStep:
    """The change that the findings call for most."""
    codes = {finding.code for finding in verdict_of(record.results).findings}
    recalibration, model = record.results.recalibration, record.config["model"]
    method = recalibration.method if recalibration else "none"
    unread = unread_observed_covariates(record)
    if codes & {"intervals-too-narrow", "intervals-unusable"} and method != "online":
        text = Text("Recalibrate the intervals, which are too narrow.")
        return NextStep(text, _again(record, conformal="online"))
    if "intervals-too-wide" in codes and method == "none":
        text = Text("Recalibrate the intervals, which are too wide.")
        return NextStep(text, _again(record, conformal="split"))
    if unread and model["name"] == LEARNED_MODEL and model["covariates"] == "known":
        text = Text("Let the model also read covariates that are observed up to the origin: {names}.", names=unread)
        return NextStep(text, _again(record, False, **{"model.covariates": "all"}))
    if "test-unlike-validation" in codes:
        text = Text("The test part is unlike validation: score other dates too, with the same model.")
        return NextStep(text, command_line("timevis", "predict", _folder(record), "--rescore", "--start", "DATE"))
    seed = record.results.run.seed
    if record.results.cost.trainable_parameters and record.history.rows:
        text = Text("Train with other seeds, to see how much the scores depend on chance.")
        return NextStep(text, _again(record, several=True, seed=f"{seed + 1},{seed + 2}"))
    return NextStep(Text("Score a longer horizon."), _again(record, horizon=2 * record.horizon))


def _comparison(record: RunRecord) -> NextStep:
    """A run of another model on the same windows."""
    model = record.results.run.model
    other = SIMPLE_MODEL if model == LEARNED_MODEL else LEARNED_MODEL
    window_set = record.results.window_set
    lengths = {"context_length": window_set.context_length, "horizon": window_set.horizon}
    text = Text("Train {model} on the same windows, and compare both runs with timevis compare.", model=other)
    overrides = [o for o in _overrides(record) if o.startswith(("data", "evaluation."))]
    return NextStep(text, command_line(train_command(), *overrides, f"model={other}", **lengths))


def _again(record: RunRecord, several: bool = False, **changes: Any) -> str:
    """The command of the run with changed keys."""
    kept = [o for o in _overrides(record) if not o.startswith(("hydra", *(f"{key}=" for key in changes)))]
    return command_line(train_command(), *(["-m"] if several else []), *kept, **changes)


def _overrides(record: RunRecord) -> list[str]:
    """The overrides that started the run; model and data of its config if it was not started by a command line."""
    if record.overrides:
        return record.overrides
    data = record.config["data"]
    source = ["data=file", f"data.path={data['path']}"] if data.get("path") else [f"data={data['name']}"]
    return [f"model={record.config['model']['name']}", *source]


def _folder(record: RunRecord) -> str:
    return str(display_path(record.folder))


def unread_observed_covariates(record: RunRecord) -> list[str]:
    """Names of covariates of kind ``observed`` that the model did not read."""
    read = record.results.run.covariates_read
    return [n for n, c in record.data_report["covariates"].items() if c["kind"] == "observed" and n not in read]


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
    error_statistics, error_statistics_note = sections.error_statistics_table(record, charts.spaced)
    page: str = _template().render(
        Text=Text,
        labels=labels,
        titles=sections.SECTIONS,
        join_sentences=join_sentences,
        percent_sign=percent_sign(),
        part=scored_part(record.results),
        label=record.label,
        results=record.results,
        verdict=verdict_of(record.results),
        averaging=averaging(record.results),
        tiles=sections.headline_tiles(record.results),
        contents=sections.contents(record, bool(charts.sections["training"]), series is not None),
        series=series,
        facts=sections.run_facts(record),
        model_settings=sections.model_settings(record),
        data=sections.data_section(record),
        metrics=sections.metric_rows(record),
        members=sections.member_rows(record.results),
        combination=record.results.run.description.get("combination"),
        scored_windows=sections.scored_windows(record.results),
        interval_note=sections.interval_note(record.results),
        naive_seasons=sections.naive_seasons(record.results),
        calibration=sections.calibration(record.results),
        explanation=record.explanation,
        explanation_columns=console.COLUMNS,
        explanation_sentences=console.sentences(record.explanation) if record.explanation else [],
        explain_command=command_line("timevis", "explain", str(display_path(record.folder))),
        language_sample=sections.language_sample(record),
        costs=sections.cost_rows(record.results),
        sections=charts.sections,
        examples=charts.examples,
        worst=charts.worst[:NUM_WORST_IN_PAGE],
        worst_table=sections.event_rows(record, charts.events),
        period=period_figures(charts.forecasts, record),
        next_steps=next_steps(record),
        versions=sections.versions(record),
        num_spaced=len(charts.spaced.frame),
        clock=sections.clock(record),
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
        loader=PackageLoader("timevis.report"),
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
    return (files("timevis.report") / "templates" / name).read_text(encoding="utf-8")


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
    charts = charts_of(record)
    _write_pngs(record.folder / "plots", charts)
    path = record.folder / "report.html"
    write_text(path, page_of(record, charts))
    return path


def _write_pngs(folder: Path, charts: RunCharts) -> None:
    """Write forecasts.png, worst_windows.png and a picture for each section."""
    for name, windows in (("forecasts", charts.examples), ("worst_windows", charts.worst[:NUM_EXAMPLES])):
        if windows:
            save_png(folder, name, windows, one_legend=True)
    for name, panels in charts.sections.items():
        if panels:
            save_png(folder, name, panels)
