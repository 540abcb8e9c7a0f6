"""Base class of forecasters that forecast a point: their quantiles follow from errors on validation."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch, WindowSet
from timevis.intervals.conformal import independent_horizons
from timevis.intervals.residual_quantiles import ResidualQuantiles
from timevis.models.forecaster import Forecast, Forecaster

log = logging.getLogger(__name__)

MIN_HORIZONS = 5
"""Independent horizons of the calibration windows below which out-of-fold errors are computed."""
MAX_FOLDS = 5
"""Blocks of rows at the end of the training part; each of them needs another fit."""
HORIZONS_OF_BLOCK = 2
"""Length of a block, in horizons; one if the training part is too short."""
MAX_SHARE = 0.6
"""Share of the origins of the training part that may lie in blocks."""
HELD_OUT = "held_out"
"""The window set of a fold whose targets lie in its block."""


class PointForecaster(Forecaster):
    """Base class of forecasters that forecast a point; `calibrate` adds quantiles from validation errors."""

    calibrated_state = ("residuals.",)
    symmetric_residuals: ClassVar[bool] = False
    uses_out_of_fold_errors: ClassVar[bool] = False
    """Whether `calibrate` adds errors of training windows where validation has few; see `out_of_fold_errors`."""

    def __init__(self, context_length: int, horizon: int, num_channels: int = 1, num_covariates: int = 0) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.residuals = ResidualQuantiles(num_channels, horizon, self.symmetric_residuals)

    def point(self, batch: Batch) -> Tensor:
        """The point forecast in raw units, float32 [B, H]."""
        raise NotImplementedError

    def predict_unclipped(self, batch: Batch) -> Forecast:
        point = self.point(batch)
        return Forecast(point, self.residuals(point, batch.channel))

    def errors_of(self, batch: Batch, fitted: Self | None = None) -> tuple[Tensor, Batch]:
        """The point forecast of a batch, and the batch; their difference is what the residual quantiles describe.

        Parameters
        ----------
        batch : Batch
        fitted : PointForecaster, optional
            Makes the point forecast in place of this forecaster, in whose unit the errors are.
        """
        return (fitted or self).point(batch), batch

    @property
    def unit_of_errors(self) -> Tensor | None:
        """The unit of each channel's errors, float64 [C], in which errors of several channels are pooled."""
        return self.channel_std

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        errors: Iterable[tuple[Tensor, Batch]]
        errors = map(self.errors_of, datamodule.batches("calibration", self.device))
        if self.uses_out_of_fold_errors and has_few_horizons(datamodule):
            errors = chain(out_of_fold_errors(self, datamodule), errors)
        self.residuals.fit(*collect_errors(errors), self.unit_of_errors)


def collect_errors(pairs: Iterable[tuple[Tensor, Batch]]) -> tuple[Tensor, Tensor, Tensor]:
    """Errors [N, H] of point forecasts [B, H], NaN where the target is missing, and channels and origins [N]."""
    parts = [
        (
            torch.where(batch.target_mask, batch.target - point, torch.nan).cpu(),
            batch.channel.cpu(),
            batch.origin.cpu(),
        )
        for point, batch in pairs
    ]
    error, channel, origin = (torch.cat(part) for part in zip(*parts, strict=True))
    return error, channel, origin


def has_few_horizons(datamodule: WindowDataModule) -> bool:
    """Whether the calibration windows are too few for quantiles of their errors."""
    origin, channel = datamodule.windows["calibration"].pairs
    return independent_horizons(channel, origin, datamodule.num_channels, datamodule.horizon) < MIN_HORIZONS


def out_of_fold_errors(forecaster: PointForecaster, datamodule: WindowDataModule) -> Iterator[tuple[Tensor, Batch]]:
    """Errors on the last rows of the training part, by blocked cross-validation.

    For each block of rows, a copy of the forecaster is fitted on the training windows whose targets lie outside of
    the block, with the hyperparameters that were selected on validation, and forecasts the windows inside.

    Returns
    -------
    iterator
        What `PointForecaster.errors_of` returns for each batch.
    """
    blocks = list(_folds(datamodule))
    windows = sum(len(fold.windows[HELD_OUT]) for fold in blocks)
    log.info(
        "few validation windows: the quantiles also follow %d training windows of %d folds", windows, len(blocks)
    )
    for fold in blocks:
        fitted = type(forecaster)(**{**forecaster.hparams, **forecaster.refit_arguments()})
        fitted.prepare(fold)
        yield from (forecaster.errors_of(batch, fitted) for batch in fold.batches(HELD_OUT))


def _folds(datamodule: WindowDataModule) -> Iterator[WindowDataModule]:
    """Copies of a data module with other training windows, and the windows ``held_out``; one for each block."""
    horizon, training = datamodule.horizon, datamodule.windows["train"]
    rows = int(MAX_SHARE * (datamodule.split.training_rows - datamodule.context_length))
    span = horizon * (HORIZONS_OF_BLOCK if rows >= HORIZONS_OF_BLOCK * horizon else 1)
    origin, channel = training.pairs
    number = torch.arange(len(training)) if training.selected is None else training.selected
    ends = torch.from_numpy(np.broadcast_to(datamodule.split.borders[..., 0], datamodule.num_channels).copy())
    for blocks_after in reversed(range(min(MAX_FOLDS, rows // span))):
        stop = ends[channel] - blocks_after * span
        is_inside = (origin >= stop - span) & (origin + horizon <= stop)
        is_outside = (origin + horizon <= stop - span) | (origin >= stop)
        if not is_inside.any() or not is_outside.any():
            continue
        fold = copy.copy(datamodule)
        sets = {"train": number[is_outside], HELD_OUT: number[is_inside]}
        selected = {name: WindowSet(training.origins, training.channels, pairs) for name, pairs in sets.items()}
        fold.windows = datamodule.windows | selected
        yield fold
