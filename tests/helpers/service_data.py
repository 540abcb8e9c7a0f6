"""Files and requests for the tests of the service."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from flask.testing import FlaskClient
from run_results import results_with

from timevis.service.tasks.summary import summarise

TOKEN = "a-token-of-the-tests"
CLOSED_BROKER = "redis://127.0.0.1:1/0"
"""Nothing listens on this port."""

TINY_RUN: dict[str, Any] = {
    "context_length": 24,
    "horizon": 6,
    "evaluation": {"max_windows": 20, "val_windows": 10, "save_windows": 8},
}
TINY_LSTM_RUN: dict[str, Any] = TINY_RUN | {
    "max_epochs": 2,
    "steps_per_epoch": 4,
    "min_steps_per_epoch": 1,
    "batch_size": 16,
    "options": {"hidden_size": 8, "segment_length": 6},
}
LONG_LSTM_RUN: dict[str, Any] = TINY_LSTM_RUN | {"max_epochs": 100_000, "steps_per_epoch": 20, "patience": 100_000}


def summary_with(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The summary of a model whose results have other values under dotted keys; see `run_results.changed`."""
    return summarise(results_with(changes))


def plant_csv(rows: int = 600, seed: int = 0) -> bytes:
    """An hourly series with missing hours and a column of text."""
    random = np.random.default_rng(seed)
    time = pd.date_range("2026-01-01", periods=rows, freq="h")
    load = 50 + 20 * np.sin(np.arange(rows) * 2 * np.pi / 24) + random.normal(0, 3, rows)
    table = pd.DataFrame({"time": time, "load": load.round(2), "site": "north"})
    return table.drop(index=[50, 51, 70]).to_csv(index=False).encode()


def upload(http: FlaskClient, content: bytes, file_name: str = "plant.csv", **fields: str) -> Any:
    data = {"file": (io.BytesIO(content), file_name), **fields}
    return http.post("/api/upload", data=data, content_type="multipart/form-data")
