"""Charts of an explanation: how much the error rises and how far the forecast moves without each input."""

from __future__ import annotations

from timevis.evaluation.charts.chart import Chart, Mark
from timevis.runs.explanation import Explanation

MAX_BARS = 20


def explanation_charts(explanation: Explanation | None) -> list[Chart]:
    """A bar for each of the inputs with the largest rise of the error; no charts without an explanation."""
    if explanation is None:
        return []
    table = explanation.table.head(MAX_BARS)
    names = table["input"].tolist()
    values = {"rise": 100 * table["error_rise"].to_numpy(), "move": table["forecast_change"].to_numpy()}
    note = f"The {MAX_BARS} inputs with the largest rise." if len(explanation.inputs) > MAX_BARS else ""
    return [
        Chart(f"explanation-{name}", title, x_label, "", [Mark("bars", values[name], names, horizontal=True)], note)
        for name, title, x_label in (
            ("rise", "Rise of the error without an input", "rise of the WQL, %"),
            ("move", "Move of the forecast without an input", "mean absolute change, standard deviations"),
        )
    ]
