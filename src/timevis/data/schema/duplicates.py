"""Merge the rows of one time into one row and count the kinds of merging."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MERGE_KINDS = ("identical", "filled", "averaged")


@dataclass(frozen=True)
class MergedRows:
    """Rows with distinct keys.

    Attributes
    ----------
    keys : int64 [M]
        Ascending and distinct.
    values : float32 [M, K]
    repeated_keys : dict
        The keys that occurred several times, by kind: ``identical`` rows, rows that ``filled`` empty cells of each
        other, rows that disagreed and were ``averaged``; or the method of `merge_by`.
    removed_rows : dict
        For each kind, the number of rows that merging removed.
    """

    keys: np.ndarray
    values: np.ndarray
    repeated_keys: dict[str, np.ndarray]
    removed_rows: dict[str, int]


def merge_duplicates(keys: np.ndarray, values: np.ndarray) -> MergedRows:
    """Merge rows of equal key.

    Identical rows become one, an empty cell takes the value of the other rows, and cells that disagree are averaged.
    The result does not depend on the order of the rows of a key.

    Parameters
    ----------
    keys : int64 [N]
        Ascending.
    values : float32 [N, K]
        NaN where missing.
    """
    group_start = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    group_size = np.diff(np.r_[group_start, len(keys)])
    is_repeated = group_size > 1
    out = values[group_start]
    if not is_repeated.any():
        return MergedRows(keys, values, dict.fromkeys(MERGE_KINDS, keys[:0]), dict.fromkeys(MERGE_KINDS, 0))
    size = group_size[is_repeated]
    duplicates = values[np.flatnonzero(np.repeat(is_repeated, group_size))]
    group = np.repeat(np.arange(is_repeated.sum()), size)
    first = np.r_[0, np.cumsum(size)[:-1]]
    count = np.add.reduceat(np.isfinite(duplicates), first, axis=0)
    low, high = np.fmin.reduceat(duplicates, first, axis=0), np.fmax.reduceat(duplicates, first, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _ordered_sums(duplicates, group, first) / count
    out[is_repeated] = np.where(low == high, low, mean)
    is_averaged = (low != high) & (count > 0)
    is_filled = (count > 0) & (count < size[:, None])
    kind = np.where(is_averaged.any(axis=1), 2, np.where(is_filled.any(axis=1), 1, 0))
    repeated_keys = keys[group_start[is_repeated]]
    return MergedRows(
        keys[group_start],
        out,
        {name: repeated_keys[kind == i] for i, name in enumerate(MERGE_KINDS)},
        {name: int((size - 1)[kind == i].sum()) for i, name in enumerate(MERGE_KINDS)},
    )


def merge_by(keys: np.ndarray, values: np.ndarray, method: str, num_targets: int) -> MergedRows:
    """Merge rows of equal key by the method that the user chose, whether or not they are identical.

    Parameters
    ----------
    keys : int64 [N]
        Ascending; rows of one key in the order of the file.
    values : float32 [N, K]
        NaN where missing, which is left out; a column without a value in any row of a key stays missing.
    method : {"mean", "sum", "first", "last"}
    num_targets : int
        The columns after the targets are covariates, which ``sum`` averages: a total has no total temperature.
    """
    groups = pd.DataFrame(values.astype(np.float64)).groupby(keys)
    merged = groups.sum(min_count=1) if method == "sum" else groups.agg(method)
    if method == "sum":
        merged.iloc[:, num_targets:] = groups.mean().iloc[:, num_targets:]
    distinct, counts = merged.index.to_numpy(), groups.size().to_numpy()
    removed = len(keys) - len(distinct)
    return MergedRows(distinct, merged.to_numpy(np.float32), {method: distinct[counts > 1]}, {method: removed})


def _ordered_sums(values: np.ndarray, group: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Column sums of each group, added in ascending order, so that rounding does not depend on the order of rows."""
    total = np.empty((len(first), values.shape[1]))
    for j in range(values.shape[1]):
        ordered = values[np.lexsort((values[:, j], group)), j]
        total[:, j] = np.add.reduceat(np.nan_to_num(ordered), first)
    return total
