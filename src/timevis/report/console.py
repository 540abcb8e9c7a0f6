"""What the console says of a run and of an explanation."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from timevis.evaluation.labels import COSTS, interval
from timevis.evaluation.scored_part import scored_on
from timevis.evaluation.verdict import verdict_of
from timevis.messages import Text
from timevis.metrics.specs import METRICS
from timevis.runs.explanation import Explanation
from timevis.runs.results import Results
from timevis.utils.formatting import format_number, format_time
from timevis.utils.phrases import format_duration, format_interval, from_to, origin_count

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


COLUMNS = (
    Text("input"),
    Text("changed"),
    Text("rise of WQL"),
    interval(95),
    Text("forecast moves by"),
    Text("contribution"),
)


def print_explanation(explanation: Explanation, console: Console | None = None) -> None:
    """Print a row for each group of inputs, what the columns mean, and the cost."""
    table = Table(title=escape(f"What {explanation.model} on {explanation.data} depends on"))
    for number, name in enumerate(COLUMNS):
        table.add_column(str(name), justify="left" if number < 2 else "right")
    for cells in explanation.cells:
        table.add_row(*map(escape, cells))
    console = console or Console()
    console.print(table)
    for sentence in sentences(explanation):
        console.print(escape(sentence), highlight=False)


def sentences(explanation: Explanation) -> list[str]:
    """What was measured, on what, which covariates the model does not read, and the cost."""
    unread = explanation.covariates_not_read
    measured = Text(
        "The WQL is measured on {windows} of {origins}, with the input and without it. A hidden input is missing; a "
        "replaced one has its values of another time.",
        windows=Text("1 validation window")
        if explanation.windows == 1
        else Text("{windows} validation windows", windows=explanation.windows),
        origins=origin_count(explanation.origins),
    )
    forecast = Text(
        "The forecast is the one for {period}, {channels} of {item}. Its median moves by the mean absolute change, "
        "in standard deviations of the channel in the training part. The contribution is the median with the input "
        "minus the median without it: positive where the input raises the forecast.",
        period=from_to(format_time(explanation.first_target), format_time(explanation.last_target)),
        channels=Text("1 channel")
        if explanation.channels == 1
        else Text("{channels} channels", channels=explanation.channels),
        item=explanation.item,
    )
    cost = Text(
        "Cost: {forecasts} forecasts, {duration}.",
        forecasts=explanation.forecasts,
        duration=format_duration(explanation.seconds),
    )
    not_read = Text("Covariates that the model does not read: {names}.", names=unread)
    return [str(text) for text in (measured, forecast, *([not_read] if unread else []), cost)]
