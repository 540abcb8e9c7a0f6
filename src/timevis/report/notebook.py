"""A run and a comparison as HTML for a notebook: the verdict, and the scores with their intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import pandas as pd

from timevis.evaluation.comparison import Comparison
from timevis.evaluation.scored_part import scored_on
from timevis.evaluation.verdict import verdict_of
from timevis.metrics.specs import METRICS
from timevis.report.comparison import latex_table, over_seeds_table, overview, sentences
from timevis.runs.results import Results
from timevis.utils.formatting import format_number
from timevis.utils.phrases import format_duration, format_interval

COLORS = {"good": "#1a7f37", "info": "inherit", "warning": "#9a6700", "bad": "#cf222e"}
SHOWN_METRICS = ("relative_wql", "wql", "mase", "mae", "coverage_80")


def run_html(results: Results, report: str) -> str:
    """The verdict of a run, its scores beside the scores of seasonal naive, its cost, and a link to its report.

    Parameters
    ----------
    results : Results
    report : str
        Address of report.html.
    """
    verdict = verdict_of(results)
    rows = {}
    for name in SHOWN_METRICS:
        metric, model, naive = METRICS[name], results.metrics[name], results.seasonal_naive[name]
        rows[str(metric.label)] = {
            results.run.label: format_number(model.value, metric.is_percent),
            "95 % interval": format_interval(model.low, model.high, metric.is_percent),
            "seasonal naive": format_number(naive.value, metric.is_percent),
        }
    cost = results.cost
    seconds = f"fit {format_duration(cost.fit_seconds)}, test {format_duration(cost.test_seconds)}, {cost.device}"
    lines = [f"<b>{escape(results.run.label)}</b> {escape(str(scored_on(results)))}, seed {results.run.seed}"]
    lines += [_colored(verdict.severity, verdict.text)]
    lines += [_colored(finding.severity, finding.text) for finding in verdict.findings]
    footer = f'{escape(seconds)}. <a href="{escape(report)}">Report</a>'
    return _paragraphs(lines) + _table(pd.DataFrame.from_dict(rows, orient="index")) + _paragraphs([footer])


def comparison_html(comparison: Comparison) -> str:
    """The runs of a comparison, the lowest relative WQL first, with their differences from the reference."""
    title = f"<b>Comparison on {escape(comparison.data)}</b>, reference: {escape(comparison.reference)}"
    parts = [_paragraphs([title]), _table(overview(comparison))]
    if len(comparison.over_seeds):
        parts += [_paragraphs(["Over windows and seeds"]), _table(over_seeds_table(comparison, ["relative_wql"]))]
    return "".join([*parts, _paragraphs(map(escape, sentences(comparison)))])


@dataclass(frozen=True)
class NotebookComparison(Comparison):
    """A comparison that a notebook shows as a table; see `timevis.evaluation.comparison.Comparison`."""

    def to_latex(self) -> str:
        """A table for a paper: runs, relative WQL, difference from the reference with its interval, and costs."""
        return latex_table(self)

    def _repr_html_(self) -> str:
        return comparison_html(self)


def _colored(severity: str, text: str) -> str:
    return f'<span style="color:{COLORS[severity]}">{escape(text)}</span>'


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def _table(frame: pd.DataFrame) -> str:
    return str(frame.fillna("").to_html(border=0, justify="right"))
