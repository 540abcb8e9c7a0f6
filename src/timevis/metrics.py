"""Forecast metrics as sums and counts, so that batch size and process count cannot change a number.

Definitions follow Hyndman and Koehler (2006) for MASE, Gneiting and Raftery (2007) for scoring rules, and the
GluonTS and M5 conventions for WQL. Every per-channel metric is taken over all windows and steps of a channel
first; the headline is the unweighted mean over channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

WQL_LEVELS = tuple(round(0.1 * i, 1) for i in range(1, 10))
COVERAGES = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}
SUMS = (
    "count",
    "sq_error",
    "error",
    "median_abs_error",
    "abs_target",
    "smape",
    "pinball_wql",
    "pinball_all",
    *(f"inside_{k}" for k in COVERAGES),
)


def pinball(quantiles: Tensor, target: Tensor, levels: Tensor) -> Tensor:
    """Pinball loss of quantiles [B, Q, H] against target [B, H] at levels [Q]; returns [B, Q, H]."""
    error = target.unsqueeze(1) - quantiles
    tau = levels.view(1, -1, 1)
    return torch.maximum(tau * error, (tau - 1) * error)


def ratios(sums: dict[str, Tensor], std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    """Metrics of each cell from its `SUMS`, all broadcastable against `std` and `mase_scale`.

    NaN without a target; WAPE and WQL also where all targets are zero, since they are relative to their size; MASE
    where `mase_scale` is.
    """
    n = sums["count"]
    size = sums["abs_target"].where(sums["abs_target"] > 0, torch.nan)
    mae = sums["median_abs_error"] / n
    return {
        "mae": mae,
        "rmse": (sums["sq_error"] / n).sqrt(),
        "wape": sums["median_abs_error"] / size,
        "smape": sums["smape"] / n,
        "mase": mae / mase_scale,
        "wql": 2 * sums["pinball_wql"] / size,
        "crps": 2 * sums["pinball_all"] / n,
        "bias": sums["error"] / n,
        "mse_scaled": sums["sq_error"] / n / std.square(),
        "mae_scaled": mae / std,
        **{f"coverage_{k}": sums[f"inside_{k}"] / n for k in COVERAGES},
    }


def headline(sums: dict[str, Tensor], std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    """Headline metrics from sums [..., C]: per channel first, then the mean; scaled errors pooled. Returns [...].

    Pooling the scaled errors over channels is what the long-horizon literature does.
    """
    out = {name: value.nanmean(-1) for name, value in ratios(sums, std, mase_scale).items()}
    total = sums["count"].sum(-1)
    out["mse_scaled"] = (sums["sq_error"] / std.square()).sum(-1) / total
    out["mae_scaled"] = (sums["median_abs_error"] / std).sum(-1) / total
    return out


class ForecastMetrics(Metric):
    """All metrics of one model on one window set.

    Parameters
    ----------
    horizon : int
        H.
    channel_std : float64 [C]
        Deviation of the training part, for the scaled metrics.
    mase_scale : float64 [C]
        Mean absolute seasonal difference of the training part; NaN where MASE is not defined.
    quantile_levels : sequence of Q floats
        The levels of the forecasts; contains 0.1 to 0.9 and the interval ends.
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
        self.register_buffer("levels", torch.tensor(quantile_levels, dtype=torch.float64), persistent=False)
        self.register_buffer("channel_std", channel_std.double(), persistent=False)
        self.register_buffer("mase_scale", mase_scale.double(), persistent=False)
        names = [round(level, 4) for level in quantile_levels]
        self._wql_rows = [names.index(level) for level in WQL_LEVELS]
        self._median_row = names.index(0.5)
        self._interval_rows = {k: (names.index(a), names.index(b)) for k, (a, b) in COVERAGES.items()}
        for name in SUMS:
            zero = torch.zeros(len(channel_std), horizon, dtype=torch.float64)
            self.add_state(f"sum_{name}", zero, dist_reduce_fx="sum")

    def set_dtype(self, dst_type: Any) -> ForecastMetrics:
        return self  # sums stay float64 whatever the module's precision

    def elements(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The summands, each float64 [B, H], zero where the target is missing."""
        point, quantiles, target = point.double(), quantiles.double(), target.double()
        error = point - target
        median_error = (quantiles[:, self._median_row] - target).abs()
        losses = pinball(quantiles, target, self.levels)
        # sMAPE scores the median, as MAE does; 0/0 counts as no error
        size = quantiles[:, self._median_row].abs() + target.abs()
        out = {
            "count": torch.ones_like(target),
            "sq_error": error.square(),
            "error": error,
            "median_abs_error": median_error,
            "abs_target": target.abs(),
            "smape": torch.where(size > 0, 2 * median_error / size.clamp(min=1e-300), 0.0),
            "pinball_wql": losses[:, self._wql_rows].mean(1),
            "pinball_all": losses.mean(1),
        }
        for k, (low, high) in self._interval_rows.items():
            out[f"inside_{k}"] = ((target >= quantiles[:, low]) & (target <= quantiles[:, high])).double()
        return {name: torch.where(mask, value, 0.0) for name, value in out.items()}

    def update(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor, channel: Tensor) -> None:
        """Add windows: point and target [B, H], quantiles [B, Q, H], mask bool [B, H], channel int64 [B].

        Raises
        ------
        FloatingPointError
            A forecast at an observed target is not finite; nothing is dropped to hide it.
        """
        if not bool((torch.isfinite(point) & torch.isfinite(quantiles).all(1) | ~mask).all()):
            raise FloatingPointError("the model forecast a value that is not finite")
        for name, value in self.elements(point, quantiles, target, mask).items():
            getattr(self, f"sum_{name}").index_add_(0, channel, value)

    def update_batch(self, forecast: Any, batch: Any) -> None:
        """`update` from a Forecast and a Batch."""
        self.update(forecast.point, forecast.quantiles, batch.target, batch.target_mask, batch.channel)

    def window_sums(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """What comparing runs needs of each window: `SUMS`, each float64 [B]."""
        elements = self.elements(point, quantiles, target, mask)
        return {name: elements[name].sum(1) for name in SUMS}

    def compute(self) -> dict[str, Any]:
        """Headline values and their breakdowns.

        Returns
        -------
        dict
            ``overall`` {metric: float}, ``by_channel`` {metric: [C]}, ``by_horizon`` {metric: [H]}; NaN where
            there was no target.
        """
        sums = {name: getattr(self, f"sum_{name}") for name in SUMS}
        per_channel = {name: value.sum(1) for name, value in sums.items()}
        per_step = {name: value.t() for name, value in sums.items()}
        return {
            "overall": {k: float(v) for k, v in headline(per_channel, self.channel_std, self.mase_scale).items()},
            "by_channel": {k: v.tolist() for k, v in ratios(per_channel, self.channel_std, self.mase_scale).items()},
            "by_horizon": {k: v.tolist() for k, v in headline(per_step, self.channel_std, self.mase_scale).items()},
        }

    def summary(self) -> dict[str, float]:
        """The headline values alone."""
        return self.compute()["overall"]
