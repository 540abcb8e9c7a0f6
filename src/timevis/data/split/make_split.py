"""Split a panel: the same rows for all channels, or the rows of each series counted from its own end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from timevis.data.panel import Panel
from timevis.data.split.spec import PART_NAMES, LastRows, RowEnds, Shares, SplitSpec, StoredSplit
from timevis.data.split.split import Split
from timevis.errors import DataError
from timevis.messages import Setting, Text


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
