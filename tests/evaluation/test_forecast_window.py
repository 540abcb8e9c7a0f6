import numpy as np
import pytest

from timevis.evaluation.error_profile import timestamps_around
from timevis.evaluation.forecast_window import forecast_window, repeat_season, saved_forecasts, step_seconds
from timevis.runs.record import RunRecord


def test_the_last_season_is_repeated_and_a_gap_is_filled_from_the_season_before():
    context = np.array([1.0, 2, 3, 4, np.nan, 6])
    np.testing.assert_array_equal(repeat_season(context, 3, 5), [4, 2, 6, 4, 2])


def test_there_is_no_naive_forecast_that_needs_values_before_the_context():
    assert repeat_season(np.arange(5.0), 6, 2) is None
    assert repeat_season(np.array([np.nan, 1.0]), 2, 2) is None


@pytest.mark.parametrize(("freq", "seconds"), [("h", 3600), ("15min", 900), ("MS", None)])
def test_steps_have_seconds_if_they_are_equal(freq, seconds):
    assert step_seconds(timestamps_around(np.datetime64("2026-01-01"), 0, 5, freq)) == seconds


def test_the_naive_forecast_of_a_window_is_the_one_that_was_scored(finished_run):
    record = RunRecord.load(finished_run("model=linear", "context_length=168"))
    channel = record.channels[1]
    window = forecast_window(record, saved_forecasts(record), channel, 2)
    scored = record.naive_windows
    row = scored[(scored["timestamp"] == window["origin"]) & (scored["channel"] == channel)].iloc[0]
    error = np.subtract(window["seasonal_naive"], window["future"]["truth"]).sum()
    assert error == pytest.approx(row["error"], rel=1e-4)
