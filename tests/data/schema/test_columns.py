from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cleaned_tables import reasons_of

from timevis.data.options import DataOptions
from timevis.data.readers.read_table import read_table
from timevis.data.schema.columns import Columns, find_columns
from timevis.data.table import Table
from timevis.errors import ConfigError, DataError

HOURS = pd.date_range("2024-01-01", periods=50, freq="h").astype(str)


def columns_of(frame: pd.DataFrame, **options: Any) -> Columns:
    return find_columns(Table(frame, "t.csv"), DataOptions(**options))[1]


def test_a_missing_column_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(DataError, match="no column 'laod'") as error:
        columns_of(pd.DataFrame({"time": HOURS, "load": range(50)}), target=("laod",))
    assert "did you mean 'load'?" in str(error.value.advice)
    with pytest.raises(DataError, match="no column 'laod'") as error:
        columns_of(pd.DataFrame({"time": HOURS, "LOAD": range(50)}), target=("laod",))
    assert str(error.value.advice) == "did you mean 'LOAD'? choices: LOAD, time"


def test_a_missing_column_without_a_similar_name_is_an_error_that_lists_all() -> None:
    with pytest.raises(DataError, match="no column 'rain'") as error:
        columns_of(pd.DataFrame({"time": HOURS, "raft": range(50), "ozon": range(50)}), target=("rain",))
    assert str(error.value.advice) == "choices: ozon, raft, time"


def test_a_target_that_is_not_numeric_is_an_error_with_its_row() -> None:
    with pytest.raises(DataError, match=r"column 'city' \(row 1: 'Rome'\) contains text"):
        columns_of(pd.DataFrame({"time": HOURS, "city": ["Rome"] * 50}), target=("city",))


def test_columns_that_cannot_be_targets_are_left_out_with_the_reason() -> None:
    frame = pd.DataFrame(
        {"No": range(50), "time": HOURS, "x": [1.5, 2] * 25, "flag": [True, False] * 25, "city": "Rome", "none": None}
    )
    assert columns_of(frame).targets == ("x",)
    assert reasons_of(columns_of(frame).left_out) == {
        "No": "counts the rows",
        "flag": "contains booleans",
        "city": "contains text",
        "none": "is empty",
    }


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.parquet"])
def test_a_second_column_of_dates_is_left_out_as_dates_in_every_format(name: str, tmp_path: Path) -> None:
    later = pd.to_datetime(HOURS) + pd.Timedelta("2h")
    frame = pd.DataFrame({"time": HOURS, "x": range(50), "iso": later.strftime("%Y-%m-%d %H:%M")})
    frame = frame.assign(zoned=later.strftime("%Y-%m-%dT%H:%MZ"), local=later.strftime("%d.%m.%Y"), bus="Route 2020")
    path = tmp_path / name
    {"csv": frame.to_csv, "json": frame.to_json, "parquet": frame.to_parquet}[name[2:]](path)
    left_out = find_columns(read_table(path), DataOptions(time=("time",)))[1].left_out
    assert [str(left_out[c]) for c in ("iso", "zoned", "local", "bus")] == ["contains dates"] * 3 + ["contains text"]
    with pytest.raises(DataError, match="the covariate 'zoned' contains dates"):
        find_columns(read_table(path), DataOptions(time=("time",), covariates={"zoned": "known"}))


def test_a_table_without_numeric_columns_is_an_error_with_the_reasons() -> None:
    with pytest.raises(DataError, match=r"no numeric column is left to forecast \('city' contains text"):
        columns_of(pd.DataFrame({"time": HOURS, "city": "Rome"}))


def test_a_first_sheet_without_numeric_columns_is_an_error_that_names_the_sheet(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "t.xlsx") as workbook:
        pd.DataFrame({"time": HOURS, "author": "Bob"}).to_excel(workbook, sheet_name="Info", index=False)
        pd.DataFrame({"time": HOURS, "load": range(50)}).to_excel(workbook, sheet_name="Data", index=False)
    with pytest.raises(DataError, match=r"sheet 'Info' of 2 .*data\.sheet selects another.*no numeric column"):
        find_columns(read_table(tmp_path / "t.xlsx"), DataOptions())


@pytest.mark.parametrize("name", ["index", "Unnamed: 0", "column 1"])
def test_row_numbers_of_a_filtered_table_are_not_a_target_but_measurements_of_that_name_are(name: str) -> None:
    frame = pd.DataFrame({name: range(0, 150, 3), "time": HOURS, "x": range(50)})
    assert reasons_of(columns_of(frame).left_out) == {name: "counts the rows"}
    for other in (frame[name] / 2, frame[name] // 4, frame[name].where(frame.index != 7)):
        assert columns_of(frame.assign(**{name: other})).targets == (name, "x")


def test_row_numbers_of_a_shuffled_or_a_long_table_are_not_a_target() -> None:
    frame = pd.DataFrame({"column 1": range(50), "time": HOURS, "x": range(50)})
    assert columns_of(frame.sample(frac=1, random_state=0)).targets == ("x",)
    long = pd.concat([frame.assign(city=city) for city in ("Rome", "Oslo", "Bern")], ignore_index=True)
    for table in (long, long.sort_values("time"), long.sample(frac=1, random_state=0)):
        assert reasons_of(columns_of(table.reset_index(drop=True)).left_out) == {"column 1": "counts the rows"}
    long["column 1"] = long["column 1"] // 2
    assert columns_of(long).targets == ("column 1", "x")


def test_a_row_counter_is_a_target_if_it_is_the_only_numeric_column() -> None:
    assert columns_of(pd.DataFrame({"No": range(50), "time": HOURS})).targets == ("No",)


def test_parts_of_the_time_are_left_out_if_another_column_holds_the_whole_time() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"datetime": HOURS, "year": times.year, "month": times.month, "day": times.day})
    columns = columns_of(frame.assign(hour=times.hour, x=range(50)))
    assert (columns.time, columns.targets) == (("datetime",), ("x",))
    assert str(columns.left_out["hour"]) == "is part of the time"


def test_measurements_named_like_a_part_of_the_time_are_targets() -> None:
    frame = pd.DataFrame(
        {"date": HOURS, "day": [20 + i / 5 for i in range(50)], "night": range(50), "second": [70] * 50}
    )
    assert columns_of(frame).targets == ("day", "night", "second")


def test_a_holiday_column_cannot_be_combined_with_a_country() -> None:
    frame = pd.DataFrame({"time": HOURS, "x": range(50), "holiday": [0, 1] * 25})
    assert columns_of(frame, covariates={"holiday": "known"}).covariates_known == (True,)
    with pytest.raises(ConfigError, match="has a column of that name"):
        columns_of(frame, covariates={"holiday": "DE"})


def test_a_column_has_only_one_role() -> None:
    with pytest.raises(ConfigError, match="'x' is named twice"):
        DataOptions.from_config({"target": "x", "covariates": {"x": "known"}})


def test_covariates_given_as_a_list_are_observed() -> None:
    options = DataOptions.from_config({"covariates": ["temp"]})
    frame = pd.DataFrame({"time": HOURS, "x": range(50), "temp": range(50)})
    _, columns = find_columns(Table(frame, "t.csv"), options)
    assert (columns.targets, columns.covariates, columns.covariates_known) == (("x",), ("temp",), (False,))
