"""Per-channel standardisation, fitted on the training part only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaler:
    """Mean and deviation of each channel.

    Attributes
    ----------
    mean, std : float64 [C]
        `std` is 1 where the training part is constant or empty.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Scaler:
        """Fit on training rows, float32 [T, C] with NaN for missing; sums are taken in float64, in row blocks."""
        count = np.zeros(values.shape[1])
        total = np.zeros(values.shape[1])
        blocks = np.array_split(np.arange(len(values)), max(1, values.size // 250_000))
        for b in blocks:
            part = values[b[0] : b[-1] + 1].astype(np.float64)
            count += np.isfinite(part).sum(0)
            total += np.nansum(part, axis=0)
        mean = total / np.maximum(count, 1)
        square = np.zeros(values.shape[1])
        for b in blocks:
            part = values[b[0] : b[-1] + 1].astype(np.float64)
            square += np.nansum((part - mean) ** 2, axis=0)
        std = np.sqrt(square / np.maximum(count, 1))
        return cls(mean, np.where(std > 0, std, 1.0))
