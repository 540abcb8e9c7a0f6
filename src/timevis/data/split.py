"""Split a panel into training, validation and test part: by shares, row numbers, times, or numbers of last rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from timevis.data.panel import Panel, parse_iso_time, parse_panel_time
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text


@dataclass(frozen=True, eq=False)
class Split:
    """Rows at which the parts end, on the common axis or of each series.

    Attributes
    ----------
    borders : int64 [3], or [C, 3] for a split of each series
        Training is [0, train_end), validation [train_end, val_end), test [val_end, test_end).
    starts : int64 [C], optional
        For a split of each series, its first row. A context lies wholly in its own series.
    """

    borders: np.ndarray
    starts: np.ndarray | None = None

    @classmethod
    def on_axis(cls, train_end: int, val_end: int, test_end: int) -> Split:
        """The same rows for all channels."""
        return cls(np.array([train_end, val_end, test_end], np.int64))

    @property
    def by_series(self) -> bool:
        """Whether each series has its own borders."""
        return self.starts is not None

    @property
    def train_end(self) -> int:
        """The row after the last training row of any series."""
        return int(self.borders[..., 0].max())

    @property
    def val_end(self) -> int:
        """The row after the last validation row of any series."""
        return int(self.borders[..., 1].max())

    @property
    def test_end(self) -> int:
        """The row after the last test row of any series."""
        return int(self.borders[..., 2].max())

    @property
    def training_rows(self) -> int:
        """Number of training rows of the series that has most."""
        return int((self.borders[..., 0] - (0 if self.starts is None else self.starts)).max())

    @property
    def longest_ends(self) -> tuple[int, int, int]:
        """Rows from the first row of the series with most training rows to the end of each of its parts."""
        borders = self.borders[None] if self.starts is None else self.borders - self.starts[:, None]
        train_end, val_end, test_end = borders[borders[:, 0].argmax()].tolist()
        return train_end, val_end, test_end

    def part(self, name: str, horizon: int = 0) -> tuple[Any, Any]:
        """First row of a part, and the row after its last one: each an integer, or int64 [C].

        Models are tuned and calibrated on the first half of the validation part, and selected on the second. Each
        half contains at least one window, so the halves of a validation part of less than two horizons overlap.

        Parameters
        ----------
        name : {"train", "val", "test", "first_half", "second_half"}
            ``val`` is the whole validation part.
        horizon : int
            In rows; only the halves depend on it.
        """
        train_end, val_end, test_end = np.moveaxis(self.borders, -1, 0)
        middle = (train_end + val_end) // 2
        return {
            "train": (np.int64(0) if self.starts is None else self.starts, train_end),
            "val": (train_end, val_end),
            "test": (val_end, test_end),
            "first_half": (train_end, np.minimum(val_end, np.maximum(middle, train_end + horizon))),
            "second_half": (np.maximum(train_end, np.minimum(middle, val_end - horizon)), val_end),
        }[name]

    def origin_bounds(self, name: str, context_length: int, horizon: int) -> tuple[Any, Any]:
        """First origin of a part and the row after its last one: each an integer, or int64 [C].

        An origin is the row of the first target. All targets lie in the part, and the context exists.
        """
        start, end = self.part(name, horizon)
        first = np.maximum(start, context_length if self.starts is None else self.starts + context_length)
        return first, np.maximum(first, end - horizon + 1)

    def training_bounds(self, context_length: int, horizon: int, fraction: float = 1.0) -> tuple[Any, Any]:
        """As `origin_bounds` for the most recent share of the training windows of each series, at least one."""
        first, stop = self.origin_bounds("train", context_length, horizon)
        windows = np.where(stop > first, np.maximum(1, np.round(fraction * (stop - first))), 0).astype(np.int64)
        return stop - windows, stop

    def origins(self, name: str, context_length: int, horizon: int) -> range:
        """The origins of a part of a split on the common axis; see `origin_bounds`."""
        first, stop = self.origin_bounds(name, context_length, horizon)
        return range(int(first), int(stop))

    def scored(self, context_length: int, horizon: int) -> np.ndarray:
        """Whether each series has a test window, bool [C]; one value for a split on the common axis."""
        first, stop = self.origin_bounds("test", context_length, horizon)
        return np.atleast_1d(stop > first)

    def training_values(self, values: np.ndarray) -> np.ndarray:
        """The training rows of values [T, C]; a copy with NaN in later rows for a split of each series."""
        values = values[: self.train_end]
        return values if self.starts is None else mask_after(values, self.borders[:, 0])

    def training_covariates(self, covariates: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """As `training_values`, for covariates [T, N] and the column of each covariate and channel, int64 [K, C].

        A column that several series read ends with the last of them.
        """
        return (
            covariates[: self.train_end]
            if self.starts is None
            else mask_after(covariates[: self.train_end], self.covariate_ends(covariates.shape[1], columns))
        )

    def covariate_ends(self, number: int, columns: np.ndarray) -> np.ndarray:
        """The row after the last training row of the series that read each of `number` columns, int64 [N]."""
        ends = np.zeros(number, np.int64)
        train_ends = np.broadcast_to(self.borders[..., 0], columns.shape)
        np.maximum.at(ends, columns, train_ends)
        return ends


def mask_after(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """A copy of values [T, C] with NaN in the rows of each column from `ends`, int64 [C], on."""
    return np.where(np.arange(len(values))[:, None] < ends, values, np.float32(np.nan))


def hold_out_last_rows(panel: Panel, rows: int, item: str | None = None) -> Panel:
    """A panel without the values of its last observed rows; their times and known covariates remain.

    Parameters
    ----------
    panel : Panel
    rows : int
        Number of rows up to the last observed one of each series.
    item : str, optional
        What errors call the data; by default the name of the panel.

    Raises
    ------
    DataError
        A series with values has no more than `rows` rows from its first to its last value.
    """
    starts, ends = panel.spans()
    has_values = np.isfinite(panel.values).any(0)  # a file may lack a series of the run
    shortest = int((ends - starts)[has_values].min(initial=len(panel)))
    if shortest <= rows:
        text = Text(
            "{source}: the shortest series has {rows} rows, too few for a back-test of the last {horizon} rows",
            source=item or panel.card.name,
            rows=shortest,
            horizon=rows,
        )
        raise DataError(text, Text("give more rows, or a smaller horizon"))
    values = panel.values.copy(order="K")
    for channel in has_values.nonzero()[0].tolist():
        values[ends[channel] - rows :, channel] = np.nan
    return panel.with_values(values)


def values_at(panel: Panel, channels: pd.Series, times: pd.Series) -> np.ndarray:
    """The values of a panel at pairs of a channel and a time, float64 [N]; NaN where there is none."""
    index = pd.DatetimeIndex(times)
    rows = panel.local_index.get_indexer(index)
    numbers = pd.Index(panel.channels).get_indexer(channels)
    is_in_panel = (rows >= 0) & (numbers >= 0)
    return np.where(is_in_panel, panel.values[rows, numbers].astype(np.float64), np.nan)


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


def split_rows(panel: Panel, spec: SplitSpec, by: str = "series", rows: int | None = None) -> Split:
    """The borders of a panel, whose parts may be too short for a window.

    Parameters
    ----------
    panel : Panel
    spec : SplitSpec
    by : {"series", "axis"}
        ``series`` splits the series of a long table by shares, or numbers of rows, of its own span, if the spans
        differ. Row numbers and times are always on the common axis.
    rows : int, optional
        Only the first `rows` rows are split; None takes all.

    Raises
    ------
    DataError
        A split by times or last rows does not fit the data.
    """
    rows = len(panel) if rows is None else rows
    if isinstance(spec, StoredSplit):
        borders = np.array([spec.get(channel, (0, 0, 0, 0)) for channel in panel.channels], np.int64)
        return Split(borders[:, 1:], borders[:, 0])
    if by == "series" and panel.series is not None and isinstance(spec, Shares | LastRows):
        starts, ends = panel.spans()
        if np.ptp(starts) or np.ptp(ends):
            return Split(_borders_of_series(spec, starts, np.minimum(ends, rows)), starts)
    return Split(np.minimum(_on_axis(spec, panel, rows).ends(rows), rows))


def _on_axis(spec: SplitSpec, panel: Panel, rows: int) -> Shares | RowEnds:
    """The split with times, or numbers of last rows, replaced by row numbers."""
    assert not isinstance(spec, StoredSplit)
    return spec if isinstance(spec, Shares | RowEnds) else spec.on_axis(panel, rows)


def _borders_of_series(spec: Shares | LastRows, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Borders int64 [C, 3] of series with these spans; of a series without training rows all rows are training."""
    if isinstance(spec, LastRows):
        borders = np.stack([ends - spec.val - spec.test, ends - spec.test, ends], axis=1)
    else:
        borders = starts[:, None] + spec.ends(ends - starts)
    return np.where((borders[:, 0] > starts)[:, None], borders, ends[:, None])


def split_panel(panel: Panel, spec: SplitSpec, context_length: int, horizon: int, by: str = "series") -> Split:
    """Split a panel so that each part has at least one window.

    All rows of a series that is too short for a test window are training rows: it is not scored.

    Parameters
    ----------
    panel : Panel
    spec, by
        See `split_rows`.
    context_length, horizon : int
        In rows.

    Raises
    ------
    DataError
        See `make_split`; no series is long enough.
    """
    split = split_rows(panel, spec, by)
    starts = split.starts
    if starts is None:
        return make_split(len(panel), _on_axis(spec, panel, len(panel)), context_length, horizon, panel.card.name)
    split = train_on_short_series(split, context_length, horizon)
    for part in ("train", "first_half", "second_half", "test"):
        first, stop = split.origin_bounds(part, context_length, horizon)
        if not (stop > first).any():
            spans = split_rows(panel, spec, by).borders - starts[:, None]
            rows = spans[longest := int(spans[:, 2].argmax())]
            message = Text(
                "{source}: the longest series, {channel!r}, has {rows} rows, too few for {context_length}, {horizon} "
                "and {split}",
                source=panel.card.name,
                channel=panel.channels[longest],
                rows=int(rows[2]),
                **_lengths(context_length, horizon, spec),
            )
            raise DataError(
                message, _advice_for_short_series(rows[2], Split(rows), context_length, horizon, 0), "data.split"
            )
    return split


def train_on_short_series(split: Split, context_length: int, horizon: int) -> Split:
    """The split in which all rows of a series that is too short for a test window are training rows."""
    if split.starts is None:
        return split
    scored = split.scored(context_length, horizon)
    return replace(split, borders=np.where(scored[:, None], split.borders, split.borders[:, 2:]))


def make_split(
    rows: int, spec: Shares | RowEnds, context_length: int, horizon: int, data_name: str = "data"
) -> Split:
    """Turn fractions or row numbers into a `Split` with at least one window in each part.

    Parameters
    ----------
    rows : int
        Length of the series.
    spec : Shares or RowEnds
        Row 0 is the first row of the panel, which is the first one with a value of a used channel.
    context_length, horizon : int
        In rows.
    data_name : str
        Name of the data, for error messages.

    Raises
    ------
    DataError
        The series is too short; the advice says how many rows are needed, and which parts are too short.
    """
    split, lengths = Split(spec.ends(rows)), (context_length, horizon)
    if split.test_end > rows or not _has_windows(split, context_length, horizon):
        needed_rows = spec.test_end if isinstance(spec, RowEnds) else _rows_of_shares(rows, spec, *lengths)
        message = Text(
            "{source}: the series has {rows} rows, too few for {context_length}, {horizon} and {split}",
            source=data_name,
            rows=rows,
            **_lengths(context_length, horizon, spec),
        )
        raise DataError(
            message, _advice_for_short_series(rows, split, context_length, horizon, needed_rows), "data.split"
        )
    return split


def _lengths(context_length: int, horizon: int, spec: SplitSpec) -> dict[str, Setting]:
    """The settings that a series is too short for, as params of a text."""
    return {
        "context_length": Setting("context_length", context_length),
        "horizon": Setting("horizon", horizon),
        "split": Setting("data.split", str(spec)),
    }


def _has_windows(split: Split, context_length: int, horizon: int) -> bool:
    return all(split.origins(part, context_length, horizon) for part in ("train", "val", "test"))


def _rows_of_shares(rows: int, shares: Shares, context_length: int, horizon: int) -> int:
    """The least number above `rows` of which each part has a window; a little more for shares below 1 %."""
    needed = (context_length + horizon, horizon, horizon)
    enough = int(np.ceil(max(np.divide(needed, (shares.train, shares.val, shares.test))))) + 3
    candidates = range(max(rows + 1, enough - 100), enough)
    return next((n for n in candidates if _has_windows(Split(shares.ends(n)), context_length, horizon)), enough)


def _advice_for_short_series(rows: int, split: Split, context_length: int, horizon: int, needed_rows: int) -> Text:
    """The rows that are needed, the parts that are too short, and lengths that would fit."""
    needed_in_training = context_length + horizon
    part_rows = (split.train_end, split.val_end - split.train_end, split.test_end - split.val_end)
    too_short = [
        Text("the {part} part has {rows} rows and needs {needed}", part=part, rows=length, needed=needed)
        for part, needed, length in zip(
            PART_NAMES.values(), (needed_in_training, horizon, horizon), part_rows, strict=True
        )
        if length < needed
    ]
    if not too_short:
        return Text("about {rows} rows are needed", rows=needed_rows)
    fitting: Text | str = ""
    if min(part_rows) > 0 and part_rows[0] > 1:
        fitting_horizon = min(horizon, max(1, min(part_rows) // 2))
        fitting_context = min(context_length, max(1, (part_rows[0] - fitting_horizon) * 2 // 3))
        changes = {"context_length": (fitting_context, context_length), "horizon": (fitting_horizon, horizon)}
        settings = [Setting(key, new) for key, (new, old) in changes.items() if new < old]
        fitting = Text("; {settings} would fit", code="lengths-that-fit", settings=settings)
    lengths = {"context_length": context_length if part_rows[0] < needed_in_training else 1, "horizon": horizon}
    keys = [Setting(key) for key, length in lengths.items() if length > 1]
    params = {
        "rows_needed": Text("about {rows} rows are needed; ", rows=needed_rows) if needed_rows > rows else "",
        "parts": too_short,
        "split": Setting("data.split"),
        "fitting": fitting,
    }
    if not keys:
        return Text("{rows_needed}{parts}; give more rows, or another {split}{fitting}", **params)
    return Text(
        "{rows_needed}{parts}; give more rows, a smaller {keys}, or another {split}{fitting}",
        keys=Text("{first} or {second}", first=keys[0], second=keys[1]) if len(keys) > 1 else keys[0],
        **params,
    )
