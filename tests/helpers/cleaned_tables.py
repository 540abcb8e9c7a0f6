"""Hourly tables, and the panels that cleaning turns them into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.clean import clean
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.table import Table
from timevis.messages import Text

HOURS = pd.date_range("2024-01-01", periods=400, freq="h", unit="us")
VALUES = np.random.default_rng(0).normal(size=400).round(3)


def clean_frame(frame: pd.DataFrame, card: DatasetCard | None = None, **options: Any) -> tuple[Panel, QualityReport]:
    """Clean a frame with options of the config group data."""
    cfg = DataOptions.from_config({"name": "file", "path": "t.csv"} | options)
    return clean(Table(frame.reset_index(drop=True), "t.csv"), cfg, card or DatasetCard("t"))


def wide_frame(times: Any = HOURS, values: Any = VALUES) -> pd.DataFrame:
    """A frame with the columns time and load."""
    return pd.DataFrame({"time": times, "load": values})


def panels_equal(a: Panel, b: Panel) -> bool:
    """Whether two panels have equal values, covariates, times, frequency and channels."""
    return (
        np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(a.covariates, b.covariates, equal_nan=True)
        and a.index.equals(b.index)
        and (a.freq, a.channels) == (b.freq, b.channels)
    )


def reasons_of(left_out: Mapping[str, Text]) -> dict[str, str]:
    """Unused columns with the reasons in English."""
    return {column: str(reason) for column, reason in left_out.items()}
