"""The generator of pretraining series."""

import numpy as np
import pandas as pd
import pytest

from timevis.data.calendar import CALENDAR_SIZES, calendar_fields
from timevis.models.qwen.nano.series_generator import KINDS, STEP_MINUTES, SeriesGenerator, calendars


def test_a_chunk_is_a_function_of_seed_and_number():
    first, again, other = (SeriesGenerator(seed, 96).chunk(5, 32) for seed in (1, 1, 2))
    assert np.array_equal(first.values, again.values)
    assert np.array_equal(first.calendar, again.calendar)
    assert not np.array_equal(first.values, other.values)
    assert not np.array_equal(first.values, SeriesGenerator(1, 96).chunk(6, 32).values)


def test_every_value_is_finite_and_every_kind_and_frequency_appears():
    prior, kinds, frequencies, flat = SeriesGenerator(0, 192), set(), set(), 0
    for number in range(80):
        chunk = prior.chunk(number, 16)
        assert chunk.values.dtype == np.float32
        assert np.isfinite(chunk.values).all()
        flat += int((chunk.values.std(1) == 0).sum())
        assert (chunk.calendar.reshape(-1, 5) < CALENDAR_SIZES).all()
        assert (chunk.calendar >= 0).all()
        kinds |= set(chunk.kinds)
        frequencies.add(chunk.frequency)
    assert flat < 0.02 * 80 * 16
    assert kinds == set(KINDS)
    assert frequencies == set(STEP_MINUTES)


@pytest.mark.parametrize("step", sorted(STEP_MINUTES.values()))
def test_calendars_agree_with_pandas(step):
    start = pd.Timestamp("2023-12-30 00:00")
    index = pd.date_range(start, periods=500, freq=pd.Timedelta(minutes=step))
    minutes = (start - pd.Timestamp("1970-01-01")) // pd.Timedelta(minutes=1)
    assert np.array_equal(calendars(np.array([minutes]), step, 500)[0], calendar_fields(index))


def _share_with_days_off(chunk) -> float:
    """Share of hourly series whose weekend departs from their working days by more than the days among themselves."""
    found = []
    for values, calendar in zip(chunk.values, chunk.calendar, strict=True):
        week = np.stack(
            [[values[(calendar[:, 2] == d) & (calendar[:, 1] == h)].mean() for h in range(24)] for d in range(7)]
        )
        work = week[:5].mean(0)
        between = np.abs(week[:5] - work).mean()
        found.append(np.abs(week[5:] - work).mean() > 1.5 * between)
    return float(np.mean(found))


def test_most_hourly_series_have_a_weekly_regime():
    prior = SeriesGenerator(0, 4 * 168)
    hourly = [c for c in (prior.chunk(n, 64) for n in range(12)) if c.frequency == "h"]
    assert np.mean([_share_with_days_off(c) for c in hourly]) > 0.5


def test_the_first_lesson_is_almost_free_of_noise():
    chunk = SeriesGenerator(3, 192).chunk(0, 64, easy=1.0)
    assert set(chunk.kinds) == {"easy"}
