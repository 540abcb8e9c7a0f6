"""The order of windows in an epoch: a pure function of (seed, epoch), never held in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor


def _round_function(x: np.ndarray, key: int) -> np.ndarray:
    """A round function of the Feistel network: a multiplicative hash kept within 31 bits."""
    x = x ^ (key & 0x7FFFFFFF)
    for factor, shift in ((0x45D9F3B, 15), (0x2C1B3C6D, 13)):
        x *= factor  # wraps; the lowest 31 bits are the same in any width
        x &= 0x7FFFFFFF
        x ^= x >> shift
    return x


def pseudorandom_permutation(index: Tensor, size: int, keys: list[int]) -> Tensor:
    """A pseudo-random permutation of range(size), evaluated at `index` without holding it in memory.

    A balanced Feistel network over the next even power of two, walked along its cycles back into the range
    (Black and Rogaway, 2002).
    """
    half = max(1, -(-(max(size, 2) - 1).bit_length() // 2))
    mask = (1 << half) - 1
    out = index.numpy().astype(np.uint32 if half <= 16 else np.uint64)  # narrow numbers are hashed faster
    todo: Any = slice(None)
    while True:
        x = out[todo]
        left, right = x >> half, x & mask
        for key in keys:
            hashed = _round_function(right, key)
            hashed &= mask
            hashed ^= left
            left, right = right, hashed
        x = (left << half) | right
        out[todo] = x
        beyond = np.flatnonzero(x >= size)
        if not len(beyond):
            return torch.from_numpy(out.astype(np.int64))
        todo = beyond if isinstance(todo, slice) else todo[beyond]


class WindowOrder:
    """Which window stands where in a pass of an epoch: a pure function of (seed, epoch, number of the pass)."""

    def __init__(self, size: int, seed: int, shuffle: bool) -> None:
        self.size, self.seed, self.shuffle, self.epoch = size, seed, shuffle, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, position: Tensor, nth: int = 0) -> Tensor:
        if not self.shuffle:
            return position
        words = np.random.SeedSequence([self.seed, self.epoch, *([nth] if nth else [])]).generate_state(6)
        return pseudorandom_permutation(position, self.size, [int(w) for w in words])


class WindowLoader:
    """Yields int64 [B] window numbers; resumable within an epoch, and exact under any number of processes.

    In training every rank gets the same number of batches (the remainder of a pass, less than one batch per rank, is
    left out of it), and an epoch is as many passes through all windows, each in its own order, as make `min_batches`
    batches. In evaluation every window is visited once, by exactly one rank.
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
        self.sampler, self.batch_sampler = WindowOrder(size, seed, shuffle), None  # where Lightning sets the epoch
        if shuffle:  # a small data set still gives every rank a batch
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
        return -(-self.size // self.batch_size)

    @property
    def batches_on_every_rank(self) -> int:
        """Batches that every rank has; in evaluation the first ranks may have one more."""
        return self._batches // self.world_size * self.passes_per_epoch

    def __iter__(self) -> Iterator[Tensor]:
        self._next, self._resume_at = self._resume_at, 0
        length = len(self)
        one = length // self.passes_per_epoch
        while self._next < length:
            nth, start = divmod(self._next, one)
            # the order is worked out for many batches at a time, which costs little more than for one
            numbers = torch.arange(start, min(start + 64, one)) * self.world_size + self.rank
            positions = numbers.unsqueeze(1) * self.batch_size + torch.arange(self.batch_size)
            order = self.sampler(positions.clamp(max=self.size - 1).flatten(), nth).view_as(positions)
            for number, batch in zip(numbers.tolist(), order, strict=True):
                self._next += 1
                yield batch[: self.size - number * self.batch_size]

    def state_dict(self) -> dict:
        return {"next": self._next, "epoch": self.sampler.epoch}

    def load_state_dict(self, state: dict) -> None:
        self._resume_at = state["next"] if state["next"] < len(self) else 0
        self.sampler.set_epoch(state["epoch"])
