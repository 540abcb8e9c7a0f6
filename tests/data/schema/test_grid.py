from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.calendar import infer_frequency
from timevis.data.schema.grid import put_on_grid
from timevis.errors import DataError

STEPS = ("10s", "min", "5min", "15min", "h", "3h", "D", "W-TUE", "MS", "QS-JAN")


def infer(times: pd.DatetimeIndex) -> str:
    return infer_frequency(times.asi8, np.zeros(len(times), np.int64), "t.csv")


@settings(max_examples=60)
@given(st.sampled_from(STEPS), st.integers(0, 40_000), st.data())
def test_a_grid_with_missing_rows_is_recovered(freq: str, day: int, data: st.DataObject) -> None:
    start = pd.Timestamp("1960-01-01") + pd.Timedelta(days=day)
    whole = pd.date_range(start, periods=80, freq=freq, unit="us")
    holes = data.draw(st.sets(st.integers(1, 78), max_size=15))
    times = whole.delete(sorted(holes))
    assert infer(times) == freq
    grid = put_on_grid(times[::-1], freq, "t.csv")
    assert grid.index.equals(pd.DatetimeIndex(whole, freq=None))
    assert (grid.index[grid.position] == times[::-1]).all()
    assert not grid.moved.any()


@settings(max_examples=60)
@given(st.sampled_from(("5min", "h", "D")), st.integers(0, 10**6), st.floats(0.0, 0.09))
def test_jitter_below_a_tenth_of_a_step_is_moved_onto_the_grid(freq: str, seed: int, share: float) -> None:
    whole = pd.date_range("2024-01-01", periods=60, freq=freq, unit="us")
    step = (whole[1] - whole[0]).value // 1000
    shift = np.random.default_rng(seed).integers(0, int(share * step) + 1, 60)
    shift[::2] = 0
    grid = put_on_grid(whole + pd.to_timedelta(shift, unit="us"), freq, "t.csv")
    np.testing.assert_array_equal(grid.position, np.arange(60))
    np.testing.assert_array_equal(grid.moved, shift > 0)


def test_the_phase_of_the_grid_is_the_most_common_one() -> None:
    times = pd.date_range("2024-01-01 00:30", periods=50, freq="h", unit="us").insert(
        50, pd.Timestamp("2024-01-03 04:00")
    )
    grid = put_on_grid(times, "h", "t.csv")
    assert (grid.index.minute == 30).all()
    assert grid.position[-1] == -1


YEAR = pd.date_range("2019-01-01", periods=8760, freq="h", unit="us")
MONTHS = pd.date_range("1950-01-01", periods=600, freq="MS", unit="us")


@pytest.mark.parametrize(
    ("whole", "freq", "years", "message"),
    [
        (YEAR, "h", {5000: 10}, "row 5000 has the time 2029-07-28 08:00:00.*92673 rows, 83913 of them empty"),
        (YEAR, "h", {0: -9}, "row 0 has the time 2010-01-01 00:00:00"),
        (YEAR, "h", {100: 11, 5000: 20, 7000: -8}, "row 5000 has the time 2039-07-28 08:00:00"),
        (YEAR, "h", dict.fromkeys(range(48, 72), -19), "row 48 has the time 2000-01-03 00:00:00"),
        (MONTHS, "MS", {300: 100}, "row 300 has the time 2075-01-01 00:00:00"),
    ],
)
def test_a_few_mistyped_dates_are_an_error_that_names_the_farthest(
    whole: pd.DatetimeIndex, freq: str, years: dict[int, int], message: str
) -> None:
    times = list(whole)
    for row, more in years.items():
        times[row] += pd.DateOffset(years=more)
    with pytest.raises(DataError, match=message) as error:
        put_on_grid(pd.DatetimeIndex(times), freq, "t.csv")
    assert "mistyped date" in str(error.value.advice)


@pytest.mark.parametrize(
    "times",
    [
        YEAR[:4000].append(YEAR[:4000] + pd.Timedelta(days=3650)),
        YEAR.append(YEAR[:200] + pd.Timedelta(days=3650)),
        YEAR[:100].append(YEAR[4300:4320]),
        YEAR.append(YEAR[-1:] + pd.Timedelta(days=300)),
        YEAR.append([YEAR] * 199).append(YEAR - pd.Timedelta(days=3650)),
    ],
    ids=["two halves", "began again", "a few rows", "less than the rest", "one series of many is older"],
)
def test_long_gaps_with_many_rows_on_both_sides_are_accepted(times: pd.DatetimeIndex) -> None:
    grid = put_on_grid(times, "h", "t.csv")
    assert (grid.index[grid.position] == times).all()


@pytest.mark.parametrize(("freq", "frequency", "gap"), [("D", "h", 24), ("QS", "MS", 3)])
def test_a_frequency_finer_than_all_steps_is_refused(freq: str, frequency: str, gap: int) -> None:
    times = pd.date_range("2024-01-01", periods=40, freq=freq, unit="us")
    with pytest.raises(DataError, match=f"no two times are one step of {frequency} apart; most are {gap} steps"):
        put_on_grid(times, frequency, "t.csv")


@pytest.mark.parametrize(
    ("freq", "first", "last"),
    [
        ("MS", "1990-01-01", "1999-12-01"),
        ("ME", "1990-01-31", "1999-12-31"),
        ("QS-JAN", "1990-01-01", "1999-10-01"),
        ("YE-DEC", "1990-12-31", "1999-12-31"),
    ],
)
def test_the_only_time_of_a_month_quarter_or_year_is_moved_to_its_grid_day(freq: str, first: str, last: str) -> None:
    index = pd.date_range(first, last, freq=freq, unit="us")
    every = {"M": 1, "Q": 3, "Y": 12}[freq[0]]
    times = pd.date_range("1990-01-15 12:00", periods=120, freq=pd.DateOffset(months=1), unit="us")[
        every - 1 :: every
    ]
    grid = put_on_grid(times[::-1], freq, "t.csv")
    assert grid.index.equals(pd.DatetimeIndex(index + pd.Timedelta("12h"), freq=None))
    np.testing.assert_array_equal(grid.position, np.arange(len(index))[::-1])
    assert grid.moved.all()


@pytest.mark.parametrize("days", [-3, 1, 2])
def test_a_weekly_time_shifted_by_a_holiday_is_moved_back(days: int) -> None:
    weeks = pd.date_range("2015-01-05", periods=200, freq="W-MON", unit="us")
    shift = np.where(np.arange(200) % 9 == 5, days, 0)
    grid = put_on_grid(weeks + pd.to_timedelta(shift, unit="D"), "W-MON", "t.csv")
    assert grid.index.equals(pd.DatetimeIndex(weeks, freq=None))
    np.testing.assert_array_equal(grid.position, np.arange(200))
    np.testing.assert_array_equal(grid.moved, shift != 0)


def test_if_a_month_has_several_times_only_its_first_day_is_on_the_grid() -> None:
    days = pd.date_range("2020-01-01", periods=600, freq="D", unit="us")
    grid = put_on_grid(days, "MS", "t.csv")
    assert (days[grid.position >= 0].day == 1).all()
    assert not grid.moved.any()
    with pytest.raises(DataError, match="no time lies on") as error:
        put_on_grid(days[days.day.isin([14, 15])], "MS", "t.csv")
    assert "at most one time" in str(error.value.advice)
