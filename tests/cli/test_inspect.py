"""`timevis inspect` and `timevis generate`."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import num2date
from matplotlib.figure import Figure

from timevis.cli.main import main
from timevis.data.catalog import load_panel
from timevis.data.options import DataOptions
from timevis.errors import ConfigError
from timevis.report.data_console import compose_data_config
from timevis.report.data_report import draw_data_report, histogram_bins

RunTimevis = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunTimevis:
    """Run a command of `timevis` in this process, on a terminal of 120 columns."""
    monkeypatch.setenv("COLUMNS", "120")

    def run_command(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        words = [command, *map(str, arguments)]
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as error:  # of argparse
            code = int(error.code or 0)
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, printed.out, printed.err)

    return run_command


def data_report_figure(source: Path, *overrides: str) -> Figure:
    """The figure that `timevis inspect` draws of a file."""
    cfg, _, _ = compose_data_config(str(source), overrides)
    options = DataOptions.from_config(cfg)
    panel, report = load_panel(options)
    return draw_data_report(panel, report, options.split)


def test_inspect_finds_the_defects_of_generated_data(run: RunTimevis, tmp_path: Path) -> None:
    made = run("generate", tmp_path, "--domains", "traffic", "--formats", "csv", "xlsx", "--rows", "1500")
    assert made.returncode == 0, made.stderr
    done = run("inspect", tmp_path / "traffic.csv", "domain=traffic", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1,500 rows of 2 channels" in done.stdout
    assert "1 identical" in done.stdout
    assert "1 (6 rows, longest 6)" in done.stdout
    assert (tmp_path / "traffic.report.png").stat().st_size > 20_000
    report = json.loads((tmp_path / "traffic.report.json").read_text())
    assert report["gaps"]["rows"] == 6
    assert sum(o["count"] for o in report["outliers"].values()) == 1
    assert "outliers=mask masks those before the test part" in " ".join(done.stdout.split())


def test_a_second_file_is_refused(run: RunTimevis, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,x\n2024-01-01,1\n2024-01-02,2\n")
    done = run("inspect", tmp_path / "a.csv", "path=b.csv")
    assert (done.returncode, "'path=b.csv' names a second file" in done.stderr) == (1, True)


def test_the_inspected_file_is_not_changed(run: RunTimevis, tmp_path: Path) -> None:
    data = {"time": [f"2024-01-{d:02} 0{h}:00" for d in range(1, 32) for h in range(10)], "load": [*range(310)]}
    text = json.dumps(data)
    (tmp_path / "my.json").write_text(text)
    done = run("inspect", tmp_path / "my.json", "--out", tmp_path, "--no-plot")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my.json").read_text() == text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my.json", "my.report.json"]


def test_files_with_the_same_name_have_separate_reports(run: RunTimevis, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    for folder, level in (("a", 1), ("b", 2), ("b", 3)):
        (tmp_path / folder).mkdir(exist_ok=True)
        times = pd.date_range("2024-01-01", periods=300, freq="h")
        frame = pd.DataFrame({"time": times, "load": level * (np.arange(300) % 24)})
        frame.to_csv(tmp_path / folder / "x.csv", index=False)
        done = run("inspect", tmp_path / folder / "x.csv", "--out", out, "--no-plot")
        assert done.returncode == 0, done.stderr
    largest = {p.name: json.loads(p.read_text())["channels"]["load"]["max"] for p in out.iterdir()}
    assert largest == {"x.report.json": 23, "x-2.report.json": 69}


@pytest.mark.parametrize("text", ["[1, 2]", "{}", "not JSON", '{"path": null}'])
def test_a_file_that_only_has_the_name_of_a_report_is_not_replaced(
    run: RunTimevis, tmp_path: Path, text: str
) -> None:
    (tmp_path / "traffic.report.json").write_text(text)
    done = run("inspect", "traffic", "--out", tmp_path, "--no-plot")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "traffic.report.json").read_text() == text
    again = run("inspect", "traffic", "--out", tmp_path, "--no-plot")
    assert again.returncode == 0, again.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"traffic.report.json", "traffic-2.report.json"}


def test_a_channel_measured_every_third_hour_is_drawn(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=600, freq="h")
    level = np.where(np.arange(600) % 3 == 0, 5 + np.sin(np.arange(600) / 4), np.nan)
    pd.DataFrame({"time": times, "level": level}).to_csv(tmp_path / "river.csv", index=False)
    picture = data_report_figure(tmp_path / "river.csv")
    series, day, _, correlation = picture.axes
    dots = [line for line in series.get_lines() if line.get_marker() == "."]
    assert sum(len(line.get_xdata()) for line in dots) == 2 * 200
    assert np.isfinite(day.get_lines()[0].get_ydata()).sum() == 8
    for axes in (day, correlation):
        values = np.asarray(axes.get_lines()[0].get_ydata(), float)
        assert len(values) > 1
        assert np.isfinite(values).all()


def test_the_series_is_drawn_in_local_time(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=600, freq="h", tz="America/New_York")
    values = np.sin(np.arange(600) / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 0.1, 600)
    values[300] = 50.0
    pd.DataFrame({"time": times.strftime("%Y-%m-%dT%H:%M:%S%z"), "sun": values}).to_csv(tmp_path / "sun.csv")
    overrides = ["timezone=America/New_York", "target=[sun]"]
    picture = data_report_figure(tmp_path / "sun.csv", *overrides)
    (outlier,) = (line for line in picture.axes[0].get_lines() if line.get_label() == "outlier")
    assert num2date(outlier.get_xdata(orig=False)[0]).replace(tzinfo=None) == times[300].replace(tzinfo=None)
    assert "2024-01-01 00:00 to 2024-01-25 23:00" in picture.get_suptitle()


def test_numbers_are_not_truncated_without_a_terminal(run: RunTimevis, tmp_path: Path) -> None:
    names = [f"a rather long name of channel {i}" for i in range(2)]
    values = np.random.default_rng(0).normal(-0.0123, 1e-4, (600, 2))
    pd.DataFrame(values, pd.date_range("2024-01-01", periods=600, freq="h"), names).to_csv(tmp_path / "small.csv")
    done = run("inspect", tmp_path / "small.csv", "--out", tmp_path, "--no-plot")
    assert done.returncode == 0, done.stderr
    assert "…" not in done.stdout


def test_the_channels_with_the_most_findings_are_drawn(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=(600, 9)).clip(-2, 2)
    frame = pd.DataFrame(noise, pd.date_range("2024-01-01", periods=600, freq="h"), [f"s{j}" for j in range(9)])
    frame.to_csv(tmp_path / "clean.csv")
    frame.loc[frame.index[[9, 19, 29]], "s8"] = np.nan
    frame.loc[frame.index[200:300], "s7"] = np.nan
    frame.loc[frame.index[[40, 50]], "s6"] = 90.0
    frame.to_csv(tmp_path / "rough.csv")
    clean, rough = (data_report_figure(tmp_path / f"{n}.csv") for n in ("clean", "rough"))
    assert [axes.get_title("left") for axes in clean.axes[::4]] == ["s0", "s1", "s2", "s3", "s4", "s5"]
    assert clean.get_suptitle().endswith("\n6 of 9 channels, the first")
    assert [axes.get_title("left") for axes in rough.axes[::4]] == ["s8", "s6", "s7", "s0", "s1", "s2"]
    assert rough.get_suptitle().endswith("\n6 of 9 channels, those with the most gaps and outliers")
    few = frame[["s5", "s6", "s7", "s8"]]
    few.to_csv(tmp_path / "few.csv")
    picture = data_report_figure(tmp_path / "few.csv")
    assert [axes.get_title("left") for axes in picture.axes[::4]] == list(few.columns)


def test_the_title_says_if_only_the_first_outliers_are_circled(tmp_path: Path) -> None:
    hours = pd.date_range("2024-01-01", periods=2000, freq="h")
    values = np.random.default_rng(0).normal(100_000, 5000, len(hours))
    values[1500::5] = 200_000
    frame = pd.DataFrame({"time": hours, "many": values, "few": values.clip(max=110_000)})
    frame.to_csv(tmp_path / "load.csv", index=False)
    picture = data_report_figure(tmp_path / "load.csv")
    titles = [axes.get_title(loc="left") for axes in picture.axes[::4]]
    assert titles == ["many: the first 50 of 100 outliers circled", "few"]
    picture.draw_without_rendering()
    labels = [label for label in picture.axes[2].get_xticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    assert len(boxes) > 1
    assert all(before.x1 + 4 < after.x0 for before, after in pairwise(boxes))


@pytest.mark.parametrize(("season", "label"), [("day_of_week", "day of the week, from Monday"), ("month", "month")])
def test_daily_data_are_drawn_over_the_season_with_the_larger_effect(tmp_path: Path, season: str, label: str) -> None:
    times = pd.date_range("2021-01-01", periods=900, freq="D")
    noise = np.random.default_rng(0).normal(0, 0.1, len(times))
    pd.DataFrame({"load": getattr(times, season) + noise}, times).to_csv(tmp_path / "daily.csv")
    picture = data_report_figure(tmp_path / "daily.csv")
    assert label in [axes.get_xlabel() for axes in picture.axes]


def test_names_with_brackets_are_not_truncated(run: RunTimevis, tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=600, freq="h")
    frame = pd.DataFrame({"time": times, "load [MW]": np.arange(600) % 24})
    frame.to_csv(tmp_path / "plant.csv", index=False)
    done = run("inspect", tmp_path / "plant.csv", "--out", tmp_path, "--no-plot")
    assert done.returncode == 0, done.stderr
    assert "load [MW]" in done.stdout


def test_all_generated_formats_have_the_same_numbers(run: RunTimevis, tmp_path: Path) -> None:
    assert run("generate", tmp_path, "--domains", "weather", "--rows", "300").returncode == 0
    tables = [
        pd.read_csv(tmp_path / "weather.csv"),
        pd.read_excel(tmp_path / "weather.xlsx"),
        pd.read_json(tmp_path / "weather.json"),
        pd.read_parquet(tmp_path / "weather.parquet"),
    ]
    for table in tables[1:]:
        np.testing.assert_allclose(
            table.iloc[:, 1:].to_numpy(float), tables[0].iloc[:, 1:].to_numpy(float), atol=1e-9
        )


def test_an_unreadable_file_is_one_error_line_with_advice(run: RunTimevis, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("time,x\n2024-01-01,1\nsoon,2\n")
    done = run("inspect", tmp_path / "bad.csv", "--no-plot")
    assert done.returncode == 1
    assert "bad.csv: row 3, column 'time': the time 'soon' is not a date or time" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_created_is_one_error_line(run: RunTimevis, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("generate", tmp_path / "file/samples", "--rows", "10")
    assert done.returncode == 1
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "is a file, not a folder" in run("generate", tmp_path / "file", "--rows", "10").stderr
    assert "argument --start" in run("generate", tmp_path, "--start", "soon").stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--seed -1", "--seed -1 must be at least 0"),
        ("--start 2024-01-01T00:00+01:00", "--start must have no offset from UTC"),
        ("--formats csv xlsx --rows 1048577", "a sheet has at most 1,048,575 rows"),
        ("--formats xlsx --rows 600000 --series 2 --layout long", "the table has 1,200,000 and 3"),
        ("--formats xlsx --rows 10 --series 16384", "the table has 10 and 16,385"),
    ],
)
def test_options_that_give_no_table_are_an_error_of_the_command_line(
    run: RunTimevis, tmp_path: Path, options: str, message: str
) -> None:
    done = run("generate", tmp_path / "samples", *options.split())
    assert (done.returncode, message in done.stderr) == (2, True)
    assert not (tmp_path / "samples").exists()


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        (KeyboardInterrupt(), 130, r"Interrupted by Ctrl-C\n"),
        (MemoryError("no memory"), 1, r"Error: .*no memory.*\n  .*\n"),
        (RuntimeError("odd"), 1, r"Traceback(.|\n)*\nError: RuntimeError: odd\n  .*report it with the traceback.*\n"),
    ],
)
def test_an_interrupt_or_an_unexpected_error_ends_in_words(
    run: RunTimevis, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, printed: str
) -> None:
    def fail(*arguments: object) -> int:
        raise error

    monkeypatch.setattr("timevis.cli.inspect.inspect_data", fail)
    done = run("inspect", "traffic")
    assert done.returncode == code
    assert re.fullmatch(printed, done.stderr)


def test_a_split_by_dates_is_printed_as_rows(run: RunTimevis, tmp_path: Path) -> None:
    split = "split=[2016-11-01,2017-01-15,2017-04-01]"
    done = run("inspect", "traffic", split, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    parts = {words[0]: words[1:4] for line in done.stdout.splitlines() if (words := line.split()) and len(words) > 6}
    assert parts["val"] == ["1,800", "2016-11-01", "00:00"]
    assert parts["test"][1:] == ["2017-01-15", "00:00"]
    late = run("inspect", "traffic", split.replace("2017-04-01", "2027-04-01"), "--no-plot", "--out", tmp_path)
    assert late.returncode == 1
    assert "data.split=[2016-11-01,2017-01-15,2027-04-01] ends after the data" in late.stderr


def test_inspect_takes_the_overrides_of_the_command_line() -> None:
    cfg, context_length, horizon = compose_data_config(
        "traffic",
        [
            "data.split=[0.5,0.2,0.3]",
            "covariates={temp:known}",
            "cleaning={outliers:mask}",
            "missing_values=['12:00']",
            "horizon=48",
        ],
    )
    assert cfg["split"] == [0.5, 0.2, 0.3]
    assert cfg["covariates"]["temp"] == "known"
    assert cfg["covariates"]["rain_1h"] == "observed"  # as train.py does, what is not named stays
    assert cfg["cleaning"]["outliers"] == "mask"
    assert cfg["missing_values"] == ["12:00"]
    assert (context_length, horizon) == (None, 48)


@pytest.mark.parametrize(
    ("source", "override", "message"),
    [("trafic", "horizon=2", "did you mean 'traffic'"), ("traffic", "targt=x", "did you mean 'data.target'")],
)
def test_the_error_of_an_unknown_name_or_key_names_the_nearest_one(source: str, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match="'") as error:
        compose_data_config(source, [override])
    assert message in str(error.value.advice)


@pytest.mark.parametrize("length", ["horizon=0", "context_length=a", "horizon=1.5"])
def test_lengths_must_be_positive_whole_numbers(length: str) -> None:
    with pytest.raises(ConfigError, match=f"{length} must be a whole number of at least 1"):
        compose_data_config("traffic", [length])


@pytest.mark.parametrize(("step", "number"), [(1, 6), (1, 56), (1, 150), (0.5, 300), (10, 90)])
def test_each_histogram_bar_of_values_on_a_grid_covers_equally_many_values(step: float, number: int) -> None:
    grid = np.arange(number) * step - 7
    values = np.append(np.repeat(grid, 50), grid[3] + step / 3)  # one is off the grid
    bars, edges = np.histogram(values, bins=histogram_bins(values))
    assert edges[0] < grid[0]
    assert grid[-1] < edges[-1]
    assert len(set(np.round(bars[1:-1] / 50))) == 1


def test_values_without_a_grid_have_histogram_bars_of_equal_width() -> None:
    assert histogram_bins(np.random.default_rng(0).normal(size=5000)) == 60
