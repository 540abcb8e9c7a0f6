"""Series with events and the sentences that announce them, for training and testing networks that read words."""

from __future__ import annotations

import calendar as calendars
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import numpy as np
from numpy.random import Generator

from timevis.models.patches.events.event import CHANNELS, FACTORS, MINUTES_PER_DAY, Event
from timevis_research.words.wordings import Wording, write_sentence

SHARE_WITHOUT_EVENT = 0.5
SHARE_WRONG = 0.1
"""Share of the sentences whose event does not happen."""
KIND_SHARES = {
    "none": 0.08, "closed": 0.18, "sensor_off": 0.1, "reduction": 0.14, "increase": 0.1, "factor": 0.16,
    "limit": 0.12, "holiday": 0.12,
}  # fmt: skip
SPANS = ("day", "days", "hours", "daily_hours", "continuous", "open")
SPAN_SHARES = {
    "none": (0.3, 0.15, 0.25, 0.1, 0.1, 0.1),
    "closed": (0.4, 0.2, 0.25, 0.05, 0.07, 0.03),
    "sensor_off": (0.25, 0.15, 0.3, 0.05, 0.2, 0.05),
    "reduction": (0.2, 0.15, 0.35, 0.2, 0.05, 0.05),
    "increase": (0.45, 0.2, 0.3, 0.05, 0.0, 0.0),
    "factor": (0.2, 0.15, 0.15, 0.05, 0.1, 0.35),
    "limit": (0.2, 0.2, 0.15, 0.05, 0.05, 0.35),
    "holiday": (0.85, 0.15, 0.0, 0.0, 0.0, 0.0),
}
MAX_DAYS = 30
"""Most days between the day to which a sentence refers and its event."""
MIN_STEP, MAX_STEP = 15, 1440
"""Minutes between two rows of series with events."""
EARLIEST_YEAR, LATEST_YEAR = 2010, 2030


@dataclass(frozen=True)
class EventBatch:
    """Series to which events were added.

    Attributes
    ----------
    values : float64 [B, T]
    channels : float64 [B, T, len(CHANNELS)]
        What the sentences say, whether or not it happens.
    zero, unit : float64 [B]
        ``(values - zero) * unit`` are the values in the unit of the sentences.
    now : int64 [B]
        The row to which relative times refer; sentences are known before it.
    day : int64 [B, T]
        Days since 1970.
    events, wordings : list
        None where there is no sentence.
    wrong : bool [B]
        Whether the event of the sentence does not happen.
    """

    values: np.ndarray
    channels: np.ndarray
    zero: np.ndarray
    unit: np.ndarray
    now: np.ndarray
    day: np.ndarray
    events: list[Event | None]
    wordings: list[Wording | None]
    wrong: np.ndarray


@cache
def _matching_years(weekday: int, day: int, month: int) -> tuple[int, ...]:
    years = []
    for year in range(EARLIEST_YEAR, LATEST_YEAR):
        exists = day <= calendars.monthrange(year, month)[1]
        if exists and date(year, month, day).weekday() == weekday:
            years.append(year)
    return tuple(years)


def absolute_minutes(rng: Generator, calendar: np.ndarray, step: int) -> np.ndarray | None:
    """Minutes since 1970 of regular calendar rows [T, 5], in a year that agrees with them; None if there is none."""
    minute, hour, weekday, day, month = (int(x) for x in calendar[0])
    years = _matching_years(weekday, day + 1, month + 1)
    if not years:
        return None
    first = (date(int(rng.choice(years)), month + 1, day + 1) - date(1970, 1, 1)).days
    return first * MINUTES_PER_DAY + hour * 60 + minute + step * np.arange(len(calendar))


def draw_event(rng: Generator, first_day: int, step: int) -> Event:
    """Draw an event that begins on a day; rows are `step` minutes apart."""
    kind = str(rng.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
    span = str(rng.choice(SPANS, p=SPAN_SHARES[kind]))
    if step > 60 and span in ("hours", "daily_hours", "continuous"):
        span = "days"
    factor = float(rng.choice(FACTORS[:2])) if rng.random() < 0.3 else float(rng.choice(FACTORS))
    length = int(rng.integers(1, 7))
    first, last = sorted(rng.choice(np.arange(25), 2, replace=False).tolist())
    if span == "day":
        return Event(kind, first_day, first_day, factor=factor)
    if span == "days":
        return Event(kind, first_day, first_day + length, factor=factor)
    if span == "hours":
        return Event(kind, first_day, first_day, first, last, factor=factor)
    if span == "daily_hours":
        return Event(kind, first_day, first_day + length, first, last, factor=factor)
    first, last = (int(x) for x in rng.integers((0, 1), (24, 25)))
    if span == "continuous":
        return Event(kind, first_day, first_day + length, first, last, daily=False, factor=factor)
    return Event(kind, first_day, None, first if rng.random() < 0.4 and step <= 60 else 0, daily=False, factor=factor)


def rows_since_sunday(weekday: np.ndarray, step: int) -> np.ndarray:
    """Rows back to the same time on the last Sunday before the day of each row; int64 of the shape of `weekday`."""
    return (weekday + 1) * MINUTES_PER_DAY // step


def apply_event(
    rng: Generator, values: np.ndarray, zero: float, event: Event, rows: np.ndarray, weekday: np.ndarray, step: int
) -> np.ndarray:
    """Change values [T] where `rows` is True."""
    x, noise = values - zero, values.std() * rng.normal(size=len(values))
    if event.kind in ("closed", "sensor_off"):
        level = rng.uniform(0, 0.05) if event.kind == "closed" and rng.random() < 0.3 else 0.0
        changed = level * x
    elif event.kind == "reduction":
        changed = x * rng.uniform(0.25, 0.85)
    elif event.kind == "increase":
        changed = x * rng.uniform(1.2, 2.5)
    elif event.kind == "factor":
        changed = x * event.factor * np.exp(rng.normal() * 0.04)
    elif event.kind == "limit":
        changed = np.minimum(x, event.limit)
    elif event.kind == "holiday":
        index = np.arange(len(values)) - rows_since_sunday(weekday, step)
        index = np.where(index < 0, index + 7 * MINUTES_PER_DAY // step, index)
        sunday = x[np.clip(index, 0, len(x) - 1)] * np.exp(rng.normal() * 0.1) + 0.05 * noise
        kind = rng.random()  # some holidays are like a Sunday, some between both days, some like any other day
        share = 1.0 if kind < 0.5 else rng.uniform(0.2, 1.0) if kind < 0.85 else 0.0
        changed = x + share * (sunday - x)
    else:
        changed = x
    return np.where(rows, changed + zero, values)


def draw_zero(rng: Generator, values: np.ndarray) -> float:
    """Draw the level that is zero: a little below the lowest values, or far below for a share of the series."""
    low, spread = float(np.quantile(values, 0.01)), float(values.std()) + 1e-6
    kind = rng.random()
    if kind < 0.35:
        return low
    if kind < 0.8:
        return low - spread * float(rng.exponential(0.8))
    return low - spread * float(rng.uniform(2, 8))


def add_events(
    rng: Generator,
    values: np.ndarray,
    calendar: np.ndarray,
    now: np.ndarray,
    *,
    held_out: bool = False,
    share_without: float = SHARE_WITHOUT_EVENT,
    share_wrong: float = SHARE_WRONG,
    share_future: float = 0.7,
    with_time: bool = True,
) -> EventBatch:
    """Add events to series, and write their sentences.

    Parameters
    ----------
    rng : Generator
    values : float64 [B, T]
    calendar : int64 [B, T, 5]
        Series with irregular steps, or steps outside 15 minutes to a day, get no event.
    now : int64 [B]
        The row to which "tomorrow" and the like refer.
    held_out : bool
        Use the wordings that are reserved for tests.
    share_without, share_wrong, share_future : float
        Shares of series without an event, of sentences whose event does not happen, and of events after `now`.
    with_time : bool
        Whether the sentences say when the events are.
    """
    size, length = values.shape
    out, channels = values.copy(), np.zeros((size, length, len(CHANNELS)))
    zero, units, days = np.zeros(size), np.ones(size), np.zeros((size, length), np.int64)
    events: list[Event | None] = [None] * size
    wordings: list[Wording | None] = [None] * size
    wrong = np.zeros(size, dtype=bool)
    for b in range(size):
        zero[b] = draw_zero(rng, values[b])
        minute_of_week = calendar[b, :, 2] * MINUTES_PER_DAY + calendar[b, :, 1] * 60 + calendar[b, :, 0]
        steps = np.diff(minute_of_week) % (7 * MINUTES_PER_DAY)
        step = int(steps[0])
        if not (MIN_STEP <= step <= MAX_STEP and (steps == step).all()):
            continue
        minutes = absolute_minutes(rng, calendar[b], step)
        if minutes is None:
            continue
        days[b] = minutes // MINUTES_PER_DAY
        if rng.random() < share_without:
            continue
        today = int(days[b, now[b]])
        if rng.random() < share_future:
            first = int(rng.integers(today, min(today + MAX_DAYS, int(days[b, -1])) + 1))
        else:
            first = int(rng.integers(max(today - MAX_DAYS, int(days[b, 0])), today + 1))
        event = draw_event(rng, first, step)
        rows = event.covers(minutes)
        if event.kind == "limit":
            spread = values[b] - zero[b]
            limit = np.quantile(spread, rng.uniform(0.4, 0.9)) * rng.uniform(0.8, 1.05)
            units[b] = np.exp(rng.uniform(np.log(3), np.log(3000))) / max(float(spread.max()), 1e-6)
            event = replace(event, limit=float(f"{max(limit, 0) * units[b]:.3g}"))
        in_unit = replace(event, limit=event.limit / units[b])
        wrong[b] = rng.random() < share_wrong and event.kind != "none"
        if not wrong[b]:
            out[b] = apply_event(rng, values[b], zero[b], in_unit, rows, calendar[b, :, 2], step)
        channels[b] = in_unit.channels(rows)
        events[b] = event
        wordings[b] = write_sentence(rng, event, Event.date(today), held_out=held_out, with_time=with_time)
    return EventBatch(out, channels, zero, units, now, days, events, wordings, wrong)
