"""Chronological train, validation and test parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.panel import Panel
from timevis.data.schema.timestamps.iso_time import parse_iso_time, parse_panel_time
from timevis.errors import ConfigError, DataError


@dataclass(frozen=True)
class Split:
    """Row borders: train is [0, train_end), validation [train_end, val_end), test [val_end, test_end)."""

    train_end: int
    val_end: int
    test_end: int

    def part(self, name: str) -> tuple[int, int]:
        """First and past-the-last row of ``train``, ``val`` or ``test``."""
        return {
            "train": (0, self.train_end),
            "val": (self.train_end, self.val_end),
            "test": (self.val_end, self.test_end),
        }[name]

    def origins(self, name: str, context_length: int, horizon: int) -> range:
        """Origins (row of the first target) whose targets lie wholly in the part and whose context exists."""
        start, end = self.part(name)
        return range(max(start, context_length), end - horizon + 1)


FORMS = (
    "give three fractions such as [0.7,0.1,0.2], three row borders such as [8640,11520,14400], or the first times of "
    "validation and test such as [2018-01-01,2018-04-01], and where the test ends if not with the data"
)


def check_split(spec: Sequence[Any]) -> None:
    """Refuse what no data could be split by.

    Raises
    ------
    ConfigError
        The spec is neither two or three times as ISO 8601 writes them, nor three fractions that sum to at most 1, nor
        three increasing whole row borders.
    """
    for text in _dates(spec):
        try:
            parse_iso_time(text)
        except ConfigError as error:
            raise ConfigError(f"data.split={_shown(spec)}: {error.message}", FORMS) from None
    if not _dates(spec):
        _numbers(spec)


def _shown(spec: Sequence[Any]) -> str:
    return f"[{','.join(map(str, spec))}]"


def _dates(spec: Sequence[Any]) -> list[str]:
    """The times of a split that is given by two or three of them, as text; none of another one."""
    return [str(x) for x in spec] if len(spec) in (2, 3) and not any(map(_is_number, spec)) else []


def _is_number(value: Any) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, date)
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _numbers(spec: Sequence[Any]) -> list[float]:
    """The three numbers of a split; raises as `check_split`."""
    try:
        numbers = [float(x) for x in spec]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 3 or not np.all(np.isfinite(numbers)) or min(numbers) <= 0:
        raise ConfigError(f"data.split={_shown(spec)} is not a split", FORMS)
    whole = numbers == sorted(set(numbers)) and all(x == int(x) for x in numbers)
    if sum(numbers) > 1 + 1e-9 and not whole:
        raise ConfigError(f"data.split={_shown(spec)} has neither fractions of one whole nor rising rows", FORMS)
    return numbers


def in_rows(spec: Sequence[Any], panel: Panel, known: int | None = None) -> list[float]:
    """A split given by times as row borders: the first row at or after each time; numbers stay as they are.

    Parameters
    ----------
    spec : two or three times, or three numbers
        The first time of validation, that of test, and the time before which the test ends (the end of the data where
        there is none), in the panel's time zone unless they name their own.
    panel : Panel
    known : int, optional
        Rows up to the last value of any target, which are split; all when None.

    Raises
    ------
    ConfigError
        See `check_split`.
    DataError
        A part would have no row, or the test would end after the data.
    """
    check_split(spec)
    dates = _dates(spec)
    if not dates:
        return _numbers(spec)
    index, local = panel.index[:known], panel.local_index[:known]
    times = [parse_panel_time(text, panel) for text in dates]
    ends = [0, *(int(index.searchsorted(time)) for time in times), len(index)][:4]
    where, reach = f"{panel.card.name}: data.split={_shown(spec)}", f"the data reach from {local[0]} to {local[-1]}"
    for part, first, past in zip(("training", "validation", "test"), ends, ends[1:], strict=False):
        if first >= past:
            raise DataError(f"{where} leaves the {part} part without a row", f"{reach}; give ascending times in them")
    if times[-1] > index[-1] + pd.tseries.frequencies.to_offset(panel.freq):
        raise DataError(f"{where} ends after the data", f"{reach}; without a third time, the test ends with them")
    return [float(end) for end in ends[1:]]


def borders(panel: Panel, spec: Sequence[Any], known: int | None = None) -> tuple[int, int, int]:
    """Ends of train, validation and test in the first `known` rows of a panel, none beyond; see `in_rows`."""
    rows = len(panel) if known is None else known
    ends = np.asarray(in_rows(spec, panel, rows))
    if ends.sum() <= 1 + 1e-9:
        ends = np.floor(np.cumsum(ends) * rows + 1e-6)
    train, val, test = (int(e) for e in np.minimum(ends, rows))
    return train, val, test


def make_split(rows: int, spec: Sequence[float], context_length: int, horizon: int, where: str = "data") -> Split:
    """Turn fractions or row borders into a `Split` with at least one window in every part.

    Parameters
    ----------
    rows : int
        Length of the series.
    spec : three numbers
        Fractions that sum to at most 1, or increasing row borders ``[train_end, val_end, test_end]``, both counted
        from the first row of the panel: the first with a value of a channel that is used.
    context_length, horizon : int
        In rows.
    where : str
        Names the data in errors.

    Raises
    ------
    ConfigError
        The spec is neither three fractions nor three borders.
    DataError
        The series is too short; says how many rows are needed, and which parts lack them.
    """
    spec = _numbers(spec)
    if sum(spec) <= 1 + 1e-9:
        ends = np.floor(np.cumsum(spec) * rows + 1e-6).astype(int)
        need = int(np.ceil(max((context_length + horizon) / spec[0], horizon / spec[1], horizon / spec[2]))) + 3
    else:
        ends = np.array(spec, dtype=int)
        need = int(ends[2])
    split = Split(*(int(e) for e in ends))
    enough = split.test_end <= rows and all(
        split.origins(p, context_length, horizon) for p in ("train", "val", "test")
    )
    if not enough:
        raise DataError(
            f"{where}: the series has {rows} rows, too few for context_length={context_length}, "
            f"horizon={horizon} and data.split={spec}",
            _what_is_short(rows, split, context_length, horizon, need),
        )
    return split


def _what_is_short(rows: int, split: Split, context_length: int, horizon: int, need: int) -> str:
    """Advice on a series that is too short: the rows needed, in all and in which part, and what to change."""
    needs = {"training": context_length + horizon, "validation": horizon, "test": horizon}
    have = (split.train_end, split.val_end - split.train_end, split.test_end - split.val_end)
    short = [
        f"the {name} part has {found} rows and needs {least}"
        for (name, least), found in zip(needs.items(), have, strict=True)
        if found < least
    ]
    advice = [f"about {need} rows are needed"] if need > rows else []
    if short:
        lengths = "context_length or horizon" if have[0] < needs["training"] else "horizon"
        advice += [", ".join(short), f"give more rows, a smaller {lengths}, or another data.split"]
        if min(have) > 0 and have[0] > 1:
            shorter = min(horizon, max(1, min(have) // 2))
            context = min(context_length, max(1, (have[0] - shorter) * 2 // 3))
            changed = {"context_length": (context, context_length), "horizon": (shorter, horizon)}
            fitting = " ".join(f"{key}={new}" for key, (new, old) in changed.items() if new < old)
            advice += [f"{fitting} would fit"]
    return "; ".join(advice)
