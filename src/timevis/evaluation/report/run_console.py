"""Print the results of a run as a table in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from timevis.evaluation.labels import COSTS, METRICS
from timevis.evaluation.verdict import scored_on, verdict_of
from timevis.runs.record import describe_backbone, model_label
from timevis.utils.formatting import format_interval, format_number

STYLES = {"good": "green", "info": "", "warning": "yellow", "bad": "red"}


def print_results(results: dict[str, Any], console: Console | None = None) -> None:
    """Print each metric with its 95 % interval and that of seasonal naive, the skill, the cost, and the verdict."""
    run, window_set, cost = results["run"], results["window_set"], results["cost"]
    label = escape(model_label(run))
    without_truth = window_set.get("without_truth")
    windows = f"{window_set['windows']}{f', {without_truth} without a truth' if without_truth else ''}"
    table = Table(title=f"{label} {escape(scored_on(results))}, windows: {windows}, seed {run['seed']}")
    table.add_column("")
    for column in (label, "95 % interval", "seasonal naive"):
        table.add_column(column, justify="right")
    for key, metric in METRICS.items():
        model, naive = results["metrics"][key], results["seasonal_naive"][key]
        values = (format_number(model["value"], metric.percent), format_interval(model, metric.percent))
        table.add_row(metric.name, *values, format_number(naive["value"], metric.percent))
    table.add_section()
    for key, skill in results["skill"].items():
        table.add_row(f"skill ({METRICS[key].name})", format_number(skill["value"]), format_interval(skill), "0")
    table.add_section()
    for key, name in COSTS.items():
        table.add_row(name, format_number(cost[key]))
    if backbone := describe_backbone(run):
        table.caption = escape(f"backbone: {backbone}")
    console = console or Console()
    console.print(table)
    verdict = verdict_of(results)
    for severity, text in [(verdict.severity, verdict.text), *((f.severity, f.text) for f in verdict.findings)]:
        console.print(escape(text), style=STYLES[severity], highlight=False)
