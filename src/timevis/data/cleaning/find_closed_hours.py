"""Find the hours of the week in which a panel never has a value."""

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
"""A time is not closed if gaps like those at other times would leave it empty with this probability."""
PanelT = TypeVar("PanelT", bound=Panel)


def with_closed_hours(panel: PanelT) -> PanelT:
    """The panel with the hours of the week in which none of its channels ever has a value; see `Panel.closed`.

    A time of the week, in local time, counts as closed if it occurred in at least `MIN_OCCURRENCES` weeks, never
    had a value, and would not be empty by chance. Steps of more than a day have no closed hours.
    """
    is_observed = np.isfinite(panel.values).any(axis=1)
    rows = np.flatnonzero(is_observed)
    if not len(rows) or is_observed.all() or steps_per_day(panel.freq) < 1:
        return panel
    span = slice(int(rows[0]), int(rows[-1]) + 1)
    times, slot = np.unique(seconds_of_week(panel.local_index[span]), return_inverse=True)
    count, observed = np.bincount(slot), np.bincount(slot, is_observed[span])
    is_open = observed > 0
    missing_share = 1 - observed.sum() / count[is_open].sum()
    closed = ~is_open & (count >= MIN_OCCURRENCES) & (missing_share**count < MAX_CHANCE)
    if not closed.any():
        return panel
    ends = np.append(times[1:], 7 * DAY_S)
    first = np.flatnonzero(closed & ~np.append(False, closed[:-1]))
    last = np.flatnonzero(closed & ~np.append(closed[1:], False))
    periods = zip(np.where(first == 0, 0, times[first]).tolist(), ends[last].tolist(), strict=True)
    return replace(panel, closed=ClosedHours(tuple(periods)))
