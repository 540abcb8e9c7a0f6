from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from timevis.data.new_files import load_files
from timevis.data.options import DataOptions
from timevis.data.read_options import ReadOptions
from timevis.errors import DataError

RUN_DATA = {"name": "plant", "path": "plant.csv"}


@pytest.mark.parametrize(
    ("content", "option"),
    [
        ("time;load\n2024-01-01;1,250\n2024-01-02;2,500\n", "decimal"),
        ("time;load\n01/02/2024;1\n02/02/2024;2\n", "day_first"),
        ("time;load;Mængde\n2024-01-01;1;2\n2024-01-02;2;3\n", "encoding"),
    ],
)
def test_an_ambiguous_new_file_is_an_error_that_names_the_option_of_the_run(
    content: str, option: str, tmp_path: Path
) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(content.encode("cp1252"))
    with pytest.raises(DataError) as error:
        load_files([path], DataOptions.from_config(RUN_DATA), ("load",))
    assert f"data.{option}" in str(error.value.advice)
    assert "new files are read with the options of the run" in str(error.value.advice)


GERMAN = ReadOptions(decimal="comma", day_first=True)
AMERICAN = ReadOptions(decimal="point", day_first=False)


def read_load(path: Path, inferred: ReadOptions) -> tuple[pd.DatetimeIndex, np.ndarray]:
    (item,) = load_files([path], DataOptions.from_config(RUN_DATA), ("load",), inferred=inferred).values()
    return item.index, item.values[:, 0]


@pytest.mark.parametrize("name", ["new.csv", "new.jsonl"])
@pytest.mark.parametrize(
    ("inferred", "first", "values"),
    [(GERMAN, "2024-02-01", [1250, 2500, 803]), (AMERICAN, "2024-01-02", [1.25, 2.5, 803])],
)
def test_an_ambiguous_file_is_read_with_the_decimal_mark_and_day_order_of_the_run(
    name: str, inferred: ReadOptions, first: str, values: list[float], tmp_path: Path, caplog
) -> None:
    times = [f"01.02.2024 {hour:02}:00" for hour in range(3)]
    rows = pd.DataFrame({"time": times, "load": ["1.250", "2.500", "803"]})
    text = rows.to_csv(index=False, sep=";") if name == "new.csv" else rows.to_json(orient="records", lines=True)
    (tmp_path / name).write_text(text)
    index, load = read_load(tmp_path / name, inferred)
    assert (index == pd.date_range(first, periods=3, freq="h")).all()
    np.testing.assert_allclose(load, values, rtol=1e-6)
    assert "as in the data of the run" in caplog.text


@pytest.mark.parametrize(
    ("content", "inferred", "values"),
    [
        ("time;load\n1/13/2024;3.75\n1/14/2024;1.250\n1/15/2024;2\n", GERMAN, [3.75, 1.25, 2]),
        ("time;load\n13.1.2024;3,75\n14.1.2024;1,250\n15.1.2024;2\n", AMERICAN, [3.75, 1.25, 2]),
        ("time;load\n2024-01-13;3\n2024-01-14;1\n2024-01-15;2\n", GERMAN, [3, 1, 2]),
    ],
)
def test_a_file_that_is_not_ambiguous_is_read_independently_of_the_run(
    content: str, inferred: ReadOptions, values: list[float], tmp_path: Path, caplog
) -> None:
    (tmp_path / "new.csv").write_text(content)
    index, load = read_load(tmp_path / "new.csv", inferred)
    assert (index == pd.date_range("2024-01-13", periods=3)).all()
    np.testing.assert_allclose(load, values)
    assert "as in the data of the run" not in caplog.text


@pytest.mark.parametrize("run_encoding", ["gb18030", "utf-16-le"])
@pytest.mark.parametrize(
    ("name", "encoding"),
    [("new.csv", "utf-8"), ("new.csv", "utf-8-sig"), ("new.csv", "utf-16"), ("new.csv", None), ("new.json", "utf-8")],
)
def test_a_utf_8_file_is_read_as_utf_8_whatever_the_encoding_of_the_run(
    run_encoding: str, name: str, encoding: str | None, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"时间": pd.date_range("2024-01-13", periods=3).astype(str), "用电量": [3, 1, 2]})
    text = rows.to_csv(index=False) if name == "new.csv" else rows.to_json(orient="records", force_ascii=False)
    (tmp_path / name).write_bytes(text.encode(encoding or run_encoding))
    cfg = RUN_DATA | {"encoding": run_encoding}
    (item,) = load_files([tmp_path / name], DataOptions.from_config(cfg), ("用电量",)).values()
    assert item.values[:, 0].tolist() == [3, 1, 2]


def test_a_missing_file_is_an_error_whatever_the_encoding_of_the_run(tmp_path: Path) -> None:
    cfg = RUN_DATA | {"encoding": "gb18030"}
    with pytest.raises(DataError, match="there is no file"):
        load_files([tmp_path / "none.csv"], DataOptions.from_config(cfg), ("load",))


@pytest.mark.parametrize("channels", [("1 / oil", "1 / tea", "2 / tea"), ("total",)])
def test_the_series_of_a_new_file_can_be_named_by_two_columns(channels: tuple[str, ...], tmp_path: Path) -> None:
    days = pd.date_range("2024-01-13", periods=3)
    parts = [pd.DataFrame({"time": days, "store": 1, "item": i, "total": v}) for i, v in (("tea", 3), ("oil", 4))]
    pd.concat(parts).to_csv(tmp_path / "new.csv", index=False)
    items = load_files(
        [tmp_path / "new.csv"], DataOptions.from_config(RUN_DATA | {"id": ["store", "item"]}), channels
    )
    if channels == ("total",):
        assert {name: item.values[0].tolist() for name, item in items.items()} == {"1 / oil": [4], "1 / tea": [3]}
    else:
        np.testing.assert_array_equal(items["new"].values[0], [4, 3, np.nan])


@pytest.mark.parametrize(("suffix", "timezone"), [("Z", None), ("", "Europe/Berlin")])
def test_times_with_and_without_a_time_zone_are_not_mixed_between_run_and_file(
    suffix: str, timezone: str | None, tmp_path: Path
) -> None:
    rows = "".join(f"2024-01-01T{hour:02}:00{suffix},{hour}\n" for hour in range(24))
    (tmp_path / "new.csv").write_text("time,load\n" + rows)
    path, options = [tmp_path / "new.csv"], DataOptions.from_config(RUN_DATA)
    with pytest.raises(DataError, match=r"new\.csv: the times have .* but the run was trained on times with"):
        load_files(path, options, ("load",), timezone=timezone)
    (item,) = load_files(path, options, ("load",), timezone="Europe/Berlin" if suffix else None).values()
    assert item.local_index[0].hour == (1 if suffix else 0)


def test_a_series_with_all_rows_off_the_grid_is_skipped_with_a_warning(tmp_path: Path, caplog) -> None:
    hours = pd.date_range("2024-01-13", periods=300, freq="h")
    off_grid = hours[[3, 70]] + pd.Timedelta("30min")
    parts = [
        pd.DataFrame({"time": t, "site": s, "load": 2.5}) for s, t in (("a", hours), ("b", hours), ("c", off_grid))
    ]
    pd.concat(parts).to_csv(tmp_path / "new.csv", index=False)
    items = load_files([tmp_path / "new.csv"], DataOptions.from_config(RUN_DATA), ("load",), freq="h")
    assert {name: len(item) for name, item in items.items()} == {"a": 300, "b": 300}
    assert "new.csv: no row of 'c' lies on the grid, so it is not forecast" in caplog.text
    assert "2 rows off the grid left out" in caplog.text


def test_series_that_are_absent_from_a_new_file_have_no_values_and_no_own_covariates(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-13", periods=4)
    parts = [
        pd.DataFrame({"time": days, "site": s, "load": 1.5, "price": range(i, i + 4)}) for i, s in enumerate("ac")
    ]
    pd.concat(parts).assign(temp=[5, 6, 7, 8] * 2).to_csv(tmp_path / "new.csv", index=False)
    cfg = RUN_DATA | {"target": ["load"], "covariates": {"price": "known", "temp": "known"}}
    (item,) = load_files([tmp_path / "new.csv"], DataOptions.from_config(cfg), ("d", "c", "a", "b")).values()
    covariates = item.covariates[:, item.channel_covariate_columns]  # [T, K, C]
    assert item.covariate_names == ("price", "temp")
    assert np.isnan(covariates[:, 0, [0, 3]]).all()
    assert covariates[0, 0, [1, 2]].tolist() == [1, 0]
    assert covariates[0, 1].tolist() == [5, 5, 5, 5]
    assert np.isnan(item.values[:, [0, 3]]).all()
