from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import reasons_of

from timevis.data.catalog import load_panel
from timevis.data.options import DataOptions
from timevis.data.readers.csv import read_csv
from timevis.data.schema.columns import Columns, find_columns
from timevis.data.schema.to_rows import Rows, to_rows
from timevis.data.table import Table
from timevis.errors import DataError


def test_a_series_column_without_any_name_is_an_error(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"time": pd.date_range("2024", periods=400, freq="h"), "site": np.nan, "load": np.arange(400.0)}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'site' is empty"):
        load_panel({"path": str(tmp_path / "t.parquet"), "id": ["site"]})


HOURS = pd.date_range("2024-01-01", periods=50, freq="h").astype(str)


def columns_of(frame: pd.DataFrame, **options: Any) -> Columns:
    return find_columns(Table(frame, "t.csv"), DataOptions(**options))[1]


def rows_of(frame: pd.DataFrame, **options: Any) -> Rows:
    return to_rows(Table(frame, "t.csv"), DataOptions(**options))[0]


@pytest.mark.parametrize(("name", "form"), [("time", "{}. stunde"), ("slot", "P{:02}"), ("PERIOD", None)])
def test_numbered_steps_of_a_day_do_not_name_series(name: str, form: str | None) -> None:
    steps = [k + 1 for _ in range(40) for k in range(48)]
    days = pd.date_range("2024-01-01", periods=40).repeat(48).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": days, name: [form.format(k) for k in steps] if form else steps, "x": range(1920)})
    assert columns_of(frame).id is None
    with pytest.raises(DataError, match=r"disagree, first at .* \(number of such times: 40\)") as error:
        rows_of(frame)
    assert f"{name!r} seems to number the steps of each date: set data.time=[day,{name}]" in str(error.value.advice)
    rows = rows_of(frame, time=("day", name), timezone="UTC")
    assert (rows.grid.index.tz_localize(None) == pd.date_range("2024-01-01", periods=1920, freq="30min")).all()
    by_series = frame.sort_values([name, "day"], ignore_index=True)
    assert name in str(columns_of(by_series).id) if name == "slot" else columns_of(by_series).id is None


def test_the_advice_on_data_id_does_not_suggest_measurements() -> None:
    days = pd.date_range("2024-01-01", periods=40).repeat(4).strftime("%Y-%m-%d")
    with pytest.raises(DataError, match="rows with the same time disagree") as error:
        rows_of(pd.DataFrame({"day": days, "load": [0.5, 1.5, 2.5, 3.5] * 40}))
    assert "data.id=load" not in str(error.value.advice)


def test_text_names_series_only_if_series_share_their_times() -> None:
    long = pd.concat([pd.DataFrame({"time": HOURS, "x": range(50), "city": c}) for c in ("Rome", "Oslo", "Bern")])
    assert columns_of(long.reset_index(drop=True)).id == "city"
    reports = pd.DataFrame({"time": [*HOURS, *HOURS[:10]], "x": range(60), "sky": ["clear"] * 50 + ["cloudy"] * 10})
    assert columns_of(reports).id is None
    assert reasons_of(columns_of(reports).left_out) == {"sky": "contains text"}
    assert columns_of(reports.rename(columns={"sky": "station"})).id == "station"


def test_sensors_may_have_numbers_as_names_if_the_time_column_has_no_name() -> None:
    frame = pd.DataFrame({"773869": range(50), "767541": range(50)}, index=pd.Index(HOURS))
    table = read_csv(frame.to_csv().encode(), "t.csv")
    _, columns = find_columns(table, DataOptions())
    assert (columns.time, columns.targets) == (("column 1",), ("773869", "767541"))
    with pytest.raises(DataError, match="row 1 should contain the column names"):
        read_csv(frame.to_csv(header=False).encode(), "t.csv")
    with pytest.raises(DataError, match="row 1 should contain the column names"):
        read_csv(b",1,1\n" + frame.to_csv(header=False).encode(), "t.csv")


@pytest.mark.parametrize("ids", [("KJFK", "KLGA"), (101, 102)])
@pytest.mark.parametrize("later", ["30min", "48h"])
def test_stations_that_report_at_different_times_are_series(ids: tuple[object, object], later: str) -> None:
    times = pd.to_datetime(HOURS)
    first = pd.DataFrame({"station": ids[0], "time": times, "temp": range(50)})
    long = pd.concat([first, first.assign(station=ids[1], time=times + pd.Timedelta(later))], ignore_index=True)
    assert columns_of(long).id == "station"
    assert columns_of(long).targets == ("temp",)
    if later == "30min":
        assert columns_of(long.sort_values("time", ignore_index=True)).id == "station"
        with pytest.raises(DataError, match="50 of 100 times do not lie on the grid of frequency h") as error:
            rows_of(long)
        assert "the series that 'station' names share one grid" in str(error.value.advice)


@pytest.mark.parametrize(
    "values",
    [[0, 0, 0, 1, 1] * 10, [0.5, 1.5] * 25, [20] * 50, range(50), ["a", "b", "c", "d"] * 12 + ["e", "f"]],
    ids=["states", "measurements", "constant", "all different", "too many names"],
)
def test_the_name_of_a_series_column_alone_does_not_make_it_one(values: Any) -> None:
    assert columns_of(pd.DataFrame({"time": HOURS, "sensor": values, "x": [1.5, 2] * 25})).id is None


def long_frame(stores: tuple[Any, ...] = (1, 2), items: tuple[str, ...] = ("tea", "oil")) -> pd.DataFrame:
    parts = [pd.DataFrame({"time": HOURS, "store": s, "item": i, "x": range(50)}) for s in stores for i in items]
    return pd.concat(parts, ignore_index=True)


def test_several_columns_may_name_the_series_together() -> None:
    columns = columns_of(long_frame(), id=("store", "item"))
    assert (columns.targets, columns.left_out) == (("x",), {})
    assert rows_of(long_frame(), id=("store", "item")).series_names == ("1 / oil", "1 / tea", "2 / oil", "2 / tea")
    assert DataOptions.from_config({"id": ["store", "item"]}).id == ("store", "item")
    assert DataOptions.from_config({"id": "store"}).id == ("store",)


def test_numeric_parts_of_series_names_have_no_point() -> None:
    names = ("1 / oil", "1 / tea", "2 / oil", "2 / tea")
    assert rows_of(long_frame(stores=(1.0, 2.0)), id=("store", "item")).series_names == names


def test_a_column_with_the_name_of_the_joined_column_is_an_error_that_names_it() -> None:
    with pytest.raises(DataError, match=r"data\.id=\[store,item\] makes a column 'store\+item', but the file"):
        columns_of(long_frame().assign(**{"store+item": "x"}), id=("store", "item"))


@pytest.mark.parametrize(
    ("stores", "items", "names"),
    [
        (("a / b", "a"), ("c", "b / c"), ("a // b / c", "a // b / b // c", "a / c", "a / b // c")),
        (("a", "a /"), ("/ b", "b"), ("a / // b", "a / b", "a // / // b", "a // / b")),
        (("km/h", "°C"), ("A/C", "B"), ("km/h / A/C", "km/h / B", "°C / A/C", "°C / B")),
    ],
)
def test_joined_names_differ_if_parts_have_slashes_of_their_own(
    stores: tuple[str, ...], items: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert sorted(rows_of(long_frame(stores, items), id=("store", "item")).series_names) == sorted(names)


@pytest.mark.parametrize("empty", [None, " "])
def test_a_row_without_a_part_of_its_series_name_is_an_error(empty: str | None) -> None:
    frame = long_frame()
    frame.loc[3, "item"] = empty
    with pytest.raises(DataError, match=r"row 4, column 'store\+item' is empty"):
        rows_of(frame, id=("store", "item"))


def test_the_advice_on_data_id_names_the_columns_that_separate_the_rows_with_figures() -> None:
    frame = long_frame(items=("tea", "oil", "rye")).assign(x=range(300)).rename(columns={"store": "shop"})
    frame["item"] = frame["item"].map({"tea": 1, "oil": 2, "rye": 3})  # numbers name series only if the user says so
    with pytest.raises(DataError, match=r"for example row 1 and row \d+; averages would replace 250 of 300") as error:
        rows_of(frame)
    advice = str(error.value.advice)
    assert "250 of 300 rows repeat the time of another row, and fewer do" in advice
    assert "150 with item, 0 with item, shop: set data.id, for example data.id=[item,shop]" in advice
    assert "data.duplicates to mean, sum, first or last" in advice
    with pytest.raises(DataError, match="rows of series '1' with the same time disagree") as error:
        rows_of(frame, id=("shop",))
    assert "0 with item: set data.id, for example data.id=[shop,item]" in str(error.value.advice)
