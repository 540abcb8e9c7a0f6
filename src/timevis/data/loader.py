"""Batches of window numbers, in an order that depends on the seed and the epoch only and is never stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor


def _round_function(x: np.ndarray, key: int) -> np.ndarray:
    """The round function of the Feistel network: a multiplicative hash within 31 bits."""
    x = x ^ (key & 0x7FFFFFFF)
    for factor, shift in ((0x45D9F3B, 15), (0x2C1B3C6D, 13)):
        x *= factor  # may overflow; the lowest 31 bits are the same for any integer width
        x &= 0x7FFFFFFF
        x ^= x >> shift
    return x


def pseudorandom_permutation(index: Tensor, size: int, keys: list[int]) -> Tensor:
    """Evaluate a pseudo-random permutation of range(size) at `index`, without storing the permutation.

    A balanced Feistel network permutes a range of 4**n values; values outside range(size) are permuted again until
    they are inside (cycle walking; Black and Rogaway, 2002).

    Parameters
    ----------
    index : int64 [N]
    size : int
    keys : list of int
        One key for each round of the network.

    Returns
    -------
    int64 [N]
    """
    half = max(1, -(-(max(size, 2) - 1).bit_length() // 2))
    mask = (1 << half) - 1
    out = index.numpy().astype(np.uint32 if half <= 16 else np.uint64)  # 32-bit arithmetic is faster
    pending: Any = slice(None)
    while True:
        x = out[pending]
        left, right = x >> half, x & mask
        for key in keys:
            hashed = _round_function(right, key)
            hashed &= mask
            hashed ^= left
            left, right = right, hashed
        x = (left << half) | right
        out[pending] = x
        outside = np.flatnonzero(x >= size)
        if not len(outside):
            return torch.from_numpy(out.astype(np.int64))
        pending = outside if isinstance(pending, slice) else pending[outside]


class WindowOrder:
    """The order of the windows in one pass of an epoch: a function of seed, epoch and number of the pass."""

    def __init__(self, size: int, seed: int, shuffle: bool) -> None:
        self.size, self.seed, self.shuffle, self.epoch = size, seed, shuffle, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of an epoch."""
        self.epoch = epoch

    def __call__(self, position: Tensor, pass_number: int = 0) -> Tensor:
        """Window numbers at positions of a pass, int64 [N]."""
        if not self.shuffle:
            return position
        entropy = [self.seed, self.epoch, *([pass_number] if pass_number else [])]
        keys = np.random.SeedSequence(entropy).generate_state(6)
        return pseudorandom_permutation(position, self.size, [int(key) for key in keys])


class WindowLoader:
    """Yields batches of window numbers, int64 [B]; can resume within an epoch.

    In training every rank gets the same number of batches; the rest of a pass, less than one batch per rank, is
    skipped. An epoch has as many passes over all windows, each in its own order, as are needed for `min_batches`
    batches. In evaluation every window is visited once, by exactly one rank.

    Parameters
    ----------
    size : int
        Number of windows.
    batch_size : int
    seed : int
    shuffle : bool
        True in training, false in evaluation.
    min_batches : int
        Smallest number of batches of an epoch, per rank; used in training only.
    rank, world_size : int
        Number of this process and number of all processes.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = False,
        min_batches: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.sampler, self.batch_sampler = WindowOrder(size, seed, shuffle), None  # Lightning reads both
        if shuffle:  # so that every rank has a batch of a small data set
            batch_size = min(batch_size, max(1, size // world_size))
        self.size, self.batch_size, self.rank, self.world_size = size, batch_size, rank, world_size
        self.passes_per_epoch = -(-min_batches // max(1, self._batches // world_size)) if shuffle else 1
        self._next = 0
        self._resume_at = 0

    def __len__(self) -> int:
        if self.sampler.shuffle:
            return max(self.passes_per_epoch, self.batches_on_every_rank)
        return len(range(self.rank, self._batches, self.world_size))

    @property
    def _batches(self) -> int:
        """Batches of one pass, over all ranks."""
        return -(-self.size // self.batch_size)

    @property
    def batches_on_every_rank(self) -> int:
        """Number of batches that every rank has; in evaluation the first ranks can have one more."""
        return self._batches // self.world_size * self.passes_per_epoch

    def __iter__(self) -> Iterator[Tensor]:
        self._next, self._resume_at = self._resume_at, 0
        length = len(self)
        pass_length = length // self.passes_per_epoch
        while self._next < length:
            pass_number, start = divmod(self._next, pass_length)
            # computing the order of 64 batches at once costs little more than of one
            numbers = torch.arange(start, min(start + 64, pass_length)) * self.world_size + self.rank
            positions = numbers.unsqueeze(1) * self.batch_size + torch.arange(self.batch_size)
            order = self.sampler(positions.clamp(max=self.size - 1).flatten(), pass_number).view_as(positions)
            for number, batch in zip(numbers.tolist(), order, strict=True):
                self._next += 1
                yield batch[: self.size - number * self.batch_size]

    def state_dict(self) -> dict:
        """Position within the epoch, for a checkpoint."""
        return {"next": self._next, "epoch": self.sampler.epoch}

    def load_state_dict(self, state: dict) -> None:
        """Continue the epoch at the position of a checkpoint; a finished epoch starts again."""
        self._resume_at = state["next"] if state["next"] < len(self) else 0
        self.sampler.set_epoch(state["epoch"])
