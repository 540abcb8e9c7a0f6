"""The batches on which the patch network is pretrained: augmented series with gaps and hidden patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from timevis_research.nano.series_components import standardise
from timevis_research.nano.series_families import draw_families
from timevis_research.nano.series_generator import SeriesGenerator

CONTEXT_PATCHES = ((22, 0.65), (43, 0.35))
"""Patches of the context, and share of the batches; batches of long contexts have fewer series."""
MIN_VISIBLE_PATCHES = 3
MAX_HIDDEN_PATCHES = 7
SHARE_FLIPPED, SHARE_MIXED, SHARE_CENSORED, SHARE_ROUNDED, SHARE_WITH_GAPS = 0.3, 0.15, 0.05, 0.1, 0.15
SHARE_SHORT, SHARE_WITH_HIDDEN_PATCHES = 0.4, 0.6


@dataclass(frozen=True)
class PatchBatch:
    """B series of T rows, the last patch of which is only forecast.

    Attributes
    ----------
    values : float32 [B, T]
        With standard deviation 1 over the series.
    shown : float32 [B, T]
        1 where the network may read the value.
    visible : float32 [B, T]
        1 where the value counts for shift, scale and periods: rows before the first patch whose forecast is scored.
    scored : float32 [B, T]
        1 where the forecast is scored.
    calendar : int64 [B, T, 5]
    """

    values: Tensor
    shown: Tensor
    visible: Tensor
    scored: Tensor
    calendar: Tensor

    @property
    def size(self) -> int:
        """Number of values."""
        return self.values.numel()

    @property
    def weight(self) -> Tensor:
        """Number of scored values, of which the loss is a mean."""
        return self.scored.sum()

    def split(self, values: int) -> list[PatchBatch]:
        """Split the series into batches of about `values` values each."""
        rows = max(1, round(values / self.values.shape[1]))
        return [PatchBatch(*part) for part in zip(*(t.split(rows) for t in vars(self).values()), strict=True)]

    def to(self, device: torch.device) -> PatchBatch:
        return PatchBatch(*(t.to(device) for t in vars(self).values()))


class PatchBatchStream:
    """An endless sequence of batches; batch n depends on the seed and n only, so a run can resume at any step.

    Parameters
    ----------
    patch_length : int
    seed : int
    values_per_batch : int
        Approximate number of values of a batch.
    curriculum_batches : int
        Over this number of batches the share of easy series among the recipes falls from one to its usual value.
    recipes_share : float
        Share of the series from `SeriesGenerator`; the others come from the families of `series_families`.
    augmented : bool
        Whether some series are mixed, turned, clipped and rounded.
    """

    def __init__(
        self,
        patch_length: int,
        *,
        seed: int,
        values_per_batch: int,
        curriculum_batches: int = 0,
        recipes_share: float = 0.5,
        augmented: bool = True,
    ) -> None:
        self.patch_length, self.seed, self.values_per_batch = patch_length, seed, values_per_batch
        self.curriculum_batches, self.recipes_share = curriculum_batches, recipes_share
        self.change = augment if augmented else standardised

    def __getitem__(self, number: int) -> PatchBatch:
        rng = np.random.default_rng([self.seed, number, 2])
        context = int(rng.choice([c[0] for c in CONTEXT_PATCHES], p=[c[1] for c in CONTEXT_PATCHES]))
        patches, length = context + 1, (context + 1) * self.patch_length
        size = max(4, round(self.values_per_batch / length))
        easy_share = max(0.0, 1 - number / max(1, self.curriculum_batches))
        from_recipes = round(self.recipes_share * size)
        recipes = SeriesGenerator(self.seed, length).batch(number, from_recipes, easy_share)
        families, calendars = draw_families(rng, size - from_recipes, length)
        values = np.concatenate(
            [self.change(rng, z) for z in (recipes.values.astype(np.float64), families) if len(z)]
        )
        start = np.where(rng.random(size) < SHARE_SHORT, rng.integers(0, context - MIN_VISIBLE_PATCHES, size), 0)
        room = context - start
        some, many = rng.integers(MIN_VISIBLE_PATCHES, np.maximum(room // 2, MIN_VISIBLE_PATCHES) + 1), room
        visible_patches = np.where(rng.random(size) < 0.75, some, rng.integers(MIN_VISIBLE_PATCHES, many + 1))
        patch = np.arange(patches)
        began = patch >= start[:, None]
        visible = began & (patch < (start + visible_patches)[:, None])
        hidden = hide_patches(rng, start + visible_patches, context, patches)
        observed = draw_gaps(rng, size, length)
        per_row = lambda flags: np.repeat(flags, self.patch_length, 1)  # noqa: E731
        flags = (observed & per_row(began & ~hidden), per_row(visible), observed & per_row(began & ~visible))
        shown, visible_rows, scored = (torch.from_numpy(f.astype(np.float32)) for f in flags)
        calendar = torch.from_numpy(np.concatenate([recipes.calendar, calendars]))
        return PatchBatch(torch.from_numpy(values.astype(np.float32)), shown, visible_rows, scored, calendar)


def standardised(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Standardise series [B, T], and give each a level."""
    return standardise(values) + rng.normal(0, 1, (len(values), 1))


def augment(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Standardise series [B, T] and change some: mix with another one, turn the sign, clip, round."""
    z, size = standardise(values), (len(values), 1)
    share = rng.uniform(0.1, 0.9, size) * (rng.random(size) < SHARE_MIXED)
    z = standardise((1 - share) * z + share * z[rng.permutation(len(z))])
    z = np.where(rng.random(size) < SHARE_FLIPPED, -z, z)
    clipped = np.where(rng.random(size) < 0.5, np.maximum(z, rng.uniform(-1.5, 0.5, size)), np.minimum(z, 1.0))
    z = np.where(rng.random(size) < SHARE_CENSORED, clipped, z)
    grid = np.exp(rng.uniform(np.log(0.02), np.log(0.7), size))
    z = np.where(rng.random(size) < SHARE_ROUNDED, np.round(z / grid) * grid, z)
    return standardised(rng, z)


def hide_patches(rng: Generator, first: np.ndarray, context: int, patches: int) -> np.ndarray:
    """Choose runs of patches that the network may not read, from patch `first` [B] on; bool [B, patches].

    The states of hidden patches forecast the patches after them, as they do for a horizon of several patches.
    """
    number, hidden = np.arange(patches), np.zeros((len(first), patches), dtype=bool)
    for _ in range(2):
        begin = rng.integers(np.minimum(first, context - 1), context)
        run = rng.integers(1, MAX_HIDDEN_PATCHES + 1, len(first))
        run *= rng.random(len(first)) < SHARE_WITH_HIDDEN_PATCHES
        hidden |= (number >= begin[:, None]) & (number < (begin + run)[:, None])
    return hidden


def draw_gaps(rng: Generator, size: int, length: int) -> np.ndarray:
    """Draw single missing values and gaps of some series; returns which values are observed, bool [size, length]."""
    observed = np.ones((size, length), dtype=bool)
    for row in np.flatnonzero(rng.random(size) < SHARE_WITH_GAPS):
        if rng.random() < 0.5:
            observed[row] = rng.random(length) > rng.uniform(0.02, 0.5)
        for start in rng.integers(0, length, rng.integers(0, 4)):
            observed[row, start : start + rng.integers(1, 60)] = False
    return observed
