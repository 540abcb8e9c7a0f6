"""Print the results of a run as a table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from timevis.evaluation.labels import COSTS
from timevis.evaluation.scored_part import scored_on
from timevis.evaluation.verdict import verdict_of
from timevis.metric_specs import METRICS
from timevis.runs.results import Results
from timevis.utils.formatting import format_number
from timevis.utils.phrases import format_interval

STYLES = {"good": "green", "info": "", "warning": "yellow", "bad": "red"}


def print_results(results: Results, console: Console | None = None) -> None:
    """Print each metric with its 95 % interval, the value of seasonal naive, the skill, the cost, and the verdict."""
    run, window_set, cost = results.run, results.window_set, results.cost
    label = escape(run.label)
    without_truth = f", {window_set.without_truth} without a truth" if window_set.without_truth else ""
    windows = f"{window_set.windows}{without_truth}"
    table = Table(title=f"{label} {escape(str(scored_on(results)))}, windows: {windows}, seed {run.seed}")
    table.add_column("")
    for column in (label, "95 % interval", "seasonal naive"):
        table.add_column(column, justify="right")
    for key, metric in METRICS.items():
        model, naive = results.metrics[key], results.seasonal_naive[key]
        values = (
            format_number(model.value, metric.is_percent),
            format_interval(model.low, model.high, metric.is_percent),
        )
        table.add_row(str(metric.label), *values, format_number(naive.value, metric.is_percent))
    table.add_section()
    for key, skill in vars(results.skill).items():
        table.add_row(
            f"skill ({METRICS[key].label})", format_number(skill.value), format_interval(skill.low, skill.high), "0"
        )
    table.add_section()
    for key, name in COSTS.items():
        table.add_row(str(name), format_number(getattr(cost, key)))
    if backbone := run.backbone_text:
        table.caption = escape(f"backbone: {', '.join(filter(None, [backbone, run.backbone_note]))}")
    console = console or Console()
    console.print(table)
    verdict = verdict_of(results)
    for severity, text in [(verdict.severity, verdict.text), *((f.severity, f.text) for f in verdict.findings)]:
        console.print(escape(text), style=STYLES[severity], highlight=False)
