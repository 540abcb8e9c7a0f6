"""Select the weights of an ensemble by the error of its combination on validation windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.window_sampling import channel_balanced_windows
from timevis.data.windows import Batch
from timevis.metrics.forecast_metrics import MIN_WQL_RATIO
from timevis.metrics.step_errors import pinball_loss
from timevis.utils.levels import QUANTILE_LEVELS, WQL_LEVELS

WQL_ROWS = [QUANTILE_LEVELS.index(level) for level in WQL_LEVELS]
"""Rows of the levels of WQL in the quantiles of a forecast."""
MIN_HORIZONS = 10
"""Independent horizons of the tuning windows below which weights are not only selected; see `shrunk_weights`."""
SHRINKAGE = 0.5
"""Share of weights that do not depend on a selection, where there are fewer."""
FAILED = 2.0
"""Times the lowest error of a member, above which another one has no such share."""
MAX_VALUES = 1_000_000
"""Targets times levels of the windows by which forecasts are compared; more windows are thinned evenly."""


class Reference(Protocol):
    """Seasonal naive on the windows that are scored, such as `timevis.models.scoring.ValidationReference`."""

    def losses(self, batch: Batch) -> Tensor:
        """Its quantile losses at each step of the windows, float32 [B, H]."""
        ...


class ScoredWindows:
    """Windows with their targets, on which stored forecasts are scored by their relative WQL.

    Parameters
    ----------
    datamodule : WindowDataModule
    part : str
        A key of `datamodule.windows`.
    reference : Reference

    Attributes
    ----------
    index : int64 [W]
        Numbers of the windows in the part.
    """

    def __init__(self, datamodule: WindowDataModule, part: str, reference: Reference) -> None:
        wanted = max(1, MAX_VALUES // (len(WQL_LEVELS) * datamodule.horizon))
        chosen = channel_balanced_windows(len(datamodule.windows[part]), wanted, datamodule.num_channels)
        self._datamodule, self._part = datamodule, part
        self.index = torch.from_numpy(chosen)
        self._levels = torch.tensor(WQL_LEVELS)
        targets, masks, channels, losses = [], [], [], []
        for batch in self.batches(torch.device("cpu")):
            targets.append(batch.target)
            masks.append(batch.target_mask)
            channels.append(batch.channel)
            losses.append(reference.losses(batch).sum(1))
        self._target, self._mask, self._channel = (torch.cat(x) for x in (targets, masks, channels))
        self._reference = self._by_channel(torch.cat(losses))
        self._size = self._by_channel((self._target.abs() * self._mask).sum(1))

    def batches(self, device: torch.device) -> Iterator[Batch]:
        """The windows, in the order of `index`."""
        for part in self.index.split(self._datamodule.eval_batch_size):
            yield self._datamodule.gather(self._part, part.to(device))

    def _by_channel(self, values: Tensor) -> Tensor:
        """Sums of the values of windows [W] by channel, float64 [C]."""
        sums = torch.zeros(self._datamodule.num_channels, dtype=torch.float64)
        return sums.index_add_(0, self._channel, values.double())

    def relative_wql(self, quantiles: Tensor) -> float:
        """Relative WQL of forecasts at the levels of WQL, float32 [W, 9, H]; the WQL where it is not defined.

        See `timevis.metrics.forecast_metrics` for its average over channels.
        """
        return _relative(self._sums(quantiles))

    def _sums(self, quantiles: Tensor) -> Tensor:
        """Sums by channel of the loss of forecasts, of the loss of the reference, and of the targets; [3, C]."""
        losses = pinball_loss(quantiles, self._target, self._levels).mean(1)
        own = self._by_channel(torch.where(self._mask, losses, 0.0).sum(1))
        return torch.stack([own, self._reference, self._size])

    def relative_wql_with(self, quantiles: Tensor, other: ScoredWindows, quantiles_of_other: Tensor) -> float:
        """Relative WQL of forecasts of these windows and of others together."""
        return _relative(self._sums(quantiles) + other._sums(quantiles_of_other))


def _relative(sums: Tensor) -> float:
    """The relative WQL of the sums of `ScoredWindows`."""
    own, reference, size = sums
    has_reference, has_size = (reference > 0) & (size > 0), size > 0
    if has_reference.any():
        ratio = own[has_reference] / reference[has_reference]
        return float(ratio.clamp(min=MIN_WQL_RATIO).log().mean().exp())
    return float((2 * own[has_size] / size[has_size]).mean())


def prior_weights(prior: Sequence[float]) -> Tensor:
    """Weights where validation is too short to select any: those that models declare, or equal ones if none does.

    Parameters
    ----------
    prior : sequence of float
        Of each member, `timevis.models.declaration.Untrained.prior_weight`; 0 for a member that is trained.

    Returns
    -------
    float64 [M]
    """
    declared = torch.tensor(prior, dtype=torch.float64)
    weights = declared if declared.any() else torch.ones_like(declared)
    return weights / weights.sum()


def selected_weights(
    windows: Mapping[str, ScoredWindows], forecasts: Mapping[str, Sequence[Tensor]], naive: Sequence[int], rounds: int
) -> Tensor:
    """Weights selected on ``tuning``; those of one member if the combination is not better than naive on ``val``.

    Parameters
    ----------
    windows, forecasts : mapping
        By part, ``tuning`` and ``val``; the forecasts of each member.
    naive : sequence of int
        The members that are seasonal naive.
    rounds : int
        Of `greedy_weights`.

    Returns
    -------
    float64 [M]
    """
    val = forecasts["val"]
    weights = greedy_weights(windows["tuning"], forecasts["tuning"], rounds)
    error = windows["val"].relative_wql(combined(val, weights))
    if error < 1:
        return weights
    errors = [windows["val"].relative_wql(quantiles) for quantiles in val]
    best = min(range(len(val)), key=errors.__getitem__)
    if errors[best] >= 1 and naive:
        best = naive[0]
    if errors[best] < error or naive:
        return torch.nn.functional.one_hot(torch.tensor(best), len(val)).double()
    return weights


def shrunk_weights(selected: Tensor, errors: Sequence[float], share: float = SHRINKAGE) -> Tensor:
    """Selected weights mixed with weights in proportion to the inverse square of the errors, float64 [M].

    A selection on few windows follows chance, and a mean of forecasts is hard to beat there (Stock and Watson, 2004).
    A member whose error is more than `FAILED` times the lowest one only has its selected weight. `share` is the share
    of the weights that are not selected.
    """
    error = torch.tensor(errors, dtype=torch.float64).clamp(min=MIN_WQL_RATIO)  # a member may have no error at all
    inverse = torch.where(error <= FAILED * error.min(), error.pow(-2), 0.0)
    return (1 - share) * selected + share * inverse / inverse.sum()


def greedy_weights(windows: ScoredWindows, quantiles: Sequence[Tensor], rounds: int) -> Tensor:
    """Weights of the members of a combination, selected greedily with replacement (Caruana et al., 2004).

    In each round the member is added whose addition gives the combination with the lowest error; a member may be
    added several times. The combination of the round with the lowest error is taken.

    Parameters
    ----------
    windows : ScoredWindows
    quantiles : sequence of float32 [W, 9, H]
        Forecasts of each member.
    rounds : int

    Returns
    -------
    float64 [M]
        They add up to 1.
    """
    counts = torch.zeros(len(quantiles), dtype=torch.float64)
    total = torch.zeros_like(quantiles[0])
    best_error, best_counts = float("inf"), counts
    for size in range(1, rounds + 1):
        errors = [windows.relative_wql((total + member) / size) for member in quantiles]
        chosen = min(range(len(errors)), key=errors.__getitem__)
        counts = counts.clone()
        counts[chosen] += 1
        total = total + quantiles[chosen]
        if errors[chosen] < best_error:
            best_error, best_counts = errors[chosen], counts
        if len(quantiles) == 1:
            break
    return best_counts / best_counts.sum()


def combined(quantiles: Sequence[Tensor], weights: Tensor) -> Tensor:
    """The weighted mean of the quantiles of the members, level by level."""
    parts = [float(weight) * member for weight, member in zip(weights, quantiles, strict=True) if weight > 0]
    return torch.stack(parts).sum(0)
