"""A task in the format of Context-is-Key is forecast with the sentences of its context."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from timevis_research.leaderboards.context_is_key import forecast_context_task, sentences_of


def test_the_context_of_a_task_changes_the_rows_that_it_names() -> None:
    index = pd.date_range("2024-05-01", periods=10 * 24, freq="h")
    values = 50 + 20 * np.sin(np.arange(len(index)) / 12 * np.pi) + np.random.default_rng(0).normal(size=len(index))
    frame = pd.DataFrame({"visitors": values}, index=index)
    task = SimpleNamespace(
        past_time=frame[:-24],
        future_time=frame[-24:],
        background="This is the number of visitors of a museum.",
        constraints=None,
        scenario="The museum is closed on 10 May from 7 to 15 o'clock.",
    )
    assert len(sentences_of(task)) == 2
    samples = forecast_context_task(task, 20)
    assert samples.shape == (20, 24, 1)
    assert (np.diff(samples, axis=0) >= 0).all()
    median, usual = (np.median(s, axis=(0, 2)) for s in (samples, forecast_context_task(task, 20, use_context=False)))
    assert (median[7:15] < 0.7 * usual[7:15]).all()
    np.testing.assert_allclose(median[16:], usual[16:], rtol=0.3)
