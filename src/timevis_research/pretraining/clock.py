"""Times of synthetic series: where each row lies in the day, the week and the year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

MINUTES_PER_DAY, MINUTES_PER_WEEK, MINUTES_PER_YEAR = 1440, 10_080, 525_960
MINUTES_PER_MONTH = MINUTES_PER_YEAR // 12
DAY, WEEK = MINUTES_PER_DAY, MINUTES_PER_WEEK
MONTH, QUARTER, YEAR = -1, -3, -12
"""Steps of calendar months are negative; all other steps are in minutes."""
ANY_STEP: Mapping[int, float] = {
    1: 0.03, 5: 0.05, 10: 0.07, 15: 0.1, 30: 0.12, 60: 0.3, 240: 0.02, 360: 0.02, DAY: 0.17, WEEK: 0.05, MONTH: 0.05,
    QUARTER: 0.02,
}  # fmt: skip
"""Shares of the steps of families whose values do not depend on the calendar."""
FIRST_START, START_RANGE = 7_889_400, 45 * MINUTES_PER_YEAR
"""In minutes since 1970: series start between 1985 and 2030."""


@dataclass(frozen=True)
class Clock:
    """The times of B series, each with a constant step.

    Attributes
    ----------
    start : int64 [B]
        Minutes since 1970; months since 1970 where the step is in months.
    step : int64 [B]
        Minutes of a row; minus the months of a row where it is negative.
    """

    start: np.ndarray
    step: np.ndarray

    @classmethod
    def draw(cls, rng: Generator, size: int, steps: Mapping[int, float] = ANY_STEP) -> Clock:
        """Draw the step of each series by the shares of `steps`, and a start that is a multiple of it."""
        shares = np.array(list(steps.values()))
        step = rng.choice(np.array(list(steps)), size, p=shares / shares.sum())
        minutes = FIRST_START + rng.integers(0, START_RANGE, size)
        in_minutes = minutes - minutes % np.clip(step, 1, MINUTES_PER_DAY)
        return cls(np.where(step < 0, minutes // MINUTES_PER_MONTH, in_minutes), step)

    def __len__(self) -> int:
        return len(self.step)

    def __getitem__(self, rows: np.ndarray) -> Clock:
        return Clock(self.start[rows], self.step[rows])

    @classmethod
    def join(cls, clocks: list[Clock]) -> Clock:
        return cls(np.concatenate([c.start for c in clocks]), np.concatenate([c.step for c in clocks]))

    def cropped(self, first: np.ndarray, stride: np.ndarray) -> Clock:
        """The times of every `stride`-th row from row `first` on; both int64 [B]."""
        return Clock(self.start + np.abs(self.step) * first, self.step * stride)

    @property
    def minutes_per_row(self) -> np.ndarray:
        """Float32 [B, 1]; the mean for months."""
        minutes = np.where(self.step < 0, -self.step * MINUTES_PER_MONTH, self.step)
        return minutes.astype(np.float32)[:, None]

    def rows_per(self, minutes: float) -> np.ndarray:
        """How many rows a span has; float32 [B, 1]."""
        return minutes / self.minutes_per_row

    def _minutes(self, length: int, modulus: int) -> np.ndarray:
        """Minutes since 1970 modulo `modulus`, float64 [B, length]."""
        factor = np.where(self.step < 0, MINUTES_PER_MONTH, 1)
        first, step = self.start * factor % modulus, np.abs(self.step) * factor
        return (first[:, None] + step[:, None] * np.arange(length)) % modulus

    def day(self, length: int) -> np.ndarray:
        """Phase of the day, float32 [B, length] from 0 to 1; 0 for steps of at least a day."""
        phase = self._minutes(length, MINUTES_PER_DAY) / np.float32(MINUTES_PER_DAY)
        return np.where(self.minutes_per_row >= MINUTES_PER_DAY, 0, phase).astype(np.float32)

    def weekday(self, length: int) -> np.ndarray:
        """0 for Monday to 6 for Sunday, int64 [B, length]."""
        return (self._minutes(length, MINUTES_PER_WEEK) // MINUTES_PER_DAY + 3) % 7

    def year(self, length: int) -> np.ndarray:
        """Phase of the year, float32 [B, length] from 0 to 1."""
        return (self._minutes(length, MINUTES_PER_YEAR) / MINUTES_PER_YEAR).astype(np.float32)

    def day_number(self, length: int) -> np.ndarray:
        """Days since the first day of each series, int64 [B, length]."""
        step = self.minutes_per_row.astype(np.int64)
        return (self.start[:, None] % MINUTES_PER_DAY + step * np.arange(length)) // MINUTES_PER_DAY

    def periods(self) -> np.ndarray:
        """Rows of a day, a week and a year as `multiscale_inputs.calendar_periods` gives them; int64 [B, 3]."""
        step, months = np.maximum(self.step, 1), np.maximum(-self.step, 1)
        in_minutes = (self.step > 0) & (self.step < MINUTES_PER_WEEK)
        day = np.where(in_minutes & (1440 % step == 0), 1440 // step, 1)
        week = np.where(in_minutes & (MINUTES_PER_WEEK % step == 0), MINUTES_PER_WEEK // step, 1)
        year = np.where((self.step < 0) & (12 % months == 0), 12 // months, 1)
        year = np.where(self.step == WEEK, 52, np.where(self.step == DAY, 365, year))
        return np.stack([day, week, year], 1).astype(np.int64)

    def calendar(self, rows: np.ndarray) -> np.ndarray:
        """Calendar fields of rows, as `timevis.data.calendar.CALENDAR_FIELDS` defines them.

        Parameters
        ----------
        rows : int64 [N]

        Returns
        -------
        int64 [B, N, 5]
        """
        times = self.start[:, None] + np.abs(self.step)[:, None] * rows
        monthly = self.step[:, None] < 0
        first_day = np.where(monthly, times, 0).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        minutes = np.where(monthly, first_day * MINUTES_PER_DAY, times)
        days = minutes // MINUTES_PER_DAY
        dates = days.astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        day, month = (dates - months).astype(np.int64), months.astype(np.int64) % 12
        return np.stack([minutes % 60, minutes // 60 % 24, (days + 3) % 7, day, month], -1)
