"""Files as people have them run with ``data.path`` alone: nothing but the file is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from timevis.inference.predict import predict
from timevis.runs.folder import RunFolder

DAYS = 50


def load(times: pd.DatetimeIndex, seed: int = 0) -> np.ndarray:
    """A load in MW with a daily, a weekly and a yearly wave, and noise."""
    hour, week, year = times.hour + times.minute / 60, times.day_of_week >= 5, times.day_of_year / 365.25
    waves = 12 * np.sin(hour / 12 * np.pi) - 8 * week + 10 * np.cos(2 * np.pi * year)
    return np.round(100 + np.asarray(waves) + np.random.default_rng(seed).normal(0, 1, len(times)), 2)


def ragged_long_table(folder: Path) -> Path:
    starts = pd.Timestamp("2023-01-01")
    series = []
    for number in range(12):
        times = pd.date_range(starts, periods=748 + 20 * number, freq="h")
        frame = pd.DataFrame({"unique_id": f"H{number + 1}", "ds": times, "y": load(times, number) * (number + 1)})
        series.append(frame)
    pd.concat(series).to_csv(folder / "ragged.csv", index=False)
    return folder / "ragged.csv"


def half_hourly(folder: Path) -> Path:
    times = pd.date_range("2023-05-01", periods=48 * DAYS, freq="30min")
    frame = pd.DataFrame({"SETTLEMENTDATE": times.strftime("%Y/%m/%d %H:%M:%S"), "TOTALDEMAND": load(times)})
    frame.to_csv(folder / "half_hourly.csv", index=False)
    return folder / "half_hourly.csv"


def quarter_hourly(folder: Path) -> Path:
    times = pd.date_range("2023-05-01", periods=96 * 10, freq="15min", tz="Europe/Berlin")
    frame = pd.DataFrame({"Von": times.strftime("%d.%m.%Y %H:%M"), "Last [MW]": load(times)})
    frame.to_csv(folder / "quarter_hourly.csv", index=False, sep=";", decimal=",")
    return folder / "quarter_hourly.csv"


def five_minutely(folder: Path) -> Path:
    times = pd.date_range("2023-05-01", periods=288 * 4, freq="5min", tz="UTC")
    frame = pd.DataFrame({"timestamp": times.strftime("%Y-%m-%dT%H:%M:%SZ"), "speed": load(times)})
    frame.to_csv(folder / "five_minutely.csv", index=False)
    return folder / "five_minutely.csv"


def weekly(folder: Path) -> Path:
    times = pd.date_range("2019-01-06", periods=52 * 5, freq="W")
    pd.DataFrame({"week": times.strftime("%Y-%m-%d"), "units": load(times)}).to_csv(
        folder / "weekly.csv", index=False
    )
    return folder / "weekly.csv"


def monthly(folder: Path) -> Path:
    times = pd.date_range("2010-01-01", periods=12 * 14, freq="MS")
    pd.DataFrame({"Month": times.strftime("%b %Y"), "Sales": load(times)}).to_csv(folder / "monthly.csv", index=False)
    return folder / "monthly.csv"


def daily_of_two_years(folder: Path) -> Path:
    times = pd.date_range("2022-01-01", periods=730, freq="D")
    frame = pd.DataFrame({"Date": times.strftime("%d/%m/%Y"), "Visitors": load(times).round()})
    frame.to_csv(folder / "daily.csv", index=False)
    return folder / "daily.csv"


def hour_columns(folder: Path) -> Path:
    times = pd.date_range("2023-01-01", periods=24 * DAYS, freq="h")
    frame = pd.DataFrame(load(times).reshape(DAYS, 24), columns=[f"H{hour}" for hour in range(1, 25)])
    frame.insert(0, "Date", times[::24].strftime("%Y-%m-%d"))
    frame.to_csv(folder / "hour_columns.csv", index=False)
    return folder / "hour_columns.csv"


def chinese_encoding(folder: Path) -> Path:
    times = pd.date_range("2023-01-01", periods=24 * DAYS, freq="h")
    frame = pd.DataFrame({"时间": times.strftime("%Y年%m月%d日 %H时"), "用电负荷": load(times)})
    frame.to_csv(folder / "gbk.csv", index=False, encoding="gbk")
    return folder / "gbk.csv"


def workbook_with_title_and_units(folder: Path) -> Path:
    times = pd.date_range("2023-01-01", periods=24 * DAYS, freq="h")
    book = openpyxl.Workbook()
    book.active.append(["Hourly load of the northern area", None, "Preliminary"])
    book.active.append([])
    book.active.append(["Created:", pd.Timestamp("2023-03-01").to_pydatetime()])
    book.active.append(["Time", "Load", "Temperature"])
    book.active.append([None, "MW", "°C"])
    for time, value in zip(times.to_pydatetime(), load(times), strict=True):
        book.active.append([time, value, 30 - value / 10])
    book.save(folder / "workbook.xlsx")
    return folder / "workbook.xlsx"


FILES: dict[Callable[[Path], Path], tuple[str, int, list[str], str]] = {
    ragged_long_table: (
        "h",
        968,
        [f"H{i}" for i in (1, 10, 11, 12, *range(2, 10))],
        "each is split by the rows of its",
    ),
    half_hourly: ("30min", 48 * DAYS, ["TOTALDEMAND"], "the time column is 'SETTLEMENTDATE'"),
    quarter_hourly: ("15min", 96 * 10, ["Last [MW]"], "the frequency is 15min"),
    five_minutely: ("5min", 288 * 4, ["speed"], "the frequency is 5min"),
    weekly: ("W-SUN", 52 * 5, ["units"], "the frequency is W-SUN"),
    monthly: ("MS", 12 * 14, ["Sales"], "the frequency is MS"),
    daily_of_two_years: ("D", 730, ["Visitors"], "are read day first"),
    hour_columns: ("h", 24 * DAYS, ["value"], "the 24 columns 'H1' to 'H24' are read as one hourly series"),
    chinese_encoding: ("h", 24 * DAYS, ["用电负荷"], "is read as gb18030"),
    workbook_with_title_and_units: ("h", 24 * DAYS, ["Load", "Temperature"], "row 5 contains units: Load (MW)"),
}
"""For each file: its frequency, rows and channels, and what a note of the report says."""


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("write", FILES, ids=lambda write: write.__name__)
def test_a_file_of_another_layout_runs_with_its_path_alone(
    write: Callable[[Path], Path], tmp_path: Path, train_in_process: Callable[..., int]
) -> None:
    frequency, rows, channels, note = FILES[write]
    path, run = write(tmp_path), tmp_path / "run"
    fast = ("model=seasonal_naive", "logger=none", f"hydra.run.dir={run}")
    assert train_in_process("data=file", f"data.path={path}", *fast) == 0
    folder = RunFolder(run)
    report = folder.data_report
    assert (report["frequency"], report["rows"], list(report["channels"])) == (frequency, rows, channels)
    assert any(note in text for text in report["notes"])
    scored = {name for name, metrics in folder.results.by_channel.items() if metrics["wql"] is not None}
    assert scored == set(channels)
    assert folder.results.metrics["wql"].value < 0.2


FEW_STEPS = {
    "lstm": ("model.fit.max_epochs=2",),
    "qwen": ("model.fit.max_epochs=1", "model.fit.steps_per_epoch=2", "evaluation.num_samples=10"),
}
"""Overrides with which the default models take seconds; every length follows from the data."""


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    ("model", "write"), [("lstm", five_minutely), ("lstm", quarter_hourly), ("qwen", quarter_hourly)]
)
def test_minutes_are_trained_on_and_forecast_with_the_lengths_of_their_frequency(
    model: str, write: Callable[[Path], Path], tmp_path: Path, train_in_process: Callable[..., int]
) -> None:
    path, run = write(tmp_path), tmp_path / "run"
    fast = (f"model={model}", *FEW_STEPS[model], "evaluation.max_windows=3", "logger=none", f"hydra.run.dir={run}")
    assert train_in_process("data=file", f"data.path={path}", *fast) == 0
    folder = RunFolder(run)
    window_set = folder.results.window_set
    assert window_set.horizon == folder.config.horizon > 50
    assert window_set.context_length >= 2 * window_set.horizon
    assert np.isfinite(folder.results.metrics["wql"].value)
    assert len(predict(run)) == window_set.horizon
