"""Select on validation how the intervals of forecasts are recalibrated: ``conformal=auto``."""

from __future__ import annotations

import torch
from torch import Tensor

from timevis.intervals.conformal import (
    FEW_ERRORS,
    Conformal,
    ForecastWindows,
    clip_at_zero,
    independent_errors,
    independent_horizons,
)
from timevis.intervals.recalibration_facts import ConformalMethod, Reason, Recalibration
from timevis.metrics.forecast_metrics import ForecastMetrics
from timevis.utils.levels import QUANTILE_LEVELS

MIN_HORIZONS_TO_SELECT = 5
"""Independent horizons of the second half of validation below which it selects no method."""
MAX_WQL_RISE = 0.01
"""Rise of the WQL on validation up to which a method may be selected."""
MIN_COVERAGE_GAIN = 0.02
"""Gain in the coverage of the 80 % interval for which a method is selected before one that is listed earlier."""
CANDIDATES: tuple[ConformalMethod, ...] = ("online", "split", "none")
"""In the order of preference; see docs/experiments/automatic-recalibration.md."""


def select_recalibration(
    first: ForecastWindows,
    second: ForecastWindows,
    scale: Tensor,
    non_negative: Tensor,
    methods: tuple[ConformalMethod, ...] = CANDIDATES,
) -> Recalibration:
    """Select the method that does best on the second half of validation, calibrated on the first half.

    Of the methods whose WQL there is at most 1 % above the WQL of ``none``, it is the one whose coverage of the
    80 % interval is nearest to 80 %; of nearly equal ones, the one that is listed first. Where the second half has
    too few windows, it is the method that is listed first; where both halves together have one or two independent
    errors, which would decide the width of all intervals, it is ``none``.

    Parameters
    ----------
    first, second : ForecastWindows
        Of the two halves of validation.
    scale : float64 [C]
        Standard deviation of each channel.
    non_negative : bool [C]
        Channels whose forecasts are clipped at zero.
    methods : tuple of str
        In the order of preference, with ``none``.
    """
    coverage: dict[str, float] = {}
    wql: dict[str, Tensor] = {}
    for method in methods:
        metrics = ForecastMetrics(second.target.shape[1], scale.cpu(), torch.ones_like(scale.cpu()), QUANTILE_LEVELS)
        metrics = metrics.to(second.target.device)
        quantiles = recalibrated(first, second, method, scale, non_negative)
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
    if horizons_of(second, len(scale)) >= MIN_HORIZONS_TO_SELECT:
        allowed = [m for m in methods if m == "none" or ratio[m] <= 1 + MAX_WQL_RISE]
        chosen, reason = allowed[0], "validation"
        for other in allowed[1:]:
            if abs(coverage[other] - 0.8) < abs(coverage[chosen] - 0.8) - MIN_COVERAGE_GAIN:
                chosen = other
    elif errors_of(first + second, len(scale)) <= FEW_ERRORS:
        chosen = "none"
    return Recalibration(chosen, reason, horizons_of(first, len(scale)), coverage, {**ratio})


def recalibrated(
    calibration: ForecastWindows,
    windows: ForecastWindows,
    method: ConformalMethod,
    scale: Tensor,
    non_negative: Tensor,
) -> Tensor:
    """Quantiles of windows, recalibrated by a method that has the scores of other windows."""
    if method == "none":
        return windows.quantiles
    conformal = Conformal(QUANTILE_LEVELS).to(windows.quantiles.device)
    conformal.fit(calibration, scale, method)
    if method == "split":
        quantiles = conformal(windows.quantiles, windows.channel)
    else:
        quantiles = conformal.forecast_in_order(*windows.tensors)
    return clip_at_zero(quantiles, windows.channel, non_negative)


def horizons_of(windows: ForecastWindows, channels: int) -> float:
    """About the number of independent horizons of windows."""
    return independent_horizons(windows.channel, windows.origin, channels, windows.target.shape[1])


def errors_of(windows: ForecastWindows, channels: int) -> float:
    """About the number of independent errors of windows."""
    return independent_errors(windows.channel, windows.origin, channels, windows.target.shape[1])
