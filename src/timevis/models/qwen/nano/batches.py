"""The stream of batches on which the nano backbone is pretrained: windows as digits, with prompts and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from timevis.data.datamodule import WindowDataModule
from timevis.models.qwen.digits.codec import DigitCodec
from timevis.models.qwen.digits.digit_batches import forward_fill
from timevis.models.qwen.digits.prompt import PromptBuilder
from timevis.models.qwen.nano.series_generator import SeriesGenerator, SyntheticSeries

WINDOWS = ((168, 24, 0.45), (336, 24, 0.3), (96, 24, 0.1), (168, 96, 0.1), (72, 24, 0.05))
"""Context length, horizon and share of the batches."""


@dataclass(frozen=True)
class DigitBatch:
    """What the network reads: prompt [B, P], digits [B, V, width], calendar [B, V, 5], observed [B, V]."""

    prompt: Tensor
    digits: Tensor
    calendar: Tensor
    observed: Tensor

    def split(self, tokens: int) -> list[DigitBatch]:
        """Pieces of equal rows with about so many digits each."""
        rows = max(1, round(tokens / self.digits[0].numel()))
        parts = zip(*(t.split(rows) for t in vars(self).values()), strict=True)
        return [DigitBatch(*part) for part in parts]

    def to(self, device: torch.device) -> DigitBatch:
        return DigitBatch(*(t.to(device) for t in vars(self).values()))


class BatchStream:
    """Batch number n is a function of (seed, n) alone, so a run resumes where it was without reading on.

    Parameters
    ----------
    tokenizer, codec
    seed, tokens : int
        Digits of a batch, about.
    easy_batches : int
        Over this many batches the share of easy series falls from one to its usual value.
    real : sequence of WindowDataModule
        Data sets whose training parts are mixed in; none for a backbone that is to be tried zero-shot.
    real_share : float
        Share of the batches that come from `real`.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        codec: DigitCodec,
        *,
        seed: int,
        tokens: int,
        easy_batches: int = 0,
        real: Sequence[WindowDataModule] = (),
        real_share: float = 0.0,
    ) -> None:
        self.tokenizer, self.codec, self.seed, self.tokens = tokenizer, codec, seed, tokens
        self.easy_batches, self.real, self.real_share = easy_batches, real, real_share if real else 0.0

    def __getitem__(self, number: int) -> DigitBatch:
        rng = np.random.default_rng([self.seed, number, 1])
        context_length, horizon, _ = WINDOWS[rng.choice(len(WINDOWS), p=[w[2] for w in WINDOWS])]
        total = context_length + horizon
        size = max(1, round(self.tokens / (total * self.codec.width)))
        if rng.random() < self.real_share:
            series, observed = real_windows(rng, self.real, size, total)
        else:
            easy = max(0.0, 1 - number / max(1, self.easy_batches))
            series = SeriesGenerator(self.seed, total).chunk(number, size, easy)
            observed = draw_gaps(rng, size, total, context_length)
        values, seen = torch.from_numpy(series.values).double(), torch.from_numpy(observed)
        values = torch.cat([values[:, :1], forward_fill(values[:, 1:], seen[:, 1:], values[:, :1])], 1)
        calendar = torch.from_numpy(series.calendar)
        context, mask = values[:, :context_length], seen[:, :context_length]
        scaling = self.codec.fit(context, mask, values.std(1, keepdim=True))
        digits, _ = self.codec.encode(values, scaling)
        prompt = self._prompt(rng, series, horizon)
        return DigitBatch(prompt(context, mask, calendar, torch.arange(size)), digits, calendar, seen)

    def _prompt(self, rng: np.random.Generator, series: SyntheticSeries, horizon: int) -> PromptBuilder:
        """Half of the batches have no prompt, the others a short one or prose, in two languages."""
        variant, style = PROMPTS[rng.choice(len(PROMPTS), p=[p[2] for p in PROMPTS])][:2]
        return PromptBuilder(
            self.tokenizer,
            int(self.tokenizer.bos_token_id),
            channels=[describe(rng, domain) for domain in series.domains],
            frequency=series.frequency,
            horizon=horizon,
            digits=self.codec.width,
            variant=variant,
            domain="generic" if rng.random() < 0.5 else None,
            language="en" if rng.random() < 0.8 else "zh",
            style=style,
        )


PROMPTS = (("none", "short", 0.5), ("template", "short", 0.3), ("template", "prose", 0.2))
"""Arm, style and share of the batches."""

CHANNELS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "traffic": (
        ("traffic_volume", "flow", "count", "occupancy", "sensor"),
        ("vehicles per hour", "vehicles", "cars", ""),
        ("traffic volume", "road traffic flow of a highway", "road occupancy", "vehicles at a count station"),
    ),
    "electricity": (
        ("load", "demand", "OT", "HUFL", "power"),
        ("kWh", "kW", "MW", ""),
        ("electricity load", "power demand of clients", "transformer load", "energy consumption"),
    ),
    "weather": (
        ("TEMP", "DEWP", "PRES", "Iws", "temperature"),
        ("degrees Celsius", "hPa", "m/s", ""),
        ("air temperature", "air pressure", "wind speed", "dew point", "cumulated wind speed"),
    ),
    "other": (
        ("value", "count", "sales", "users", "sensor"),
        ("requests", "users", "price", ""),
        ("values of a time series", "a measured series", "count of requests", "sales", "sensor values"),
    ),
}
"""Names, units and descriptions of channels, for the prompts."""


def describe(rng: np.random.Generator, domain: str) -> dict[str, str]:
    """A channel as the prompts want it, made up for a synthetic series of a domain."""
    name, unit, about = (str(rng.choice(texts)) for texts in CHANNELS[domain])
    return {"name": name, "unit": unit, "about": about, "description": "", "domain": domain}


def real_windows(
    rng: np.random.Generator, sources: Sequence[WindowDataModule], size: int, total: int
) -> tuple[SyntheticSeries, np.ndarray]:
    """Windows from the training part of one data set, with their observed flags, bool [size, total]."""
    source = sources[int(rng.integers(len(sources)))]
    start = torch.from_numpy(rng.integers(0, source.split.train_end - total, size))
    channel = torch.from_numpy(rng.integers(0, source.num_channels, size))
    batch = source.series.gather(start + 1, channel, 1, total - 1)
    panel = source.panel
    values = torch.cat([batch.context, batch.target], 1).numpy()
    observed = torch.cat([batch.context_mask, batch.target_mask], 1).numpy()
    observed[:, 0] = True
    domain = panel.card.domain if panel.card.domain in CHANNELS else "other"
    series = SyntheticSeries(values, batch.calendar.numpy(), panel.freq, (domain,) * size, ("real",) * size)
    return series, observed


def draw_gaps(rng: np.random.Generator, size: int, total: int, context_length: int) -> np.ndarray:
    """Observed flags, bool [size, total]: a tenth of the series have gaps in their context."""
    observed = np.ones((size, total), dtype=bool)
    for row in np.flatnonzero(rng.random(size) < 0.1):
        for start in rng.integers(1, context_length - 1, rng.integers(1, 4)):
            observed[row, start : min(start + rng.integers(1, 9), context_length)] = False
    return observed
