"""Events: what happens to a series, in which rows, and the channels of each row that describe it to a network.

The web process imports this module, thus it must not import PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

KINDS = ("none", "closed", "sensor_off", "reduction", "increase", "factor", "limit", "holiday")
"""What an event does: nothing, zero, zero, an unknown reduction or increase, a factor, an upper limit, a Sunday."""
CHANNELS = ("zero", "reduction", "increase", "factor", "limit", "holiday", "log2_factor", "limit_value")
"""Channels of each row: six flags between 0 and 1, the logarithm of the factor, and the limit times its flag."""
FLAGS = 6
PERCENTAGES = tuple(range(10, 95, 5))
FACTORS = (2.0, 3.0, *(round(1 - p / 100, 2) for p in PERCENTAGES), *(round(1 + p / 100, 2) for p in PERCENTAGES))
"""Factors that sentences state."""
MINUTES_PER_DAY = 1440


@dataclass(frozen=True)
class Event:
    """What happens, and when.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    first_day : int
        Days since 1970.
    last_day : int, optional
        The last day, included; None if the event does not end.
    first_hour, last_hour : int
        Hours of the day, 0 to 24; the event ends before `last_hour`.
    daily : bool
        Whether the hours are of each day; otherwise of the first and of the last day.
    factor : float
        Of the kind ``factor``.
    limit : float
        Of the kind ``limit``.
    """

    kind: str
    first_day: int
    last_day: int | None
    first_hour: int = 0
    last_hour: int = 24
    daily: bool = True
    factor: float = 1.0
    limit: float = 0.0

    @property
    def whole_days(self) -> bool:
        return self.first_hour == 0 and self.last_hour == 24

    @property
    def limit_text(self) -> str:
        return f"{self.limit:.10g}"

    @staticmethod
    def date(day: int) -> date:
        return date(1970, 1, 1) + timedelta(days=day)

    def covers(self, minutes: np.ndarray) -> np.ndarray:
        """Whether rows at minutes since 1970 lie in the event, bool of the same shape."""
        day, minute = minutes // MINUTES_PER_DAY, minutes % MINUTES_PER_DAY
        if self.last_day is None:
            return minutes >= self.first_day * MINUTES_PER_DAY + self.first_hour * 60
        if self.daily:
            in_hours = (minute >= self.first_hour * 60) & (minute < self.last_hour * 60)
            return (day >= self.first_day) & (day <= self.last_day) & in_hours
        begin = self.first_day * MINUTES_PER_DAY + self.first_hour * 60
        return (minutes >= begin) & (minutes < self.last_day * MINUTES_PER_DAY + self.last_hour * 60)

    def channels(self, rows: np.ndarray) -> np.ndarray:
        """`CHANNELS` of the rows where `rows` is True, float64 [T, len(CHANNELS)]."""
        out = np.zeros((len(rows), len(CHANNELS)))
        name = {"closed": "zero", "sensor_off": "zero"}.get(self.kind, self.kind)
        if name == "none":
            return out
        out[rows, CHANNELS.index(name)] = 1
        if name == "factor":
            out[rows, CHANNELS.index("log2_factor")] = np.log2(self.factor)
        if name == "limit":
            out[rows, CHANNELS.index("limit_value")] = self.limit
        return out
