"""A long table of thousands of series: fewer scored windows of each, a small report, a forecast of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import panel_of

from timevis.data import datamodule
from timevis.inference.predict import predict
from timevis.report.page import write_report
from timevis.runs.folder import RunFolder

NUM_SERIES, DAYS = 2000, 60
MAX_REPORT_BYTES = 10_000_000


@pytest.fixture(scope="module")
def many_series(tmp_path_factory):
    """A file of daily counts, most of them small, with a weekly season."""
    generator = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=DAYS)
    level = np.exp(generator.normal(1, 1, (NUM_SERIES, 1))) * (1 + (days.day_of_week.to_numpy() >= 5))
    ids = [f"item {i:04d}" for i in range(NUM_SERIES)]
    frame = pd.DataFrame(
        {
            "id": np.repeat(ids, DAYS),
            "date": np.tile(days.strftime("%Y-%m-%d"), NUM_SERIES),
            "sales": generator.poisson(level).ravel(),
        }
    )
    path = tmp_path_factory.mktemp("many") / "sales.parquet"
    frame.to_parquet(path, index=False)
    return path


def test_thousands_of_series_are_scored_on_few_windows_each_reported_and_forecast(
    many_series, finished_run, monkeypatch
):
    limits = {"MAX_TEST_WINDOWS": 6000, "MAX_VALIDATION_WINDOWS": 4000, "MAX_CALIBRATION_WINDOWS": 6000}
    for name, limit in (limits | {"MIN_ORIGINS": 2}).items():
        monkeypatch.setattr(datamodule, name, limit)
    lengths = ("context_length=14", "horizon=4", "evaluation.max_windows=500", "evaluation.val_windows=200")
    data = ("data=file", f"data.path={many_series}")
    folder = RunFolder(finished_run("model=seasonal_naive", *data, *lengths, report=False))

    window_set, windows = folder.results.window_set, folder.table("windows")
    assert window_set.series == NUM_SERIES
    assert (windows.groupby("channel").size() == window_set.origins).all()
    assert NUM_SERIES < len(windows) <= limits["MAX_TEST_WINDOWS"]

    page = write_report(folder.path).read_text(encoding="utf-8")
    assert len(page.encode()) < MAX_REPORT_BYTES
    section = page[page.index('<section id="series">') :].split("</section>")[0]
    mase = {name: scores["mase"] or 0 for name, scores in folder.results.by_channel.items()}
    assert max(mase, key=mase.get) in section
    assert "Relative WQL over channels" in section
    assert section.count('id="series-example-') == 5

    table = predict(folder.path)
    assert table["channel"].nunique() == NUM_SERIES
    assert len(table) == NUM_SERIES * 4
    assert np.isfinite(table["q0.9"]).all()


def test_null_takes_all_origins_of_many_channels(monkeypatch):
    monkeypatch.setattr(datamodule, "MAX_TEST_WINDOWS", 40)
    values = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    sets = [
        datamodule.WindowDataModule(panel_of(values), context_length=8, horizon=2, max_windows=number).windows["test"]
        for number in (500, None)
    ]
    assert [len(windows.origins) for windows in sets] == [5, 39]


def tourism(quarters: int, start: str, purposes: tuple[str, ...] = ("Business", "Holiday")) -> pd.DataFrame:
    """Trips by quarter, for each purpose in each region; a region lies in one state."""
    times = pd.period_range(start, periods=quarters, freq="Q").to_timestamp().strftime("%Y-%m-%d")
    generator = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {"Quarter": times, "Region": f"R{r}", "State": f"S{r % 2}", "Purpose": p, "Trips": 9 * r + level}
        )
        for r in range(5)
        for p, level in ((p, generator.normal(50 + 9 * len(p), 1, quarters)) for p in purposes)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("target", [(), ("data.target=Trips",)])
def test_a_run_on_series_that_two_columns_name_forecasts_each_of_them(target, finished_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("tourism") / "tourism.csv"
    tourism(80, "1998Q1").to_csv(path, index=False)
    lengths = ("context_length=16", "horizon=4", "model.season=4")
    run = finished_run("model=seasonal_naive", "data=file", f"data.path={path}", *target, *lengths)
    folder = RunFolder(run)
    names = [f"R{r} / {purpose}" for r in range(5) for purpose in ("Business", "Holiday")]
    assert folder.results.window_set.series == 10
    assert list(folder.data_report["channels"]) == names
    assert folder.data_report["series_columns"] == ["Region", "Purpose"]
    assert set(folder.data_report["statics"]) == {"Region", "State", "Purpose"}
    assert predict(run)["channel"].unique().tolist() == names

    # a later file has one purpose only, so that a region alone would separate its rows
    newer = tourism(20, "2013Q1", ("Holiday",))
    forecast = predict(run, newer)
    assert forecast["channel"].unique().tolist() == names[1::2]
    last_season = newer.set_index(["Region", "Quarter"])["Trips"]["R3"].iloc[-4:]
    np.testing.assert_allclose(forecast[forecast["channel"] == "R3 / Holiday"]["point"], last_season, rtol=1e-5)

    # further rows of the file of the run, too
    more = pd.concat([tourism(80, "1998Q1"), tourism(4, "2018Q1", ("Holiday",))])
    more.to_csv(path, index=False)
    later = predict(run)
    assert later["channel"].unique().tolist() == names
    assert later["timestamp"].min() == pd.Timestamp("2018-01-01")
