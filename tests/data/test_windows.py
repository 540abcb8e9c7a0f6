from types import SimpleNamespace

import numpy as np
import pytest
import torch
from panels import panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.data.split import Split
from timevis.data.windows import SeriesStore, WindowSet, window_set_hash
from timevis.errors import DataError


def test_a_batch_holds_the_rows_of_its_origins_and_channels():
    values = np.arange(200, dtype=np.float32).reshape(100, 2)
    origin, channel = torch.tensor([30, 55]), torch.tensor([0, 1])
    batch = SeriesStore(panel_of(values)).gather(origin, channel, 10, 5)
    for i in range(2):
        o, c = int(origin[i]), int(channel[i])
        np.testing.assert_array_equal(batch.context[i], values[o - 10 : o, c])
        np.testing.assert_array_equal(batch.target[i], values[o : o + 5, c])
        assert batch.calendar[i, :, 1].tolist() == [(o - 10 + k) % 24 for k in range(15)]
    assert batch.context_mask.all()
    assert batch.target_mask.all()


def test_missing_context_values_are_filled_forward_and_missing_targets_are_masked():
    values = np.arange(40, dtype=np.float32)[:, None].copy()
    values[[3, 4, 12]] = np.nan
    batch = SeriesStore(panel_of(values)).gather(torch.tensor([10]), torch.tensor([0]), 8, 4)
    assert batch.context[0].tolist() == [2, 2, 2, 5, 6, 7, 8, 9]
    assert batch.context_mask[0].tolist() == [True, False, False] + [True] * 5
    assert batch.target[0].tolist() == [10, 11, 0, 13]
    assert batch.target_mask[0].tolist() == [True, True, False, True]


def test_no_context_value_is_filled_from_its_future():
    values = np.full((40, 2), np.nan, np.float32)
    values[:, 1] = 5
    values[18:, 0] = np.arange(18, 40)
    store = SeriesStore(panel_of(values))
    batch = store.gather(torch.tensor([18, 20, 20]), torch.tensor([0, 0, 1]), 6, 4)
    assert batch.context.tolist() == [[0] * 6, [18, 18, 18, 18, 18, 19], [5] * 6]
    assert batch.context_mask.tolist() == [[False] * 6, [False] * 4 + [True] * 2, [True] * 6]


def test_observed_covariates_are_masked_over_the_horizon_and_known_ones_are_not():
    covariates = np.stack([np.arange(50), np.arange(50) + 100], axis=1).astype(np.float32)
    panel = panel_of(np.zeros((50, 1)), covariates, known=(True, False))
    batch = SeriesStore(panel).gather(torch.tensor([20]), torch.tensor([0]), 6, 4)
    assert batch.covariates[0, :, 0].tolist() == list(range(14, 24))
    assert batch.covariates[0, :, 1].tolist() == [*range(114, 120), 0, 0, 0, 0]
    assert not batch.covariate_mask[0, 6:, 1].any()
    assert batch.covariate_mask[0, 6:, 0].all()


def test_a_changed_future_does_not_change_the_inputs_of_a_forecast():
    rng = np.random.default_rng(0)
    values, covariates = rng.normal(size=(80, 2)), rng.normal(size=(80, 2))
    values[10:14, 0] = np.nan
    changed, changed_covariates = values.copy(), covariates.copy()
    changed[50:] += 100
    changed_covariates[50:, 1] += 100
    origin, channel = torch.tensor([50, 50]), torch.tensor([0, 1])
    one, two = (
        SeriesStore(panel_of(v, x, known=(True, False))).gather(origin, channel, 48, 12)
        for v, x in ((values, covariates), (changed, changed_covariates))
    )
    for name in ("context", "context_mask", "calendar", "covariates", "covariate_mask"):
        assert torch.equal(getattr(one, name), getattr(two, name)), name


def test_a_series_without_gaps_shares_memory_with_the_panel():
    panel = panel_of(np.random.default_rng(0).normal(size=(500, 20)))
    store = SeriesStore(panel)
    assert store.values.data_ptr() == panel.values.ctypes.data
    assert store.filled is store.values


def test_only_training_windows_without_an_observed_target_are_left_out():
    values = np.ones((60, 2), np.float32)
    values[20:40, 1] = np.nan
    windows = WindowSet.training(values, range(10, 50), horizon=5)
    origins, channels = windows.locate(torch.arange(len(windows)))
    expected = [(o, c) for o in range(10, 50) for c in range(2) if np.isfinite(values[o : o + 5, c]).any()]
    assert list(zip(origins.tolist(), channels.tolist(), strict=True)) == expected


def test_evaluation_windows_are_all_channels_of_each_origin():
    windows = WindowSet.evaluation(range(100, 1101), channels=3, stride=1, max_windows=11)
    assert windows.origins.tolist() == list(range(100, 1101, 100))
    assert len(windows) == 33


def test_models_are_tuned_on_the_first_half_of_validation_and_selected_on_the_second():
    data = WindowDataModule(panel_of(np.random.default_rng(0).normal(size=(1000, 2))), context_length=24, horizon=6)
    origins = {part: data.windows[part].origins.tolist() for part in ("tuning", "calibration", "val")}
    assert origins["tuning"] == origins["calibration"] == list(range(700, 745))
    assert origins["val"] == list(range(750, 795))
    with data.scoring("validation") as windows:
        assert windows.origins.tolist() == list(range(750, 795))


def test_halves_of_a_short_validation_part_share_rows_and_the_log_says_so(caplog):
    panel = panel_of(np.random.default_rng(0).normal(size=(1000, 2)))
    with caplog.at_level("WARNING"):
        data = WindowDataModule(panel, context_length=24, horizon=60)
    assert data.windows["calibration"].origins.tolist() == [700]
    assert data.windows["val"].origins.tolist() == [740]
    assert "the validation part has 100 rows, fewer than two horizons" in caplog.text


@pytest.mark.parametrize(("windows", "world"), [(9, 8), (20, 8), (7, 2), (2, 2), (100, 3)])
def test_every_rank_has_an_evaluation_batch(windows, world):
    data = WindowDataModule(panel_of(np.arange(1000.0)[:, None]), context_length=4, horizon=2, max_windows=windows)
    for rank in range(world):
        data.trainer = SimpleNamespace(global_rank=rank, world_size=world)
        assert len(data.loader("test")) > 0


def test_fewer_windows_than_processes_are_an_error_before_training():
    data = WindowDataModule(panel_of(np.arange(1000.0)[:, None]), context_length=4, horizon=2, max_windows=1)
    assert len(data.loader("test")) == 1
    data.trainer = SimpleNamespace(global_rank=0, world_size=2)
    with pytest.raises(DataError, match="the test part has 1 windows for 2 processes"):
        data.loader("train", shuffle=True)


def test_a_part_without_windows_is_allowed_if_another_part_is_scored():
    panel = panel_of(np.arange(1000.0)[:, None])
    data = WindowDataModule(
        panel, context_length=4, horizon=2, split=Split.on_axis(700, 700, 800)
    )  # validation, to be scored
    data.trainer = SimpleNamespace(global_rank=1, world_size=2)
    assert len(data.loader("test")) > 0
    with pytest.raises(DataError, match="the second half of the validation part has 0 windows for 2 processes"):
        data.loader("val")


BORDERS = np.array([50, 60, 100])


def test_the_window_set_hash_covers_values_borders_horizon_and_windows():
    rng = np.random.default_rng(0)
    panel = panel_of(rng.normal(size=(100, 2)))
    windows, shorter = (WindowSet(torch.arange(60, stop), 2) for stop in (80, 79))
    base = window_set_hash(panel, BORDERS, 5, windows)
    assert base == window_set_hash(panel, BORDERS.copy(), 5, WindowSet(windows.origins.clone(), 2))
    changed = panel.values.copy()
    changed[3, 0] += 1
    changed_hashes = [
        window_set_hash(panel.with_values(changed), BORDERS, 5, windows),
        window_set_hash(panel, np.array([50, 61, 100]), 5, windows),
        window_set_hash(panel, BORDERS, 6, windows),
        window_set_hash(panel, BORDERS, 5, shorter),
        window_set_hash(panel, np.stack([BORDERS, BORDERS]), 5, windows),
        window_set_hash(panel, BORDERS, 5, WindowSet.of_series([np.arange(60, 80), np.arange(61, 80)])),
    ]
    assert len({base, *changed_hashes}) == 1 + len(changed_hashes)


def test_values_after_the_end_of_a_series_do_not_change_the_window_set_hash():
    borders, windows = np.stack([BORDERS, BORDERS - 10]), WindowSet.of_series([np.arange(60, 80), np.arange(50, 70)])
    values = np.random.default_rng(0).normal(size=(100, 2))
    panel, longer = panel_of(values), panel_of(values + np.where(np.arange(100) < 90, 0, 1)[:, None] * [0, 1])
    assert window_set_hash(panel, borders, 5, windows) == window_set_hash(longer, borders, 5, windows)


def test_the_bits_of_a_missing_value_do_not_change_the_window_set_hash():
    values = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    values[[5, 70], 1] = np.nan
    other_bits = np.where(np.isnan(values), np.float32(-np.nan), values)
    assert values.tobytes() != other_bits.tobytes()
    windows = WindowSet(torch.arange(60, 80), 2)
    one, two = (window_set_hash(panel_of(v), BORDERS, 5, windows) for v in (values, other_bits))
    assert one == two


def test_windows_of_series_are_pairs_in_the_order_of_the_channels():
    windows = WindowSet.of_series([np.array([30, 40]), np.array([], int), np.array([10, 35, 40])])
    origin, channel = windows.pairs
    assert (origin.tolist(), channel.tolist()) == ([30, 40, 10, 35, 40], [0, 0, 2, 2, 2])
    assert windows.origins.tolist() == [10, 30, 35, 40]
    assert windows.number(origin.numpy(), channel.numpy()).tolist() == list(range(5))


def test_each_series_has_its_own_training_windows_with_an_observed_target():
    values = np.ones((60, 2), np.float32)
    values[20:40, 1] = np.nan
    windows = WindowSet.training_of_series(values, np.array([10, 15]), np.array([12, 50]), horizon=5)
    expected = [(o, 0) for o in (10, 11)] + [(o, 1) for o in range(15, 50) if np.isfinite(values[o : o + 5, 1]).any()]
    assert list(zip(*(pair.tolist() for pair in windows.pairs), strict=True)) == expected


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize(("part", "rows"), [("validation", slice(700, 800)), ("test", slice(800, 1000))])
def test_a_part_with_only_missing_or_zero_values_is_an_error(value, part, rows):
    values = np.random.default_rng(0).normal(size=(1000, 2))
    values[rows] = value
    with pytest.raises(DataError, match=f"the {part} part"):
        WindowDataModule(panel_of(values), context_length=24, horizon=6)


@pytest.mark.parametrize(("part", "first", "key"), [("validation", 700, "val_windows"), ("test", 800, "max_windows")])
def test_evaluation_windows_with_only_zeros_are_an_error_even_if_other_rows_are_not_zero(part, first, key):
    values = np.abs(np.random.default_rng(0).normal(size=(1000, 1)))
    values[first : first + (100 if part == "validation" else 200)] = 0
    values[[first + 30, first + 80]] = 1
    options = {"context_length": 24, "horizon": 6}
    WindowDataModule(panel_of(values), **options)
    with pytest.raises(DataError, match=f"the {part} part") as refused:
        WindowDataModule(panel_of(values), **options, **{key: 2})
    assert f"evaluation.{key}" in str(refused.value.advice)


def test_a_channel_with_only_zeros_in_a_part_is_named_in_a_warning(caplog):
    values = np.random.default_rng(0).normal(size=(1000, 2))
    values[700:800, 1] = 0
    with caplog.at_level("WARNING"):
        WindowDataModule(panel_of(values), context_length=24, horizon=6)
    assert "validation part" in caplog.text
    assert caplog.text.strip().endswith(panel_of(values).channels[1])
