"""The results of a run as a table in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from timevis.evaluation.report.verdict import COSTS, METRICS, scored_on
from timevis.evaluation.significance import SKILLS
from timevis.runs.record import backbone_facts, model_label
from timevis.utils.formatting import format_interval, format_number


def one_line(results: dict[str, Any]) -> str:
    """The verdict for logs and sweeps."""
    skill, wql, part = results["skill"]["wql"], results["metrics"]["wql"]["value"], results["window_set"]["part"]
    tested, where = (f"test/wql {format_number(wql)}, ", "") if part == "test" else ("", f" on {part}")
    bounds = f" ({format_interval(skill)})" if format_interval(skill) else ""
    return (
        f"{model_label(results['run'])}: val/wql {format_number(results['validation']['wql'])}, {tested}"
        f"skill against seasonal naive{where} {format_number(skill['value'])}{bounds}"
    )


def print_results(results: dict[str, Any], console: Console | None = None) -> None:
    """Each metric with seasonal naive beside it, the skill with its 95 % interval, and the cost."""
    run, window_set, cost = results["run"], results["window_set"], results["cost"]
    label = escape(model_label(run))
    empty = window_set.get("without_truth")
    windows = f"{window_set['windows']}{f', {empty} without a truth' if empty else ''}"
    table = Table(title=f"{label} {escape(scored_on(results))}, windows: {windows}, seed {run['seed']}")
    table.add_column("")
    for column in (label, "95 % interval", "seasonal naive"):
        table.add_column(column, justify="right")
    for key, words in METRICS.items():
        ours, naive, percent = results["metrics"][key], results["seasonal_naive"][key], words.percent
        table.add_row(
            words.name,
            format_number(ours["value"], percent),
            format_interval(ours, percent),
            format_number(naive["value"], percent),
        )
    table.add_section()
    for key, skill in results["skill"].items():
        table.add_row(
            f"skill ({METRICS[SKILLS[key]].name})", format_number(skill["value"]), format_interval(skill), "0"
        )
    table.add_section()
    for key, name in COSTS.items():
        table.add_row(name, format_number(cost[key]))
    if about := backbone_facts(run):
        table.caption = escape(f"backbone: {about}")
    (console or Console()).print(table)
