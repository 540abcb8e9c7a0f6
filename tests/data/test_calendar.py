from __future__ import annotations

import pytest

from timevis.data.calendar import (
    CALENDAR_ALIASES,
    COMMON_STEPS_US,
    alias_of_step,
    anchored_offsets,
    season_lengths,
    steps_per_day,
)
from timevis.data.quality.statistics import named_periods

MINUTE = 60_000_000
DAY = 1440 * MINUTE
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
ROWS_OF_A_YEAR = {"M": 12, "Q": 4, "Y": 1}


@pytest.mark.parametrize("step", [s for s in COMMON_STEPS_US if s < DAY] + [7 * MINUTE, 90 * MINUTE])
def test_the_seasons_of_steps_below_a_day_are_a_day_and_a_week(step: int) -> None:
    assert steps_per_day(alias_of_step(step)) == DAY / step
    assert season_lengths(alias_of_step(step)) == (1, round(DAY / step), round(7 * DAY / step))


@pytest.mark.parametrize(
    ("freq", "seasons"), [("D", (1, 7)), ("B", (1, 5)), ("2D", (1, 183)), ("10D", (1, 37)), ("28D", (1, 13))]
)
def test_the_season_of_days_is_a_week_and_of_several_days_a_year(freq: str, seasons: tuple[int, ...]) -> None:
    assert season_lengths(freq) == seasons


@pytest.mark.parametrize("day", WEEKDAYS)
def test_the_season_of_weeks_is_a_year(day: str) -> None:
    assert season_lengths(f"W-{day}") == (1, 52)


@pytest.mark.parametrize(
    "freq", sorted({o.freqstr for aliases in CALENDAR_ALIASES.values() for a in aliases for o in anchored_offsets(a)})
)
def test_the_season_of_months_quarters_and_years_is_a_year(freq: str) -> None:
    assert season_lengths(freq) == (1, ROWS_OF_A_YEAR[freq.removeprefix("B")[0]])


@pytest.mark.parametrize(
    ("freq", "periods"),
    [
        ("30min", {"hour": 2, "day": 48, "week": 336, "year": 17532}),
        ("D", {"week": 7, "year": 365}),
        ("B", {"week": 5, "year": 261}),
        ("W-SUN", {"year": 52}),
        ("ME", {"year": 12}),
        ("MS", {"year": 12}),
        ("YE", {}),
    ],
)
def test_periods_are_named_by_their_duration(freq: str, periods: dict[str, int]) -> None:
    assert named_periods(freq, 100_000) == periods
