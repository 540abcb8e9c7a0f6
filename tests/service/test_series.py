"""Downsampling of a stored channel."""

from __future__ import annotations

import numpy as np

from timevis.service.series import bucket_edges, missing_stretches, summarise_buckets


def test_each_bucket_has_the_mean_minimum_and_maximum_of_its_rows() -> None:
    values = np.random.default_rng(0).normal(size=100_003).astype(np.float32)
    values[[777, 54_321]] = 100, -100
    values[200:260] = np.nan
    edges = bucket_edges(len(values), 2000)
    mean, low, high = summarise_buckets(values, edges)
    assert len(mean) == 2000
    assert (np.nanmax(high), np.nanmin(low)) == (100, -100)
    for bucket in (0, 4, 15, 1999):
        rows = values[edges[bucket] : edges[bucket + 1]]
        if np.isnan(rows).all():
            assert np.isnan([mean[bucket], low[bucket], high[bucket]]).all()
        else:
            np.testing.assert_allclose(mean[bucket], np.nanmean(rows), rtol=1e-5)
            assert (low[bucket], high[bucket]) == (np.nanmin(rows), np.nanmax(rows))


def test_few_rows_are_not_changed() -> None:
    values = np.array([1.0, np.nan, 3.0], np.float32)
    for part in summarise_buckets(values, bucket_edges(3, 10)):
        np.testing.assert_array_equal(part, values)
    assert [len(part) for part in summarise_buckets(values[:0], bucket_edges(0, 10))] == [0, 0, 0]


def test_missing_stretches_have_a_first_row_and_a_length() -> None:
    starts, lengths = missing_stretches(np.array([np.nan, 1, np.nan, np.nan, 2, np.nan], np.float32))
    assert (starts.tolist(), lengths.tolist()) == ([0, 2, 5], [1, 2, 1])
    assert len(missing_stretches(np.ones(3, np.float32))[0]) == 0
