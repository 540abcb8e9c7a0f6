"""The windows of a data set of GIFT-Eval are forecast from the rows before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from timevis_research.leaderboards.gift_eval import forecast_windows

HORIZON, WINDOWS = 12, 2


@pytest.mark.usefixtures("no_report")
def test_each_window_is_forecast_from_the_rows_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts, truth = [], {}
    for number in (1, 0):
        times = pd.date_range("2024-01-01", periods=240 + 24 * number, freq="h")
        values = 100.0 * (number + 1) + 10 * np.sin(2 * np.pi * np.arange(len(times)) / 24)
        rows = pd.DataFrame({"id": f"{number:07d}", "timestamp": times, "target": values})
        parts.append(rows[:-HORIZON])
        truth[f"{number:07d}"] = rows[-HORIZON * WINDOWS :]
    forecast = forecast_windows(
        pd.concat(parts),
        model="seasonal_naive",
        overrides=["context_length=48", "evaluation.val_windows=4"],
        horizon=HORIZON,
        windows=WINDOWS,
        season=24,
        folder=tmp_path / "run",
    )
    assert list(forecast["id"].unique()) == ["0000000", "0000001"]
    for name, rows in forecast.groupby("id"):
        assert list(rows["timestamp"]) == list(truth[str(name)]["timestamp"])
        assert list(rows["window"]) == [0] * HORIZON + [1] * HORIZON
        np.testing.assert_allclose(rows["q0.5"], truth[str(name)]["target"], rtol=1e-4)
