"""Select on validation how the intervals of a forecaster are recalibrated: ``conformal=auto``."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.window_sampling import channel_balanced_windows
from timevis.models.conformal import FEW_ERRORS, Conformal, independent_errors, independent_horizons
from timevis.models.recalibration_facts import ConformalMethod, Reason, Recalibration
from timevis.utils.levels import QUANTILE_LEVELS
from timevis.utils.progress import with_progress

if TYPE_CHECKING:
    from timevis.models.forecaster import Forecaster

log = logging.getLogger(__name__)

MAX_WINDOWS = 50_000
"""Windows of each half of validation whose errors give the conformity scores."""
MAX_ONLINE_WINDOWS = 500_000
"""Test windows up to which ``auto`` considers ``online``."""
MAX_ONLINE_STEPS = 20_000
"""The same in steps. All channels of an origin are one step; if each series has its own origins, a window is one."""
MIN_HORIZONS_TO_SELECT = 5
"""Independent horizons of the second half of validation below which it selects no method."""
MAX_WQL_RISE = 0.01
"""Rise of the WQL on validation up to which a method may be selected."""
MIN_COVERAGE_GAIN = 0.02
"""Gain in the coverage of the 80 % interval for which a method is selected before one that is listed earlier."""
CANDIDATES: tuple[ConformalMethod, ...] = ("online", "split", "none")
"""In the order of preference; see docs/experiments/automatic-recalibration.md."""


@dataclass(frozen=True)
class ForecastWindows:
    """Base forecasts of windows [B] with their targets, in the order of time.

    Attributes
    ----------
    quantiles : float32 [B, Q, H]
    target : float32 [B, H]
        NaN where it is missing.
    channel, origin : int64 [B]
    """

    quantiles: Tensor
    target: Tensor
    channel: Tensor
    origin: Tensor

    def __add__(self, other: ForecastWindows) -> ForecastWindows:
        pairs = zip(self.tensors, other.tensors, strict=True)
        return ForecastWindows(*(torch.cat(pair) for pair in pairs))

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Quantiles, targets, channels and origins."""
        return self.quantiles, self.target, self.channel, self.origin

    def in_order_of_time(self) -> ForecastWindows:
        """The windows by their origins."""
        order = self.origin.argsort(stable=True)
        return ForecastWindows(*(tensor[order] for tensor in self.tensors))


def forecast_windows(forecaster: Forecaster, datamodule: WindowDataModule, part: str) -> ForecastWindows:
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


def methods_for(datamodule: WindowDataModule, processes: int) -> tuple[ConformalMethod, ...]:
    """The methods that ``auto`` considers; ``online`` if one process can read all test windows in order."""
    windows = datamodule.windows["test"]
    steps = len(windows.origins) if windows.selected is None else len(windows)
    if processes > 1 or steps > MAX_ONLINE_STEPS or len(windows) > MAX_ONLINE_WINDOWS:
        return CANDIDATES[1:]
    return CANDIDATES


def select_recalibration(
    forecaster: Forecaster,
    first: ForecastWindows,
    second: ForecastWindows,
    methods: tuple[ConformalMethod, ...] = CANDIDATES,
) -> Recalibration:
    """Select the method that does best on the second half of validation, calibrated on the first half.

    Of the methods whose WQL there is at most 1 % above the WQL of ``none``, it is the one whose coverage of the
    80 % interval is nearest to 80 %; of nearly equal ones, the one that is listed first. Where the second half has
    too few windows, it is the method that is listed first; where both halves together have one or two independent
    errors, which would decide the width of all intervals, it is ``none``.

    Parameters
    ----------
    forecaster : Forecaster
    first, second : ForecastWindows
        Of the two halves of validation.
    methods : tuple of str
        In the order of preference, with ``none``.
    """
    coverage: dict[str, float] = {}
    wql: dict[str, Tensor] = {}
    for method in methods:
        metrics = forecaster.new_metrics()
        quantiles = recalibrated(forecaster, first, second, method)
        median = quantiles[:, quantiles.shape[1] // 2]
        metrics.update(median, quantiles, second.target.nan_to_num(), second.target.isfinite(), second.channel)
        scores = metrics.compute()
        coverage[method] = float(scores["overall"]["coverage_80"])
        wql[method] = torch.as_tensor(scores["by_channel"]["wql"]).double()
    ratio: dict[str, float] = {}
    for method in methods:
        ratio[method] = float((wql[method] / wql["none"]).log().nanmean().exp())
    chosen: ConformalMethod = methods[0]
    reason: Reason = "few-windows"
    if horizons_of(forecaster, second) >= MIN_HORIZONS_TO_SELECT:
        allowed = [m for m in methods if m == "none" or ratio[m] <= 1 + MAX_WQL_RISE]
        chosen, reason = allowed[0], "validation"
        for other in allowed[1:]:
            if abs(coverage[other] - 0.8) < abs(coverage[chosen] - 0.8) - MIN_COVERAGE_GAIN:
                chosen = other
    elif errors_of(forecaster, first + second) <= FEW_ERRORS:
        chosen = "none"
    return Recalibration(chosen, reason, horizons_of(forecaster, first), coverage, {**ratio})


def recalibrated(
    forecaster: Forecaster, calibration: ForecastWindows, windows: ForecastWindows, method: ConformalMethod
) -> Tensor:
    """Quantiles of windows, recalibrated by a method that has the scores of other windows."""
    if method == "none":
        return windows.quantiles
    conformal = Conformal(QUANTILE_LEVELS).to(windows.quantiles.device)
    conformal.fit(*calibration.tensors, forecaster.channel_std, method)
    if method == "split":
        quantiles = conformal(windows.quantiles, windows.channel)
    else:
        quantiles = conformal.forecast_in_order(*windows.tensors)
    return forecaster.clip_non_negative(quantiles, windows.channel)


def horizons_of(forecaster: Forecaster, windows: ForecastWindows) -> float:
    """About the number of independent horizons of windows."""
    channels, horizon = forecaster.num_channels, windows.target.shape[1]
    return independent_horizons(windows.channel, windows.origin, channels, horizon)


def errors_of(forecaster: Forecaster, windows: ForecastWindows) -> float:
    """About the number of independent errors of windows."""
    channels, horizon = forecaster.num_channels, windows.target.shape[1]
    return independent_errors(windows.channel, windows.origin, channels, horizon)
