"""Long tables of series of different length, which start together or end together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

MIN_ROWS, MAX_ROWS = 150, 230


def ragged_rows(number: int = 40, short: int = 0, aligned: str = "starts", seed: int = 0) -> pd.DataFrame:
    """Hourly rows of `number` series of 150 to 230 rows, and of `short` series of 20 rows.

    Parameters
    ----------
    number, short : int
    aligned : {"starts", "ends"}
        The row at which the series lie together; the values do not depend on it.
    seed : int
    """
    rng, tables = np.random.default_rng(seed), []
    lengths = [MIN_ROWS, MAX_ROWS, *rng.integers(MIN_ROWS, MAX_ROWS, number - 2), *[20] * short]
    index = pd.date_range("2024-01-01", periods=MAX_ROWS, freq="h")
    for i, rows in enumerate(lengths):
        season = rng.uniform(5, 50) * np.sin(2 * np.pi * (np.arange(rows) + rng.uniform(0, 24)) / 24)
        values = 100 + season + rng.normal(0, 0.3, rows).cumsum() + rng.normal(0, 2, rows)
        times = index[:rows] if aligned == "starts" else index[MAX_ROWS - rows :]
        tables.append(pd.DataFrame({"unit": f"s{i:02d}", "time": times, "load": values.round(4)}))
    return pd.concat(tables, ignore_index=True)


def ragged_file(folder: Path, aligned: str = "starts", **options: int) -> Path:
    """Write `ragged_rows` as ``ALIGNED.csv``."""
    path = folder / f"{aligned}.csv"
    ragged_rows(aligned=aligned, **options).to_csv(path, index=False)
    return path
