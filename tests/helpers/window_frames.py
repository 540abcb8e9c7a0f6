"""Rows of windows.parquet of a forecast with given errors."""

import numpy as np
import pandas as pd

from timevis.metrics.specs import terms
from timevis.utils.levels import COVERAGES


def window_frame(errors: np.ndarray, horizon: int = 1, stride: int = 1) -> pd.DataFrame:
    """Window rows of a forecast with the error `errors` [O, C] at every step, of a series whose values are all 10."""
    origins, channels = errors.shape
    size = np.abs(errors).ravel() * horizon
    sums = dict.fromkeys(terms(), size)
    sums |= {
        "count": np.full(errors.size, float(horizon)),
        "abs_target": np.full(errors.size, 10.0 * horizon),
        "error": errors.ravel() * horizon,
        "sq_error": errors.ravel() ** 2 * horizon,
        **{f"inside_{k}": np.zeros(errors.size) for k in COVERAGES},
    }
    return pd.DataFrame(
        {
            "origin": np.repeat(np.arange(origins) * stride, channels),
            "channel": np.tile([f"c{i}" for i in range(channels)], origins),
            "std": np.tile(np.arange(1.0, channels + 1), origins),
            "mase_scale": np.tile(np.arange(2.0, channels + 2), origins),
            **sums,
        }
    )
