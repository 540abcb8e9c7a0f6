"""Charts of an explanation: how much the error rises and how far the forecast moves without each input."""

from __future__ import annotations

from timevis.evaluation.charts.chart import Chart, Mark
from timevis.messages import Text
from timevis.runs.explanation import Explanation

MAX_BARS = 20


def explanation_charts(explanation: Explanation | None) -> list[Chart]:
    """A bar for each of the inputs with the largest rise of the error; no charts without an explanation."""
    if explanation is None:
        return []
    table = explanation.table.head(MAX_BARS)
    names = [str(group.text) for group in explanation.inputs[:MAX_BARS]]
    values = {"rise": 100 * table["error_rise"].to_numpy(), "move": table["forecast_change"].to_numpy()}
    note = ""
    if len(explanation.inputs) > MAX_BARS:
        note = str(Text("largest-rises", "The {count} inputs with the largest rise.", count=MAX_BARS))
    return [
        Chart(
            f"explanation-{name}",
            str(title),
            str(x_label),
            "",
            [Mark("bars", values[name], names, horizontal=True)],
            note,
        )
        for name, title, x_label in (
            (
                "rise",
                Text("rise-without-input", "Rise of the error without an input"),
                Text("rise-in-percent", "rise of the WQL, %"),
            ),
            (
                "move",
                Text("move-without-input", "Move of the forecast without an input"),
                Text("move-in-std", "mean absolute change, standard deviations"),
            ),
        )
    ]
