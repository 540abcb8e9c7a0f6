"""Find the hours of the week in which the channels of a panel never have a value."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from timevis.data.calendar import steps_per_day
from timevis.data.closed_hours import DAY_S, ClosedHours, seconds_of_week
from timevis.data.panel import Panel

MIN_OCCURRENCES = 4
"""Weeks in which a time of the week must have occurred before it can count as closed."""
MAX_CHANCE = 1e-3
"""A time is not closed if gaps like those at other times would leave it empty with this probability; for the channels
of a panel, divided by their number."""
PanelT = TypeVar("PanelT", bound=Panel)


def with_closed_hours(panel: PanelT) -> PanelT:
    """The panel with the hours of the week in which a channel, or every channel, never has a value.

    A time of the week, in local time, counts as closed if it occurred in at least `MIN_OCCURRENCES` weeks, never
    had a value, and would not be empty by chance. Steps of more than a day have no closed hours. See `Panel.closed`.
    """
    is_observed = np.isfinite(panel.values)
    if is_observed.all() or steps_per_day(panel.freq) < 1:
        return panel
    times, slot = np.unique(seconds_of_week(panel.local_index), return_inverse=True)
    always_closed = _closed_slots(is_observed.any(axis=1), slot, len(times), MAX_CHANCE)
    max_chance = MAX_CHANCE / len(panel.channels)
    closed = [always_closed | _closed_slots(column, slot, len(times), max_chance) for column in is_observed.T]
    if not any(slots.any() for slots in closed):
        return panel
    hours = {slots.tobytes(): _closed_hours(slots, times) for slots in closed}
    return replace(panel, closed=tuple(hours[slots.tobytes()] for slots in closed))


def _closed_slots(is_observed: np.ndarray, slot: np.ndarray, slots: int, max_chance: float) -> np.ndarray:
    """Which times of the week are closed, bool [S], by rows [T] with a value and the number of the time of each."""
    rows = np.flatnonzero(is_observed)
    if not len(rows) or len(rows) == len(is_observed):
        return np.zeros(slots, bool)
    span = slice(int(rows[0]), int(rows[-1]) + 1)
    count = np.bincount(slot[span], minlength=slots)
    is_open = np.bincount(slot[rows], minlength=slots) > 0
    missing_share = 1 - len(rows) / count[is_open].sum()
    return ~is_open & (count >= MIN_OCCURRENCES) & (missing_share**count < max_chance)


def _closed_hours(closed: np.ndarray, times: np.ndarray) -> ClosedHours | None:
    """The periods of closed times, bool [S], which begin at `times` [S], in seconds since Monday 00:00."""
    if not closed.any():
        return None
    ends = np.append(times[1:], 7 * DAY_S)
    first = np.flatnonzero(closed & ~np.append(False, closed[:-1]))
    last = np.flatnonzero(closed & ~np.append(closed[1:], False))
    periods = zip(np.where(first == 0, 0, times[first]).tolist(), ends[last].tolist(), strict=True)
    return ClosedHours(tuple(periods))
