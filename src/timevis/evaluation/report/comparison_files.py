"""A comparison as text for people, CSV for programs, and PNG pictures."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from timevis.evaluation.charts import png_files
from timevis.evaluation.comparison import Comparison, comparison_charts
from timevis.evaluation.report.verdict import COSTS, METRICS
from timevis.utils.files import require_empty
from timevis.utils.formatting import format_duration, format_interval, format_number, markdown_table, with_minus_sign


def many(comparison: Comparison) -> bool:
    """Whether there are too many runs for columns side by side, and for a sentence each."""
    return len(comparison.metrics) > 5  # seasonal naive is one


def overview(comparison: Comparison) -> pd.DataFrame:
    """A row per run, the lowest WQL first; the difference is that of WQL from the reference's, with its interval."""
    paired = comparison.differences.query("metric == 'wql'").set_index("run")
    rows = {}
    for label, values in comparison.metrics.sort_values("wql").iterrows():
        against = "reference" if label == comparison.reference else "–"
        if label in paired.index:
            percent, low, high = paired.loc[label, ["percent", "percent_low", "percent_high"]].astype(float)
            against = _signed(percent, ".1f")
            against += " %" if math.isnan(low) else f" % ({_signed(low, '.1f')} to {_signed(high, '.1f')})"
        cost = comparison.cost.loc[label] if label in comparison.cost.index else {}
        rows[label] = {
            "WQL": format_number(values["wql"]),
            "difference": against,
            "MASE": format_number(values["mase"]),
            "80 % covers": format_number(values["coverage_80"], percent=True),
            "trained": format_number(cost.get("trainable_parameters")),
            "fit": format_duration(_or_none(cost.get("fit_seconds"))),
            "test": format_duration(_or_none(cost.get("test_seconds"))),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def metrics_table(comparison: Comparison) -> pd.DataFrame:
    """A row per run and a column per metric, with intervals, as text."""
    rows: dict[str, dict[str, str]] = {}
    for label, row in comparison.metrics.iterrows():
        cells = rows.setdefault(str(label), {})
        for key, words in METRICS.items():
            bounds = format_interval(
                {"low": _or_none(row[f"{key}_low"]), "high": _or_none(row[f"{key}_high"])}, words.percent
            )
            cells[words.name] = format_number(row[key], words.percent) + (f" ({bounds})" if bounds else "")
    return pd.DataFrame.from_dict(rows, orient="index")


def _or_none(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def differences_table(comparison: Comparison) -> pd.DataFrame:
    """A row per run and metric: the difference from the reference with its interval and both tests, as text."""
    rows = []
    for row in comparison.differences.to_dict("records"):
        bounds = format_interval({"low": _or_none(row["low"]), "high": _or_none(row["high"])})
        rows.append(
            {
                "run": row["run"],
                "metric": METRICS[row["metric"]].name,
                "difference": _signed(row["difference"], ".4g"),
                "%": _signed(row["percent"], ".1f"),
                "95 % interval": bounds or "–",
                "p": _p(row["p"]),
                "DM": format_number(row["dm_statistic"]),
                "DM p": _p(row["dm_p"]),
            }
        )
    return pd.DataFrame(rows)


def _signed(value: float, form: str) -> str:
    return "–" if pd.isna(value) else with_minus_sign(f"{value:+{form}}")


def _p(value: float) -> str:
    return "–" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def cost_table(comparison: Comparison) -> pd.DataFrame:
    """A row per run and a column per cost, as text."""
    table = comparison.cost
    return pd.DataFrame({COSTS[k]: [format_number(v) for v in table[k]] for k in table}, index=table.index)


def sentences(comparison: Comparison) -> list[str]:
    """For each of a few runs, whether its WQL differs from the reference's; how far the intervals can be trusted."""
    if many(comparison):
        return comparison.caution
    out = []
    for row in comparison.differences.query("metric == 'wql'").to_dict("records"):
        if pd.isna(row["difference"]):
            out.append(f"{row['run']}: WQL is not defined on these windows.")
            continue
        if row["difference"] == 0:
            out.append(f"{row['run']}: WQL is exactly {comparison.reference}'s.")
            continue
        size = format_number(abs(row["difference"])) if pd.isna(row["percent"]) else f"{abs(row['percent']):.1f} %"
        word = "lower" if row["difference"] < 0 else "higher"
        if pd.isna(row["low"]):
            sure = "there are too few windows to say how sure that is"
        elif row["low"] <= 0 <= row["high"]:
            sure = "the 95 % interval of the difference includes zero"
        else:
            sure = "the 95 % interval of the difference excludes zero"
        out.append(f"{row['run']}: WQL {size} {word} than {comparison.reference}'s; {sure}.")
    return out + comparison.caution


def markdown(comparison: Comparison) -> str:
    """The whole comparison as one Markdown page."""
    metrics, cost = metrics_table(comparison), cost_table(comparison)
    if not many(comparison):
        metrics, cost = metrics.T, cost.T
    parts = [
        f"# Comparison on {comparison.data}",
        f"Window set `{comparison.window_set}`; reference: {comparison.reference}.",
        markdown_table(overview(comparison).rename_axis("run").reset_index()),
        *sentences(comparison),
        "## Metrics",
        markdown_table(metrics.rename_axis("run" if many(comparison) else "metric").reset_index()),
    ]
    if len(comparison.differences):
        parts += [
            f"## Difference from {comparison.reference}",
            "Below zero the run's error is smaller. Intervals and p are of a paired moving-block bootstrap; DM is "
            "the Diebold-Mariano statistic with the correction of Harvey, Leybourne and Newbold.",
            markdown_table(differences_table(comparison)),
            "![differences](differences.png)",
        ]
    parts += ["## Error by step ahead", "![error by step ahead](error_by_horizon.png)"]
    costs = markdown_table(cost.rename_axis("run" if many(comparison) else "cost").reset_index())
    parts += ["## Cost", costs, "![cost](cost.png)"]
    return "\n\n".join(parts) + "\n"


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write comparison.md, metrics.csv, differences.csv, by_horizon.csv, cost.csv and pictures into a new folder.

    Raises
    ------
    RunFolderError
        The folder holds other files.
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
    written = []
    for name, table in tables.items():
        written.append(folder / f"{name}.csv")
        table.to_csv(written[-1])
    for name, charts in comparison_charts(comparison).items():
        written.append(png_files.save(folder, name, charts))
    written.append(folder / "comparison.md")
    written[-1].write_text(markdown(comparison), encoding="utf-8")
    return written
