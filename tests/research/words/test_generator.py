"""Generated series with events: what a sentence says happens, where it says."""

from __future__ import annotations

import numpy as np

from timevis.models.patches.events.event import CHANNELS, FLAGS, Event
from timevis_research.nano.series_generator import regular_calendars
from timevis_research.words.generator import EventBatch, add_events
from timevis_research.words.wordings import HELD_OUT, TRAINED, write_sentence

SIZE, LENGTH, NOW = 60, 336, 240


def series() -> tuple[np.ndarray, np.ndarray]:
    start = np.full(SIZE, 25_000_000 - 25_000_000 % 1440)
    values = np.random.default_rng(0).normal(5, 1, (SIZE, LENGTH))
    return values, regular_calendars(start, 60, LENGTH)


def generated(seed: int, **options: float) -> tuple[np.ndarray, EventBatch]:
    values, calendar = series()
    now = np.full(SIZE, NOW)
    return values, add_events(np.random.default_rng(seed), values, calendar, now, **options)


def test_an_event_changes_only_its_rows_and_a_wrong_sentence_changes_none() -> None:
    values, batch = generated(1, share_without=0.3, share_wrong=0.3)
    described = np.array([wording is not None for wording in batch.wordings])
    assert 0.5 < described.mean() < 0.9
    assert (batch.channels[~described] == 0).all()
    inside = batch.channels[..., :FLAGS].sum(-1) > 0
    changed = ~np.isclose(batch.values, values)
    assert not (changed & ~inside).any()
    assert batch.wrong.sum() > 5
    assert not changed[batch.wrong].any()
    assert changed[described & ~batch.wrong & inside.any(1)].any()
    zero_rows = (batch.channels[..., CHANNELS.index("zero")] == 1) & ~batch.wrong[:, None]
    assert (np.abs(batch.values - batch.zero[:, None])[zero_rows] < 0.05 * np.abs(values).max()).all()
    limit = batch.channels[..., CHANNELS.index("limit_value")]
    limited = (batch.channels[..., CHANNELS.index("limit")] == 1) & ~batch.wrong[:, None]
    assert (batch.values <= batch.zero[:, None] + limit + 1e-9)[limited].all()


def test_a_sentence_states_the_hours_of_its_event() -> None:
    event = Event("reduction", 20_000, 20_000, 7, 15)
    covered = event.covers(20_000 * 1440 + 60 * np.arange(-24, 48))
    np.testing.assert_array_equal(np.flatnonzero(covered) - 24, np.arange(7, 15))
    rng = np.random.default_rng(0)
    for held_out in (False, True):
        texts = [write_sentence(rng, event, Event.date(19_999), held_out=held_out).text for _ in range(40)]
        assert len(set(texts)) > 25
        assert all("7" in text and any(hour in text for hour in ("15", "3")) for text in texts)


def test_held_out_clauses_are_not_among_the_trained_ones() -> None:
    for kind, languages in HELD_OUT.items():
        for language, clauses in languages.items():
            assert not set(clauses) & set(TRAINED[kind][language])
