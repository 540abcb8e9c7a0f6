"""Several rows for one time become one row, and each kind of merging is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MergedRows:
    """Rows without repeated keys.

    Attributes
    ----------
    keys : int64 [M]
        Ascending and distinct.
    values : float32 [M, K]
    kinds : dict
        The repeated keys, by kind: ``identical`` rows, rows ``filled`` in where another was empty, rows ``averaged``
        because they disagreed.
    extra : dict
        For each kind, how many rows were merged away.
    """

    keys: np.ndarray
    values: np.ndarray
    kinds: dict[str, np.ndarray]
    extra: dict[str, int]


def merge_duplicates(keys: np.ndarray, values: np.ndarray) -> MergedRows:
    """Merge rows of equal key.

    Identical rows collapse, a filled cell beats an empty one, and cells that disagree are averaged. The result does
    not depend on the order of the rows of a key.

    Parameters
    ----------
    keys : int64 [N]
        Ascending.
    values : float32 [N, K]
        NaN where missing.
    """
    start = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    size = np.diff(np.r_[start, len(keys)])
    again = size > 1
    out = values[start]
    names = ("identical", "filled", "averaged")
    if not again.any():
        return MergedRows(keys, values, dict.fromkeys(names, keys[:0]), dict.fromkeys(names, 0))
    rows = np.flatnonzero(np.repeat(again, size))
    group = np.repeat(np.arange(again.sum()), size[again])
    first = np.r_[0, np.cumsum(size[again])[:-1]]
    part = values[rows]
    seen = np.isfinite(part)
    count = np.add.reduceat(seen, first, axis=0)
    low, high = np.fmin.reduceat(part, first, axis=0), np.fmax.reduceat(part, first, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _sum_in_order(part, group, first) / count
    out[again] = np.where(low == high, low, mean)
    disagree = (low != high) & (count > 0)
    partial = (count > 0) & (count < size[again][:, None])
    kind = np.where(disagree.any(axis=1), 2, np.where(partial.any(axis=1), 1, 0))
    repeated, spare = keys[start[again]], size[again] - 1
    return MergedRows(
        keys[start],
        out,
        {name: repeated[kind == i] for i, name in enumerate(names)},
        {name: int(spare[kind == i].sum()) for i, name in enumerate(names)},
    )


def _sum_in_order(part: np.ndarray, group: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Sums of each group with its values in ascending order, so that rounding doesn't depend on the rows' order."""
    total = np.empty((len(first), part.shape[1]))
    for j in range(part.shape[1]):
        ordered = part[np.lexsort((part[:, j], group)), j]
        total[:, j] = np.add.reduceat(np.nan_to_num(ordered), first)
    return total
