"""The LightningDataModule: a panel, its split, its scaler and its windows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_lightning as pl
from torch import Tensor

from timevis.data.calendar import season_lengths
from timevis.data.loader import WindowLoader
from timevis.data.panel import Panel
from timevis.data.scaler import Scaler
from timevis.data.split import Split, in_rows, make_split
from timevis.data.windows import Batch, SeriesStore, WindowSet, window_set_hash
from timevis.errors import DataError

log = logging.getLogger(__name__)


class WindowDataModule(pl.LightningDataModule):
    """Windows of one panel for training, validation and test.

    Works under any Trainer, with or without Hydra. The loaders yield window numbers; a batch is gathered on the
    device after the transfer.

    Parameters
    ----------
    panel : Panel
        Cleaned.
    context_length, horizon : int
        In rows.
    split : three numbers, times, or a Split
        Fractions or row borders, see `timevis.data.split.make_split`, or times, see `timevis.data.split.in_rows`. A
        Split is taken as it is and may leave training and validation without a window.
    season : int, optional
        Rows of "one day" for MASE, inferred from the frequency when None; beside those of the frequency, one that
        models may repeat.
    batch_size, eval_batch_size : int
    val_batch_size : int, optional
        Of validation, where it is another than that of test.
    stride, max_windows, val_windows : int
        Origins of the test part every `stride` rows, thinned to `max_windows`; validation to `val_windows`
        (None keeps all). `calibrate` sees a denser set of validation windows, named ``calibration``.
    train_fraction : float
        Share of the training windows that is used, the most recent ones.
    min_batches : int
        Of an epoch of training, for every process; fewer windows are gone through several times.
    seed : int
    """

    def __init__(
        self,
        panel: Panel,
        *,
        context_length: int = 168,
        horizon: int = 24,
        split: Sequence[Any] | Split = (0.7, 0.1, 0.2),
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
            split = make_split(len(panel), in_rows(split, panel), context_length, horizon, panel.card.name)
        self.split, self.min_batches = split, min_batches
        train = panel.values[: self.split.train_end]
        self.scaler = Scaler.fit(train)
        seasons = season_lengths(panel.freq)
        self.season = season or (seasons[1] if len(seasons) > 1 else 1)
        self.seasons = tuple(sorted({*seasons, self.season}))
        self.series = SeriesStore(panel)
        origins = {p: self.split.origins(p, context_length, horizon) for p in ("train", "val", "test")}
        self._stride, self._max_windows = stride, max_windows
        self.scored_split = "test"
        latest = origins["train"][-max(1, round(train_fraction * len(origins["train"]))) :]
        channels, day = len(panel.channels), min((s for s in self.seasons if s > 1), default=1)
        self.windows = {
            "train": WindowSet.training(panel.values, latest, horizon),
            "val": WindowSet.evaluation(origins["val"], channels, stride, val_windows, day),
            "calibration": WindowSet.evaluation(
                origins["val"], channels, 1, max(100, min(1000, 100_000 // channels)), day
            ),
            "test": WindowSet.evaluation(origins["test"], channels, stride, max_windows, day),
        }
        self._season_of_origins = day
        self._require_targets()

    def _require_targets(self) -> None:
        """The windows of validation and test need values to score by, and other ones than zero for relative WQL."""
        for part, words, number in (("val", "validation", "val_windows"), ("test", "test", "max_windows")):
            start, end = self.split.part(part)
            if start == end:
                continue
            scored = self._scored_rows(part)[start:end]
            names, values = self.panel.channels, self.panel.values[start:end].T
            silent = [n for n, v in zip(names, values, strict=True) if not (np.isfinite(v) & (v != 0) & scored).any()]
            if len(silent) == len(names):
                raise DataError(
                    f"{self.panel.card.name}: the {words} part, {self.panel.index[start]} to "
                    f"{self.panel.index[end - 1]}, holds no values, or nothing but zeros, in the windows scored",
                    "look at the data there with `timevis inspect`, and move the parts by data.split or take more "
                    f"windows by evaluation.{number}",
                )
            if silent:
                log.warning(
                    "nothing but zeros or gaps in the windows of the %s part, so no WQL there: %s",
                    words,
                    ", ".join(silent[:10]),
                )

    def _scored_rows(self, part: str) -> np.ndarray:
        """Which rows are targets of a window of a part, bool [T]."""
        origins = self.windows[part].origins.numpy()
        change = np.zeros(len(self.panel) + 1, np.int64)
        change[origins] += 1
        change[origins + self.horizon] -= 1
        return change[:-1].cumsum() > 0

    @contextmanager
    def scoring(self, split: str) -> Iterator[WindowSet]:
        """Let ``trainer.test`` score the windows of another split within the block.

        Parameters
        ----------
        split : {"test", "val"}
            ``val`` takes the origins of the validation part, every `stride` rows and at most `max_windows` of them,
            which may be more than the windows of ``trainer.validate``.

        Yields
        ------
        WindowSet
            The windows that are scored.
        """
        if split == "val" and "val_scored" not in self.windows:
            origins = self.split.origins("val", self.context_length, self.horizon)
            self.windows["val_scored"] = WindowSet.evaluation(
                origins, self.num_channels, self._stride, self._max_windows, self._season_of_origins
            )
        self.scored_split = "test" if split == "test" else "val_scored"
        try:
            yield self.windows[self.scored_split]
        finally:
            self.scored_split = "test"

    @property
    def num_channels(self) -> int:
        return len(self.panel.channels)

    @property
    def num_covariates(self) -> int:
        return len(self.series.covariate_known)

    def window_set_hash(self, split: str = "test") -> str:
        """A hash of the data and of the scored windows of a split, equal for runs that can be compared.

        That of ``val`` does not depend on the test part.
        """
        with self.scoring(split) as windows:
            borders = (self.split.train_end, self.split.val_end, self.split.test_end)[: 3 if split == "test" else 2]
            return window_set_hash(self.panel, borders, self.horizon, windows.origins)

    def gather(self, part: str, index: Tensor) -> Batch:
        """The windows numbered `index`, int64 [B], of a part."""
        origin, channel = self.windows[part].locate(index.cpu())
        device = index.device
        return self.series.to(device).gather(origin.to(device), channel.to(device), self.context_length, self.horizon)

    def loader(self, part: str, *, shuffle: bool = False) -> WindowLoader:
        """A loader of window numbers of a part, aware of the trainer's processes."""
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        numbers = {name: len(self.windows[name]) for name in dict.fromkeys(("train", "val", "test", part))}
        counts = {name: number for name, number in numbers.items() if name == part or number}
        windows, fewest = counts[part], min(counts, key=lambda name: counts[name])
        if world_size > max(1, counts[fewest]):
            raise DataError(
                f"{self.panel.card.name}: the {fewest} part has {counts[fewest]} windows for {world_size} processes",
                "use fewer trainer.devices",
            )
        size = self.batch_size if shuffle else self.val_batch_size if part == "val" else self.eval_batch_size
        if not shuffle:
            size = min(size, max(1, windows // world_size))  # a process without a batch misses the collective calls
        return WindowLoader(
            windows,
            size,
            seed=self.seed,
            shuffle=shuffle,
            min_batches=self.min_batches,
            rank=rank,
            world_size=world_size,
        )

    def batches(self, part: str, device: Any = "cpu"):
        """Iterate over the gathered batches of a part in order, outside a Trainer (for `prepare`, `calibrate`)."""
        for index in WindowLoader(len(self.windows[part]), self.eval_batch_size):
            yield self.gather(part, index.to(device))

    def train_dataloader(self) -> WindowLoader:
        return self.loader("train", shuffle=True)

    def val_dataloader(self) -> WindowLoader:
        return self.loader("val")

    def test_dataloader(self) -> WindowLoader:
        return self.loader(self.scored_split)

    def predict_dataloader(self) -> WindowLoader:
        return self.loader(self.scored_split)

    def __str__(self) -> str:
        windows = ", ".join(f"{name} {len(found):,}" for name, found in self.windows.items())
        return f"{self.panel.card.name}, context {self.context_length}, horizon {self.horizon}; windows: {windows}"

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        if not isinstance(batch, Tensor):
            return batch
        trainer = self.trainer
        assert trainer is not None
        is_validation = trainer.validating or trainer.sanity_checking
        part = "train" if trainer.training else "val" if is_validation else self.scored_split
        return self.gather(part, batch)
