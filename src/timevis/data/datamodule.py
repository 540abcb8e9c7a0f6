"""The Lightning data module: a panel with its split, its scaler and its windows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor

from timevis.data.calendar import season_lengths
from timevis.data.panel import Panel, Scaler
from timevis.data.split import DEFAULT_SPLIT, PART_NAMES, Split, SplitSpec, parse_split, split_panel
from timevis.data.windows import Batch, SeriesStore, WindowSet, window_set_hash
from timevis.errors import DataError
from timevis.messages import Setting, Text
from timevis.utils.phrases import join_names
from timevis.utils.stdout import with_progress


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


log = logging.getLogger(__name__)

MAX_LISTED_CHANNELS = 10
CONSTANT_SHARE = 0.05
"""Deviation of a channel that is constant in the training part, as a share of its value: a network starts with
intervals of about a tenth of a deviation."""
MAX_TEST_WINDOWS = 300_000
"""Windows of all channels that an evaluation scores, unless `max_windows` is None."""
MAX_VALIDATION_WINDOWS = 125_000
"""The same for each half of the validation part and `val_windows`."""
MAX_CALIBRATION_WINDOWS = 250_000
MIN_ORIGINS = 4
"""Origins of each channel that these limits leave, at least."""
WINDOW_SET_NAMES = {
    **PART_NAMES,
    "tuning": Text("first half of the validation"),
    "val": Text("second half of the validation"),
}
"""What messages call the window sets."""


class WindowDataModule(pl.LightningDataModule):
    """Windows of one panel for training, validation and test.

    It works with any Trainer, with or without Hydra. The loaders yield window numbers; after the transfer to the
    device, the windows are read from the series there.

    Parameters
    ----------
    panel : Panel
        Cleaned data.
    context_length, horizon : int
        In rows.
    split : three numbers, two or three times, last rows, SplitSpec or Split
        See `timevis.data.split.parse_split`. The training and validation part of a `Split` may have no windows.
    split_by : {"series", "axis"}
        ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ.
    season : int, optional
        Rows of one season for MASE; None takes the day, or the next longer season, of the frequency. Seasonal naive
        and boosted may repeat it, besides the seasons of the frequency.
    batch_size : int
        Windows per batch in training.
    eval_batch_size : int
        Windows per batch in evaluation.
    val_batch_size : int, optional
        Windows per batch in validation; None takes `eval_batch_size`.
    stride : int
        Rows between two origins of an evaluation.
    max_windows, val_windows : int, optional
        Maximum number of origins of the test part and of each half of the validation part, of each series; None
        takes all. Of more than 600 channels, fewer origins are taken, the same number of each channel, so
        that there are about `MAX_TEST_WINDOWS` and `MAX_VALIDATION_WINDOWS` windows at most. The set ``calibration``
        has more windows of the first half, about `MAX_CALIBRATION_WINDOWS` at most.
    train_fraction : float
        Share of the training windows that is used, the most recent ones of each series.
    min_batches : int
        Smallest number of batches of a training epoch in each process; a small training part is repeated.
    seed : int
        Seed of the order of the training windows.

    Attributes
    ----------
    windows : dict
        `WindowSet` of ``train`` and ``test``; of the first half of the validation part, ``tuning``, on which a fit
        selects weights and hyperparameters, and ``calibration``, which is denser; of the second half, ``val``, by
        which models are compared and selected; and of ``validation`` after `scoring`: the windows of the second half
        that are scored by the rules of ``test``.
    scored_split : {"test", "validation"}
        The split that ``trainer.test`` scores; see `scoring`.
    """

    def __init__(
        self,
        panel: Panel,
        *,
        context_length: int = 168,
        horizon: int = 24,
        split: Sequence[Any] | Mapping[str, int] | SplitSpec | Split = DEFAULT_SPLIT,
        split_by: str = "series",
        season: int | None = None,
        batch_size: int = 64,
        eval_batch_size: int = 256,
        val_batch_size: int | None = None,
        stride: int = 1,
        max_windows: int | None = 500,
        val_windows: int | None = 200,
        train_fraction: float = 1.0,
        min_batches: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.panel, self.context_length, self.horizon = panel, context_length, horizon
        self.batch_size, self.eval_batch_size, self.seed = batch_size, eval_batch_size, seed
        self.val_batch_size = val_batch_size or eval_batch_size
        if not isinstance(split, Split):
            split = split if isinstance(split, SplitSpec) else parse_split(split)
            split = split_panel(panel, split, context_length, horizon, split_by)
        self.split, self.min_batches = split, min_batches
        self.scaler = Scaler.fit(self.split.training_values(panel.values), CONSTANT_SHARE)
        seasons = season_lengths(panel.freq)
        self.season = season or (seasons[1] if len(seasons) > 1 else 1)
        self.seasons = tuple(sorted({*seasons, self.season}))
        self.series = SeriesStore(panel)
        max_origins, max_windows = max_windows, self._limited(max_windows, MAX_TEST_WINDOWS)
        val_windows = self._limited(val_windows, MAX_VALIDATION_WINDOWS)
        self._stride, self._max_windows = stride, max_windows
        self.scored_split = "test"
        self._shortest_season = min((s for s in self.seasons if s > 1), default=1)
        self._has_open_target = None if panel.closed is None else _any_of_next(~panel.closed_values, horizon)
        calibration_windows = self._limited(
            max(100, min(1000, 100_000 // len(panel.channels))), MAX_CALIBRATION_WINDOWS
        )
        self.windows = {
            "train": self.training_windows(train_fraction),
            "tuning": self._evaluation_windows("first_half", stride, val_windows),
            "calibration": self._evaluation_windows("first_half", 1, calibration_windows),
            "val": self._evaluation_windows("second_half", stride, val_windows),
            "test": self._evaluation_windows("test", stride, max_windows),
        }
        if max_windows != max_origins and len(self.windows["test"]) >= (max_windows or 0) * self.num_channels:
            log.info(
                "of each of %d channels, %d test origins are scored; evaluation.max_windows=null takes all",
                self.num_channels,
                max_windows,
            )
        if not_scored := self.num_series_not_scored:
            log.warning(
                "%d of %d series are too short for a test window: they are trained on and forecast, but not scored",
                not_scored,
                panel.num_series,
            )
        self._check_targets()
        self._warn_about_short_validation()

    def _limited(self, origins: int | None, max_windows: int) -> int | None:
        """Maximum number of origins of each channel, so that all channels have about `max_windows` at most."""
        return None if origins is None else min(origins, max(MIN_ORIGINS, max_windows // self.num_channels))

    def training_windows(self, fraction: float = 1.0) -> WindowSet:
        """The most recent share of the windows of the training part, of each series."""
        first, stop = self.split.training_bounds(self.context_length, self.horizon, fraction)
        if self.split.by_series:
            return WindowSet.training_of_series(self.panel.values, first, stop, self.horizon)
        return WindowSet.training(self.panel.values, range(int(first), int(stop)), self.horizon)

    def _evaluation_windows(self, part: str, stride: int, max_windows: int | None) -> WindowSet:
        first, stop = self.split.origin_bounds(part, self.context_length, self.horizon)
        options = (stride, max_windows, self._shortest_season)
        has_open_target = self._has_open_target
        if has_open_target is not None and (has_open_target == has_open_target[:, :1]).all():
            has_open_target = has_open_target[:, :1]  # the closed hours of all channels leave out the same windows
        if self.split.by_series or (has_open_target is not None and has_open_target.shape[1] > 1):
            first, stop = (np.broadcast_to(rows, self.num_channels) for rows in (first, stop))
            return WindowSet.evaluation_of_series(first, stop, *options, has_open_target)
        common = None if has_open_target is None else has_open_target[:, 0]
        return WindowSet.evaluation(range(int(first), int(stop)), self.num_channels, *options, common)

    def _warn_about_short_validation(self) -> None:
        """Log a warning if windows of its two halves share rows."""
        start, end = self.split.part("val")
        rows = np.atleast_1d(end - start)
        short = rows[(rows >= self.horizon) & (rows < 2 * self.horizon)]
        if len(short):
            series = f"of {len(short)} of {len(rows)} series " if self.split.by_series else ""
            log.warning(
                "the validation part %shas %d rows, fewer than two horizons, so that the windows of its two halves "
                "share rows: the tuning and calibration windows, and the val windows",
                series,
                short.min(),
            )

    def _check_targets(self) -> None:
        """Check that the validation and test windows have targets other than zero, by which WQL is divided."""
        for part, rows, option in (
            ("tuning", "first_half", "val_windows"),
            ("val", "second_half", "val_windows"),
            ("test", "test", "max_windows"),
        ):
            if not len(self.windows[part]):
                continue
            names, is_scorable = self.panel.channels, self._scorable_channels(part)
            if not any(is_scorable.values()):
                start, end = self.split.part(rows, self.horizon)
                message = Text(
                    "{source}: the {part} part, {first} to {last}, has no values, or only zeros, in the windows that "
                    "are scored",
                    source=self.panel.card.name,
                    part=WINDOW_SET_NAMES[part],
                    first=str(self.panel.local_index[np.min(start)]),
                    last=str(self.panel.local_index[np.max(end) - 1]),
                )
                advice = Text(
                    "look at the data with `timevis inspect`; then change {split}, or score more windows with "
                    "{windows}",
                    split=Setting("data.split"),
                    windows=Setting(f"evaluation.{option}"),
                )
                raise DataError(message, advice, "data.split")
            if unscorable := [names[c] for c, scorable in is_scorable.items() if not scorable]:
                log.warning(
                    "only zeros or gaps in the windows of the %s part, so WQL is not defined there, of %s of %d "
                    "channels: %s",
                    WINDOW_SET_NAMES[part],
                    len(unscorable),
                    len(is_scorable),
                    join_names(unscorable, MAX_LISTED_CHANNELS),
                )

    def _scorable_channels(self, part: str) -> dict[int, bool]:
        """Whether a target of the windows of each channel is observed and not zero; for channels with windows."""
        windows, scorable = self.windows[part], {}
        if windows.selected is None:
            origins_of = dict.fromkeys(range(self.num_channels), windows.origins.numpy())
        else:
            origin, channel = (pair.numpy() for pair in windows.pairs)
            starts = np.flatnonzero(np.diff(channel, prepend=-1))
            origins_of = dict(zip(channel[starts].tolist(), np.split(origin, starts[1:]), strict=True))
        for c, origins in origins_of.items():
            first = int(origins[0])
            change = np.zeros(int(origins[-1]) - first + self.horizon + 1, np.int64)
            change[origins - first] += 1
            change[origins - first + self.horizon] -= 1
            targets = self.panel.values[first : first + len(change) - 1, c][change[:-1].cumsum() > 0]
            scorable[c] = bool((np.isfinite(targets) & (targets != 0)).any())
        return scorable

    @contextmanager
    def scoring(self, split: str) -> Iterator[WindowSet]:
        """Let ``trainer.test`` score the windows of a split within the block.

        Parameters
        ----------
        split : {"test", "validation"}
            ``validation`` takes origins of the second half of the validation part, every `stride` rows and at most
            `max_windows` of them. These may be more windows than ``trainer.validate`` scores.

        Yields
        ------
        WindowSet
            The windows that are scored.
        """
        if split == "validation" and split not in self.windows:
            self.windows[split] = self._evaluation_windows("second_half", self._stride, self._max_windows)
        self.scored_split = split
        try:
            yield self.windows[split]
        finally:
            self.scored_split = "test"

    @property
    def validated_windows(self) -> str:
        """The key of the windows that the Trainer validates on, which names the metrics that it logs.

        Within a fit these are the ``tuning`` windows, which select its weights; otherwise the ``val`` windows.
        """
        return "tuning" if self.trainer and self.trainer.state.fn == TrainerFn.FITTING else "val"

    @property
    def num_channels(self) -> int:
        return len(self.panel.channels)

    @property
    def num_series_not_scored(self) -> int:
        """Number of series of a long table that are too short for a test window."""
        if self.panel.series is None or not self.split.by_series:
            return 0
        is_scored = self.split.scored(self.context_length, self.horizon)
        return self.panel.num_series - len(np.unique(self.panel.series[is_scored]))

    @property
    def num_covariates(self) -> int:
        return len(self.series.covariate_known)

    def window_set_hash(self, split: str = "test") -> str:
        """A hash of the data and of the scored windows of a split; runs with the same hash can be compared.

        The hash of ``validation`` does not depend on the test part.
        """
        with self.scoring(split) as windows:
            borders = self.split.borders[..., : 3 if split == "test" else 2]
            return window_set_hash(self.panel, borders, self.horizon, windows)

    def gather(self, part: str, index: Tensor) -> Batch:
        """The batch of the windows with numbers `index`, int64 [B], of a part."""
        origin, channel = self.windows[part].locate(index.cpu())
        device = index.device
        return self.series.to(device).gather(origin.to(device), channel.to(device), self.context_length, self.horizon)

    def loader(self, part: str, *, shuffle: bool = False) -> WindowLoader:
        """A loader of the window numbers of a part; each process of the trainer gets its share.

        Raises
        ------
        DataError
            A part has fewer windows than there are processes.
        """
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        names = dict.fromkeys(("train", "tuning", "val", "test", part))
        all_counts = {name: len(self.windows[name]) for name in names}
        counts = {name: count for name, count in all_counts.items() if name == part or count}
        num_windows, smallest = counts[part], min(counts, key=lambda name: counts[name])
        if world_size > max(1, counts[smallest]):
            message = Text(
                "{source}: the {part} part has {windows} windows for {processes} processes",
                source=self.panel.card.name,
                part=WINDOW_SET_NAMES[smallest],
                windows=counts[smallest],
                processes=world_size,
            )
            advice = Text("use fewer {setting}", setting=Setting("trainer.devices"))
            raise DataError(message, advice, "trainer.devices")
        is_validation = part in ("tuning", "val")
        size = self.batch_size if shuffle else self.val_batch_size if is_validation else self.eval_batch_size
        if not shuffle:
            size = min(
                size, max(1, num_windows // world_size)
            )  # a process without a batch would miss collective calls
        return WindowLoader(
            num_windows,
            size,
            seed=self.seed,
            shuffle=shuffle,
            min_batches=self.min_batches,
            rank=rank,
            world_size=world_size,
        )

    def batches(self, part: str, device: Any = "cpu") -> Iterator[Batch]:
        """Iterate over the batches of a part in order, without a Trainer, for example in `Forecaster.prepare`."""
        loader = WindowLoader(len(self.windows[part]), self.eval_batch_size)
        for index in with_progress(loader, len(loader), f"{part} windows"):
            yield self.gather(part, index.to(device))

    def train_dataloader(self) -> WindowLoader:
        return self.loader("train", shuffle=True)

    def val_dataloader(self) -> WindowLoader:
        return self.loader(self.validated_windows)

    def test_dataloader(self) -> WindowLoader:
        return self.loader(self.scored_split)

    def predict_dataloader(self) -> WindowLoader:
        return self.loader(self.scored_split)

    def __str__(self) -> str:
        windows = ", ".join(f"{name} {len(window_set):,}" for name, window_set in self.windows.items())
        return f"{self.panel.card.name}, context {self.context_length}, horizon {self.horizon}; windows: {windows}"

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        if not isinstance(batch, Tensor):
            return batch
        trainer = self.trainer
        assert trainer is not None
        is_validation = trainer.validating or trainer.sanity_checking
        part = "train" if trainer.training else self.validated_windows if is_validation else self.scored_split
        return self.gather(part, batch)


def _any_of_next(mask: np.ndarray, rows: int) -> np.ndarray:
    """Whether any of the `rows` values from each row of a column on is true, bool [T, C]."""
    before = np.concatenate([np.zeros((1, mask.shape[1]), np.int64), np.cumsum(mask, axis=0)])
    return before[np.minimum(np.arange(len(mask)) + rows, len(mask))] > before[:-1]


def covariate_scalers(datamodule: WindowDataModule, columns: Sequence[int]) -> list[Scaler]:
    """A scaler of one column for each covariate in `columns`, fitted on the training rows of all series."""
    panel, split = datamodule.panel, datamodule.split
    train = split.training_covariates(panel.covariates, panel.channel_covariate_columns)
    return [Scaler.fit(train[:, np.unique(panel.channel_covariate_columns[k])].reshape(-1, 1)) for k in columns]
