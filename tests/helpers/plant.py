"""A file of a user: two channels with a daily wave, and a covariate that is known ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

PLANT_COLUMNS = ("data.target=[a,b]", "data.covariates={price: known}")


def plant_rows(rows: int, start: str = "2024-01-01", seed: int = 0) -> pd.DataFrame:
    """Hourly rows from `start` on."""
    hours = np.arange(rows)
    noise = np.random.default_rng(seed).normal(0, 0.1, (2, rows))
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=rows, freq="h"),
            "a": 10 + np.sin(hours / 12 * np.pi) + noise[0],
            "b": 50 + 5 * np.cos(hours / 12 * np.pi) + noise[1],
            "price": hours % 7 * 1.0,
        }
    )
