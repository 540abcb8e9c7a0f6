"""A run's model fitted again on every row of its data, for forecasts of the real future."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl

from timevis.data.datamodule import WindowDataModule
from timevis.data.scaler import Scaler
from timevis.data.windows import WindowSet
from timevis.models.forecaster import Forecaster
from timevis.runs.folder import RunFolder
from timevis.runs.reload import load_again
from timevis.training import factory
from timevis.training.callbacks.step_hooks import FiniteLoss, SeedEachStep
from timevis.training.fit import epochs_of_best
from timevis.utils.formatting import format_count

log = logging.getLogger(__name__)


def refit(folder: RunFolder) -> Forecaster:
    """Fit the model of a run on all rows of its data; nothing in the folder changes.

    It trains for as many epochs as the run's best checkpoint had. What calibration learnt stays the run's own, since
    the refitted model has seen the validation rows.

    Raises
    ------
    DataError
        The data have lost a channel or covariate of the run.
    """
    fitted = folder.load_forecaster()
    cfg, panel, _ = load_again(folder)
    pl.seed_everything(cfg.seed, verbose=False)
    datamodule = factory.datamodule(cfg, panel)
    epoch = len(datamodule.train_dataloader())
    datamodule = on_all_rows(datamodule, cfg.model.fit.train_fraction)
    hyperparameters = factory.hyperparameters(cfg) | fitted.refit_arguments()
    forecaster = type(fitted).from_data(datamodule, **hyperparameters)
    epochs = epochs_of_best(folder) if forecaster.trainable else 0
    log.info("refitting on all %d rows%s", len(panel), f", {format_count(epochs, 'epoch')}" * (epochs > 0))
    forecaster.prepare(datamodule)
    if forecaster.trainable:
        trainer(folder, epochs, epoch).fit(forecaster, datamodule=datamodule)
    state = forecaster.state_dict()
    kept = {name: value for name, value in fitted.state_dict().items() if name.startswith(fitted.calibrated_state)}
    forecaster.load_state_dict(state | kept)
    return forecaster.cpu().eval()


def trainer(folder: RunFolder, epochs: int, batches: int) -> pl.Trainer:
    """A Trainer with the run's options, but those that end it, which trains for `epochs` on one device, unwritten.

    An epoch of the run, which had `batches`, may have been shorter by `trainer.max_steps`; so are these then.
    """
    cfg = folder.config
    length: dict[str, Any] = {"max_epochs": epochs, "max_steps": -1, "max_time": None}
    most, limit = factory.batches_in_all(cfg.trainer), cfg.trainer.limit_train_batches
    if 0 < most < (min(limit, batches) if isinstance(limit, int) else batches):
        length["limit_train_batches"] = most
    return factory.lone_trainer(cfg.trainer, SeedEachStep(cfg.seed), FiniteLoss(), **length)


def on_all_rows(datamodule: WindowDataModule, train_fraction: float = 1.0) -> WindowDataModule:
    """Let the training part be the whole panel; the validation part keeps its rows, now seen in training."""
    panel, horizon = datamodule.panel, datamodule.horizon
    datamodule.split = replace(datamodule.split, train_end=len(panel))
    datamodule.scaler = Scaler.fit(panel.values)
    stop = len(panel) - horizon + 1
    rows = stop - datamodule.context_length
    origins = range(stop - max(1, round(train_fraction * rows)), stop)
    datamodule.windows["train"] = WindowSet.training(panel.values, origins, horizon)
    return datamodule
