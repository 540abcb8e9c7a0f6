"""A comparison of runs as a LaTeX table, for a paper."""

from __future__ import annotations

from timevis.evaluation.comparison import Comparison
from timevis.evaluation.report.comparison_report import overview

SPECIAL_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{EN DASH}": "--",
    "<": "$<$",
    ">": "$>$",
}


def latex_table(comparison: Comparison) -> str:
    """A floating table of the package booktabs: a row per run, the lowest relative WQL first.

    The caption names the data, the window set and the reference, and explains the columns.
    """
    table = overview(comparison)
    if "p (Holm)" in table:
        p_value = (
            " p (Holm) is the p-value of the ratio of both errors with Holm's correction for the number of runs."
        )
    else:
        p_value = ""
    caption = (
        f"Forecasts of {comparison.data} on the same windows (window set {comparison.window_set}). Relative WQL is "
        "the weighted quantile loss divided by the loss of seasonal naive; the difference is from the relative WQL "
        f"of {comparison.reference}, with its 95 % interval. Lower is better.{p_value}"
    )
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escape(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * table.shape[1]}}}",
        r"\toprule",
        _row(["run", *table.columns]),
        r"\midrule",
        *(_row([str(label), *map(str, cells)]) for label, cells in zip(table.index, table.to_numpy(), strict=True)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return " & ".join(map(_escape, cells)) + r" \\"


def _escape(text: str) -> str:
    return "".join(SPECIAL_CHARACTERS.get(character, character) for character in text)
