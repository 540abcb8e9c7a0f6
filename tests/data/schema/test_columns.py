from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from timevis.data.options import DataOptions
from timevis.data.readers.csv import read_csv
from timevis.data.readers.read_table import read_table
from timevis.data.readers.table import Table
from timevis.data.schema.columns import Columns, find_columns
from timevis.data.schema.timestamps.parse_times import parse_times
from timevis.data.schema.to_rows import Rows, to_rows
from timevis.errors import ConfigError, DataError

HOURS = pd.date_range("2024-01-01", periods=50, freq="h").astype(str)


def found(frame: pd.DataFrame, **options: Any) -> Columns:
    return find_columns(Table(frame, "t.csv"), DataOptions(**options))[1]


def read(frame: pd.DataFrame, **options: Any) -> Rows:
    return to_rows(Table(frame, "t.csv"), DataOptions(**options))[0]


@pytest.mark.parametrize("name", ["time", "Timestamp", "ds", "DATE", "gemessen am"])
def test_the_time_column_is_found_by_name_or_content(name: str) -> None:
    frame = pd.DataFrame({"x": range(50), name: HOURS, "y": range(50)})
    assert found(frame).time == (name,)
    assert found(frame).targets == ("x", "y")


def test_blank_rows_do_not_hide_the_time_column() -> None:
    frame = pd.DataFrame({"gemessen am": [*HOURS, *[""] * 20], "x": [*range(50), *[None] * 20]})
    assert found(frame).time == ("gemessen am",)


def test_no_time_column_is_an_error_that_lists_the_columns() -> None:
    with pytest.raises(DataError, match="no time column among 'x', 'city'"):
        found(pd.DataFrame({"x": range(50), "city": ["Rome"] * 50}))


def test_a_missing_column_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(DataError, match="no column 'laod'") as error:
        found(pd.DataFrame({"time": HOURS, "load": range(50)}), target=("laod",))
    assert "did you mean 'load'?" in error.value.advice
    with pytest.raises(DataError, match="no column 'laod'") as error:
        found(pd.DataFrame({"time": HOURS, "LOAD": range(50)}), target=("laod",))
    assert error.value.advice == "did you mean 'LOAD'? choices: LOAD, time"


def test_a_missing_column_without_a_similar_name_is_an_error_that_lists_all() -> None:
    with pytest.raises(DataError, match="no column 'rain'") as error:
        found(pd.DataFrame({"time": HOURS, "raft": range(50), "ozon": range(50)}), target=("rain",))
    assert error.value.advice == "choices: ozon, raft, time"


def test_a_target_that_is_not_numeric_is_an_error_with_its_row() -> None:
    with pytest.raises(DataError, match=r"column 'city' \(row 1: 'Rome'\) holds text"):
        found(pd.DataFrame({"time": HOURS, "city": ["Rome"] * 50}), target=("city",))


def test_columns_that_cannot_be_targets_are_left_out_with_the_reason() -> None:
    frame = pd.DataFrame(
        {"No": range(50), "time": HOURS, "x": [1.5, 2] * 25, "flag": [True, False] * 25, "city": "Rome", "none": None}
    )
    assert found(frame).targets == ("x",)
    assert found(frame).left_out == {
        "No": "counts the rows",
        "flag": "holds booleans",
        "city": "holds text",
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
    assert [left_out[c] for c in ("iso", "zoned", "local", "bus")] == ["holds dates"] * 3 + ["holds text"]
    with pytest.raises(DataError, match="the covariate 'zoned' holds dates"):
        find_columns(read_table(path), DataOptions(time=("time",), covariates={"zoned": "known"}))


def test_a_table_without_numeric_columns_is_an_error_with_the_reasons() -> None:
    with pytest.raises(DataError, match=r"no numeric column is left to forecast \('city' holds text"):
        found(pd.DataFrame({"time": HOURS, "city": "Rome"}))


@pytest.mark.parametrize("name", ["index", "Unnamed: 0", "column 1"])
def test_row_numbers_of_a_filtered_table_are_not_a_target_but_measurements_of_that_name_are(name: str) -> None:
    frame = pd.DataFrame({name: range(0, 150, 3), "time": HOURS, "x": range(50)})
    assert found(frame).left_out == {name: "counts the rows"}
    for other in (frame[name] / 2, frame[name] // 4, frame[name].where(frame.index != 7)):
        assert found(frame.assign(**{name: other})).targets == (name, "x")


def test_row_numbers_of_a_shuffled_or_a_long_table_are_not_a_target() -> None:
    frame = pd.DataFrame({"column 1": range(50), "time": HOURS, "x": range(50)})
    assert found(frame.sample(frac=1, random_state=0)).targets == ("x",)
    long = pd.concat([frame.assign(city=city) for city in ("Rome", "Oslo", "Bern")], ignore_index=True)
    for table in (long, long.sort_values("time"), long.sample(frac=1, random_state=0)):
        assert found(table.reset_index(drop=True)).left_out == {"column 1": "counts the rows"}
    long["column 1"] = long["column 1"] // 2
    assert found(long).targets == ("column 1", "x")


def test_a_row_counter_is_a_target_if_it_is_the_only_numeric_column() -> None:
    assert found(pd.DataFrame({"No": range(50), "time": HOURS})).targets == ("No",)


def test_year_month_day_and_hour_make_a_time() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame(
        {"year": times.year, "month": times.month, "day": times.day, "hour": times.hour, "x": range(50)}
    )
    assert found(frame).time == ("year", "month", "day", "hour")


def test_year_and_month_make_a_time() -> None:
    months = pd.date_range("2000-01-01", periods=50, freq="MS")
    frame = pd.DataFrame({"Year": months.year, "Month": months.month, "x": range(50)})
    assert found(frame).time == ("Year", "Month")
    assert (parse_times(Table(frame, "t.csv"), ("Year", "Month")).index == months).all()


def test_parts_of_the_time_are_left_out_if_another_column_holds_the_whole_time() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"datetime": HOURS, "year": times.year, "month": times.month, "day": times.day})
    columns = found(frame.assign(hour=times.hour, x=range(50)))
    assert (columns.time, columns.targets) == (("datetime",), ("x",))
    assert columns.left_out["hour"] == "is part of the time"


def test_a_time_of_day_may_be_written_with_points() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"Date": times.strftime("%Y-%m-%d"), "Time": times.strftime("%H.%M.%S"), "x": range(50)})
    assert found(frame).time == ("Date", "Time")
    assert (parse_times(Table(frame, "t.csv"), ("Date", "Time")).index == times).all()


def test_a_date_and_a_time_of_day_are_joined_unless_the_date_has_a_time_of_day() -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"day": times.strftime("%Y-%m-%d"), "hour": times.hour, "x": range(50)})
    assert found(frame).time == ("day", "hour")
    assert found(frame.assign(hour=times.hour + 1)).time == ("day", "hour")
    assert found(frame.assign(day=HOURS)).time == ("day",)


@pytest.mark.parametrize("form", ["%s", "%Y%m%d%H", "%Y-%m-%dT%H", "%d.%m.%Y %H"])
@pytest.mark.parametrize("number", [True, False])
def test_a_time_with_its_hour_is_read_from_one_column(form: str, number: bool) -> None:
    times = pd.to_datetime(HOURS)
    text = (times.as_unit("s").astype("int64") if form == "%s" else times.strftime(form)).astype(str)
    column = text.astype(int) if number and text.str.isdigit().all() else text
    frame = pd.DataFrame({"timestamp": column, "hour": times.hour, "x": range(50)})
    assert found(frame).time == ("timestamp",)


def test_hours_are_a_measurement_if_each_series_has_one_row_per_day() -> None:
    days = pd.date_range("2024-01-01", periods=50, unit="us")
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "hours": [0, 5, 24, 9, 12] * 10, "x": range(50)})
    assert found(frame, target=("x",)).time == ("date",)
    long = pd.concat([frame.assign(store=store) for store in (1, 2)], ignore_index=True)
    assert (found(long, target=("x",)).time, found(long).id) == (("date",), "store")


QUARTERS = pd.date_range("2024-01-01", periods=960, freq="15min", unit="us")
CLOCKS = {
    "an interval": ("time", [f"{t:%H:%M}-{t + pd.Timedelta('15min'):%H:%M}" for t in QUARTERS]),
    "a spaced interval": ("Time", [f"{t:%H:%M} - {t + pd.Timedelta('15min'):%H:%M}" for t in QUARTERS]),
    "a.m.": ("time", [f"{t:%I:%M} {'a.m.' if t.hour < 12 else 'p.m.'}" for t in QUARTERS]),
    "French": ("heure", list(QUARTERS.strftime("%Hh%M"))),
    "numbers": ("HrMn", list(QUARTERS.hour * 100 + QUARTERS.minute)),
}


@pytest.mark.parametrize(("name", "clock"), CLOCKS.values(), ids=CLOCKS)
def test_a_time_of_day_may_be_written_in_many_ways(name: str, clock: list[object]) -> None:
    frame = pd.DataFrame({"Date": QUARTERS.strftime("%d/%m/%Y"), name: clock, "x": range(960)})
    assert (found(frame).time, found(frame).id) == (("Date", name), None)
    assert (read(frame).grid.index == QUARTERS).all()
    assert (parse_times(Table(frame, "t.csv"), ("Date", name)).index == QUARTERS).all()


@pytest.mark.parametrize(("name", "form"), [("heure", "%Hh"), ("time", "%I %p"), ("HrMn", "%H00")])
def test_a_time_of_day_may_be_written_without_minutes(name: str, form: str) -> None:
    times = QUARTERS[::4]
    frame = pd.DataFrame({"date": times.strftime("%Y-%m-%d"), name: times.strftime(form), "x": range(240)})
    frame = frame.astype({name: int}) if name == "HrMn" else frame
    assert (read(frame).grid.index == times).all()


def test_hour_endings_are_read_as_hours_from_1_to_24() -> None:
    times = QUARTERS[::4]
    clock = [f"HE{h + 1:02}" for h in times.hour]
    frame = pd.DataFrame({"Date": times.strftime("%Y-%m-%d"), "HourEnding": clock, "x": range(240)})
    assert (read(frame).grid.index == times + pd.Timedelta("1h")).all()


def test_months_may_be_written_as_names() -> None:
    months = pd.date_range("2000-01-01", periods=60, freq="MS")
    for form in ("%b", "%B"):
        frame = pd.DataFrame({"Year": months.year, "Month": months.strftime(form), "x": range(60)})
        assert (read(frame).grid.index == months).all()


@pytest.mark.parametrize(("name", "form"), [("time", "{}. stunde"), ("slot", "P{:02}"), ("PERIOD", None)])
def test_numbered_steps_of_a_day_do_not_name_series(name: str, form: str | None) -> None:
    steps = [k + 1 for _ in range(40) for k in range(48)]
    days = pd.date_range("2024-01-01", periods=40).repeat(48).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": days, name: [form.format(k) for k in steps] if form else steps, "x": range(1920)})
    assert found(frame).id is None
    with pytest.raises(DataError, match="40 times have several rows that disagree") as error:
        read(frame)
    assert f"{name!r} seems to number the steps of each date: set data.time=[day,{name}]" in error.value.advice
    asked = read(frame, time=("day", name), timezone="UTC")
    assert (asked.grid.index.tz_localize(None) == pd.date_range("2024-01-01", periods=1920, freq="30min")).all()
    by_series = frame.sort_values([name, "day"], ignore_index=True)
    assert name in str(found(by_series).id) if name == "slot" else found(by_series).id is None


def test_the_advice_on_data_id_does_not_suggest_measurements() -> None:
    days = pd.date_range("2024-01-01", periods=40).repeat(4).strftime("%Y-%m-%d")
    with pytest.raises(DataError, match="several rows that disagree") as error:
        read(pd.DataFrame({"day": days, "load": [0.5, 1.5, 2.5, 3.5] * 40}))
    assert "data.id=load" not in error.value.advice


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d/%m/%Y"])
def test_of_two_columns_with_the_same_dates_the_one_with_hours_is_the_time(form: str) -> None:
    times = pd.to_datetime(HOURS)
    frame = pd.DataFrame({"date": times.strftime(form), "ts": times.strftime(f"{form} %H:%M"), "x": range(50)})
    assert found(frame).time == ("ts",)
    assert set(found(frame).left_out) == {"date"}
    assert found(frame.assign(date=times.normalize(), ts=times)).time == ("ts",)
    # other days are another matter
    assert found(frame.assign(ts=(times + pd.Timedelta("3D")).strftime(f"{form} %H:%M"))).time == ("date",)


def test_text_names_series_only_if_series_share_their_times() -> None:
    long = pd.concat([pd.DataFrame({"time": HOURS, "x": range(50), "city": c}) for c in ("Rome", "Oslo", "Bern")])
    assert found(long.reset_index(drop=True)).id == "city"
    reports = pd.DataFrame({"time": [*HOURS, *HOURS[:10]], "x": range(60), "sky": ["clear"] * 50 + ["cloudy"] * 10})
    assert found(reports).id is None
    assert found(reports).left_out == {"sky": "holds text"}
    assert found(reports.rename(columns={"sky": "station"})).id == "station"


def test_sensors_may_have_numbers_as_names_if_the_time_column_has_no_name() -> None:
    frame = pd.DataFrame({"773869": range(50), "767541": range(50)}, index=pd.Index(HOURS))
    table = read_csv(frame.to_csv().encode(), "t.csv")
    _, columns = find_columns(table, DataOptions())
    assert (columns.time, columns.targets) == (("column 1",), ("773869", "767541"))
    with pytest.raises(DataError, match="row 1 should hold the column names"):
        read_csv(frame.to_csv(header=False).encode(), "t.csv")
    with pytest.raises(DataError, match="row 1 should hold the column names"):
        read_csv(b",1,1\n" + frame.to_csv(header=False).encode(), "t.csv")


@pytest.mark.parametrize("ids", [("KJFK", "KLGA"), (101, 102)])
@pytest.mark.parametrize("later", ["30min", "48h"])
def test_stations_that_report_at_different_times_are_series(ids: tuple[object, object], later: str) -> None:
    times = pd.to_datetime(HOURS)
    first = pd.DataFrame({"station": ids[0], "time": times, "temp": range(50)})
    long = pd.concat([first, first.assign(station=ids[1], time=times + pd.Timedelta(later))], ignore_index=True)
    assert found(long).id == "station"
    assert found(long).targets == ("temp",)
    if later == "30min":
        assert found(long.sort_values("time", ignore_index=True)).id == "station"
        with pytest.raises(DataError, match="50 of 100 times do not lie on the grid of frequency h") as error:
            read(long)
        assert "the series that 'station' names share one grid" in str(error.value.advice)


@pytest.mark.parametrize(
    "values",
    [[0, 0, 0, 1, 1] * 10, [0.5, 1.5] * 25, [20] * 50, range(50), ["a", "b", "c", "d"] * 12 + ["e", "f"]],
    ids=["states", "measurements", "constant", "all different", "too many names"],
)
def test_the_name_of_a_series_column_alone_does_not_make_it_one(values: Any) -> None:
    assert found(pd.DataFrame({"time": HOURS, "sensor": values, "x": [1.5, 2] * 25})).id is None


def test_a_holiday_column_cannot_be_combined_with_a_country() -> None:
    frame = pd.DataFrame({"time": HOURS, "x": range(50), "holiday": [0, 1] * 25})
    assert found(frame, covariates={"holiday": "known"}).covariates_known == (True,)
    with pytest.raises(ConfigError, match="has a column of that name"):
        found(frame, covariates={"holiday": "DE"})


def test_a_column_has_only_one_role() -> None:
    with pytest.raises(ConfigError, match="'x' is named twice"):
        DataOptions.from_config({"target": "x", "covariates": {"x": "known"}})


def test_covariates_given_as_a_list_are_observed() -> None:
    options = DataOptions.from_config({"covariates": ["temp"]})
    frame = pd.DataFrame({"time": HOURS, "x": range(50), "temp": range(50)})
    _, columns = find_columns(Table(frame, "t.csv"), options)
    assert (columns.targets, columns.covariates, columns.covariates_known) == (("x",), ("temp",), (False,))


def long(stores: tuple[Any, ...] = (1, 2), items: tuple[str, ...] = ("tea", "oil")) -> pd.DataFrame:
    parts = [pd.DataFrame({"time": HOURS, "store": s, "item": i, "x": range(50)}) for s in stores for i in items]
    return pd.concat(parts, ignore_index=True)


def test_several_columns_may_name_the_series_together() -> None:
    columns = found(long(), id=("store", "item"))
    assert (columns.targets, columns.left_out) == (("x",), {})
    assert read(long(), id=("store", "item")).series_names == ("1 oil", "1 tea", "2 oil", "2 tea")
    assert DataOptions.from_config({"id": ["store", "item"]}).id == ("store", "item")
    assert DataOptions.from_config({"id": "store"}).id == ("store",)


def test_numeric_parts_of_series_names_have_no_point_and_equal_names_are_an_error() -> None:
    assert read(long(stores=(1.0, 2.0)), id=("store", "item")).series_names == ("1 oil", "1 tea", "2 oil", "2 tea")
    alike = long(stores=("a", "a b")).replace({"item": {"tea": "b c", "oil": "c"}})
    with pytest.raises(DataError, match=r"data\.id=\[store,item\] would give two series the same name"):
        found(alike, id=("store", "item"))
    with pytest.raises(DataError, match="same name"):
        found(long().assign(**{"store+item": "x"}), id=("store", "item"))


@pytest.mark.parametrize("empty", [None, " "])
def test_a_row_without_a_part_of_its_series_name_is_an_error(empty: str | None) -> None:
    frame = long()
    frame.loc[3, "item"] = empty
    with pytest.raises(DataError, match=r"row 4, column 'store\+item' is empty"):
        read(frame, id=("store", "item"))


def test_the_advice_on_data_id_suggests_two_columns_if_only_both_separate_the_series() -> None:
    frame = long().assign(x=range(200))
    with pytest.raises(DataError, match="several rows that disagree") as error:
        read(frame)
    assert "for example data.id=[store,item]" in error.value.advice
    with pytest.raises(DataError, match="several rows that disagree") as error:
        read(frame, id=("store",))
    assert "several columns as [a,b]" in error.value.advice
