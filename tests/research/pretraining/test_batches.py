"""Batches of the pretraining: what is shown, what is scored, and that they depend on seed and number only."""

import numpy as np
import pytest
import torch

from timevis.models.patches.multiscale import MultiscaleSettings
from timevis_research.pretraining.batches import KINDS, BatchStream
from timevis_research.pretraining.clock import Clock
from timevis_research.pretraining.transformations import CHANGES, crop, draw_gaps, transform

SETTINGS = MultiscaleSettings()
FEW = ("meters", "steps")


def stream(seed=0, **kwargs):
    return BatchStream(SETTINGS, seed=seed, tokens_per_batch=300, families=FEW, **kwargs)


@pytest.fixture(scope="module")
def group():
    return stream()[0]


def test_a_group_has_every_kind_of_batch_in_its_share(group):
    lengths = [batch.values.shape[1] for batch in group]
    expected = [stream().layout(kind).rows(24) for kind in KINDS for _ in range(kind.per_group)]
    assert sorted(lengths) == sorted(expected)
    assert max(lengths) == SETTINGS.context_length + 24


def test_batches_depend_on_seed_and_number_only(group):
    later = stream().batches_from(5)
    for expected in group[5:7]:
        batch = next(later)
        for name in ("values", "shown", "visible", "scored", "calendar"):
            assert torch.equal(getattr(batch, name), getattr(expected, name)), name
    assert not torch.equal(stream(1)[0][0].values, group[0].values)


def test_scored_rows_come_after_the_visible_ones_and_hidden_rows_are_not_shown(group):
    for batch in group:
        rows = torch.arange(batch.values.shape[1])
        first_scored = torch.where(batch.scored > 0, rows, len(rows)).amin(1)
        last_visible = torch.where(batch.visible > 0, rows, -1).amax(1)
        assert (first_scored == last_visible + 1).all()
        assert (first_scored % 24 == 0).all()
        assert (batch.scored[:, -24:] == 1).all()
        assert batch.visible.sum(1).min() >= 24


def test_the_end_of_some_contexts_is_missing(group):
    ends = [batch.shown[:, 23::24] for batch in group]
    before_end = [batch.shown[:, 12::24] for batch in group]
    assert torch.cat([e.mean(1) for e in ends]).mean() < torch.cat([b.mean(1) for b in before_end]).mean()


def test_values_are_standardised_and_half_of_the_series_are_negated():
    rng = np.random.default_rng(0)
    skewed = rng.exponential(size=(400, 100)).astype(np.float32)
    changed = transform(rng, skewed)
    z = changed - changed.mean(1, keepdims=True)
    assert (np.abs(changed.std(1) - 1) < 1e-3).mean() > 0.99  # a censored series may be constant
    negative = ((z**3).mean(1) < 0).mean()
    assert 0.3 < negative < 0.6


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_gives_finite_series_that_differ(change):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20, 96)).astype(np.float32)
    changed = change(np.random.default_rng(1), z.copy())
    assert changed.shape == z.shape
    assert np.isfinite(changed).all()
    assert (np.abs(changed - z).max(1) > 1e-3).mean() > 0.8


def test_a_part_of_a_series_keeps_its_times():
    rng = np.random.default_rng(0)
    clock = Clock.draw(rng, 3, {60: 1.0})
    minutes = (clock.start[:, None] + 60 * np.arange(1200)) % 1440
    values, times = crop(rng, minutes.astype(np.float32), clock, rng.integers(0, 3, 50), 200)
    hourly = np.flatnonzero(times.step == 60)
    calendar = times.calendar(np.arange(200))
    assert len(hourly) > 5
    assert np.array_equal(values[hourly], (calendar[hourly, :, 1] * 60 + calendar[hourly, :, 0]).astype(np.float32))
    assert (times.step > 60).any()


def test_gaps_are_single_rows_stretches_and_ends_of_patches():
    hidden = draw_gaps(np.random.default_rng(0), 2000, 240, 24)
    share = hidden.mean(1)
    assert 0.55 < (share == 0).mean() < 0.8
    assert (hidden[:, 23::24].mean(1) == 0.9).any()  # before every patch but the first
    assert share.max() > 0.4
