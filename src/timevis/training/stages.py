"""The stages between a prepared forecaster and its validation: fit and calibration."""

from __future__ import annotations

import time

import pytorch_lightning as pl

from timevis.data.datamodule import WindowDataModule
from timevis.models.forecaster import Forecaster
from timevis.models.recalibration_facts import Recalibration
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.callbacks.step_hooks import FitClock
from timevis.training.fit import fit
from timevis.utils.interrupts import StopRequest


def fit_and_calibrate(
    trainer: pl.Trainer,
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    folder: RunFolder,
    config: RunConfig,
    status: Status,
    stop: StopRequest,
    clock: FitClock,
    step: int | None,
) -> tuple[dict[str, float], Recalibration]:
    """Fit a prepared forecaster where it has gradient steps, and calibrate it.

    Parameters
    ----------
    trainer : Trainer
    forecaster : Forecaster
    datamodule : WindowDataModule
    folder : RunFolder
    config : RunConfig
    status : Status
        Is kept up to date.
    stop : StopRequest
    clock : FitClock
        One of the callbacks of the trainer.
    step : int, optional
        Optimizer steps of the last checkpoint of a resumed run; see `timevis.training.fit.fit`.

    Returns
    -------
    dict
        ``fit_seconds`` and ``calibrate_seconds``.
    Recalibration
        Of the intervals.
    """
    if forecaster.trainable:
        status.update(stage="fit")
        fit(trainer, forecaster, datamodule, folder, clock, step)
    stop.raise_if_requested()

    status.update(stage="calibrate")
    forecaster.to(trainer.strategy.root_device)
    started = time.monotonic()
    with stop.raise_immediately():
        forecaster.calibrate(datamodule)
        recalibration = forecaster.calibrate_conformal(datamodule, config.run.conformal, trainer.world_size)
    return {"fit_seconds": clock.seconds, "calibrate_seconds": time.monotonic() - started}, recalibration
