"""An explanation as a table in the terminal, and the sentences that the report shows with it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from timevis.runs.explanation import Explanation
from timevis.utils.formatting import format_count, format_duration, format_time, join_names

COLUMNS = ("input", "changed", "rise of WQL", "95 % interval", "forecast moves by", "contribution")


def print_explanation(explanation: Explanation, console: Console | None = None) -> None:
    """Print a row for each group of inputs, what the columns mean, and the cost."""
    table = Table(title=escape(f"What {explanation.model} on {explanation.data} depends on"))
    for number, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if number < 2 else "right")
    for cells in explanation.cells:
        table.add_row(*map(escape, cells))
    console = console or Console()
    console.print(table)
    for sentence in sentences(explanation):
        console.print(escape(sentence), highlight=False)


def sentences(explanation: Explanation) -> list[str]:
    """What was measured, on what, which covariates the model does not read, and the cost."""
    windows = format_count(explanation.windows, "validation window")
    series = format_count(explanation.channels, "channel")
    span = f"{format_time(explanation.first_target)} to {format_time(explanation.last_target)}"
    unread = explanation.covariates_not_read
    return [
        f"The WQL is measured on {windows} of {format_count(explanation.origins, 'origin')}, with the input and "
        "without it. A hidden input is missing; a replaced one has its values of another time.",
        f"The forecast is the one for {span}, {series} of {explanation.item}. Its median moves by the mean absolute "
        "change, in standard deviations of the channel in the training part. The contribution is the median with the "
        "input minus the median without it: positive where the input raises the forecast.",
        *([f"Covariates that the model does not read: {join_names(unread)}."] if unread else []),
        f"Cost: {format_count(explanation.forecasts, 'forecast')}, {format_duration(explanation.seconds)}.",
    ]
