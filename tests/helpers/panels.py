"""Panels around arrays, and how well their test windows are forecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import DatasetCard, Panel
from timevis.models.forecaster import Forecaster


def panel_of(values: Any, covariates: Any = None, known: Sequence[bool] = (), freq: str = "h", **rest: Any) -> Panel:
    """Values [T, C] or [T] from 2024 on, and covariates [T, K]; `rest` goes before the usual names and times."""
    values = np.asarray(values, np.float32)
    values = values[:, None] if values.ndim == 1 else values
    covariates = np.zeros((len(values), 0), np.float32) if covariates is None else np.asarray(covariates, np.float32)
    usual = {
        "index": pd.date_range("2024-01-01", periods=len(values), freq=freq),
        "channels": tuple(f"c{i}" for i in range(values.shape[1])),
        "covariate_names": tuple(f"x{i}" for i in range(covariates.shape[1])),
        "card": DatasetCard("test"),
    }
    return Panel(values=values, freq=freq, covariates=covariates, covariate_known=tuple(known), **(usual | rest))


@torch.no_grad()
def mean_error(model: Forecaster, datamodule: WindowDataModule) -> float:
    """The mean absolute error of all test windows."""
    batch = datamodule.gather("test", torch.arange(len(datamodule.windows["test"])))
    error = (model.forecast(batch).point - batch.target).abs()
    return float(error[batch.target_mask].mean())
