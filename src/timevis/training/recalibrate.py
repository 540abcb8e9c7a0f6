"""Recalibrate the intervals of a fitted forecaster on validation, with the method that the config names."""

from __future__ import annotations

from dataclasses import replace

import torch

from timevis.data.datamodule import WindowDataModule
from timevis.data.window_sampling import channel_balanced_windows
from timevis.intervals.conformal import ForecastWindows
from timevis.intervals.recalibration import CANDIDATES, horizons_of, select_recalibration
from timevis.intervals.recalibration_facts import ConformalMethod, ConformalOption, Recalibration
from timevis.models.forecaster import Forecaster
from timevis.utils.stdout import with_progress

MAX_WINDOWS = 50_000
"""Windows of each half of validation whose errors give the conformity scores."""
MAX_ONLINE_WINDOWS = 500_000
"""Test windows up to which ``auto`` considers ``online``."""
MAX_ONLINE_STEPS = 20_000
"""The same in steps. All channels of an origin are one step; if each series has its own origins, a window is one."""


@torch.no_grad()
def recalibrate(
    forecaster: Forecaster, datamodule: WindowDataModule, option: ConformalOption, processes: int = 1
) -> tuple[Recalibration, ForecastWindows | None]:
    """Recalibrate the intervals on the first half of validation; comes after `Forecaster.calibrate`.

    Parameters
    ----------
    forecaster : Forecaster
    datamodule : WindowDataModule
    option : {"auto", "none", "split", "online"}
        ``auto`` selects the method on the second half of validation.
    processes : int
        That share the test windows.

    Returns
    -------
    Recalibration
    ForecastWindows, optional
        The forecasts of both halves of validation, for `recalibrate_on_all`; None where nothing is recalibrated.
    """
    if option == "none":
        return Recalibration("none", "set", 0.0, {}, {}), None
    first, second = (_forecast_windows(forecaster, datamodule, part) for part in ("calibration", "val"))
    if option == "auto":
        methods = _methods_for(datamodule, processes)
        chosen = select_recalibration(first, second, forecaster.channel_std, forecaster.at_zero, methods)
    else:
        chosen = Recalibration(option, "set", horizons_of(first, forecaster.num_channels), {}, {})
    if chosen.method != "none":
        forecaster.conformal.fit(first, forecaster.channel_std, chosen.method)
    return chosen, first + second


def recalibrate_on_all(
    forecaster: Forecaster, chosen: Recalibration, windows: ForecastWindows | None
) -> Recalibration:
    """As `recalibrate` with the selected method, on both halves of validation: before the test part."""
    if windows is None:
        return chosen
    if chosen.method != "none":
        forecaster.conformal.fit(windows, forecaster.channel_std, chosen.method)
    return replace(chosen, horizons=horizons_of(windows, forecaster.num_channels))


def _forecast_windows(forecaster: Forecaster, datamodule: WindowDataModule, part: str) -> ForecastWindows:
    """Base forecasts of evenly spaced windows of a part, as many of each channel."""
    channels = forecaster.num_channels
    total, wanted = (
        len(datamodule.windows[part]),
        min(forecaster.max_conformal_origins * channels, max(MAX_WINDOWS, channels)),
    )
    chosen = torch.from_numpy(channel_balanced_windows(total, wanted, channels))
    parts = []
    indices = chosen.split(datamodule.eval_batch_size)
    for index in with_progress(indices, len(indices), f"{part} windows that may recalibrate the intervals"):
        batch = datamodule.gather(part, index.to(forecaster.device))
        target = torch.where(batch.target_mask, batch.target, torch.nan)
        parts.append((forecaster.base_forecast(batch).quantiles, target, batch.channel, batch.origin))
    return ForecastWindows(*(torch.cat(tensors) for tensors in zip(*parts, strict=True))).in_order_of_time()


def _methods_for(datamodule: WindowDataModule, processes: int) -> tuple[ConformalMethod, ...]:
    """The methods that ``auto`` considers; ``online`` if one process can read all test windows in order."""
    windows = datamodule.windows["test"]
    steps = len(windows.origins) if windows.selected is None else len(windows)
    if processes > 1 or steps > MAX_ONLINE_STEPS or len(windows) > MAX_ONLINE_WINDOWS:
        return CANDIDATES[1:]
    return CANDIDATES
