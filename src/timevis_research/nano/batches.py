"""The batches on which the nano backbone is pretrained: windows as digits, with prompts and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from timevis.data.datamodule import WindowDataModule
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.forecaster import forward_fill
from timevis.models.digits.prompt import PromptBuilder, Style, Variant
from timevis_research.nano.series_generator import SeriesGenerator, SyntheticSeries

WINDOW_SHAPES = ((168, 24, 0.45), (336, 24, 0.3), (96, 24, 0.1), (168, 96, 0.1), (72, 24, 0.05))
"""Context length, horizon, and share of the batches."""
PROMPTS: tuple[tuple[Variant, Style, float], ...] = (
    ("none", "short", 0.5),
    ("template", "short", 0.3),
    ("template", "prose", 0.2),
)
"""Prompt variant, prompt style, and share of the batches."""
SHARE_WITH_GAPS = 0.1
"""Share of the synthetic series that have gaps in their context."""
CHANNEL_TEXTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
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
"""For each domain: possible names, units and descriptions of channels, for the prompts."""


@dataclass(frozen=True)
class DigitBatch:
    """Inputs of the network for B windows of V = L + H values.

    Attributes
    ----------
    prompt : int64 [B, P]
        Token ids.
    digits : int64 [B, V, width]
        Context, then target.
    calendar : int64 [B, V, 5]
    observed : bool [B, V]
        False for values that fill a gap.
    """

    prompt: Tensor
    digits: Tensor
    calendar: Tensor
    observed: Tensor

    @property
    def size(self) -> int:
        """Number of digits."""
        return self.digits.numel()

    @property
    def weight(self) -> Tensor:
        """Number of observed values, of which the loss is a mean."""
        return self.observed.sum()

    def split(self, digits: int) -> list[DigitBatch]:
        """Split the windows into batches of about `digits` digits each."""
        rows = max(1, round(digits / self.digits[0].numel()))
        parts = zip(*(t.split(rows) for t in vars(self).values()), strict=True)
        return [DigitBatch(*part) for part in parts]

    def to(self, device: torch.device) -> DigitBatch:
        return DigitBatch(*(t.to(device) for t in vars(self).values()))


class BatchStream:
    """An endless sequence of batches; batch n depends on the seed and n only, so a run can resume at any step.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
    codec : DigitCodec
    seed : int
    digits_per_batch : int
        Approximate number of digits of a batch.
    curriculum_batches : int
        Over this number of batches the share of easy series falls from one to its usual value.
    real_data : sequence of WindowDataModule
        Data sets whose training parts are mixed in. Without any, forecasts of all data sets are zero-shot.
    real_share : float
        Share of the batches that come from `real_data`.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        codec: DigitCodec,
        *,
        seed: int,
        digits_per_batch: int,
        curriculum_batches: int = 0,
        real_data: Sequence[WindowDataModule] = (),
        real_share: float = 0.0,
    ) -> None:
        self.tokenizer, self.codec, self.seed, self.digits_per_batch = tokenizer, codec, seed, digits_per_batch
        self.curriculum_batches = curriculum_batches
        self.real_data, self.real_share = real_data, real_share if real_data else 0.0

    def __getitem__(self, number: int) -> DigitBatch:
        rng = np.random.default_rng([self.seed, number, 1])
        context_length, horizon, _ = WINDOW_SHAPES[rng.choice(len(WINDOW_SHAPES), p=[w[2] for w in WINDOW_SHAPES])]
        total = context_length + horizon
        size = max(1, round(self.digits_per_batch / (total * self.codec.width)))
        if rng.random() < self.real_share:
            series, observed_flags = draw_real_windows(rng, self.real_data, size, total)
        else:
            easy_share = max(0.0, 1 - number / max(1, self.curriculum_batches))
            series = SeriesGenerator(self.seed, total).batch(number, size, easy_share)
            observed_flags = draw_gaps(rng, size, total, context_length)
        values, observed = torch.from_numpy(series.values).double(), torch.from_numpy(observed_flags)
        values = torch.cat([values[:, :1], forward_fill(values[:, 1:], observed[:, 1:], values[:, :1])], 1)
        calendar = torch.from_numpy(series.calendar)
        context, mask = values[:, :context_length], observed[:, :context_length]
        scaling = self.codec.fit(context, mask, values.std(1, keepdim=True))
        digits, _ = self.codec.encode(values, scaling)
        prompt = self._draw_prompt(rng, series, horizon)
        return DigitBatch(prompt(context, mask, calendar, torch.arange(size)), digits, calendar, observed)

    def _draw_prompt(self, rng: np.random.Generator, series: SyntheticSeries, horizon: int) -> PromptBuilder:
        """A prompt builder with random variant, style, domain and language."""
        variant, style = PROMPTS[rng.choice(len(PROMPTS), p=[p[2] for p in PROMPTS])][:2]
        return PromptBuilder(
            self.tokenizer,
            int(self.tokenizer.bos_token_id),
            channels=[draw_channel(rng, domain) for domain in series.domains],
            frequency=series.frequency,
            horizon=horizon,
            digits=self.codec.width,
            variant=variant,
            domain="generic" if rng.random() < 0.5 else None,
            language="en" if rng.random() < 0.8 else "zh",
            style=style,
        )


def draw_channel(rng: np.random.Generator, domain: str) -> dict[str, str]:
    """Draw name, unit and description of a synthetic channel, in the form that `PromptBuilder` takes."""
    name, unit, about = (str(rng.choice(texts)) for texts in CHANNEL_TEXTS[domain])
    return {"name": name, "unit": unit, "about": about, "description": "", "domain": domain}


def draw_real_windows(
    rng: np.random.Generator, data: Sequence[WindowDataModule], size: int, total: int
) -> tuple[SyntheticSeries, np.ndarray]:
    """Draw windows of `total` values from the training part of one data set.

    Returns
    -------
    series : SyntheticSeries
        `size` windows.
    observed : bool [size, total]
    """
    module = data[int(rng.integers(len(data)))]
    start = torch.from_numpy(rng.integers(0, module.split.train_end - total, size))
    channel = torch.from_numpy(rng.integers(0, module.num_channels, size))
    batch = module.series.gather(start + 1, channel, 1, total - 1)
    panel = module.panel
    values = torch.cat([batch.context, batch.target], 1).numpy()
    observed = torch.cat([batch.context_mask, batch.target_mask], 1).numpy()
    observed[:, 0] = True
    domain = panel.card.domain if panel.card.domain in CHANNEL_TEXTS else "other"
    series = SyntheticSeries(values, batch.calendar.numpy(), panel.freq, (domain,) * size, ("real",) * size)
    return series, observed


def draw_gaps(rng: np.random.Generator, size: int, total: int, context_length: int) -> np.ndarray:
    """Draw gaps in the contexts of some series; returns which values are observed, bool [size, total]."""
    observed = np.ones((size, total), dtype=bool)
    for row in np.flatnonzero(rng.random(size) < SHARE_WITH_GAPS):
        for start in rng.integers(1, context_length - 1, rng.integers(1, 4)):
            observed[row, start : min(start + rng.integers(1, 9), context_length)] = False
    return observed
