"""Fit a model for forecasts beyond the data: again on all rows, or without a training."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig

from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel, Scaler
from timevis.data.split import LastRows, Split
from timevis.errors import DataError
from timevis.messages import Setting, Text
from timevis.models.forecaster import Forecaster
from timevis.models.point_forecaster import PointForecaster
from timevis.runs.config import RunConfig
from timevis.runs.default_lengths import default_lengths
from timevis.runs.folder import RunFolder
from timevis.runs.reload import load_run_data
from timevis.training.callbacks.step_hooks import FiniteLoss, SeedEachStep
from timevis.training.fit import epochs_of_best_weights
from timevis.training.trainer import make_single_trainer
from timevis.utils.formatting import format_count

log = logging.getLogger(__name__)


def refit(folder: RunFolder) -> Forecaster:
    """Fit the model of a run on all rows of its data; nothing in the folder changes.

    The number of epochs is the number of the best checkpoint of the run. The calibration of the run is kept, because
    the refitted model is trained on the validation rows.

    Parameters
    ----------
    folder : RunFolder

    Returns
    -------
    Forecaster
        On the CPU, in evaluation mode.

    Raises
    ------
    DataError
        The data no longer have a channel or covariate of the run.
    """
    fitted = folder.load_forecaster()
    ensemble = fitted.with_refitted_members(lambda path: refit(RunFolder(path)))
    if ensemble is not None:  # the weights are kept, like a calibration
        return ensemble
    config, panel, _ = load_run_data(folder)
    pl.seed_everything(config.run.seed, verbose=False)
    datamodule = config.datamodule(panel)
    batches_per_epoch = len(datamodule.train_dataloader())
    datamodule = on_all_rows(datamodule, config.fit.train_fraction)
    hyperparameters = config.model.hyperparameters | fitted.refit_arguments()
    forecaster = type(fitted).from_data(datamodule, **hyperparameters)
    epochs = epochs_of_best_weights(folder) if forecaster.trainable else 0
    log.info("refitting on all %d rows%s", len(panel), f", {format_count(epochs, 'epoch')}" * (epochs > 0))
    forecaster.prepare(datamodule)
    if forecaster.trainable:
        refit_trainer(config, epochs, batches_per_epoch).fit(forecaster, datamodule=datamodule)
    state, prefixes = forecaster.state_dict(), ("conformal.", *fitted.calibrated_state)
    calibrated = {name: value for name, value in fitted.state_dict().items() if name.startswith(prefixes)}
    forecaster.load_state_dict(state | calibrated)
    return forecaster.cpu().eval()


def refit_trainer(config: RunConfig, epochs: int, batches_per_epoch: int) -> pl.Trainer:
    """A Trainer for a refit: with the options of the run, on one device, and without writing anything.

    Parameters
    ----------
    config : RunConfig
    epochs : int
    batches_per_epoch : int
        Batches of an epoch of the run. If `trainer.max_steps` is smaller, it also limits the epochs of the refit.
    """
    options = config.trainer
    arguments: dict[str, Any] = {"max_epochs": epochs, "max_steps": -1, "max_time": None}
    limit = options.limit_train_batches
    if 0 < options.max_batches < (min(limit, batches_per_epoch) if isinstance(limit, int) else batches_per_epoch):
        arguments["limit_train_batches"] = options.max_batches
    return make_single_trainer(options, SeedEachStep(config.run.seed), FiniteLoss(), **arguments)


def on_all_rows(datamodule: WindowDataModule, train_fraction: float = 1.0) -> WindowDataModule:
    """Let the training part be the whole panel. The validation windows stay, but are no longer unseen data.

    Parameters
    ----------
    datamodule : WindowDataModule
        Is changed.
    train_fraction : float
        Share of the training windows that is used, the most recent ones.
    """
    borders = datamodule.split.borders.copy()
    borders[..., 0] = datamodule.panel.ends if datamodule.split.by_series else len(datamodule.panel)
    datamodule.split = replace(datamodule.split, borders=borders)
    datamodule.scaler = Scaler.fit(datamodule.panel.values)
    datamodule.windows["train"] = datamodule.training_windows(train_fraction)
    return datamodule


LONG_ROWS = 10**9
"""Rows of data that shorten no length."""


def default_horizon(panel: Panel) -> int:
    """The horizon that the frequency and the length of a panel imply; see `timevis.runs.default_lengths`."""
    starts, ends = panel.spans()
    rows = int((ends - starts).max())
    return default_lengths(panel.freq, (rows // 2, 3 * rows // 4, rows)).horizon


def untrained_forecaster(cfg: DictConfig, panel: Panel, horizon: int) -> Forecaster:
    """A forecaster without a training: its scales, and the quantiles of seasonal naive, come from the panel.

    Parameters
    ----------
    cfg : DictConfig
        Config of a model that has no gradient steps, such as ``model=seasonal_naive`` or ``model=qwen`` with
        ``model.tune=none``. Its split is not used.
    panel : Panel
        Its scales are computed from all rows.
    horizon : int
        In rows.

    Raises
    ------
    DataError
        The panel is too short.
    """
    starts, ends = panel.spans()
    known = panel.slice_rows(0, int(ends.max()))
    rows, config = int((ends - starts).max()), RunConfig.from_config(cfg)
    model = config.model
    has_residuals = issubclass(model.forecaster_class, PointForecaster)
    for_calibration = max(2 * horizon, rows // 4) if has_residuals else horizon
    train_end = rows - for_calibration - horizon
    if train_end <= horizon:
        message = Text(
            "{source} has {rows} rows, too few for a forecast of {horizon} rows without training",
            source=panel.card.name,
            rows=rows,
            horizon=horizon,
        )
        advice = Text(
            "give at least {rows} rows, or a smaller {horizon}",
            rows=rows - train_end + horizon + 1,
            horizon=Setting("horizon"),
        )
        raise DataError(message, advice)
    by_frequency = default_lengths(panel.freq, (LONG_ROWS,) * 3, horizon).context_length
    split = Split.on_axis(train_end, train_end + for_calibration, rows)
    longest = model.forecaster_class.default_context_length(by_frequency, known, split, model.hyperparameters)
    config = replace(
        config,
        run=replace(config.run, horizon=horizon, context_length=min(longest, train_end - horizon)),
        data=replace(config.data, split=LastRows(val=for_calibration, test=horizon)),
    )
    datamodule = on_all_rows(config.datamodule(known))
    forecaster = config.forecaster(datamodule)
    forecaster.prepare(datamodule)
    forecaster.calibrate(datamodule)
    return forecaster.eval()
