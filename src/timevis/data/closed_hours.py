"""Hours of the week in which a channel never has a value, such as the nights of a counter that is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pandas as pd

from timevis.messages import Text

DAY_S = 86_400
DAY_NAMES = (
    Text("Mon"),
    Text("Tue"),
    Text("Wed"),
    Text("Thu"),
    Text("Fri"),
    Text("Sat"),
    Text("Sun"),
)
NIGHT = (2 * 3600, 4 * 3600)
"""Hours of the day that a closure at night covers."""


@dataclass(frozen=True)
class ClosedHours:
    """Periods of the week, in local time, in which a channel, or every channel, never has a value.

    Attributes
    ----------
    periods : tuple of (start, end)
        Seconds since Monday 00:00, ascending, without the end.
    """

    periods: tuple[tuple[int, int], ...]

    def contains(self, local_index: pd.DatetimeIndex) -> np.ndarray:
        """Whether local times lie in one of the periods, bool [T]."""
        seconds, starts = seconds_of_week(local_index), np.array([start for start, _ in self.periods])
        position = starts.searchsorted(seconds, side="right") - 1
        ends = np.array([end for _, end in self.periods])
        return (position >= 0) & (seconds < ends[position])

    def to_json(self) -> list[list[int]]:
        return [list(period) for period in self.periods]

    @classmethod
    def from_report(cls, report: Mapping[str, Any], channel: str) -> ClosedHours | None:
        """The closed hours of a channel in data_report.json; None if it has none."""
        of_channel = (report.get("closed_channels") or {}).get(channel) or report.get("closed") or {}
        periods = of_channel.get("periods")
        return cls(tuple((int(start), int(end)) for start, end in periods)) if periods else None

    def describe(self, local_index: pd.DatetimeIndex) -> dict[str, Any]:
        """The periods, the number of their ``rows`` among local times, and both in words, for the quality report."""
        rows = int(self.contains(local_index).sum())
        return {"periods": self.to_json(), "rows": rows, "when": self.when(), "hours": self.hours()}

    def when(self) -> Text:
        """In one or two words, when it is closed."""
        whole_days = [day for day in range(7) if self._of_day(day) == [(0, DAY_S)]]
        open_days = [day for day in range(7) if day not in whole_days]
        at_night = bool(open_days) and all(
            any(start <= NIGHT[0] and end >= NIGHT[1] for start, end in self._of_day(day)) for day in open_days
        )
        if whole_days == [5, 6]:
            return Text("at night and on weekends") if at_night else Text("on weekends")
        return Text("at night") if at_night else Text("at some hours of the week")

    def hours(self) -> list[Text]:
        """The closed hours of each group of days with the same ones, such as ``Mon to Fri 21:00 to 05:00``."""
        groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for day in range(7):
            if periods := self._of_day(day):
                groups.setdefault(tuple(periods), []).append(day)
        return [
            Text("{days} {hours}", days=_days_text(days), hours=_hours_text(periods))
            for periods, days in groups.items()
        ]

    def _of_day(self, day: int) -> list[tuple[int, int]]:
        """The periods of a day, in seconds of this day."""
        start, end = day * DAY_S, (day + 1) * DAY_S
        return [(max(a, start) - start, min(b, end) - start) for a, b in self.periods if a < end and b > start]


def seconds_of_week(local_index: pd.DatetimeIndex) -> np.ndarray:
    """Seconds since Monday 00:00, int64 [T]."""
    of_day = local_index.hour * 3600 + local_index.minute * 60 + local_index.second
    return np.asarray(local_index.day_of_week * DAY_S + of_day, np.int64)


def common_closed_hours(channels: Sequence[ClosedHours | None]) -> ClosedHours | None:
    """The hours that are closed in every channel; None if there are none."""
    distinct = set(channels)
    given = [hours for hours in distinct if hours is not None]
    if len(given) < len(distinct):
        return None
    borders = sorted({border for hours in given for period in hours.periods for border in period})
    parts = [
        (start, end)
        for start, end in pairwise(borders)
        if all(any(a <= start and end <= b for a, b in hours.periods) for hours in given)
    ]
    periods: list[tuple[int, int]] = []
    for start, end in parts:
        if periods and periods[-1][1] == start:
            start = periods.pop()[0]
        periods.append((start, end))
    return ClosedHours(tuple(periods)) if periods else None


def _days_text(days: Sequence[int]) -> list[Text]:
    """Days as names, with the first and the last one of three and more that follow each other."""
    texts: list[Text] = []
    for _, run in groupby(enumerate(days), key=lambda item: item[1] - item[0]):
        members = [day for _, day in run]
        if len(members) < 3:
            texts += [DAY_NAMES[day] for day in members]
        else:
            texts.append(_first_to_last(DAY_NAMES[members[0]], DAY_NAMES[members[-1]]))
    return texts


def _hours_text(periods: Sequence[tuple[int, int]]) -> list[Text]:
    """Periods of a day; a period at its end and one at its start are one night."""
    if periods == ((0, DAY_S),):
        return [Text("all day")]
    periods = list(periods)
    if len(periods) > 1 and periods[0][0] == 0 and periods[-1][1] == DAY_S:
        periods = [*periods[1:-1], (periods[-1][0], periods[0][1])]
    return [_first_to_last(_clock(start), _clock(end)) for start, end in periods]


def _first_to_last(first: Text | str, last: Text | str) -> Text:
    return Text("{first} to {last}", first=first, last=last)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
