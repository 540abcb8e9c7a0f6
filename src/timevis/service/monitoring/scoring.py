"""The scores of stored forecasts: sums of the terms of all metrics, and the metrics that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from timevis.evaluation.window_table import WindowTable
from timevis.metrics.forecast_metrics import ForecastMetrics, headline, ratios
from timevis.metrics.specs import PINBALL, REFERENCE_PINBALL, terms
from timevis.service.monitoring.arrays import ForecastArrays, pack, unpack
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS

SHOWN_METRICS = ("relative_wql", "wql", "mae", "mase", "bias", "coverage_50", "coverage_80", "coverage_95")
DETAILED_METRICS = ("relative_wql", "wql", "mae", "bias", "coverage_80")
"""Metrics that are stored for each channel and for each step."""


@dataclass(frozen=True)
class ScoreSums:
    """The terms of all metrics of one stored forecast, and the quantile losses of seasonal naive.

    Attributes
    ----------
    channels : tuple of C names
    sums : {name: float64 [C, H]}
        Zero where there is no truth.
    """

    channels: tuple[str, ...]
    sums: dict[str, np.ndarray]

    @classmethod
    def of(cls, forecast: ForecastArrays, truth: np.ndarray) -> ScoreSums:
        """Score a forecast; `truth` is float64 [C, H], NaN where it is missing."""
        ones = torch.ones(len(truth))
        metrics = ForecastMetrics(truth.shape[1], ones, ones, QUANTILE_LEVELS)
        target, mask = torch.from_numpy(np.nan_to_num(truth)), torch.from_numpy(np.isfinite(truth))
        model, naive = (
            metrics.elements(torch.from_numpy(point.copy()), torch.from_numpy(quantiles.copy()), target, mask)
            for point, quantiles in (
                (forecast.point, forecast.quantiles),
                (forecast.naive[:, len(QUANTILE_LEVELS) // 2], forecast.naive),
            )
        )
        sums = {name: tensor.numpy() for name, tensor in model.items()}
        return cls(forecast.channels, sums | {REFERENCE_PINBALL: naive[PINBALL.name].numpy()})

    @property
    def targets(self) -> int:
        """The number of truths."""
        return int(self.sums["count"].sum())

    def to_json(self) -> dict[str, Any]:
        return {"channels": list(self.channels), "arrays": pack(self.sums)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ScoreSums:
        arrays = {name: array.astype(np.float64) for name, array in unpack(values["arrays"]).items()}
        return cls(tuple(values["channels"]), arrays)

    def scales(self, scales: pd.DataFrame) -> tuple[torch.Tensor, torch.Tensor]:
        """``std`` and ``mase_scale`` of the channels, from a data frame whose index is the channels."""
        own = scales.loc[list(self.channels)]
        return torch.tensor(own["std"].to_list(), dtype=torch.float64), torch.tensor(
            own["mase_scale"].to_list(), dtype=torch.float64
        )

    def summary(self, scales: pd.DataFrame) -> dict[str, Any]:
        """`SHOWN_METRICS` overall, and `DETAILED_METRICS` by channel and by step, as values of JSON.

        A metric has no value where there is no truth.
        """
        std, mase_scale = self.scales(scales)
        tensors = {name: torch.from_numpy(table) for name, table in self.sums.items()}
        of_channels = {name: table.sum(1) for name, table in tensors.items()}
        overall = headline(of_channels, std, mase_scale)
        by_channel = ratios(of_channels, std, mase_scale)
        by_step = headline({name: table.T for name, table in tensors.items()}, std, mase_scale)
        described: dict[str, Any] = to_json_types(
            {
                "metrics": {name: float(overall[name]) for name in SHOWN_METRICS},
                "by_channel": {
                    channel: {name: float(by_channel[name][c]) for name in DETAILED_METRICS}
                    for c, channel in enumerate(self.channels)
                },
                "by_step": {name: by_step[name].tolist() for name in DETAILED_METRICS},
            }
        )
        return described


def pooled(scores: Sequence[ScoreSums]) -> ScoreSums:
    """The sums of several forecasts of the same model, over the channels that any of them has."""
    channels = tuple(dict.fromkeys(channel for score in scores for channel in score.channels))
    numbers = {name: number for number, name in enumerate(channels)}
    horizon = max(score.sums["count"].shape[1] for score in scores)
    sums = {name: np.zeros((len(channels), horizon)) for name in scores[0].sums}
    for score in scores:
        rows = [numbers[name] for name in score.channels]
        for name, table in score.sums.items():
            sums[name][rows, : table.shape[1]] += table
    return ScoreSums(channels, sums)


def window_table(scores: Sequence[tuple[int, ScoreSums]], scales: pd.DataFrame) -> WindowTable:
    """Stored forecasts as the windows of a run, by which errors are compared; `scores` has the row of each origin."""
    rows = [
        {"origin": origin, "channel": channel, **{name: table[c].sum() for name, table in score.sums.items()}}
        for origin, score in scores
        for c, channel in enumerate(score.channels)
    ]
    frame = pd.DataFrame(rows)
    frame = frame.join(scales.loc[frame["channel"]].reset_index(drop=True))
    naive = frame.assign(**dict.fromkeys(terms(), frame["count"]))
    return WindowTable.from_frame(frame, naive.assign(**{PINBALL.name: frame[REFERENCE_PINBALL]}))
