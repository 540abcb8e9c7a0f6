"""Write a comparison of runs: comparison.md for people, CSV files for programs, and charts as PNG files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from timevis.evaluation.charts.comparison_charts import comparison_charts
from timevis.evaluation.charts.draw_matplotlib import save_png
from timevis.evaluation.comparison import Comparison
from timevis.evaluation.labels import COSTS
from timevis.metric_specs import METRICS
from timevis.utils.files import require_empty, to_csv
from timevis.utils.formatting import format_number, markdown_table, with_minus_sign
from timevis.utils.phrases import format_duration, format_interval

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
