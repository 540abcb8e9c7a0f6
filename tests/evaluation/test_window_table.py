import numpy as np
import pandas as pd
import pytest
from window_frames import window_frame

from timevis.errors import RunFolderError
from timevis.evaluation.significance import score_intervals
from timevis.evaluation.window_table import WindowTable
from timevis.metrics.specs import METRICS, terms


@pytest.fixture
def table() -> WindowTable:
    errors = np.random.default_rng(0).normal(size=(40, 3))
    return WindowTable.from_frame(window_frame(errors, horizon=3), window_frame(errors[::-1], horizon=3))


def test_the_influence_of_an_origin_is_the_change_of_the_metric_with_its_weight(table):
    values, influences = table.influences(METRICS)
    weights, change = np.ones((40, 1)), 1e-6
    weights[7] += change
    sums = {name: weights * array for name, array in table.sums.items()}
    changed = WindowTable(table.origins, table.channels, sums, table.std, table.mase_scale).influences(METRICS)[0]
    assert 40 * (changed - values) / change == pytest.approx(influences[7], rel=1e-3, abs=1e-5)
    assert influences.sum(0) == pytest.approx(np.zeros(len(METRICS)), abs=1e-9)


def test_the_overlap_is_the_horizon_in_units_of_the_stride():
    errors = np.zeros((200, 1))
    lengths = [WindowTable.from_frame(window_frame(errors, stride=s)).overlap(24) for s in (1, 5, 24, 100)]
    assert lengths == [24, 5, 1, 1]


def test_a_window_that_occurs_twice_is_refused(table):
    frame = window_frame(np.ones((5, 1)))
    with pytest.raises(RunFolderError, match="same window twice"):
        WindowTable.from_frame(pd.concat([frame, frame]))


def test_a_channel_on_which_a_metric_is_not_defined_has_no_influence(table):
    sums = {name: array.copy() for name, array in table.sums.items()}
    sums["abs_target"][:, 1] = 0.0
    partly = WindowTable(table.origins, table.channels, sums, table.std, table.mase_scale)
    values, influences = partly.influences(["wql", "relative_wql"])
    assert np.isfinite(values).all()
    assert np.isfinite(influences).all()
    without = {name: array[:, [0, 2]] for name, array in sums.items()}
    rest = WindowTable(table.origins, ("c0", "c2"), without, table.std[[0, 2]], table.mase_scale[[0, 2]])
    assert rest.influences(["wql", "relative_wql"])[1] == pytest.approx(influences)


def ragged(series: int, targets: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Windows of a model and of seasonal naive with two origins of each channel; a series has `targets` channels."""
    errors = np.random.default_rng(1).normal(size=(2 * series, series)) + 3
    frames = [window_frame(errors), window_frame(1.5 * errors[::-1])]
    channel = frames[0]["channel"].str[1:].astype(int)
    keep = frames[0]["origin"] // 2 == channel
    return frames[0][keep].assign(series=channel // targets), frames[1][keep].assign(series=channel // targets)


def test_series_with_origins_of_their_own_are_independent_if_there_are_enough():
    assert WindowTable.from_frame(*ragged(20)).has_independent_series
    assert not WindowTable.from_frame(*ragged(19)).has_independent_series
    assert not WindowTable.from_frame(*ragged(20, targets=2)).has_independent_series
    assert not WindowTable.from_frame(window_frame(np.ones((2, 30)))).has_independent_series


@pytest.mark.parametrize("name", ["mae", "relative_wql", "mse_scaled", "coverage_80"])
def test_the_influence_of_a_series_is_the_change_of_the_metric_without_it(name):
    frame, naive = ragged(400)
    table = WindowTable.from_frame(frame, naive)
    (value,), influences = table.influences([name])
    rest = frame["channel"] != table.channels[5]
    (without,), _ = WindowTable.from_frame(frame[rest], naive[rest]).influences([name])
    assert table.series is not None
    assert 399 * (value - without) == pytest.approx(influences[table.series[5], 0], rel=0.02, abs=1e-9)


def test_the_influence_of_a_series_with_several_targets_is_the_mean_of_those_of_its_channels():
    metrics = ["mae", "relative_wql"]
    (_, of_channels), (_, of_series) = (WindowTable.from_frame(*ragged(80, n)).influences(metrics) for n in (1, 2))
    assert of_series[5] == pytest.approx(of_channels[[10, 11]].mean(0))


def test_intervals_over_series_cover_the_expected_error():
    inside = []
    for seed in range(200):
        frame, naive = ragged(40)
        size = np.random.default_rng(seed).gamma(4, size=40).repeat(2)
        frame = frame.sort_values("channel").assign(median_abs_error=size, count=1.0)
        mae = score_intervals(frame, naive.assign(count=1.0), 24)["metrics"]["mae"]
        inside.append(mae.low <= 4 <= mae.high)
    assert 0.9 <= np.mean(inside) <= 0.99


def test_origins_without_a_truth_are_no_evidence():
    errors = np.random.default_rng(0).normal(size=(40, 2))
    with_empty, naive = window_frame(errors), window_frame(errors[::-1])
    for frame in (with_empty, naive):
        frame.loc[frame["origin"] >= 12, [*terms()]] = 0.0
    observed = [frame[frame["origin"] < 12] for frame in (with_empty, naive)]
    assert score_intervals(with_empty, naive, 1) == score_intervals(*observed, 1)
    assert not WindowTable.from_frame(with_empty, naive).has_intervals(horizon=7)


def test_a_single_window_of_each_series_is_no_evidence_of_its_variance():
    errors = np.random.default_rng(2).normal(size=(6, 3))
    frame = window_frame(errors, horizon=4, stride=4)
    channel = frame["channel"].str[1:].astype(int)
    one_each, two_each = (frame[frame["origin"] // 4 // count == channel] for count in (1, 2))
    assert not WindowTable.from_frame(one_each).has_intervals(4)  # the origins of the three series differ
    assert WindowTable.from_frame(two_each).has_intervals(4)
    assert WindowTable.from_frame(frame).has_intervals(4)
