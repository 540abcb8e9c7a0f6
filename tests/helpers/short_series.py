"""Short random series of many kinds, models that are fitted on them, and how far their forecasts may go."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from omegaconf import DictConfig
from panels import panel_of
from trainers import quiet_trainer

from timevis.config.compose import compose
from timevis.data.panel import Panel
from timevis.data.windows import SeriesStore
from timevis.inference.predict import extend_to_horizon
from timevis.models.forecaster import Forecast, Forecaster
from timevis.runs.config import RunConfig
from timevis.training.recalibrate import recalibrate, recalibrate_on_all

FREQUENCIES = ("MS", "D", "h", "QS")
SPREADS = 5.0
"""Multiple of the spread of a series by which a forecast may be outside of it, in addition to a trend."""
SMALLEST_SPREAD = 0.01
"""Smallest spread of a series, as a share of its largest absolute value; a constant series has this spread."""
STEPS_PER_EPOCH = 10


def short_panel(seed: int) -> Panel:
    """A series of 5 to 60 rows with the kind, the frequency and the level that follow from the seed."""
    rng = np.random.default_rng(seed)
    rows, level = int(rng.integers(5, 61)), float(10 ** rng.uniform(-2, 5))
    row, noise, place = np.arange(rows), rng.normal(size=rows), int(rng.integers(rows))
    kinds = (
        np.full(rows, level),
        np.where(row < place, level, level * rng.uniform(2, 10)),
        level * (1 + 0.1 * row + 0.05 * noise),
        level * (1 + 0.05 * noise) + 20 * level * (row == place),
        np.where(rng.random(rows) < 0.6, 0.0, rng.integers(1, 9, rows)),
        level * (1 + 0.1 * noise) - 1000 * level * (row == place),
        -level * (1 + 0.2 * noise),
        level * (2 + np.sin(2 * np.pi * row / 6) + 0.1 * noise),
        level * noise.cumsum(),
        rng.poisson(3, rows),
    )
    return panel_of(kinds[seed // len(FREQUENCIES) % len(kinds)], freq=FREQUENCIES[seed % len(FREQUENCIES)])


def plausible_range(values: np.ndarray, horizon: int) -> tuple[float, float]:
    """How far a forecast of a series may go.

    It is the range of the series, extended on both sides by its own largest trend over the horizon, which is the
    largest difference between two of its values that are at most `horizon` rows apart, and by `SPREADS` times its
    spread, which is its standard deviation.

    Parameters
    ----------
    values : float [T]
    horizon : int
        In rows.
    """
    values = values.astype(np.float64)
    differences = [
        np.abs(values[rows:] - values[:-rows]).max() for rows in range(1, min(horizon, len(values) - 1) + 1)
    ]
    spread = max(values.std(), SMALLEST_SPREAD * np.abs(values).max())
    distance = max(differences) + SPREADS * spread
    return values.min() - distance, values.max() + distance


@cache
def _config(*overrides: str) -> DictConfig:
    return compose([*overrides, "data=file", "logger=none", "trainer=cpu"])


def fitted(panel: Panel, *overrides: str) -> Forecaster:
    """A model that was fitted on a panel as a run does it, with few steps, and whose intervals are recalibrated."""
    torch.manual_seed(0)
    config = RunConfig.from_config(_config(*overrides)).completed_for(panel)
    datamodule = config.datamodule(panel)
    forecaster = config.forecaster(datamodule)
    forecaster.prepare(datamodule)
    if forecaster.trainable:
        options = {"max_epochs": config.fit.max_epochs, "limit_train_batches": STEPS_PER_EPOCH}
        quiet_trainer(**options, gradient_clip_val=1.0).fit(forecaster, datamodule=datamodule)
    forecaster.calibrate(datamodule)
    recalibrate_on_all(forecaster, *recalibrate(forecaster, datamodule, "auto"))
    return forecaster.eval()


def forecast_next_rows(forecaster: Forecaster, panel: Panel) -> Forecast:
    """The forecast of the rows after a panel of one channel."""
    longer, origins = extend_to_horizon(panel, forecaster.horizon, forecaster.context_length)
    origin, channel = torch.from_numpy(origins), torch.zeros(1, dtype=torch.long)
    return forecaster.forecast(
        SeriesStore(longer).gather(origin, channel, forecaster.context_length, forecaster.horizon)
    )
