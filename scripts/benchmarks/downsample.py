"""Reduce a stored channel of 5 million rows to 2,000 points, compared with reading its Parquet column by pandas."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.service.series import StoredSeries, read_series, write_series

ROWS, POINTS = 5_000_000, 2000


def main(rounds: int = 5, threads: int = 1) -> dict[str, float]:
    """Print and return the median milliseconds of both."""
    index = pd.date_range("2020-01-01", periods=ROWS, freq="min", unit="us")
    values = np.random.default_rng(0).normal(size=(ROWS, 1)).astype(np.float32)
    values[1000:1100] = np.nan
    no_covariates = np.empty((ROWS, 0), np.float32)
    panel = Panel(values, index, "min", ("a",), no_covariates, (), (), DatasetCard("random"))
    report = QualityReport("random", start=str(index[0]), split={"train": {"rows": ROWS, "end": str(index[-1])}})
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder), panel, report)
        parquet = Path(folder) / "panel.parquet"
        pd.DataFrame({"time": index, "a": values[:, 0]}).to_parquet(parquet)

        def stored() -> None:
            series = StoredSeries.open(Path(folder), 0, report.to_dict())
            assert len(read_series(series, None, None, POINTS)["low"]) == POINTS

        def with_pandas() -> None:
            frame = pd.read_parquet(parquet)
            bucket = np.arange(ROWS) // (ROWS // POINTS)
            assert len(frame["a"].groupby(bucket).agg(["mean", "min", "max"])) == POINTS

        found = {"stored_ms": _milliseconds(stored, rounds), "pandas_ms": _milliseconds(with_pandas, rounds)}
    print(f"  stored arrays: {found['stored_ms']:.0f} ms; Parquet and pandas: {found['pandas_ms']:.0f} ms")
    return found


def _milliseconds(call: Callable[[], None], rounds: int) -> float:
    """Median time of a call."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)
