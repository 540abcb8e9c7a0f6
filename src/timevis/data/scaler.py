"""Mean and standard deviation of each channel, for standardization; fitted on the training part only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from timevis.data.datamodule import WindowDataModule

VALUES_PER_BLOCK = 250_000
SINGLE_PRECISION = 1e-7
"""Deviation, relative to the mean, of values that are equal in single precision."""


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each channel.

    Attributes
    ----------
    mean, std : float64 [C]
        `std` is 1 if the training part is constant or empty; of a constant channel of targets it is a share of the
        value, see `fit`.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, constant_share: float = 0.0) -> Scaler:
        """Fit on training rows, float32 [T, C], NaN where missing; sums are in float64, over blocks of rows.

        Parameters
        ----------
        values : float32 [T, C]
        constant_share : float
            Share of its value that the deviation of a constant column counts as. With 0 it counts as 1, which is
            large for a column of thousandths and small for one of thousands.
        """
        count = np.zeros(values.shape[1])
        total = np.zeros(values.shape[1])
        blocks = np.array_split(np.arange(len(values)), max(1, values.size // VALUES_PER_BLOCK))
        for rows in blocks:
            block = values[rows[0] : rows[-1] + 1].astype(np.float64)
            count += np.isfinite(block).sum(0)
            total += np.nansum(block, axis=0)
        mean = total / np.maximum(count, 1)
        squared_deviation = np.zeros(values.shape[1])
        for rows in blocks:
            block = values[rows[0] : rows[-1] + 1].astype(np.float64)
            squared_deviation += np.nansum((block - mean) ** 2, axis=0)
        std = np.sqrt(squared_deviation / np.maximum(count, 1))
        if constant_share:
            std = np.where(std > SINGLE_PRECISION * np.abs(mean), std, constant_share * np.abs(mean))
        return cls(mean, np.where(std > 0, std, 1.0))


def covariate_scalers(datamodule: WindowDataModule, columns: Sequence[int]) -> list[Scaler]:
    """A scaler of one column for each covariate in `columns`, fitted on the training rows of all series."""
    panel, split = datamodule.panel, datamodule.split
    train = split.training_covariates(panel.covariates, panel.channel_covariate_columns)
    return [Scaler.fit(train[:, np.unique(panel.channel_covariate_columns[k])].reshape(-1, 1)) for k in columns]
