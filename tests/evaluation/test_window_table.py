import numpy as np
import pandas as pd
import pytest
from window_frames import window_frame

from timevis.errors import RunFolderError
from timevis.evaluation.significance import METRICS
from timevis.evaluation.window_table import WindowTable


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
