"""Hours of the week in which the data never have a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from timevis.data.catalog import load_panel
from timevis.data.closed_hours import ClosedHours, common_closed_hours
from timevis.data.panel import Panel
from timevis.data.quality.findings import data_findings
from timevis.data.quality.quality_report import QualityReport
from timevis.inference.predict import predict
from timevis.runs.folder import RunFolder

WEEKS = 10


def counter(folder: Path, zone: str | None = None) -> Path:
    """A file of a half-hourly counter that is closed from 21:00 to 05:00 and on weekends; one day is missing."""
    times = pd.date_range("2024-02-07 12:00", periods=WEEKS * 336, freq="30min", tz=zone)
    is_open = (times.day_of_week < 5) & (times.hour >= 5) & (times.hour < 21)
    values = 50 + 20 * np.sin(times.hour) + np.random.default_rng(0).normal(size=len(times))
    frame = pd.DataFrame({"time": [t.isoformat() for t in times], "count": values})[
        is_open & (times.day_of_year != 60)
    ]
    frame.to_csv(folder / "counter.csv", index=False)
    return folder / "counter.csv"


def read(path: Path) -> tuple[Panel, QualityReport]:
    return load_panel({"name": "file", "path": str(path)})


def test_hours_that_are_always_missing_are_no_gaps_also_across_a_clock_change(tmp_path: Path) -> None:
    panel, report = read(counter(tmp_path, "Europe/Berlin"))
    assert (report.gaps["count"], report.gaps["rows"], report.missing) == (1, 32, {"count": 32})
    assert str(report.closed["when"]) == "at night and on weekends"
    assert [str(hours) for hours in report.closed["hours"]] == ["Mon to Fri 21:00 to 05:00", "Sat, Sun all day"]
    assert report.closed["rows"] == np.isnan(panel.values).sum() - 32
    assert (ClosedHours.from_report(report.to_dict(), "count"),) == panel.closed
    (text,) = [f.text for f in data_findings(report.to_dict()) if f.message.code == "always-missing"]
    assert text.startswith("Always missing at night and on weekends: Mon to Fri 21:00 to 05:00, Sat, Sun all day;")


def test_gaps_by_chance_are_no_closed_hours(tmp_path: Path) -> None:
    times = pd.date_range("2024-02-05", periods=8 * 168, freq="h")
    values = pd.Series(np.random.default_rng(1).normal(size=len(times)), times)
    values[np.random.default_rng(2).random(len(times)) < 0.3] = np.nan
    values["2024-02-20":"2024-03-10"] = np.nan
    values.rename("y").rename_axis("time").to_csv(tmp_path / "gaps.csv")
    assert read(tmp_path / "gaps.csv")[0].closed is None


def test_each_channel_has_its_own_closed_hours(finished_run, tmp_path: Path) -> None:
    times = pd.date_range("2024-02-05", periods=10 * 168, freq="h")
    noise = np.random.default_rng(0).normal(size=(len(times), 3))
    frame = pd.DataFrame(50 + 20 * np.sin(times.hour.to_numpy())[:, None] + noise, columns=["night", "day", "always"])
    is_open = {
        "night": (times.hour >= 20) | (times.hour < 4),
        "day": (times.hour >= 6) & (times.hour < 18) & (times.day_of_week < 5),
        "always": np.ones(len(times), bool),
    }
    for channel, rows in is_open.items():
        frame.loc[~rows, channel] = np.nan
    path = tmp_path / "counters.csv"
    frame.assign(time=times).to_csv(path, index=False)
    panel, report = read(path)
    assert panel.closed_values.tolist() == np.stack([~rows for rows in is_open.values()], 1).tolist()
    assert not report.closed
    assert not any(report.missing.values())
    texts = [f.text for f in data_findings(report.to_dict()) if f.message.code == "always-missing-in-channels"]
    assert any(
        t.startswith("Always missing at night and on weekends in day: Mon to Fri 18:00 to 06:00") for t in texts
    )
    assert len(texts) == 2
    run = finished_run("model=linear", "data=file", f"data.path={path}", "horizon=6", "context_length=168")
    windows = RunFolder(run).table("windows")
    assert (windows["count"] > 0).all()
    assert windows.groupby("channel")["origin"].apply(tuple).nunique() == 3
    for channel, table in predict(run, frame.assign(time=times).iloc[:-5]).groupby("channel"):
        rows = pd.Series(is_open[channel], times).reindex(table["timestamp"], fill_value=False)
        later = table["timestamp"] > times[-1]
        assert table["point"].notna()[~later].equals(pd.Series(rows.to_numpy(), table.index)[~later])


def test_hours_that_are_closed_in_every_channel() -> None:
    night, longer, lunch = ((0, 6), (18, 24)), ((0, 8), (17, 24)), ((3, 5), (12, 13))
    hours = [ClosedHours(periods) for periods in (night, longer, lunch)]
    assert common_closed_hours(hours[:2]) == hours[0]
    assert common_closed_hours(hours) == ClosedHours(((3, 5),))
    assert common_closed_hours([*hours, None]) is None


def test_closed_hours_are_neither_scored_nor_forecast(finished_run, tmp_path: Path) -> None:
    path = counter(tmp_path)
    lengths = ("horizon=48", "context_length=336", "evaluation.stride=1", "evaluation.max_windows=400")
    run = finished_run("model=linear", "data=file", f"data.path={path}", *lengths)
    table = predict(run)
    local = table["timestamp"].dt
    is_open = (local.day_of_week < 5) & (local.hour >= 5) & (local.hour < 21)
    assert is_open.any()
    for column in ("point", "q0.025", "q0.5"):
        assert table[column].notna().equals(is_open)
    folder = RunFolder(run)
    assert folder.results.window_set.without_truth == 0
    saved = folder.table("predictions")
    is_empty = np.isnan(np.stack(saved["point"].tolist()))
    assert is_empty.any()
    assert not (is_empty & np.isfinite(np.stack(saved["truth"].tolist()))).any()
    recent = pd.read_csv(path).iloc[-500:]
    assert predict(run, recent)["point"].notna().equals(is_open)
