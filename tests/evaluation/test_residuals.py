from dataclasses import replace

import numpy as np
import pytest
from run_results import changed
from tiny import TINY_LSTM

from timevis.evaluation.forecast_window import saved_forecasts
from timevis.evaluation.residuals import _by_horizon_of_channel, residual_profile
from timevis.runs.record import RunRecord


@pytest.fixture(scope="module")
def record(finished_run):
    return RunRecord.load(finished_run(*TINY_LSTM))


def test_normal_residuals_lie_on_the_diagonal_of_the_quantile_plot(record):
    forecasts = saved_forecasts(record)
    noise = np.random.default_rng(0).normal(3, 2, (2000, 6))
    many = replace(forecasts.select(np.zeros(2000, int)), truth=np.zeros((2000, 6)), point=noise)
    many.frame["spread"] = True
    profile = residual_profile(record, many, many.frame["channel"][0])
    assert profile["mean"] == pytest.approx(3, abs=0.1)
    np.testing.assert_allclose(profile["qq"]["observed"], profile["qq"]["theoretical"], atol=0.25)
    assert max(map(abs, profile["autocorrelation"]["values"])) < 3 * profile["autocorrelation"]["bound"]


def test_errors_by_step_of_one_channel_are_those_of_its_saved_windows(record):
    forecasts = saved_forecasts(record)
    two_channels = replace(record, results=changed(record.results, {"window_set.channels": ["a", "b"]}))
    rows = _by_horizon_of_channel(two_channels, forecasts, "a")
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[0]["mae"] == pytest.approx(np.abs(forecasts.quantiles[:, 7, 0] - forecasts.truth[:, 0]).mean())
    assert rows[0]["naive_mae"] is None
    assert 0 <= rows[0]["coverage_80"] <= 1
