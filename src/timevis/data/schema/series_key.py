"""Which columns of a long table separate the rows of each time, if no column does it alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

MAX_REPEATED_SHARE = 0.01
"""The share of the rows that may repeat another row of their series and time."""
MIN_SHARED_SHARE = 1 / 3
"""The share of the rows that must repeat a time without a column, for that column to be text that names series."""
MIN_SHARE_OF_TIMES = 0.1
"""Of the times of the table that a series has on average, if several columns name the series."""
MAX_KEY_COLUMNS = 6
"""The columns of which every combination is tried."""
MAX_ADVISED_COLUMNS = 3
MAX_SEARCHED_ROWS = 100_000
"""Of a larger table, the combinations are tried on the rows of some of its times."""


def number_cells_by_name(columns: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """For each column the number of the name in each row, int64 [rows] with -1 where it is empty, and the names.

    Names that differ in surrounding blanks only are one name.
    """
    codes, names = {}, {}
    for label, column in columns.items():
        code_of_row, cells = pd.factorize(column)
        parts = pd.Series([_as_name(cell) or None for cell in cells], dtype=object)
        code_of_cell, distinct = pd.factorize(parts)
        codes[str(label)] = np.append(code_of_cell, -1)[code_of_row].astype(np.int64)
        names[str(label)] = list(distinct)
    return codes, names


def _as_name(cell: object) -> str:
    """A cell as text; a float such as 1.0, which pandas makes of 1 in a column with empty cells, becomes 1."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def combine_codes(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Number the distinct combinations of codes that are not negative, from 0 in the order of their first row."""
    combined = codes[0]
    for code in codes[1:]:
        combined = pd.factorize(combined * (int(code.max()) + 1) + code)[0]
    return combined


def count_repeated_rows(codes: Sequence[np.ndarray]) -> int:
    """The number of rows that repeat the combination of codes of an earlier row."""
    return len(codes[0]) - int(combine_codes([*codes, np.zeros_like(codes[0])]).max()) - 1


def smallest_key(time: np.ndarray, codes: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The fewest columns, at least two, that name the series together; empty if no columns do.

    Together with the time they are different in all but one row of a hundred. Text such as the weather or a remark
    may also differ between the rows of a time, so each column must be needed by a third of the rows: without it, they
    would repeat the time of a series. And a series must have a tenth of the times of the table on average, which is
    not so if each row has a text of its own. Of several sets of equal size, the one with the fewest series is taken,
    and of these the first one in the order of the columns. A column that follows from another one, such as the state
    of a region, is thus left out.

    Parameters
    ----------
    time : int64 [rows]
        Number of the time of each row.
    codes : mapping
        Column to the number of its name in each row, int64 [rows], none negative.
    """
    if (step := -(-len(time) // MAX_SEARCHED_ROWS)) > 1:  # whether rows of a time differ does not depend on others
        is_tried = time % step == 0
        key = smallest_key(time[is_tried] // step, {name: code[is_tried] for name, code in codes.items()})
        is_key = bool(key) and count_repeated_rows([*(codes[n] for n in key), time]) <= MAX_REPEATED_SHARE * len(time)
        return key if is_key else ()
    rows, num_times = len(time), int(time.max()) + 1
    num_names = {name: int(code.max()) + 1 for name, code in codes.items()}

    def repeated_share(names: Sequence[str]) -> float:
        return count_repeated_rows([*(codes[n] for n in names), time]) / rows

    def separates(names: Sequence[str]) -> bool:
        has_enough_names = num_times * math.prod(num_names[n] for n in names) >= (1 - MAX_REPEATED_SHARE) * rows
        return has_enough_names and repeated_share(names) <= MAX_REPEATED_SHARE

    def count_series(names: Sequence[str]) -> int:
        return int(combine_codes([codes[n] for n in names]).max()) + 1

    def names_series(names: Sequence[str]) -> bool:
        if not separates(names) or count_series(names) * num_times * MIN_SHARE_OF_TIMES > rows:
            return False
        return all(repeated_share([n for n in names if n != name]) >= MIN_SHARED_SHARE for name in names)

    used = list(codes)
    if len(used) < 2 or not separates(used):
        return ()
    for name in sorted(codes, key=lambda n: -num_names[n]):
        others = [n for n in used if n != name]
        if len(used) > MAX_KEY_COLUMNS and separates(others):
            used = others
    sizes = range(2, len(used) + 1) if len(used) <= MAX_KEY_COLUMNS else (len(used),)
    for size in sizes:
        if keys := [key for key in combinations(used, size) if names_series(key)]:
            return min(keys, key=count_series)
    return ()


def separate_step_by_step(base: np.ndarray, codes: Mapping[str, np.ndarray]) -> list[tuple[tuple[str, ...], int]]:
    """The columns that reduce the repetition most: the best one, the best one beside it, and so on.

    Parameters
    ----------
    base : int64 [rows]
        Number of the series and time of each row.
    codes : mapping
        Column to the number of its name in each row, int64 [rows].

    Returns
    -------
    list of (columns, int)
        At most `MAX_ADVISED_COLUMNS` sets of columns, each with the number of rows that repeat a row if the columns
        of the set also name the series.
    """
    steps: list[tuple[tuple[str, ...], int]] = []
    combined, remaining = base, count_repeated_rows([base])
    left = dict(codes)
    while left and remaining and len(steps) < MAX_ADVISED_COLUMNS:
        repeated = {name: count_repeated_rows([combined, code]) for name, code in left.items()}
        best = min(left, key=lambda name: (repeated[name], int(left[name].max())))
        if repeated[best] == remaining:
            break
        combined, remaining = combine_codes([combined, left.pop(best)]), repeated[best]
        steps.append(((*(steps[-1][0] if steps else ()), best), remaining))
    return steps
