"""Runs on one window set side by side: metrics, paired differences from a reference, error by step, cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from timevis.errors import RunFolderError
from timevis.evaluation.charts.chart import SERIES_ROLES, Chart, Mark
from timevis.evaluation.report.verdict import COSTS, METRICS, caution, is_reference, over_some
from timevis.evaluation.significance import Difference, paired_differences
from timevis.runs.record import RunRecord, beside_names, settings

COMPARED = ("wql", "crps", "mase", "mae_scaled", "mse_scaled")
DIFFERENCE_COLUMNS = ("run", "metric", *(field.name for field in fields(Difference)))
SCALED = ("mase", "mae_scaled", "mse_scaled")
"""Metrics that are relative to the training part."""
NAIVE = "seasonal naive"
FEW = 8  # runs that a legend tells apart
COMPARABLE = ("hash", "season")
"""What window sets share whose metrics compare."""
WINDOW_SET = {
    "horizon": "horizon",
    "borders": "borders of the split",
    "channels": "channels",
    "freq": "frequency",
    "origins": "number of origins",
    "first_origin": "first origin",
    "last_origin": "last origin",
    "season": "season of MASE",
}


@dataclass(frozen=True)
class Comparison:
    """Tables of a comparison; every frame has a row per run, named by its label.

    Attributes
    ----------
    data, window_set : str
        What was forecast: the data's name and the hash of the window set.
    caution : list of str
        Sentences where there are too few windows to trust an interval, scales differ, or WQL is not of all channels.
    reference : str
        Label of the run that the others are compared with.
    metrics : DataFrame
        Column per metric, and ``<metric>_low`` and ``_high``; seasonal naive is the last row if no run is of it.
    differences : DataFrame
        Row per run and metric, with `DIFFERENCE_COLUMNS`; below zero where the run's error is smaller than the
        reference's.
    by_horizon : {metric: DataFrame [H]}
        Column per run.
    cost : DataFrame
    """

    data: str
    window_set: str
    caution: list[str]
    reference: str
    metrics: pd.DataFrame
    differences: pd.DataFrame
    by_horizon: dict[str, pd.DataFrame]
    cost: pd.DataFrame


def compare(records: Sequence[RunRecord], reference: RunRecord | None = None) -> Comparison:
    """Compare runs window by window.

    Parameters
    ----------
    records : sequence of RunRecord
    reference : RunRecord, optional
        The run that the others are measured against; seasonal naive when None.

    Raises
    ------
    RunFolderError
        The runs did not forecast the same windows, or scale MASE by another season; names both hashes and what
        differs.
    """
    everyone = list(records)
    if reference is not None and all(r.folder.resolve() != reference.folder.resolve() for r in everyone):
        everyone.insert(0, reference)
    for other in everyone[1:]:
        require_same_windows(everyone[0], other)
    labels = unique_labels(everyone)
    if reference is None:
        base, base_label = everyone[0].naive_windows, NAIVE
    else:
        at = next(i for i, r in enumerate(everyone) if r.folder.resolve() == reference.folder.resolve())
        base, base_label = everyone[at].windows, labels[at]
    first = everyone[0].results
    named = dict(zip(labels, everyone, strict=True))
    scales = _scales(base)
    apart = [k for k, r in named.items() if not np.allclose(_scales(r.windows), scales, atol=0, equal_nan=True)]
    others = {label: r.windows for label, r in named.items() if label != base_label}
    differences = _differences(others, base, everyone[0].horizon, apart)
    words = over_some(first) + (caution(first["window_set"]) if differences["low"].notna().any() else [])
    if apart:
        words.append(
            f"MASE and scaled errors of {', '.join(apart)} are relative to another training part than those of "
            f"{base_label}, so they are not compared."
        )
    has_naive = any(is_reference(r.results) for r in everyone)
    return Comparison(
        data=first["run"]["data"],
        window_set=first["window_set"]["hash"],
        caution=words,
        reference=base_label,
        metrics=_metrics(named, has_naive),
        differences=differences,
        by_horizon={
            metric: pd.DataFrame(
                {label: r.results["by_horizon"][metric] for label, r in named.items()}
                | ({} if has_naive else {NAIVE: first["seasonal_naive_by_horizon"][metric]}),
                dtype=float,
            )
            for metric in ("wql", "mae_scaled", "mse_scaled")
        },
        cost=pd.DataFrame({label: r.results["cost"] for label, r in named.items()}).T.reindex(columns=list(COSTS)),
    )


def require_same_windows(a: RunRecord, b: RunRecord) -> None:
    """Refuse runs whose window sets have different hashes, or another season in MASE, saying what differs."""
    ours, theirs = a.results["window_set"], b.results["window_set"]
    if all(ours[key] == theirs[key] for key in COMPARABLE):
        return
    runs = a.results["run"], b.results["run"]
    reasons = [
        f"{name} {_short(ours[k])} and {_short(theirs[k])}" for k, name in WINDOW_SET.items() if ours[k] != theirs[k]
    ]
    if runs[0]["data"] != runs[1]["data"]:
        reasons.append(f"data {_short(runs[0]['data'])} and {_short(runs[1]['data'])}")
    if not reasons:
        reasons = ["the cleaned values differ: another file, or another data.cleaning"]
    raise RunFolderError(
        f"these runs can't be compared: {a.folder} has window set {ours['hash']}, "
        f"{b.folder} has {theirs['hash']}; {'; '.join(reasons)}",
        "run both with the same data, season, split, horizon and evaluation settings; model and context_length may "
        "differ",
    )


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def unique_labels(records: Sequence[RunRecord]) -> list[str]:
    """Labels of runs; those of one model are told apart by seed, by what was typed, or else by folder."""
    labels = [r.label for r in records]
    marks = (
        [f"seed {r.results['run']['seed']}" for r in records],
        [beside_names(setting) for setting in settings([r.overrides for r in records])],
        [r.folder.name for r in records],
        [str(r.folder) for r in records],
    )
    for mark in marks:
        many = {label for label, n in Counter(labels).items() if n > 1}
        marked = [
            f"{label}, {own}" if own and label in many else label for label, own in zip(labels, mark, strict=True)
        ]
        if many and len(set(marked)) > len(set(labels)):
            labels = marked
    return labels


def _metrics(named: dict[str, RunRecord], has_naive: bool) -> pd.DataFrame:
    rows = {label: r.results["metrics"] for label, r in named.items()}
    if not has_naive:
        rows[NAIVE] = next(iter(named.values())).results["seasonal_naive"]
    return pd.DataFrame(
        {
            label: {
                f"{metric}{ending}": values[metric][part]
                for metric in METRICS
                for part, ending in (("value", ""), ("low", "_low"), ("high", "_high"))
            }
            for label, values in rows.items()
        },
        dtype=float,
    ).T


def _scales(windows: pd.DataFrame) -> pd.DataFrame:
    return windows.groupby("channel")[["std", "mase_scale"]].first()


def _differences(
    windows: dict[str, pd.DataFrame], base: pd.DataFrame, horizon: int, apart: Sequence[str]
) -> pd.DataFrame:
    """A row per run and metric; none of the scaled metrics for the runs in `apart`."""
    rows = []
    for label, ours in windows.items():
        metrics = [m for m in COMPARED if label not in apart or m not in SCALED]
        found = paired_differences(ours, base, metrics, horizon)
        rows += [{"run": label, "metric": metric} | asdict(found[metric]) for metric in metrics]
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def comparison_charts(comparison: Comparison) -> dict[str, list[Chart]]:
    """Pictures by file name: error by step ahead, differences from the reference, accuracy against cost."""
    out = {"error_by_horizon": _horizon_charts(comparison), "cost": _cost_charts(comparison)}
    if len(comparison.differences):
        out["differences"] = _difference_charts(comparison)
    return out


def _roles(comparison: Comparison) -> dict[str, str]:
    """The role of each run, of up to `FEW`, and of seasonal naive: one colour in every picture."""
    names = [str(label) for label in comparison.metrics.index]
    others = [name for name in names if name not in (NAIVE, "seasonal_naive")]
    return dict.fromkeys(names, "naive") | dict(zip(others, SERIES_ROLES, strict=False))


def _horizon_charts(comparison: Comparison) -> list[Chart]:
    charts = []
    for metric in ("wql", "mae_scaled"):
        table = comparison.by_horizon[metric]
        steps, name = np.arange(1, len(table) + 1), METRICS[metric].name
        if len(table.columns) > FEW:
            marks = [Mark("heat", steps, list(table.columns), z=table.to_numpy().T, z_label=name)]
        else:
            marks = [
                Mark("line", steps, table[label].to_numpy(), str(label), role)
                for label, role in _roles(comparison).items()
            ]
        y_label = "" if len(table.columns) > FEW else name
        charts.append(Chart(metric, f"{name} by step ahead", "steps ahead", y_label, marks, zero=bool(y_label)))
    return charts


def _difference_charts(comparison: Comparison) -> list[Chart]:
    charts = []
    for metric in ("wql", "mae_scaled"):
        table = comparison.differences[comparison.differences["metric"] == metric]
        if table.empty:
            continue
        names = table["run"].tolist()
        marks = [Mark("points", table["difference"].to_numpy(), names)]
        marks += [
            Mark("line", [row.low, row.high], [row.run, row.run])
            for row in table.itertuples()
            if np.isfinite(row.low)
        ]
        marks.append(Mark("line", [0.0, 0.0], [names[0], names[-1]], "", "rule", dashed=True))
        reference = comparison.reference if len(comparison.reference) <= 30 else "the reference"
        title = f"{METRICS[metric].name}, difference from {reference}"
        charts.append(Chart(metric, title, "left of zero the run is better", "", marks))
    return charts


def _cost_charts(comparison: Comparison) -> list[Chart]:
    wql = comparison.metrics.loc[comparison.cost.index, "wql"].sort_values(ascending=False)
    charts = []
    if len(wql) > FEW:  # a legend would hide the points: every run gets a row, the best on top
        charts.append(Chart("wql", "WQL", "WQL", "", [Mark("points", wql.to_numpy(), list(wql.index))]))
    for key in ("fit_seconds", "forecasts_per_second"):
        values, log = comparison.cost.loc[wql.index, key].astype(float), key == "forecasts_per_second"
        if len(wql) > FEW:
            points, title, y_label = [Mark("points", values.to_numpy(), list(wql.index))], COSTS[key], ""
        else:
            points = [
                Mark("points", [values[label]], [wql[label]], str(label), role)
                for label, role in _roles(comparison).items()
                if label in values
            ]
            title, y_label = f"WQL and {COSTS[key]}", "WQL"
        charts.append(Chart(key, title, COSTS[key], y_label, points, log=log))
    return charts
