"""Build the charts of a comparison of runs: error by step ahead, differences from the reference, and cost."""

from __future__ import annotations

import numpy as np

from timevis.evaluation.charts.chart import SERIES_ROLES, Chart, Mark
from timevis.evaluation.comparison import NAIVE_LABEL, Comparison
from timevis.evaluation.labels import COSTS, STEPS_AHEAD
from timevis.metric_specs import METRICS

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
