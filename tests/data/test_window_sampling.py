"""Choose fewer windows than there are, evenly over time, seasons and channels."""

import numpy as np
import pytest

from timevis.data.window_sampling import (
    channel_balanced_windows,
    evenly_spaced,
    scored_origins,
    stratified,
    windows_of_spaced_origins,
)


@pytest.mark.parametrize(("total", "number"), [(1, 5), (7, 7), (100, 10), (101, 11), (10, 3), (12_001, 501)])
def test_evenly_spaced_numbers_include_the_first_and_the_last_and_differ_by_nearly_equal_steps(total, number):
    numbers = evenly_spaced(total, number)
    assert len(numbers) == min(total, number)
    assert (numbers[0], numbers[-1]) == (0, total - 1)
    assert np.ptp(np.diff(numbers)) <= 1 if len(numbers) > 1 else True


@pytest.mark.parametrize(("total", "number"), [(5, 9), (100, 10), (12_001, 501)])
def test_stratified_numbers_are_one_of_each_equal_share(total, number):
    numbers = stratified(total, number)
    edges = np.linspace(0, total, min(total, number) + 1)
    assert len(numbers) == min(total, number)
    assert ((edges[:-1] - 1 < numbers) & (numbers < edges[1:])).all()


@pytest.mark.parametrize("channels", [2, 3, 4, 321])
def test_stratified_training_windows_have_all_channels_in_the_first_and_in_the_last_half(channels):
    total = 3000 * channels
    numbers = stratified(total, total // channels)  # equal distances would give one channel only
    for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
        assert len(np.unique(half % channels)) == channels


def test_scored_origins_are_evenly_spaced_over_the_whole_part():
    assert scored_origins(range(100, 1101), 1, 11, season=1).tolist() == list(range(100, 1101, 100))
    assert scored_origins(range(100, 120), 4, None, season=24).tolist() == [100, 104, 108, 112, 116]


@pytest.mark.parametrize(("rows", "number"), [(12_001, 501), (2_401, 101), (100, 5)])
def test_thinned_origins_cover_every_hour_of_the_day(rows, number):
    fixed = scored_origins(range(500, 500 + rows), 1, number, season=1)
    assert len(np.unique(fixed % 24)) < 5  # equal distances would cover few hours
    origins = scored_origins(range(500, 500 + rows), 1, number, season=24)
    assert len(origins) == number
    assert len(np.unique(origins % 24)) >= 0.8 * min(24, number)
    assert (np.diff(origins) > 0).all()
    assert 500 <= origins[0] < origins[-1] < 500 + rows
    shares = (origins - 500) * number // rows
    assert (np.diff(shares) <= 2).all()  # spread over the whole part


def test_saved_windows_are_all_channels_of_evenly_spaced_origins():
    assert windows_of_spaced_origins(5, 2, 6).tolist() == [0, 1, 4, 5, 8, 9]
    assert windows_of_spaced_origins(2, 5, 3).tolist() == [0, 4, 9]  # more channels than windows to save


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 10, 321])
def test_channel_balanced_windows_are_spread_evenly_over_the_channels(channels):
    chosen = channel_balanced_windows(200 * channels, 40, channels)
    count = np.bincount(chosen % channels, minlength=channels)
    assert len(chosen) <= 40 + 1
    assert int(count.max() - count.min()) <= 1
