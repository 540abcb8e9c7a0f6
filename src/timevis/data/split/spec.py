"""The forms of `data.split`: shares, row numbers, times, and numbers of last rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from timevis.data.panel import Panel
from timevis.data.schema.timestamps.iso_time import parse_iso_time, parse_panel_time
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text


class LastRows(NamedTuple):
    """The form ``{val: 96, test: 48}`` of `data.split`: the numbers of the last rows of a series."""

    val: int
    test: int


class StoredSplit(dict[str, tuple[int, int, int, int]]):
    """The split of a finished run: channel to its first row and its three borders."""


SplitSpec: TypeAlias = Sequence[Any] | LastRows | StoredSplit
"""What `check_split` returns."""

PART_NAMES = {
    "train": Text("part-training", "training"),
    "val": Text("part-validation", "validation"),
    "test": Text("part-test", "test"),
}
"""What texts call the parts."""

SPLIT_FORMS = Text(
    "forms-of-split",
    "give three fractions such as [0.7,0.1,0.2], the three rows at which the parts "
    "end such as [8640,11520,14400], the last rows of each series such as {{val: "
    "96, test: 48}}, or the first times of validation and test such as "
    "[2018-01-01,2018-04-01], with the end of the test as a third time if it is not"
    " the end of the data",
)


def check_split(spec: Sequence[Any] | Mapping[str, Any]) -> SplitSpec:
    """Check `data.split` as far as that is possible without the data.

    Parameters
    ----------
    spec : sequence or mapping
        Two or three times in ISO 8601, three fractions that sum to at most 1, three increasing row numbers, or the
        numbers of the last rows ``{val: 96, test: 48}``.

    Returns
    -------
    sequence, LastRows or StoredSplit

    Raises
    ------
    ConfigError
        The spec has none of these forms.
    """
    if isinstance(spec, LastRows | StoredSplit):
        return spec
    if isinstance(spec, Mapping):
        rows = [spec.get(part) for part in LastRows._fields]
        if set(spec) != set(LastRows._fields) or not all(type(n) is int and n > 0 for n in rows):
            raise ConfigError(
                Text("not-a-split", "{split} is not a split", split=_setting(spec)), SPLIT_FORMS, "data.split"
            )
        return LastRows(**spec)
    times = _times(spec)
    for text in times:
        try:
            parse_iso_time(text)
        except ConfigError as error:
            raise ConfigError(
                Text("split-time", "{split}: {reason}", split=_setting(spec), reason=error.message),
                SPLIT_FORMS,
                "data.split",
            ) from None
    if not times:
        numbers_of(spec)
    return spec


def counts_from_the_end(spec: SplitSpec) -> bool:
    """Whether a split follows the length of a series: shares, or numbers of last rows."""
    return isinstance(spec, LastRows) or (not _times(spec) and are_fractions(numbers_of(spec)))


def _setting(spec: SplitSpec | Mapping[str, Any]) -> Setting:
    return Setting("data.split", str(dict(spec)) if isinstance(spec, Mapping) else f"[{','.join(map(str, spec))}]")


def _times(spec: SplitSpec) -> list[str]:
    """The times of a split by times, as text; empty for a split by numbers."""
    return [str(x) for x in spec] if len(spec) in (2, 3) and not any(map(_is_number, spec)) else []


def _is_number(value: Any) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, date)
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def numbers_of(spec: SplitSpec) -> list[float]:
    """The three numbers of a split by numbers; raises the errors of `check_split`."""
    try:
        numbers = [float(x) for x in spec]  # of texts, as YAML may give them, or of numbers
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 3 or not np.all(np.isfinite(numbers)) or min(numbers) <= 0:
        raise ConfigError(
            Text("not-a-split", "{split} is not a split", split=_setting(spec)), SPLIT_FORMS, "data.split"
        )
    are_rows = numbers == sorted(set(numbers)) and all(x == int(x) for x in numbers)
    if not are_fractions(numbers) and not are_rows:
        raise ConfigError(
            Text(
                "split-numbers",
                "{split} has neither fractions that sum to at most 1 nor increasing row numbers",
                split=_setting(spec),
            ),
            SPLIT_FORMS,
            "data.split",
        )
    return numbers


def are_fractions(numbers: Sequence[float]) -> bool:
    return sum(numbers) <= 1 + 1e-9


def fraction_ends(fractions: Sequence[float], rows: int | np.ndarray) -> np.ndarray:
    """The rows at which parts with these fractions of `rows` end, int64 [3], or [C, 3] for `rows` [C]."""
    return np.floor(np.multiply.outer(rows, np.cumsum(fractions)) + 1e-6).astype(np.int64)


def times_to_rows(spec: SplitSpec, panel: Panel, rows: int | None = None) -> list[float]:
    """Replace the times, or the numbers of last rows, of a split by row numbers. Three numbers are not changed.

    Parameters
    ----------
    spec : two or three times, three numbers, or LastRows
        The first time of validation, the first time of test, and the time before which the test ends, which is the
        end of the data if it is not given. Each becomes the first row at or after it. Times without an offset are in
        the time zone of the panel.
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
    spec = check_split(spec)
    if isinstance(spec, LastRows):
        end = len(panel) if rows is None else rows
        if end <= sum(spec):
            raise DataError(
                Text(
                    "split-part-empty",
                    "{source}: {split} leaves the {part} part without a row",
                    source=panel.card.name,
                    split=Setting("data.split", str(spec._asdict())),
                    part=PART_NAMES["train"],
                ),
                Text("fewer-last-rows", "the series has {rows} rows; give fewer validation and test rows", rows=end),
                "data.split",
            )
        return [float(end - sum(spec)), float(end - spec.test), float(end)]
    texts = _times(spec)
    if not texts:
        return numbers_of(spec)
    index, local_index = panel.index[:rows], panel.local_index[:rows]
    times = [parse_panel_time(text, panel) for text in texts]
    ends = [0, *(int(index.searchsorted(time)) for time in times), len(index)][:4]
    given = {"source": panel.card.name, "split": _setting(spec)}
    span = {"first": str(local_index[0]), "last": str(local_index[-1])}
    for part, start, end in zip(PART_NAMES.values(), ends, ends[1:], strict=False):
        if start >= end:
            raise DataError(
                Text(
                    "split-part-empty", "{source}: {split} leaves the {part} part without a row", **given, part=part
                ),
                Text(
                    "increasing-times",
                    "the data reach from {first} to {last}; give increasing times within them",
                    **span,
                ),
                "data.split",
            )
    if times[-1] > index[-1] + pd.tseries.frequencies.to_offset(panel.freq):
        text = Text("split-after-data", "{source}: {split} ends after the data", **given)
        raise DataError(
            text,
            Text(
                "without-third-time",
                "the data reach from {first} to {last}; without a third time, the test ends with the data",
                **span,
            ),
            "data.split",
        )
    return [float(end) for end in ends[1:]]
