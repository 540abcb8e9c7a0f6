"""Forecast metrics, computed from sums and counts so that they do not depend on the number of batches or processes.

Each metric of `timevis.metrics.specs` is computed per channel over all windows and steps. The headline value is the
unweighted mean over channels; of the WQL relative to seasonal naive it is the geometric mean, as in fev-bench and
GIFT-Eval, since a mean of WQL depends on the units and on the channel with the largest relative errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from timevis.messages import Text
from timevis.metrics.specs import METRICS, PINBALL, REFERENCE_PINBALL, terms
from timevis.metrics.step_errors import StepErrors

MIN_WQL_RATIO = 1e-3
"""Smallest ratio that a channel can contribute to the geometric mean, which one ratio of zero would make zero."""


def ratios(sums: dict[str, Tensor], std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    """Every metric from the sums of `terms` and `REFERENCE_PINBALL`, of one shape that broadcasts against the scales.

    A metric is NaN where no target is observed. WAPE and WQL are also NaN where all targets are zero, since they are
    relative to the size of the targets; MASE and SQL are NaN where `mase_scale` is. The relative WQL is also NaN
    where the WQL of seasonal naive is not defined or zero.
    """
    scales = _scales(std, mase_scale)
    return {name: spec.of(sums, scales) for name, spec in METRICS.items()}


def _scales(std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    return {"std": std, "variance": std.square(), "mase_scale": mase_scale}


def headline(sums: dict[str, Tensor], std: Tensor, mase_scale: Tensor) -> dict[str, Tensor]:
    """Headline metrics from sums [..., C], pooled over channels as the metrics declare; returns [...].

    A mean is over the channels on which the metric is defined. ``mse_scaled`` and ``mae_scaled`` are pooled over all
    channels, as in the long-horizon literature.
    """
    by_channel, scales, out = ratios(sums, std, mase_scale), _scales(std, mase_scale), {}
    for name, spec in METRICS.items():
        if spec.pooling == "ratio of sums":
            total = spec.factor * sums[spec.term.name]
            scaled = total if spec.scale is None else total / scales[spec.scale]
            out[name] = scaled.sum(-1) / sums[spec.over.name].sum(-1)
        elif spec.pooling == "geometric mean":
            out[name] = by_channel[name].clamp(min=MIN_WQL_RATIO).log().nanmean(-1).exp()
        else:
            out[name] = by_channel[name].nanmean(-1)
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

    Attributes
    ----------
    last_elements : dict
        The `elements` of the last `update`.
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
        self._rows = {round(level, 4): row for row, level in enumerate(quantile_levels)}
        self._terms = terms()
        self.last_elements: dict[str, Tensor] = {}
        for name in (*self._terms, REFERENCE_PINBALL):
            zero = torch.zeros(len(channel_std), horizon, dtype=torch.float64)
            self.add_state(f"sum_{name}", zero, dist_reduce_fx="sum")

    def set_dtype(self, dst_type: Any) -> ForecastMetrics:
        return self  # the sums stay float64 when the model changes its precision

    def elements(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The `terms` of each window and step, float64 [B, H]; zero where the target is missing."""
        errors = self._errors(point, quantiles, target)
        return {name: torch.where(mask, term.at(errors), 0.0) for name, term in self._terms.items()}

    def _errors(self, point: Tensor, quantiles: Tensor, target: Tensor) -> StepErrors:
        return StepErrors(point.double(), quantiles.double(), target.double(), self.levels, self._rows)

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
            raise FloatingPointError(Text("the model forecast a NaN or an infinite value"))
        self.last_elements = self.elements(point, quantiles, target, mask)
        for name, value in self.last_elements.items():
            getattr(self, f"sum_{name}").index_add_(0, channel, value)

    def add_reference(self, losses: Tensor, channel: Tensor) -> None:
        """Add the `quantile_losses` [B, H] of the reference on windows whose errors `update` adds."""
        self.sum_reference_pinball.index_add_(0, channel, losses.double())

    def update_batch(self, forecast: Any, batch: Any) -> None:
        """`update` from a Forecast and a Batch."""
        self.update(forecast.point, forecast.quantiles, batch.target, batch.target_mask, batch.channel)

    def quantile_losses(self, forecast: Any, batch: Any) -> Tensor:
        """The term ``pinball_wql`` of `elements`, from a Forecast and a Batch; float64 [B, H]."""
        errors = self._errors(forecast.point, forecast.quantiles, batch.target)
        return torch.where(batch.target_mask, PINBALL.at(errors), 0.0)

    def window_sums(self, point: Tensor, quantiles: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The sum of each of the `terms` over each window, float64 [B], from which runs are compared."""
        elements = self.elements(point, quantiles, target, mask)
        return {name: element.sum(1) for name, element in elements.items()}

    def compute(self) -> dict[str, Any]:
        """Compute the headline values, and each metric by channel and by horizon step.

        Returns
        -------
        dict
            ``overall`` {metric: float}, ``by_channel`` {metric: [C]}, ``by_horizon`` {metric: [H]}; NaN where no
            target is observed.
        """
        sums = {name: getattr(self, f"sum_{name}") for name in (*self._terms, REFERENCE_PINBALL)}
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
