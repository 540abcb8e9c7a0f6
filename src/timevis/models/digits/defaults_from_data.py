"""The context length and the steps of an epoch of a small backbone where the user set none.

The web process imports this module, thus it must not import PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from timevis.data.calendar import season_lengths
from timevis.data.panel import Panel
from timevis.data.quality.statistics import seasonal_strength
from timevis.data.split import Split
from timevis.data.window_sampling import evenly_spaced

MAX_CONTEXT_LENGTH = 336
"""Longest context, in rows, that nano was pretrained with; it also bounds the cost of a window."""
MIN_ADDED_STRENGTH = 0.05
"""Share of the variance that a longer season must explain in addition to the shorter ones."""
MAX_CHANNELS = 20
MAX_STEPS_PER_EPOCH = {"small": 60, "large": 50}
MIN_STEPS_PER_EPOCH = 20
MAX_READS_PER_EPOCH = 20
"""Times that an epoch reads each training row at most, if it has more than `MIN_STEPS_PER_EPOCH` steps."""


def context_for_two_seasons(by_frequency: int, panel: Panel, split: Split, options: Mapping[str, Any]) -> int:
    """For a small backbone, the context length of the frequency, lengthened to two of the longest season found.

    Parameters
    ----------
    by_frequency : int
        See `timevis.runs.default_lengths.default_lengths`.
    panel : Panel
    split : Split
        Seasons are looked for in its training rows.
    options : mapping
        Hyperparameters; a backbone whose `size` is not ``small`` keeps the length of the frequency.
    """
    if options["backbone"].get("size") != "small":
        return by_frequency
    columns = evenly_spaced(len(panel.channels), MAX_CHANNELS)
    season = longest_season(split.training_values(panel.values)[:, columns], season_lengths(panel.freq))
    return min(max(by_frequency, 2 * season), MAX_CONTEXT_LENGTH)


def longest_season(values: np.ndarray, seasons: Sequence[int]) -> int:
    """The longest season that is found in most channels; 1 if there is none.

    A season counts as found if it explains clearly more of the variance of a channel than all shorter ones: a week
    also explains what a day explains.

    Parameters
    ----------
    values : float [T, C]
        NaN where missing.
    seasons : sequence of int
        Lengths in rows, in increasing order.
    """
    strengths = [np.zeros(values.shape[1])]
    longest = 1
    for season in seasons:
        if season < 2:
            continue
        strength = np.array([seasonal_strength(channel, season) or 0.0 for channel in values.T])
        if np.median(strength - np.max(strengths, axis=0)) >= MIN_ADDED_STRENGTH:
            longest = season
        strengths.append(strength)
    return longest


def steps_for_few_rows(num_rows: int, rows_per_window: int, batch_size: int, options: Mapping[str, Any]) -> int:
    """Maximum number of training steps of an epoch; a small backbone has fewer on a short series.

    Windows overlap, so that one pass over all windows of a short series reads each of its rows often.

    Parameters
    ----------
    num_rows : int
        Training rows of all channels.
    rows_per_window : int
        Context length and horizon.
    batch_size : int
    options : mapping
        Hyperparameters; a backbone whose `size` is not ``small`` has the maximum.
    """
    size = "small" if options["backbone"].get("size") == "small" else "large"
    most = MAX_STEPS_PER_EPOCH[size]
    if size == "large":
        return most
    steps = -(-MAX_READS_PER_EPOCH * num_rows // (batch_size * rows_per_window))
    return min(most, max(MIN_STEPS_PER_EPOCH, steps))
