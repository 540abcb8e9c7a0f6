"""The forms of `data.split`: shares, row numbers, times, and numbers of last rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from timevis.data.panel import Panel, parse_iso_time, parse_panel_time
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text

PART_NAMES = {
    "train": Text("training"),
    "val": Text("validation"),
    "test": Text("test"),
}
"""What texts call the parts."""


@dataclass(frozen=True)
class Shares:
    """The form ``[0.7,0.1,0.2]``: fractions of the rows, which sum to at most 1."""

    train: float
    val: float
    test: float

    def __str__(self) -> str:
        return _format(astuple(self))

    def ends(self, rows: int | np.ndarray) -> np.ndarray:
        """The rows at which the parts of `rows` rows end, int64 [3], or [C, 3] for `rows` [C]."""
        return np.floor(np.multiply.outer(rows, np.cumsum(astuple(self))) + 1e-6).astype(np.int64)


@dataclass(frozen=True)
class RowEnds:
    """The form ``[8640,11520,14400]``: the rows at which the parts end."""

    train_end: int
    val_end: int
    test_end: int

    def __str__(self) -> str:
        return _format(astuple(self))

    def ends(self, rows: int) -> np.ndarray:
        """The rows at which the parts end, int64 [3]."""
        return np.array(astuple(self), np.int64)


@dataclass(frozen=True)
class Times:
    """The form ``[2018-01-01,2018-04-01]``, as text in ISO 8601.

    The first time of validation, the first time of test, and the time before which the test ends, which is the end of
    the data if it is not given. Each becomes the first row at or after it. Times without an offset are in the time
    zone of the panel.
    """

    texts: tuple[str, ...]

    def __str__(self) -> str:
        return _format(self.texts)

    def on_axis(self, panel: Panel, rows: int) -> RowEnds:
        """The rows at which the parts of the first `rows` rows end.

        Raises
        ------
        DataError
            A part would have no row, or the test would end after the data.
        """
        index, local_index = panel.index[:rows], panel.local_index[:rows]
        times = [parse_panel_time(text, panel) for text in self.texts]
        ends = [0, *(int(index.searchsorted(time)) for time in times), len(index)][:4]
        span = {"first": str(local_index[0]), "last": str(local_index[-1])}
        for part, start, end in zip(PART_NAMES.values(), ends, ends[1:], strict=False):
            if start >= end:
                advice = Text("the data reach from {first} to {last}; give increasing times within them", **span)
                raise DataError(_part_empty(self, panel, part), advice, "data.split")
        if times[-1] > index[-1] + pd.tseries.frequencies.to_offset(panel.freq):
            message = Text(
                "{source}: {split} ends after the data",
                source=panel.card.name,
                split=Setting("data.split", str(self)),
            )
            advice = Text(
                "the data reach from {first} to {last}; without a third time, the test ends with the data", **span
            )
            raise DataError(message, advice, "data.split")
        return RowEnds(*ends[1:])


@dataclass(frozen=True)
class LastRows:
    """The form ``{val: 96, test: 48}``: the numbers of the last rows of a series."""

    val: int
    test: int

    def __str__(self) -> str:
        return str({"val": self.val, "test": self.test})

    def on_axis(self, panel: Panel, rows: int) -> RowEnds:
        """The rows at which the parts of the first `rows` rows end; raises a DataError without a training row."""
        if rows <= self.val + self.test:
            advice = Text("the series has {rows} rows; give fewer validation and test rows", rows=rows)
            raise DataError(_part_empty(self, panel, PART_NAMES["train"]), advice, "data.split")
        return RowEnds(rows - self.val - self.test, rows - self.test, rows)


class StoredSplit(dict[str, tuple[int, int, int, int]]):
    """The split of a finished run: channel to its first row and its three borders."""


SplitSpec: TypeAlias = Shares | RowEnds | Times | LastRows | StoredSplit
"""What `parse_split` returns."""

DEFAULT_SPLIT = Shares(0.7, 0.1, 0.2)
SPLIT_FORMS = Text(
    "give three fractions such as [0.7,0.1,0.2], the three rows at which the parts end such as [8640,11520,14400], "
    "the last rows of each series such as {{val: 96, test: 48}}, or the first times of validation and test such as "
    "[2018-01-01,2018-04-01], with the end of the test as a third time if it is not the end of the data"
)


def parse_split(value: Sequence[Any] | Mapping[str, Any]) -> SplitSpec:
    """Parse `data.split`, and check it as far as that is possible without the data.

    Parameters
    ----------
    value : sequence or mapping
        Two or three times in ISO 8601, three fractions that sum to at most 1, three increasing row numbers, or the
        numbers of the last rows ``{val: 96, test: 48}``.

    Returns
    -------
    Shares, RowEnds, Times or LastRows

    Raises
    ------
    ConfigError
        The value has none of these forms.
    """
    if isinstance(value, Mapping):
        rows = [value.get(part) for part in ("val", "test")]
        if set(value) != {"val", "test"} or not all(type(n) is int and n > 0 for n in rows):
            raise _not_a_split(str(dict(value)))
        return LastRows(**value)
    if len(value) in (2, 3) and not any(map(_is_number, value)):
        times = Times(tuple(map(str, value)))
        for text in times.texts:
            try:
                parse_iso_time(text)
            except ConfigError as error:
                message = Text("{split}: {reason}", split=Setting("data.split", _format(value)), reason=error.message)
                raise ConfigError(message, SPLIT_FORMS, "data.split") from None
        return times
    return parse_numbers(value)


def parse_numbers(value: Sequence[Any]) -> Shares | RowEnds:
    """Parse a split by three numbers; raises the errors of `parse_split`."""
    try:
        numbers = [float(x) for x in value]  # of texts, as YAML may give them, or of numbers
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 3 or not np.all(np.isfinite(numbers)) or min(numbers) <= 0:
        raise _not_a_split(_format(value))
    if sum(numbers) <= 1 + 1e-9:
        return Shares(*numbers)
    if numbers != sorted(set(numbers)) or any(x != int(x) for x in numbers):
        message = Text(
            "{split} has neither fractions that sum to at most 1 nor increasing row numbers",
            split=Setting("data.split", _format(value)),
        )
        raise ConfigError(message, SPLIT_FORMS, "data.split")
    return RowEnds(*map(int, numbers))


def _not_a_split(value: str) -> ConfigError:
    text = Text("{split} is not a split", split=Setting("data.split", value))
    return ConfigError(text, SPLIT_FORMS, "data.split")


def _part_empty(spec: Times | LastRows, panel: Panel, part: Text) -> Text:
    return Text(
        "{source}: {split} leaves the {part} part without a row",
        source=panel.card.name,
        split=Setting("data.split", str(spec)),
        part=part,
    )


def _format(values: Sequence[Any]) -> str:
    return f"[{','.join(map(str, values))}]"


def _is_number(value: Any) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, date)
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False
