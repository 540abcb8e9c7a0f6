"""The batches of the pretraining: parts of synthetic series with gaps, hidden patches and a visible beginning.

Batch n depends on the seed and n only, so that a run can be continued at any step. Batches come in groups that share
a pool of long and one of short series, since a batch of long contexts has few series and drawing them costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from timevis.models.patches.features import CALENDAR_ROWS
from timevis.models.patches.multiscale import MultiscaleSettings
from timevis.models.patches.multiscale_inputs import Layout
from timevis_research.pretraining.clock import Clock
from timevis_research.pretraining.families import FAMILIES, draw_families
from timevis_research.pretraining.transformations import crop, draw_gaps, transform

LONG_ROWS, SHORT_ROWS = 6144, 648
MIN_VISIBLE_PATCHES = 2
SHARE_SHORT, SHARE_WITH_HIDDEN_PATCHES = 0.35, 0.6


@dataclass(frozen=True)
class BatchKind:
    """Which part of a series the batches of a kind contain: rows of the scales, and from which pool.

    Attributes
    ----------
    name : str
    fine : int
        Fine patches, of which the last one is only forecast.
    scales : int
        Coarse scales that are used; each is filled.
    from_long : bool
        From the pool of long series.
    per_group : int
        Batches of this kind in each group.
    """

    name: str
    fine: int
    scales: int
    from_long: bool
    per_group: int


KINDS = (
    BatchKind("short", fine=13, scales=0, from_long=False, per_group=3),
    BatchKind("usual", fine=26, scales=0, from_long=False, per_group=3),
    BatchKind("strided", fine=26, scales=0, from_long=True, per_group=2),
    BatchKind("long", fine=33, scales=1, from_long=True, per_group=4),
    BatchKind("longest", fine=33, scales=2, from_long=True, per_group=4),
)
KIND_NAMES = tuple(kind.name for kind in KINDS)


@dataclass(frozen=True)
class Batch:
    """B series of the rows of a layout, the last patch of which is only forecast.

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
    calendar : int64 [B, N, CALENDAR_ROWS, 5]
        Calendar of some rows of each token.
    usual_periods : int64 [B, 3]
        Rows of a day, a week and a year.
    layout : Layout
    """

    values: Tensor
    shown: Tensor
    visible: Tensor
    scored: Tensor
    calendar: Tensor
    usual_periods: Tensor
    layout: Layout

    @property
    def tokens(self) -> int:
        return len(self.values) * self.calendar.shape[1]

    def split(self, tokens: int) -> list[Batch]:
        """Split the series into batches of about so many tokens each."""
        rows = max(1, round(tokens / self.calendar.shape[1]))
        parts = zip(*(tensor.split(rows) for tensor in self._tensors().values()), strict=True)
        return [self._with(dict(zip(self._tensors(), part, strict=True))) for part in parts]

    def to(self, device: torch.device) -> Batch:
        return self._with({name: x.to(device, non_blocking=True) for name, x in self._tensors().items()})

    def _with(self, tensors: dict[str, Any]) -> Batch:
        return replace(self, **tensors)

    def _tensors(self) -> dict[str, Tensor]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}


class BatchStream:
    """An endless sequence of groups of batches; group n depends on the seed and n only.

    Parameters
    ----------
    settings : MultiscaleSettings
    seed : int
    tokens_per_batch : int
        Approximate number of patches of a batch.
    families : sequence of str
        Names of the families, which have equal shares.
    kinds : sequence of str
        Names of the kinds of batches.

    Attributes
    ----------
    all_calendar_rows : bool
        Whether batches contain the calendar of every row, which the first network reads.
    """

    def __init__(
        self,
        settings: MultiscaleSettings,
        *,
        seed: int,
        tokens_per_batch: int,
        families: tuple[str, ...] = tuple(FAMILIES),
        kinds: tuple[str, ...] = KIND_NAMES,
    ) -> None:
        self.settings, self.seed, self.tokens, self.families = settings, seed, tokens_per_batch, families
        self.all_calendar_rows = False
        self.kinds = [kind for kind in KINDS for _ in range(kind.per_group) if kind.name in kinds]

    def layout(self, kind: BatchKind) -> Layout:
        return Layout(tuple(reversed(self.settings.coarse[: kind.scales])), kind.fine)

    def series(self, kind: BatchKind) -> int:
        """Series of a batch."""
        return max(4, round(self.tokens / (self.layout(kind).coarse_tokens + kind.fine)))

    def __getitem__(self, group: int) -> list[Batch]:
        rng = np.random.default_rng([self.seed, group, 70])
        batches: list[Batch] = []
        for from_long, length in ((True, LONG_ROWS), (False, SHORT_ROWS)):
            chosen = [kind for kind in self.kinds if kind.from_long is from_long]
            if not chosen:
                continue
            drawn = sum(self.series(kind) for kind in chosen)
            # long series are read about twice, in different parts; short ones once or twice
            pool = max(len(self.families), drawn // 2 if from_long else 2 * drawn // 3)
            values, clock = draw_families(rng, pool, length, self.families)
            batches += [self._batch(rng, values, clock, kind) for kind in chosen]
        return [batches[i] for i in rng.permutation(len(batches))]

    def batches_from(self, number: int) -> Iterator[Batch]:
        """All batches from number `number` on, each group generated when its first batch is due."""
        group, place = divmod(number, len(self.kinds))
        while True:
            yield from self[group][place:]
            group, place = group + 1, 0

    def _batch(self, rng: Generator, pool: np.ndarray, clock: Clock, kind: BatchKind) -> Batch:
        layout, patch = self.layout(kind), self.settings.patch_length
        size, length, start = self.series(kind), layout.rows(patch), layout.coarse_rows(patch)
        rows = rng.permutation(len(pool))[:size] if size <= len(pool) else rng.integers(0, len(pool), size)
        values, times = crop(rng, pool, clock, rows, length)
        values = transform(rng, values)
        context = kind.fine - 1
        visible_patches = np.where(
            rng.random(size) < 0.5,
            rng.integers(MIN_VISIBLE_PATCHES, max(context // 2, MIN_VISIBLE_PATCHES) + 1, size),
            rng.integers(MIN_VISIBLE_PATCHES, context + 1, size),
        )
        if layout.coarse:  # nearly all rows are visible, so the first fine patches can be scored
            visible_patches = rng.integers(1, context // 2, size)
        is_short = rng.random(size) < SHARE_SHORT
        latest = start + (visible_patches - 1) * patch  # so that a patch is visible at least
        begin = np.where(is_short, (rng.random(size) * latest).astype(np.int64), 0)
        row = np.arange(length)
        visible = (row >= begin[:, None]) & (row < (start + visible_patches * patch)[:, None])
        hidden = draw_gaps(rng, size, length, patch)
        hidden[:, start:] |= np.repeat(
            hide_patches(rng, visible_patches, context, self.settings.horizon_patches), patch, 1
        )
        shown = (row >= begin[:, None]) & ~hidden
        scored = row >= (start + visible_patches * patch)[:, None]
        calendar_rows = layout.calendar_rows(patch, CALENDAR_ROWS)
        if self.all_calendar_rows:
            calendar_rows = torch.arange(length).view(-1, patch)
        calendar = times.calendar(calendar_rows.flatten().numpy())
        return Batch(
            values=torch.from_numpy(values),
            shown=torch.from_numpy(shown).float(),
            visible=torch.from_numpy(visible).float(),
            scored=torch.from_numpy(scored).float(),
            calendar=torch.from_numpy(calendar).unflatten(1, calendar_rows.shape),
            usual_periods=torch.from_numpy(times.periods()),
            layout=layout,
        )


def hide_patches(rng: Generator, first: np.ndarray, context: int, horizon_patches: int) -> np.ndarray:
    """Choose runs of patches after patch `first` [B] that the network may not read; bool [B, context + 1].

    The states of hidden patches forecast the patches after them, as they do for a horizon of several patches.
    """
    number, hidden = np.arange(context + 1), np.zeros((len(first), context + 1), dtype=bool)
    for _ in range(2):
        begin = rng.integers(np.minimum(first, context - 1), context)
        run = rng.integers(1, horizon_patches, len(first)) * (rng.random(len(first)) < SHARE_WITH_HIDDEN_PATCHES)
        hidden |= (number >= begin[:, None]) & (number < (begin + run)[:, None])
    return hidden
