"""The sums of windows.parquet as arrays, from which metrics and the influence of each origin on them follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from timevis.errors import RunFolderError
from timevis.evaluation.bootstrap import MIN_HORIZONS
from timevis.evaluation.window_sets import MIN_SERIES
from timevis.messages import Text
from timevis.metrics.forecast_metrics import MIN_WQL_RATIO, headline, ratios
from timevis.metrics.specs import METRICS, PINBALL, REFERENCE_PINBALL, terms


@dataclass(frozen=True)
class WindowTable:
    """The rows of windows.parquet, and the quantile losses of seasonal naive on the same windows, as arrays.

    Attributes
    ----------
    origins : int64 [O]
        Row of the first target of each origin with an observed target, ascending.
    channels : tuple of C names
    sums : {name: float64 [O, C]}
        Of each of `timevis.metrics.specs.terms`, and `REFERENCE_PINBALL`; NaN for a term that is newer than the run.
    std, mase_scale : float64 [C]
    series : int64 [C], optional
        Number of the series of each channel, if each series has its own borders.
    """

    origins: np.ndarray
    channels: tuple[str, ...]
    sums: dict[str, np.ndarray]
    std: Tensor
    mase_scale: Tensor
    series: np.ndarray | None = None

    @classmethod
    def from_frame(cls, windows: pd.DataFrame, naive: pd.DataFrame | None = None) -> WindowTable:
        """Convert frames with one row per origin and channel, in any row order.

        Origins without any observed target are left out: they say nothing about the errors.

        Parameters
        ----------
        windows : DataFrame
            Rows of windows.parquet.
        naive : DataFrame, optional
            Rows of windows_seasonal_naive.parquet, for the relative WQL, which is not defined without them.

        Raises
        ------
        RunFolderError
            A window occurs twice, or the two frames do not have the same windows.
        """
        origins, row = np.unique(windows["origin"].to_numpy(np.int64), return_inverse=True)
        column, channels = pd.factorize(windows["channel"], sort=True)
        if len(np.unique(row * len(channels) + column)) < len(windows):
            message = Text("windows.parquet contains the same window twice")
            raise RunFolderError(message, Text("score the run again"))
        sums = {name: np.zeros((len(origins), len(channels))) for name in (*terms(), REFERENCE_PINBALL)}
        for name in terms():
            sums[name][row, column] = windows[name].to_numpy(np.float64)
        has_truth = sums["count"].sum(1) > 0
        origins, sums = origins[has_truth], {name: table[has_truth] for name, table in sums.items()}
        first = np.unique(column, return_index=True)[1]  # the scales are the same in all rows of a channel
        std, mase_scale = (
            torch.from_numpy(windows[k].to_numpy(np.float64)[first].copy()) for k in ("std", "mase_scale")
        )
        series = None
        if "series" in windows:
            series = np.unique(windows["series"].to_numpy()[first], return_inverse=True)[1]
        table = cls(origins, tuple(channels), sums, std, mase_scale, series)
        return table if naive is None else table.with_reference(cls.from_frame(naive))

    def with_reference(self, naive: WindowTable) -> WindowTable:
        """The same table with the quantile losses of seasonal naive, which the relative WQL needs.

        Raises
        ------
        RunFolderError
            The two tables do not have the same windows.
        """
        require_same_windows(self, naive)
        return replace(self, sums={**self.sums, REFERENCE_PINBALL: naive.sums[PINBALL.name]})

    def has_scales_of(self, other: WindowTable) -> bool:
        """Whether another table with the same channels has the same scales of the training part."""
        return all(
            torch.allclose(own, others, rtol=1e-5, atol=0, equal_nan=True)
            for own, others in ((self.std, other.std), (self.mase_scale, other.mase_scale))
        )

    @property
    def has_independent_series(self) -> bool:
        """Whether intervals treat whole series as independent; otherwise the origins are a series in time."""
        return self.series is not None and int(self.series.max()) + 1 >= MIN_SERIES

    def has_intervals(self, horizon: int) -> bool:
        """Whether there are enough independent series, or origins that span `MIN_HORIZONS` horizons.

        Half of the channels must have two windows that do not overlap, too: where series end at different times, each
        may have a single window, and nothing shows how much its loss varies.
        """
        if self.has_independent_series:
            return True
        if len(self.origins) <= (MIN_HORIZONS - 1) * self.overlap(horizon):
            return False
        has_window = self.sums["count"] > 0
        first, last = has_window.argmax(0), len(has_window) - 1 - has_window[::-1].argmax(0)
        span = (self.origins[last] - self.origins[first])[has_window.any(0)]
        return bool(np.median(span) >= horizon)

    def overlap(self, horizon: int) -> int:
        """Number of consecutive origins whose windows overlap: they span at least `horizon` rows."""
        stride = int(np.diff(self.origins).min()) if len(self.origins) > 1 else horizon
        return max(1, -(-horizon // stride))

    def influences(self, names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Headline metrics, and the influence of each origin on them, or of each series if these are independent.

        The influence of an origin is the derivative of the metric with respect to its weight, times the number of
        origins. The metric is then, to first order, a mean over origins of its value plus the influence (Hampel,
        1974, Journal of the American Statistical Association 69).

        A metric f is a function of totals T over the origins, one for each term k and channel c, such as the sum of
        the absolute errors: ``T[k, c] = sum_o w[o] * S[o, k, c]`` with weights w of one. The derivative with respect
        to a weight is therefore ``df/dw[o] = sum_kc df/dT[k, c] * S[o, k, c]``. PyTorch computes ``df/dT``.

        Parameters
        ----------
        names : iterable of S metrics

        Returns
        -------
        values : float64 [S]
        influences : float64 [O, S], or a row for each series
            They sum to zero over the origins or series.
        """
        if self.has_independent_series:
            return self._influences_of_series(list(names))
        totals = {name: torch.from_numpy(table.sum(0)).requires_grad_() for name, table in self.sums.items()}
        metrics = headline(totals, self.std, self.mase_scale)
        values, columns = [], []
        for name in names:
            gradients = torch.autograd.grad(
                metrics[name], list(totals.values()), retain_graph=True, allow_unused=True
            )
            influence = np.zeros(len(self.origins))
            for table, gradient in zip(self.sums.values(), gradients, strict=True):
                if gradient is not None:  # NaN on the channels on which the metric is not defined
                    influence += table @ gradient.nan_to_num(0.0, 0.0, 0.0).numpy()
            values.append(metrics[name].item())
            columns.append(influence * len(self.origins))
        return np.array(values), np.stack(columns, 1)

    def _influences_of_series(self, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
        totals = {name: torch.from_numpy(table.sum(0)) for name, table in self.sums.items()}
        by_channel = ratios(totals, self.std, self.mase_scale)
        metrics = headline(totals, self.std, self.mase_scale)
        shares = {name: total / total.mean() for name, total in totals.items()}
        columns = []
        for name in names:
            value, of_channel = metrics[name], by_channel[name]
            if METRICS[name].pooling == "geometric mean":
                influence = value * (of_channel.clamp(min=MIN_WQL_RATIO).log() - value.log())
            elif METRICS[name].pooling == "ratio of sums":
                influence = shares[METRICS[name].over.name] * (of_channel - value)
            else:
                influence = of_channel - value
            is_defined = torch.isfinite(influence)
            columns.append(torch.where(is_defined, influence, 0.0) * len(of_channel) / is_defined.sum().clamp(min=1))
        assert self.series is not None
        of_channels = torch.stack(columns, 1).numpy()
        influences = np.zeros((int(self.series.max()) + 1, len(names)))
        np.add.at(influences, self.series, of_channels * len(influences) / len(of_channels))
        return np.array([float(metrics[name]) for name in names]), influences


def require_same_windows(a: WindowTable, b: WindowTable) -> None:
    """Raise a RunFolderError if two tables do not have the same windows."""
    is_same = np.array_equal(a.origins, b.origins) and a.channels == b.channels
    if not is_same or not np.array_equal(a.sums["count"], b.sums["count"]):
        message = Text("the two runs were not scored on the same windows")
        raise RunFolderError(message, Text("score both on one window set"))
