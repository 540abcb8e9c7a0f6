"""Comparisons of runs: charts, comparison.html and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from timevis.evaluation.comparison import NAIVE_LABEL, Comparison
from timevis.evaluation.labels import COSTS, STEPS_AHEAD
from timevis.metrics.specs import METRICS
from timevis.report.chart import SERIES_ROLES, Chart, Mark
from timevis.report.draw_matplotlib import save_png
from timevis.utils.files import require_empty
from timevis.utils.formatting import format_number, markdown_table, with_minus_sign
from timevis.utils.phrases import format_duration, format_interval
from timevis.utils.spreadsheets import to_csv

MAX_LEGEND_RUNS = 8
"""Runs that a legend can distinguish; of more runs each one has a row in every chart."""
MAX_TITLE_LABEL_LENGTH = 30
CHART_METRICS = ("relative_wql", "mae_scaled")


def comparison_charts(comparison: Comparison) -> dict[str, list[Chart]]:
    """Charts of a comparison by file name: error_by_horizon, cost and, if there are any, differences."""
    charts = {"error_by_horizon": _horizon_charts(comparison), "cost": _cost_charts(comparison)}
    if len(comparison.differences):
        charts["differences"] = _difference_charts(comparison)
    return charts


def _roles(comparison: Comparison) -> dict[str, str]:
    """Role of each of up to `MAX_LEGEND_RUNS` runs and of seasonal naive; a run has one colour in all charts."""
    labels = [str(label) for label in comparison.metrics.index]
    models = [label for label in labels if label not in (NAIVE_LABEL, "seasonal_naive")]
    return dict.fromkeys(labels, "naive") | dict(zip(models, SERIES_ROLES, strict=False))


def _horizon_charts(comparison: Comparison) -> list[Chart]:
    charts = []
    for metric in CHART_METRICS:
        table = comparison.by_horizon[metric]
        steps, name = np.arange(1, len(table) + 1), str(METRICS[metric].label)
        is_heat_map = len(table.columns) > MAX_LEGEND_RUNS
        if is_heat_map:
            marks = [Mark("heat", steps, list(table.columns), z=table.to_numpy().T, z_label=name)]
        else:
            marks = [
                Mark("line", steps, table[label].to_numpy(), str(label), role)
                for label, role in _roles(comparison).items()
            ]
        title, y_label = f"{name} by step ahead", "" if is_heat_map else name
        charts.append(Chart(metric, title, str(STEPS_AHEAD), y_label, marks, y_from_zero=not is_heat_map))
    return charts


def _difference_charts(comparison: Comparison) -> list[Chart]:
    charts = []
    for metric in CHART_METRICS:
        table = comparison.differences[comparison.differences["metric"] == metric]
        if table.empty:
            continue
        labels = table["run"].tolist()
        marks = [Mark("points", table["percent"].to_numpy(), labels)]
        marks += [
            Mark("line", [row.percent_low, row.percent_high], [row.run, row.run])
            for row in table.itertuples()
            if np.isfinite(row.percent_low)
        ]
        marks.append(Mark("line", [0.0, 0.0], [labels[0], labels[-1]], "", "guide", dashed=True))
        is_short = len(comparison.reference) <= MAX_TITLE_LABEL_LENGTH
        title = f"{METRICS[metric].label}, difference from {comparison.reference if is_short else 'the reference'}"
        charts.append(Chart(metric, title, "percent; below zero the run is better", "", marks))
    return charts


def _cost_charts(comparison: Comparison) -> list[Chart]:
    wql = comparison.metrics.loc[comparison.cost.index, "relative_wql"].sort_values(ascending=False)
    has_row_per_run = len(wql) > MAX_LEGEND_RUNS
    charts = []
    if has_row_per_run:
        charts.append(
            Chart(
                "relative_wql", "Relative WQL", "relative WQL", "", [Mark("points", wql.to_numpy(), list(wql.index))]
            )
        )
    for key in ("fit_seconds", "forecasts_per_second"):
        values = comparison.cost.loc[wql.index, key].astype(float)
        if has_row_per_run:
            marks, title, y_label = [Mark("points", values.to_numpy(), list(wql.index))], str(COSTS[key]), ""
        else:
            marks = [
                Mark("points", [values[label]], [wql[label]], str(label), role)
                for label, role in _roles(comparison).items()
                if label in values
            ]
            title, y_label = f"Relative WQL and {COSTS[key]}", "relative WQL"
        charts.append(Chart(key, title, str(COSTS[key]), y_label, marks, log_x=key == "forecasts_per_second"))
    return charts


MAX_RUNS_AS_COLUMNS = 5
"""Runs, with seasonal naive, up to which the tables have a column per run and each run has a sentence."""


def has_many_runs(comparison: Comparison) -> bool:
    """Whether there are more than `MAX_RUNS_AS_COLUMNS` runs, so that tables have a row per run."""
    return len(comparison.metrics) > MAX_RUNS_AS_COLUMNS


def overview(comparison: Comparison) -> pd.DataFrame:
    """A row per run, the lowest relative WQL first, with its difference from the reference in percent, as text."""
    wql = comparison.differences.query("metric == 'relative_wql'").set_index("run")
    rows = {}
    for label, values in comparison.metrics.sort_values("relative_wql").iterrows():
        difference = "reference" if label == comparison.reference else "–"
        if label in wql.index:
            percent, low, high = wql.loc[label, ["percent", "percent_low", "percent_high"]].astype(float)
            difference = _signed(percent, ".1f")
            difference += " %" if math.isnan(low) else f" % ({_signed(low, '.1f')} to {_signed(high, '.1f')})"
        cost = comparison.cost.loc[label] if label in comparison.cost.index else {}
        rows[label] = {
            "relative WQL": format_number(values["relative_wql"]),
            "difference": difference,
            **({"p (Holm)": _p_value(wql["p_holm"].get(label, math.nan))} if len(wql) > 1 else {}),
            "WQL": format_number(values["wql"]),
            "MASE": format_number(values["mase"]),
            "80 % coverage": format_number(values["coverage_80"], percent=True),
            "trainable": format_number(cost.get("trainable_parameters")),
            "fit": format_duration(_or_none(cost.get("fit_seconds"))),
            "test": format_duration(_or_none(cost.get("test_seconds"))),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def metrics_table(comparison: Comparison) -> pd.DataFrame:
    """A row per run and a column per metric, with intervals, as text."""
    rows: dict[str, dict[str, str]] = {}
    for label, row in comparison.metrics.iterrows():
        cells = rows.setdefault(str(label), {})
        for key, metric in METRICS.items():
            bounds = format_interval(_or_none(row[f"{key}_low"]), _or_none(row[f"{key}_high"]), metric.is_percent)
            cells[str(metric.label)] = format_number(row[key], metric.is_percent) + (f" ({bounds})" if bounds else "")
    return pd.DataFrame.from_dict(rows, orient="index")


def _or_none(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def differences_table(comparison: Comparison) -> pd.DataFrame:
    """A row per run and metric: difference from the reference, interval and p-values of both tests, as text."""
    rows, has_several = [], comparison.differences["run"].nunique() > 1
    for row in comparison.differences.to_dict("records"):
        low, high = (_signed(row[key], ".1f") for key in ("percent_low", "percent_high"))
        rows.append(
            {
                "run": row["run"],
                "metric": str(METRICS[row["metric"]].label),
                "difference": _signed(row["difference"], ".4g"),
                "%": _signed(row["percent"], ".1f"),
                "95 % interval, %": "–" if pd.isna(row["percent_low"]) else f"{low} to {high}",
                "p": _p_value(row["p"]),
                **({"p (Holm)": _p_value(row["p_holm"])} if has_several else {}),
                "DM": format_number(row["dm_statistic"]),
                "DM p": _p_value(row["dm_p"]),
            }
        )
    return pd.DataFrame(rows)


def over_seeds_table(comparison: Comparison, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """A row per model and metric: mean over seeds, and its difference from the reference, as text.

    Parameters
    ----------
    comparison : Comparison
    metrics : sequence of str, optional
        Those with a row; all tested metrics when None.
    """
    rows, table = [], comparison.over_seeds
    has_several = table["run"].nunique() > 2
    for row in table.to_dict("records"):
        if metrics is not None and row["metric"] not in metrics:
            continue
        low, high = (_signed(row[key], ".1f") for key in ("percent_low", "percent_high"))
        spread = format_interval(_or_none(row["lowest"]), _or_none(row["highest"])) if row["seeds"] > 1 else ""
        rows.append(
            {
                "model": row["run"],
                "seeds": row["seeds"],
                "metric": str(METRICS[row["metric"]].label),
                "mean": format_number(row["value"]) + (f" ({spread})" if spread else ""),
                "%": _signed(row["percent"], ".1f"),
                "95 % interval, %": "–" if pd.isna(row["percent_low"]) else f"{low} to {high}",
                "p": _p_value(row["p"]),
                **({"p (Holm)": _p_value(row["p_holm"])} if has_several else {}),
            }
        )
    return pd.DataFrame(rows)


def _signed(value: float, format_spec: str) -> str:
    return "–" if pd.isna(value) else with_minus_sign(f"{value:+{format_spec}}")


def _p_value(value: float) -> str:
    return "–" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def cost_table(comparison: Comparison) -> pd.DataFrame:
    """A row per run and a column per cost, as text."""
    table = comparison.cost
    return pd.DataFrame({str(COSTS[k]): [format_number(v) for v in table[k]] for k in table}, index=table.index)


def sentences(comparison: Comparison) -> list[str]:
    """Sentences on the differences in relative WQL from the reference, unless there are many runs; then the notes."""
    if has_many_runs(comparison):
        return list(map(str, comparison.notes))
    out = []
    for row in comparison.differences.query("metric == 'relative_wql'").to_dict("records"):
        if pd.isna(row["difference"]):
            out.append(f"{row['run']}: the relative WQL is not defined on these windows.")
            continue
        if row["difference"] == 0:
            out.append(f"{row['run']}: the relative WQL equals the value of {comparison.reference}.")
            continue
        size = format_number(abs(row["difference"])) if pd.isna(row["percent"]) else f"{abs(row['percent']):.1f} %"
        direction = "lower" if row["difference"] < 0 else "higher"
        low, high = row["percent_low"], row["percent_high"]
        if pd.isna(low):
            significance = "there are too few windows for a 95 % interval of the difference"
        elif low <= 0 <= high:
            significance = "the 95 % interval of the difference includes zero"
        else:
            significance = "the 95 % interval of the difference excludes zero"
        difference = f"the relative WQL is {size} {direction} than the value of {comparison.reference}"
        out.append(f"{row['run']}: {difference}; {significance}.")
    return [*out, *map(str, comparison.notes)]


def markdown(comparison: Comparison) -> str:
    """The whole comparison as one Markdown page."""
    metrics, cost = metrics_table(comparison), cost_table(comparison)
    if not has_many_runs(comparison):
        metrics, cost = metrics.T, cost.T
    parts = [
        f"# Comparison on {comparison.data}",
        f"Window set `{comparison.window_set}`; reference: {comparison.reference}.",
        markdown_table(overview(comparison).rename_axis("run").reset_index()),
        *sentences(comparison),
        "## Metrics",
        markdown_table(metrics.rename_axis("run" if has_many_runs(comparison) else "metric").reset_index()),
    ]
    if len(comparison.differences):
        parts += [
            f"## Difference from {comparison.reference}",
            "A negative difference means that the run has a smaller error. Intervals and p treat the errors at "
            "successive origins as an autocorrelated series, and are computed for the ratio of the two errors. p "
            "(Holm) is corrected for the number of runs that are compared on the metric. DM is the statistic of "
            "Diebold and Mariano with the correction of Harvey, Leybourne and Newbold. DM p is usually smaller than "
            "p, since it allows for dependence of overlapping windows only.",
            markdown_table(differences_table(comparison)),
            "![differences](differences.png)",
        ]
    if len(comparison.over_seeds):
        parts += [
            f"## Over seeds, difference from {comparison.reference_over_seeds}",
            "Runs that differ only in their seed are one model: its mean over seeds, with the lowest and highest "
            "seed in brackets. The intervals and p contain the variance over windows and over seeds; the other "
            "tables of this page compare single runs.",
            markdown_table(over_seeds_table(comparison)),
        ]
    parts += ["## Error by step ahead", "![error by step ahead](error_by_horizon.png)"]
    costs = markdown_table(cost.rename_axis("run" if has_many_runs(comparison) else "cost").reset_index())
    parts += ["## Cost", costs, "![cost](cost.png)"]
    return "\n\n".join(parts) + "\n"


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write comparison.md, metrics.csv, differences.csv, by_horizon.csv, cost.csv and charts into a new folder.

    over_seeds.csv is written where some runs differ only in their seed.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    RunFolderError
        The folder contains files.
    """
    require_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "metrics": comparison.metrics.rename_axis("run"),
        "differences": comparison.differences.set_index("run"),
        "by_horizon": pd.concat(comparison.by_horizon, names=["metric", "step"]).rename(
            index=lambda i: i + 1, level=1
        ),
        "cost": comparison.cost.rename_axis("run"),
    }
    if len(comparison.over_seeds):
        tables["over_seeds"] = comparison.over_seeds.set_index("run")
    written = []
    for name, table in tables.items():
        written.append(folder / f"{name}.csv")
        to_csv(table, written[-1])
    for name, charts in comparison_charts(comparison).items():
        written.append(save_png(folder, name, charts))
    written.append(folder / "comparison.md")
    written[-1].write_text(markdown(comparison), encoding="utf-8")
    return written


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
