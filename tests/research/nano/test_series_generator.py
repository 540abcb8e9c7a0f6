"""The generator of synthetic series for pretraining."""

import numpy as np
import pandas as pd
import pytest

from timevis.data.calendar import CALENDAR_SIZES, calendar_fields
from timevis_research.nano.series_generator import RECIPES, STEP_MINUTES, SeriesGenerator, regular_calendars


def test_a_batch_depends_on_seed_and_number_only():
    first, second, other = (SeriesGenerator(seed, 96).batch(5, 32) for seed in (1, 1, 2))
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(first.calendar, second.calendar)
    assert not np.array_equal(first.values, other.values)
    assert not np.array_equal(first.values, SeriesGenerator(1, 96).batch(6, 32).values)


def test_every_value_is_finite_and_every_recipe_and_frequency_appears():
    generator, recipes, frequencies, constant = SeriesGenerator(0, 192), set(), set(), 0
    for number in range(80):
        batch = generator.batch(number, 16)
        assert batch.values.dtype == np.float32
        assert np.isfinite(batch.values).all()
        constant += int((batch.values.std(1) == 0).sum())
        assert (batch.calendar.reshape(-1, 5) < CALENDAR_SIZES).all()
        assert (batch.calendar >= 0).all()
        recipes |= set(batch.recipes)
        frequencies.add(batch.frequency)
    assert constant < 0.02 * 80 * 16
    assert recipes == set(RECIPES)
    assert frequencies == set(STEP_MINUTES)


@pytest.mark.parametrize("step", sorted(STEP_MINUTES.values()))
def test_calendars_agree_with_pandas(step):
    start = pd.Timestamp("2023-12-30 00:00")
    index = pd.date_range(start, periods=500, freq=pd.Timedelta(minutes=step))
    minutes = (start - pd.Timestamp("1970-01-01")) // pd.Timedelta(minutes=1)
    assert np.array_equal(regular_calendars(np.array([minutes]), step, 500)[0], calendar_fields(index))


def share_with_weekend_pattern(batch) -> float:
    """Share of hourly series whose weekend differs from working days by more than these differ from each other."""
    has_pattern = []
    for values, calendar in zip(batch.values, batch.calendar, strict=True):
        week = np.stack(
            [[values[(calendar[:, 2] == d) & (calendar[:, 1] == h)].mean() for h in range(24)] for d in range(7)]
        )
        working_day = week[:5].mean(0)
        spread = np.abs(week[:5] - working_day).mean()
        has_pattern.append(np.abs(week[5:] - working_day).mean() > 1.5 * spread)
    return float(np.mean(has_pattern))


def test_most_hourly_series_have_a_weekly_pattern():
    generator = SeriesGenerator(0, 4 * 168)
    hourly = [batch for batch in (generator.batch(n, 64) for n in range(12)) if batch.frequency == "h"]
    assert np.mean([share_with_weekend_pattern(batch) for batch in hourly]) > 0.5


def test_a_batch_can_have_easy_series_only():
    batch = SeriesGenerator(3, 192).batch(0, 64, easy_share=1.0)
    assert set(batch.recipes) == {"easy"}
