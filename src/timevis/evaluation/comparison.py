"""Compare runs on one window set: metrics, paired differences from a reference run, error by step ahead, and cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from timevis.evaluation.intervals import holm
from timevis.evaluation.report.labels import COSTS, METRICS
from timevis.evaluation.significance import Difference, paired_differences
from timevis.evaluation.verdict import interval_warnings, is_reference, relative_wql_notes
from timevis.evaluation.window_sets import comparability_key, not_comparable_error
from timevis.runs.record import RunRecord, differing_overrides, without_data_and_model

TESTED_METRICS = ("relative_wql", "wql", "sql", "crps", "mase", "mae_scaled", "mse_scaled")
"""Metrics whose differences from the reference are tested."""
TRAINING_SCALED_METRICS = ("sql", "mase", "mae_scaled", "mse_scaled")
"""Metrics that are scaled by statistics of the training part."""
HORIZON_METRICS = ("relative_wql", "wql", "mae_scaled", "mse_scaled")
DIFFERENCE_COLUMNS = ("run", "metric", *(field.name for field in fields(Difference)), "p_holm")
NAIVE_LABEL = "seasonal naive"


@dataclass(frozen=True)
class Comparison:
    """Tables of a comparison; the rows or columns of each run have its label.

    Attributes
    ----------
    data, window_set : str
        Name of the data, and hash of the window set.
    notes : list of str
        The channels that are averaged over, and warnings of too few windows for reliable intervals or of different
        scales.
    reference : str
        Label of the run that the others are compared with.
    metrics : DataFrame
        A row per run; columns ``<metric>``, ``<metric>_low`` and ``<metric>_high``. Seasonal naive is the last row,
        unless one of the runs is seasonal naive.
    differences : DataFrame
        A row per run and metric with `DIFFERENCE_COLUMNS`; negative where the run has a smaller error than the
        reference. ``p_holm`` is p with Holm's correction for the number of runs that are compared on the metric.
    by_horizon : {metric: DataFrame [H]}
        A column per run.
    cost : DataFrame
        A row per run and a column per entry of the cost section of results.json.
    """

    data: str
    window_set: str
    notes: list[str]
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
        The run that the others are compared with; seasonal naive when None.

    Returns
    -------
    Comparison

    Raises
    ------
    RunFolderError
        The runs did not forecast the same windows, or use different seasons for MASE; the message names both hashes
        and what differs.
    """
    runs = list(records)
    if reference is not None and not any(_same_folder(run, reference) for run in runs):
        runs.insert(0, reference)
    for other in runs[1:]:
        if comparability_key(other.results) != comparability_key(runs[0].results):
            raise not_comparable_error((runs[0].folder, runs[0].results), (other.folder, other.results))
    labels = unique_labels(runs)
    if reference is None:
        reference_windows, reference_label = runs[0].naive_windows, NAIVE_LABEL
    else:
        position = next(i for i, run in enumerate(runs) if _same_folder(run, reference))
        reference_windows, reference_label = runs[position].windows, labels[position]
    first = runs[0].results
    by_label = dict(zip(labels, runs, strict=True))
    scales = _training_scales(reference_windows)
    other_scales = [
        label
        for label, run in by_label.items()
        if not np.allclose(_training_scales(run.windows), scales, atol=0, equal_nan=True)
    ]
    others = {label: run.windows for label, run in by_label.items() if label != reference_label}
    differences = _differences(others, reference_windows, runs[0], other_scales)
    notes = relative_wql_notes(first)
    if differences["low"].notna().any():
        notes += interval_warnings(first["window_set"])
    if other_scales:
        notes.append(
            f"MASE and the scaled errors of {', '.join(other_scales)} are scaled by another training part than those "
            f"of {reference_label}, so their differences are not tested."
        )
    has_naive = any(is_reference(run.results) for run in runs)
    return Comparison(
        data=first["run"]["data"],
        window_set=first["window_set"]["hash"],
        notes=notes,
        reference=reference_label,
        metrics=_metrics(by_label, has_naive),
        differences=differences,
        by_horizon={metric: _by_horizon(by_label, metric, has_naive) for metric in HORIZON_METRICS},
        cost=pd.DataFrame({label: run.results["cost"] for label, run in by_label.items()}).T.reindex(
            columns=list(COSTS)
        ),
    )


def _same_folder(a: RunRecord, b: RunRecord) -> bool:
    return a.folder.resolve() == b.folder.resolve()


def unique_labels(records: Sequence[RunRecord]) -> list[str]:
    """Labels of runs; equal labels get the seed, the differing overrides, or else the folder as a suffix."""
    labels = [r.label for r in records]
    candidate_suffixes = (
        [f"seed {r.results['run']['seed']}" for r in records],
        [without_data_and_model(setting) for setting in differing_overrides([r.overrides for r in records])],
        [r.folder.name for r in records],
        [str(r.folder) for r in records],
    )
    for suffixes in candidate_suffixes:
        duplicates = {label for label, n in Counter(labels).items() if n > 1}
        extended = [
            f"{label}, {suffix}" if suffix and label in duplicates else label
            for label, suffix in zip(labels, suffixes, strict=True)
        ]
        if duplicates and len(set(extended)) > len(set(labels)):
            labels = extended
    return labels


def _metrics(by_label: dict[str, RunRecord], has_naive: bool) -> pd.DataFrame:
    rows = {label: run.results["metrics"] for label, run in by_label.items()}
    if not has_naive:
        rows[NAIVE_LABEL] = next(iter(by_label.values())).results["seasonal_naive"]
    return pd.DataFrame(
        {
            label: {
                f"{metric}{suffix}": values[metric][key]
                for metric in METRICS
                for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high"))
            }
            for label, values in rows.items()
        },
        dtype=float,
    ).T


def _training_scales(windows: pd.DataFrame) -> pd.DataFrame:
    return windows.groupby("channel")[["std", "mase_scale"]].first()


def _differences(
    windows: dict[str, pd.DataFrame], reference: pd.DataFrame, first: RunRecord, other_scales: Sequence[str]
) -> pd.DataFrame:
    """A row per run and metric; without `TRAINING_SCALED_METRICS` for the runs in `other_scales`."""
    rows = []
    for label, run_windows in windows.items():
        metrics = [m for m in TESTED_METRICS if label not in other_scales or m not in TRAINING_SCALED_METRICS]
        differences = paired_differences(run_windows, reference, metrics, first.horizon, first.naive_windows)
        rows += [{"run": label, "metric": metric} | asdict(differences[metric]) for metric in metrics]
    table = pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))
    table["p_holm"] = table.groupby("metric")["p"].transform(lambda p: holm(p.to_numpy(float)))
    return table


def _by_horizon(by_label: dict[str, RunRecord], metric: str, has_naive: bool) -> pd.DataFrame:
    columns = {label: run.results["by_horizon"][metric] for label, run in by_label.items()}
    if not has_naive:
        columns[NAIVE_LABEL] = next(iter(by_label.values())).results["seasonal_naive_by_horizon"][metric]
    return pd.DataFrame(columns, dtype=float)
