"""Split a series by time into a training, a validation and a test part."""

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

HALVES = ("calibration", "selection")
"""The halves of the validation part, in time."""


@dataclass(frozen=True)
class Split:
    """Row numbers: training is [0, train_end), validation [train_end, val_end), test [val_end, test_end)."""

    train_end: int
    val_end: int
    test_end: int

    def part(self, name: str) -> tuple[int, int]:
        """First row of ``train``, ``val`` or ``test``, and the row after its last one."""
        return {
            "train": (0, self.train_end),
            "val": (self.train_end, self.val_end),
            "test": (self.val_end, self.test_end),
        }[name]

    def half(self, name: str, horizon: int) -> tuple[int, int]:
        """First row of a half of the validation part, and the row after its last one.

        Models are tuned and calibrated on the first half, ``calibration``, and selected on the second, ``selection``.
        Each half holds at least one window, so the halves of a validation part of less than two horizons overlap.
        """
        start, end = self.part("val")
        middle = (start + end) // 2
        if name == "calibration":
            return start, min(end, max(middle, start + horizon))
        return max(start, min(middle, end - horizon)), end

    def origins(self, name: str, context_length: int, horizon: int) -> range:
        """Rows of the first target, for all windows whose targets lie wholly in the part and whose context exists.

        Parameters
        ----------
        name : {"train", "val", "test", "calibration", "selection"}
            A part, or a half of the validation part; see `half`.
        context_length, horizon : int
            In rows.
        """
        start, end = self.half(name, horizon) if name in HALVES else self.part(name)
        return range(max(start, context_length), end - horizon + 1)


SPLIT_FORMS = (
    "give three fractions such as [0.7,0.1,0.2], the three rows at which the parts end such as [8640,11520,14400], "
    "or the first times of validation and test such as [2018-01-01,2018-04-01], with the end of the test as a third "
    "time if it is not the end of the data"
)


def check_split(spec: Sequence[Any]) -> None:
    """Check `data.split` as far as that is possible without the data.

    Parameters
    ----------
    spec : sequence
        Two or three times in ISO 8601, three fractions that sum to at most 1, or three increasing row numbers.

    Raises
    ------
    ConfigError
        The spec has none of these forms.
    """
    times = _times(spec)
    for text in times:
        try:
            parse_iso_time(text)
        except ConfigError as error:
            raise ConfigError(f"data.split={_format(spec)}: {error.message}", SPLIT_FORMS) from None
    if not times:
        _numbers(spec)


def _format(spec: Sequence[Any]) -> str:
    return f"[{','.join(map(str, spec))}]"


def _times(spec: Sequence[Any]) -> list[str]:
    """The times of a split by times, as text; empty for a split by numbers."""
    return [str(x) for x in spec] if len(spec) in (2, 3) and not any(map(_is_number, spec)) else []


def _is_number(value: Any) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, date)
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _numbers(spec: Sequence[Any]) -> list[float]:
    """The three numbers of a split by numbers; raises the errors of `check_split`."""
    try:
        numbers = [float(x) for x in spec]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 3 or not np.all(np.isfinite(numbers)) or min(numbers) <= 0:
        raise ConfigError(f"data.split={_format(spec)} is not a split", SPLIT_FORMS)
    are_rows = numbers == sorted(set(numbers)) and all(x == int(x) for x in numbers)
    if not _are_fractions(numbers) and not are_rows:
        message = f"data.split={_format(spec)} has neither fractions that sum to at most 1 nor increasing row numbers"
        raise ConfigError(message, SPLIT_FORMS)
    return numbers


def _are_fractions(numbers: Sequence[float]) -> bool:
    return sum(numbers) <= 1 + 1e-9


def _fraction_ends(fractions: Sequence[float], rows: int) -> np.ndarray:
    """The rows at which parts with these fractions of `rows` end, int64 [3]."""
    return np.floor(np.cumsum(fractions) * rows + 1e-6).astype(int)


def times_to_rows(spec: Sequence[Any], panel: Panel, rows: int | None = None) -> list[float]:
    """Replace the times of a split by row numbers: the first row at or after each time. Numbers are not changed.

    Parameters
    ----------
    spec : two or three times, or three numbers
        The first time of validation, the first time of test, and the time before which the test ends, which is the
        end of the data if it is not given. Times without an offset are in the time zone of the panel.
    panel : Panel
    rows : int, optional
        Only the first `rows` rows are split; None takes all.

    Raises
    ------
    ConfigError
        See `check_split`.
    DataError
        A part would have no row, or the test would end after the data.
    """
    check_split(spec)
    texts = _times(spec)
    if not texts:
        return _numbers(spec)
    index, local_index = panel.index[:rows], panel.local_index[:rows]
    times = [parse_panel_time(text, panel) for text in texts]
    ends = [0, *(int(index.searchsorted(time)) for time in times), len(index)][:4]
    split = f"{panel.card.name}: data.split={_format(spec)}"
    span = f"the data reach from {local_index[0]} to {local_index[-1]}"
    for part, start, end in zip(("training", "validation", "test"), ends, ends[1:], strict=False):
        if start >= end:
            raise DataError(
                f"{split} leaves the {part} part without a row", f"{span}; give increasing times within them"
            )
    if times[-1] > index[-1] + pd.tseries.frequencies.to_offset(panel.freq):
        raise DataError(f"{split} ends after the data", f"{span}; without a third time, the test ends with the data")
    return [float(end) for end in ends[1:]]


def borders(panel: Panel, spec: Sequence[Any], rows: int | None = None) -> tuple[int, int, int]:
    """The rows at which training, validation and test part end; see `times_to_rows`. No part ends after `rows`."""
    rows = len(panel) if rows is None else rows
    ends = times_to_rows(spec, panel, rows)
    if _are_fractions(ends):
        ends = _fraction_ends(ends, rows).tolist()
    train, val, test = (min(int(end), rows) for end in ends)
    return train, val, test


def make_split(rows: int, spec: Sequence[float], context_length: int, horizon: int, data_name: str = "data") -> Split:
    """Turn fractions or row numbers into a `Split` with at least one window in each part.

    Parameters
    ----------
    rows : int
        Length of the series.
    spec : three numbers
        Fractions that sum to at most 1, or increasing row numbers ``[train_end, val_end, test_end]``. Row 0 is the
        first row of the panel, which is the first one with a value of a used channel.
    context_length, horizon : int
        In rows.
    data_name : str
        Name of the data, for error messages.

    Raises
    ------
    ConfigError
        The spec is neither three fractions nor three row numbers.
    DataError
        The series is too short; the advice says how many rows are needed, and which parts are too short.
    """
    spec = _numbers(spec)
    if _are_fractions(spec):
        ends = _fraction_ends(spec, rows).tolist()
        min_rows = max((context_length + horizon) / spec[0], horizon / spec[1], horizon / spec[2])
        needed_rows = int(np.ceil(min_rows)) + 3
    else:
        ends = [int(end) for end in spec]
        needed_rows = ends[2]
    split = Split(*ends)
    has_windows = all(split.origins(part, context_length, horizon) for part in ("train", "val", "test"))
    if split.test_end > rows or not has_windows:
        raise DataError(
            f"{data_name}: the series has {rows} rows, too few for context_length={context_length}, "
            f"horizon={horizon} and data.split={spec}",
            _advice_for_short_series(rows, split, context_length, horizon, needed_rows),
        )
    return split


def _advice_for_short_series(rows: int, split: Split, context_length: int, horizon: int, needed_rows: int) -> str:
    """The rows that are needed, the parts that are too short, and lengths that would fit."""
    needed = {"training": context_length + horizon, "validation": horizon, "test": horizon}
    part_rows = (split.train_end, split.val_end - split.train_end, split.test_end - split.val_end)
    too_short = [
        f"the {name} part has {found} rows and needs {required}"
        for (name, required), found in zip(needed.items(), part_rows, strict=True)
        if found < required
    ]
    advice = [f"about {needed_rows} rows are needed"] if needed_rows > rows else []
    if too_short:
        keys = "context_length or horizon" if part_rows[0] < needed["training"] else "horizon"
        advice += [", ".join(too_short), f"give more rows, a smaller {keys}, or another data.split"]
        if min(part_rows) > 0 and part_rows[0] > 1:
            fitting_horizon = min(horizon, max(1, min(part_rows) // 2))
            fitting_context = min(context_length, max(1, (part_rows[0] - fitting_horizon) * 2 // 3))
            changes = {"context_length": (fitting_context, context_length), "horizon": (fitting_horizon, horizon)}
            settings = " ".join(f"{key}={new}" for key, (new, old) in changes.items() if new < old)
            advice += [f"{settings} would fit"]
    return "; ".join(advice)
