"""Forecast metrics, computed from sums and counts so that they do not depend on the number of batches or processes.

Definitions follow Hyndman and Koehler (2006) for MASE, Gneiting and Raftery (2007) for scoring rules, and the
GluonTS and M5 conventions for WQL. Each metric is computed per channel over all windows and steps. The headline
value is the unweighted mean over channels; of the WQL relative to seasonal naive it is the geometric mean, as in
fev-bench and GIFT-Eval, since a mean of WQL depends on the units and on the channel with the largest relative errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from timevis.messages import Text
from timevis.utils.levels import COVERAGES, SUMS, WQL_LEVELS

MIN_WQL_RATIO = 1e-3
"""Smallest ratio that a channel can contribute to the geometric mean, which one ratio of zero would make zero."""


def pinball_loss(quantiles: Tensor, target: Tensor, levels: Tensor) -> Tensor:
    """Pinball loss of each quantile, ``max(level * error, (level - 1) * error)`` (Koenker and Bassett, 1978).

    Parameters
    ----------
    quantiles : [B, Q, H]
    target : [B, H]
    levels : [Q]

    Returns
    -------
    [B, Q, H]
    """
    error = target.unsqueeze(1) - quantiles
    # a slope of level or level - 1 without gradient needs fewer passes over memory than `maximum`, and one buffer
    is_above = torch.lt(error.detach(), 0, out=torch.empty_like(error, dtype=levels.dtype))
    slope = torch.sub(levels.view(1, -1, 1), is_above, out=is_above)
    return slope * error


def integral_over_levels(losses: Tensor, quantiles: Tensor, target: Tensor, levels: Tensor) -> Tensor:
    """Integral of the pinball loss over all levels from 0 to 1; twice of it is the CRPS.

    The trapezoid rule between the levels. Beyond the outermost levels, the quantiles are taken as equal to the
    outermost ones, for which the integral is exact.

    Parameters
    ----------
    losses, quantiles : [B, Q, H]
    target : [B, H]
    levels : [Q]
        Ascending.

    Returns
    -------
    [B, H]
    """
    integral = torch.trapezoid(losses, levels, dim=1)
    ends = ((0, levels[0], target < quantiles[:, 0]), (-1, 1 - levels[-1], target > quantiles[:, -1]))
    for row, gap, is_outside in ends:
        integral += losses[:, row] * torch.where(is_outside, gap * (2 - gap) / (2 - 2 * gap), gap / 2)
    return integral


def ratios(sums: dict[str, Tensor], std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    """Metrics from `SUMS` and ``reference_pinball`` of any one shape that broadcasts against `std` and `mase_scale`.

    A metric is NaN where no target is observed. WAPE and WQL are also NaN where all targets are zero, since they are
    relative to the size of the targets; MASE and SQL are NaN where `mase_scale` is. The relative WQL is the WQL
    divided by that of the reference, whose quantile losses are ``reference_pinball``; it is NaN where either is not
    defined or the latter is zero.
    """
    n = sums["count"]
    size = sums["abs_target"].where(sums["abs_target"] > 0, torch.nan)
    mae = sums["median_abs_error"] / n
    wql, reference = 2 * sums["pinball_wql"] / size, 2 * sums["reference_pinball"] / size
    return {
        "mae": mae,
        "rmse": (sums["sq_error"] / n).sqrt(),
        "wape": sums["median_abs_error"] / size,
        "smape": sums["smape"] / n,
        "mase": mae / mase_scale,
        "wql": wql,
        "relative_wql": wql / reference.where(reference > 0, torch.nan),
        "sql": 2 * sums["pinball_wql"] / n / mase_scale,
        "crps": 2 * sums["pinball_integral"] / n,
        "bias": sums["error"] / n,
        "mse_scaled": sums["sq_error"] / n / std.square(),
        "mae_scaled": mae / std,
        **{f"coverage_{k}": sums[f"inside_{k}"] / n for k in COVERAGES},
    }


def headline(sums: dict[str, Tensor], std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    """Headline metrics from sums [..., C]: the mean over channels of each channel's metric; returns [...].

    ``relative_wql`` is the geometric mean instead, over the channels on which it is defined. ``mse_scaled`` and
    ``mae_scaled`` are pooled over all channels, as in the long-horizon literature.
    """
    by_channel = ratios(sums, std, mase_scale)
    out = {name: value.nanmean(-1) for name, value in by_channel.items()}
    out["relative_wql"] = by_channel["relative_wql"].clamp(min=MIN_WQL_RATIO).log().nanmean(-1).exp()
    total = sums["count"].sum(-1)
    out["mse_scaled"] = (sums["sq_error"] / std.square()).sum(-1) / total
    out["mae_scaled"] = (sums["median_abs_error"] / std).sum(-1) / total
    return out


class ForecastMetrics(Metric):
    """All metrics of one model on one window set.

    The relative WQL is NaN unless `add_reference` is called for every window.

    Parameters
    ----------
    horizon : int
        H.
    channel_std : float64 [C]
        Standard deviation of each channel in the training part, for the scaled metrics.
    mase_scale : float64 [C]
        Mean absolute seasonal difference of each channel in the training part; NaN where MASE is undefined.
    quantile_levels : sequence of Q floats
        The levels of the forecasts. They must contain `WQL_LEVELS` and the ends of the intervals in `COVERAGES`.
    """

    full_state_update = False
    higher_is_better = False

    def __init__(
        self, horizon: int, channel_std: Tensor, mase_scale: Tensor, quantile_levels: Sequence[float], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.levels: Tensor
        self.channel_std: Tensor
        self.mase_scale: Tensor
        self.sum_reference_pinball: Tensor
        self.register_buffer("levels", torch.tensor(quantile_levels, dtype=torch.float64), persistent=False)
        self.register_buffer("channel_std", channel_std.double(), persistent=False)
        self.register_buffer("mase_scale", mase_scale.double(), persistent=False)
        names = [round(level, 4) for level in quantile_levels]
        self._wql_rows = [names.index(level) for level in WQL_LEVELS]
        self._median_row = names.index(0.5)
        self._interval_rows = {k: (names.index(a), names.index(b)) for k, (a, b) in COVERAGES.items()}
        for name in (*SUMS, "reference_pinball"):
            zero = torch.zeros(len(channel_std), horizon, dtype=torch.float64)
            self.add_state(f"sum_{name}", zero, dist_reduce_fx="sum")

    def set_dtype(self, dst_type: Any) -> ForecastMetrics:
        return self  # the sums stay float64 when the model changes its precision

    def elements(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The terms of `SUMS` for each window and step, float64 [B, H]; zero where the target is missing."""
        point, quantiles, target = point.double(), quantiles.double(), target.double()
        error = point - target
        median_error = (quantiles[:, self._median_row] - target).abs()
        losses = pinball_loss(quantiles, target, self.levels)
        # sMAPE scores the median, as MAE does; it is zero where median and target are zero
        size = quantiles[:, self._median_row].abs() + target.abs()
        out = {
            "count": torch.ones_like(target),
            "sq_error": error.square(),
            "error": error,
            "median_abs_error": median_error,
            "abs_target": target.abs(),
            "smape": torch.where(size > 0, 2 * median_error / size.clamp(min=1e-300), 0.0),
            "pinball_wql": losses[:, self._wql_rows].mean(1),
            "pinball_integral": integral_over_levels(losses, quantiles, target, self.levels),
        }
        for k, (low, high) in self._interval_rows.items():
            out[f"inside_{k}"] = ((target >= quantiles[:, low]) & (target <= quantiles[:, high])).double()
        return {name: torch.where(mask, value, 0.0) for name, value in out.items()}

    def update(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor, channel: Tensor) -> None:
        """Add the errors of B windows.

        Parameters
        ----------
        point, target : [B, H]
        quantiles : [B, Q, H]
        mask : bool [B, H]
            True where the target is observed.
        channel : int64 [B]

        Raises
        ------
        FloatingPointError
            A forecast of an observed target is NaN or infinite.
        """
        if not bool((torch.isfinite(point) & torch.isfinite(quantiles).all(1) | ~mask).all()):
            raise FloatingPointError(Text("forecast-not-finite", "the model forecast a NaN or an infinite value"))
        for name, value in self.elements(point, quantiles, target, mask).items():
            getattr(self, f"sum_{name}").index_add_(0, channel, value)

    def add_reference(self, losses: Tensor, channel: Tensor) -> None:
        """Add the `quantile_losses` [B, H] of the reference on windows whose errors `update` adds."""
        self.sum_reference_pinball.index_add_(0, channel, losses.double())

    def update_batch(self, forecast: Any, batch: Any) -> None:
        """`update` from a Forecast and a Batch."""
        self.update(forecast.point, forecast.quantiles, batch.target, batch.target_mask, batch.channel)

    def quantile_losses(self, forecast: Any, batch: Any) -> Tensor:
        """The term ``pinball_wql`` of `elements`, from a Forecast and a Batch; float64 [B, H]."""
        return self.elements(forecast.point, forecast.quantiles, batch.target, batch.target_mask)["pinball_wql"]

    def window_sums(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The `SUMS` of each window, float64 [B], from which runs are compared."""
        elements = self.elements(point, quantiles, target, mask)
        return {name: elements[name].sum(1) for name in SUMS}

    def compute(self) -> dict[str, Any]:
        """Compute the headline values, and each metric by channel and by horizon step.

        Returns
        -------
        dict
            ``overall`` {metric: float}, ``by_channel`` {metric: [C]}, ``by_horizon`` {metric: [H]}; NaN where no
            target is observed.
        """
        sums = {name: getattr(self, f"sum_{name}") for name in (*SUMS, "reference_pinball")}
        per_channel = {name: value.sum(1) for name, value in sums.items()}
        per_step = {name: value.t() for name, value in sums.items()}
        return {
            "overall": {k: float(v) for k, v in headline(per_channel, self.channel_std, self.mase_scale).items()},
            "by_channel": {k: v.tolist() for k, v in ratios(per_channel, self.channel_std, self.mase_scale).items()},
            "by_horizon": {k: v.tolist() for k, v in headline(per_step, self.channel_std, self.mase_scale).items()},
        }

    def summary(self) -> dict[str, float]:
        """Compute only the headline values."""
        return self.compute()["overall"]
