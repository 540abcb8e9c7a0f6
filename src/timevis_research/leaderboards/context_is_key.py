"""Forecast tasks of Context-is-Key (Williams et al., 2024, arXiv:2410.18959) with nano-patch and its events in words.

A task of the package `cik_benchmark` is any object with the attributes of `ContextTask`; the package need not be
installed here. Each sentence of the context that says when something happens is read as an event.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch

from timevis.data.calendar import calendar_fields
from timevis.models.patches.events.event import CHANNELS, FLAGS
from timevis.models.patches.events.reader import encode, load_layers, load_reader, reading_channels, row_probability
from timevis.models.patches.weights import load_patch_network
from timevis.utils.levels import QUANTILE_LEVELS

SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*(?!\d)|\n+")
MAX_CONTEXT = 1032
"""Rows of the longest context that nano-patch was pretrained on."""


class ContextTask(Protocol):
    """What is read of a task.

    Attributes
    ----------
    past_time, future_time : DataFrame
        Regular times as index; the last column is forecast.
    background, constraints, scenario : str, optional
    """

    past_time: pd.DataFrame
    future_time: pd.DataFrame
    background: str | None
    constraints: str | None
    scenario: str | None


def sentences_of(task: ContextTask) -> list[str]:
    """The sentences of the context of a task."""
    texts = (task.background, task.constraints, task.scenario)
    parts = (part.strip() for text in texts if text for part in SENTENCE_END.split(text))
    return [part for part in parts if part]


@torch.no_grad()
def forecast_context_task(task: ContextTask, num_samples: int, *, use_context: bool = True) -> np.ndarray:
    """Draw samples of each future row, independently of the other rows.

    Parameters
    ----------
    task : ContextTask
    num_samples : int
        S.
    use_context : bool
        Whether the sentences are read.

    Returns
    -------
    float64 [S, H, 1]
        In the form that the package scores.
    """
    past = task.past_time.iloc[-MAX_CONTEXT:]
    index = pd.DatetimeIndex(past.index.append(task.future_time.index))
    values = torch.from_numpy(past.to_numpy(np.float64)[:, -1])
    observed = values.isfinite()
    mean, std = values[observed].mean(), values[observed].std().clamp(min=1e-6)
    context = ((values - mean) / std).nan_to_num(0.0).float()[None]
    channels = torch.zeros(len(index), len(CHANNELS))
    if use_context and (texts := sentences_of(task)):
        channels = _read(texts, index, past.index[-1])
        channels[:, CHANNELS.index("limit_value")] /= std
    network: Any = load_patch_network().model.eval()
    calendar = torch.from_numpy(calendar_fields(index))[None]
    zero = (-mean / std).float().reshape(1, 1)
    _, quantiles = load_layers()(network, context, observed[None], calendar, channels[None].float(), zero)
    quantiles = quantiles[0].double() * std + mean
    levels = (np.arange(num_samples) + 0.5) / num_samples
    return np.stack([np.interp(levels, QUANTILE_LEVELS, row) for row in quantiles.T.numpy()], 1)[..., None]


def _read(texts: list[str], index: pd.DatetimeIndex, now: pd.Timestamp) -> torch.Tensor:
    """Event channels [T, len(CHANNELS)] of sentences as read on a day; the most certain one in each row."""
    today = (now.normalize() - pd.Timestamp(0)).days
    sentences = encode(texts)
    reading = load_reader()(sentences, [today] * len(texts))
    days = torch.tensor((index.normalize() - now.normalize()).days.to_numpy()).repeat(len(texts), 1)
    minutes = torch.tensor((index.hour * 60 + index.minute).to_numpy()).repeat(len(texts), 1)
    channels = reading_channels(reading, sentences.numbers, row_probability(reading, days, minutes))
    return channels[channels[..., :FLAGS].sum(-1).argmax(0), torch.arange(len(index))]
