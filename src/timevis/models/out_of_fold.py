"""Errors of a point forecaster on training windows that it was not fitted on, where validation has few windows."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch, WindowSet
from timevis.models.conformal import independent_horizons

if TYPE_CHECKING:
    from timevis.models.residual_quantiles import PointForecaster

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
