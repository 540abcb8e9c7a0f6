"""Forecasters without a training, made for a panel: seasonal naive, or a backbone that is not tuned."""

from __future__ import annotations

from dataclasses import replace

from omegaconf import DictConfig

from timevis.data.panel import Panel
from timevis.data.split.spec import LastRows
from timevis.data.split.split import Split
from timevis.errors import DataError
from timevis.messages import Setting, Text
from timevis.models.forecaster import Forecaster
from timevis.models.point_forecaster import PointForecaster
from timevis.runs.config import RunConfig
from timevis.runs.default_lengths import default_lengths
from timevis.training.refit import on_all_rows

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
            "untrained-too-short",
            "{source} has {rows} rows, too few for a forecast of {horizon} rows without training",
            source=panel.card.name,
            rows=rows,
            horizon=horizon,
        )
        advice = Text(
            "more-rows-or-smaller-horizon",
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
