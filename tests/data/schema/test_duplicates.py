"""Rows of one time are merged into one row, independently of their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, panels_equal, wide_frame
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from timevis.data.schema.repeated_times import merge_duplicates
from timevis.errors import DataError

numbers = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(np.nan))


@st.composite
def messy_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Hourly rows in any order; some are missing, some occur twice (equal, with an empty cell, or different)."""
    rows = draw(st.integers(120, 160))
    values = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(rows, 2))
    cells = st.tuples(st.integers(0, rows - 1), st.integers(0, 1))
    for cell, value in draw(st.dictionaries(cells, numbers, max_size=20)).items():
        values[cell] = value
    present = draw(st.lists(st.integers(0, rows - 1), min_size=100, unique=True))
    table = pd.DataFrame({"time": HOURS[present], "a": values[present, 0], "b": values[present, 1]})
    repeated = draw(st.lists(st.integers(0, len(table) - 1), max_size=5))
    copies = table.iloc[repeated].copy()
    is_emptied = draw(st.lists(st.booleans(), min_size=len(copies), max_size=len(copies)))
    copies.loc[np.array(is_emptied, bool), "a"] = np.nan
    different = table.iloc[[0]].assign(a=draw(st.floats(-1e6, 1e6, width=32)))
    return pd.concat([table, copies, *([different] if draw(st.booleans()) else [])], ignore_index=True)


@settings(max_examples=40)
@given(messy_tables(), st.randoms())
def test_the_result_does_not_depend_on_the_order_of_rows(table: pd.DataFrame, random: Any) -> None:
    order = list(range(len(table)))
    random.shuffle(order)
    (a, report_a), (b, report_b) = clean_frame(table, frequency="h"), clean_frame(table.iloc[order], frequency="h")
    assert panels_equal(a, b)
    assert report_a.duplicates == report_b.duplicates


@settings(max_examples=40)
@given(messy_tables())
def test_cleaning_is_idempotent(table: pd.DataFrame) -> None:
    once, _ = clean_frame(table, frequency="h")
    twice, report = clean_frame(
        pd.DataFrame(once.values, columns=list(once.channels)).assign(time=once.index), frequency="h"
    )
    assert panels_equal(once, twice)
    assert report.was_sorted
    assert report.duplicates == {}
    assert report.off_grid["moved"] == report.off_grid["left_out"] == 0
    assert report.left_out == {}


@settings(max_examples=40)
@given(messy_tables())
def test_no_value_is_invented_and_none_is_lost(table: pd.DataFrame) -> None:
    panel, _ = clean_frame(table, frequency="h")
    for channel in ("a", "b"):
        column = panel.values[:, panel.channels.index(channel)]
        by_time = table.groupby("time")[channel].agg(["min", "max", "count"]).reindex(panel.index)
        is_observed = by_time["count"].to_numpy() > 0
        np.testing.assert_array_equal(np.isfinite(column), is_observed)
        assert (column[is_observed] >= by_time["min"][is_observed].to_numpy().astype(np.float32)).all()
        assert (column[is_observed] <= by_time["max"][is_observed].to_numpy().astype(np.float32)).all()


@settings(max_examples=60)
@given(st.data())
def test_merging_does_not_depend_on_the_order_and_keeps_single_rows(data: st.DataObject) -> None:
    keys = np.sort(data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=25)))
    values = data.draw(hnp.arrays(np.float64, (len(keys), 2), elements=numbers))
    order = np.array(data.draw(st.permutations(range(len(keys)))))
    order = order[np.argsort(keys[order], kind="stable")]
    a, b = merge_duplicates(keys, values), merge_duplicates(keys, values[order])
    assert np.array_equal(a.values, b.values, equal_nan=True)
    assert a.removed_rows == b.removed_rows
    assert sum(a.removed_rows.values()) == len(keys) - len(a.keys)
    for i, key in enumerate(a.keys):
        rows = values[keys == key]
        if len(rows) == 1:
            assert np.array_equal(a.values[i], rows[0], equal_nan=True)


def test_duplicates_are_counted_by_kind_and_located() -> None:
    frame = pd.concat(
        [
            wide_frame(),
            wide_frame(HOURS[:2], VALUES[:2]),
            wide_frame(HOURS[5:6], [np.nan]),
            wide_frame(HOURS[9:10], [VALUES[9] + 2]),
        ]
    )
    panel, report = clean_frame(frame)
    assert {k: v["rows"] for k, v in report.duplicates.items()} == {"identical": 2, "filled": 1, "averaged": 1}
    assert report.duplicates["averaged"]["places"] == [str(HOURS[9])]
    assert panel.values[5, 0] == np.float32(VALUES[5])
    assert panel.values[9, 0] == pytest.approx(VALUES[9] + 1, abs=1e-6)
    assert not report.was_sorted


def test_averaged_hours_of_a_clock_change_are_noted() -> None:
    zoned = pd.date_range("2024-10-20", periods=400, freq="h", tz="Europe/Berlin", unit="us")
    frame = wide_frame(zoned.tz_localize(None))
    _, report = clean_frame(frame)
    assert report.duplicates["averaged"]["places"] == ["2024-10-27 02:00:00"]
    assert any("clocks are set back" in note and "2024-10-27 02:00:00" in note for note in map(str, report.notes))
    _, report = clean_frame(pd.concat([wide_frame(), wide_frame(HOURS[9:10], [VALUES[9] + 2])]))
    assert report.duplicates["averaged"]["rows"] == 1
    assert not any("set back" in note for note in map(str, report.notes))


def test_the_hour_of_a_clock_change_is_averaged_in_a_short_series_too() -> None:
    zoned = pd.date_range("2024-10-26", periods=73, freq="h", tz="Europe/Berlin", unit="us")
    frame = wide_frame(zoned.tz_localize(None), VALUES[:73])
    panel, report = clean_frame(frame)
    assert (len(panel), panel.values[26, 0]) == (72, pytest.approx(VALUES[26:28].mean(), abs=1e-6))
    assert any("clocks are set back" in note and "2024-10-27 02:00:00" in note for note in map(str, report.notes))
    half_hours = pd.date_range("2024-10-26", periods=145, freq="30min", tz="Europe/Berlin", unit="us")
    panel, _ = clean_frame(wide_frame(half_hours.tz_localize(None), VALUES[:145]))
    assert len(panel) == 143


@pytest.mark.parametrize(
    ("repeated", "message"),
    [
        (["2024-10-27 05:00"], r"first at 2024-10-27 05:00:00 \(number of such times: 1\)"),
        (["2024-10-27 02:00", "2024-10-27 03:00"], r"first at 2024-10-27 02:00:00 \(number of such times: 2\)"),
    ],
)
def test_other_rows_that_disagree_in_a_short_series_are_an_error(repeated: list[str], message: str) -> None:
    hours = pd.date_range("2024-10-26", periods=72, freq="h", unit="us")
    frame = pd.concat([wide_frame(hours, VALUES[:72]), wide_frame(pd.DatetimeIndex(repeated), 9.0)])
    with pytest.raises(DataError, match=message):
        clean_frame(frame)


def test_every_series_with_rows_that_disagree_is_judged_by_its_own_times() -> None:
    local = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin", unit="us").tz_localize(None)
    north = wide_frame(local, VALUES[:60]).assign(site="north")
    other = pd.date_range("2024-10-26", periods=72, freq="h", unit="us")
    south = pd.concat([wide_frame(other, VALUES[:72]), wide_frame(other[5:6], 9.0)]).assign(site="south")
    with pytest.raises(DataError, match="rows of series 'south' with the same time disagree, first at 2024-10-26 05"):
        clean_frame(pd.concat([north, south]), id="site")
    assert clean_frame(pd.concat([north, south.iloc[:-1]]), id="site")[0].values.shape == (72, 2)


def test_many_disagreeing_rows_are_an_error_that_names_the_id_option() -> None:
    frame = pd.concat([wide_frame(), wide_frame(HOURS[:20], VALUES[:20] + 1)])
    with pytest.raises(DataError, match=r"disagree, first at .* \(number of such times: 20\)") as error:
        clean_frame(frame)
    assert "data.id" in str(error.value.advice)


def test_any_number_of_identical_rows_is_merged() -> None:
    assert panels_equal(clean_frame(pd.concat([wide_frame(), wide_frame()]))[0], clean_frame(wide_frame())[0])


def test_the_advice_on_many_disagreeing_rows_names_a_column_for_the_id_option() -> None:
    frame = pd.concat([wide_frame(values=VALUES + shop).assign(shop=shop) for shop in (1, 2, 3)])
    with pytest.raises(DataError) as error:
        clean_frame(frame)
    assert "data.id=shop" in str(error.value.advice)


def test_the_advice_on_a_date_without_its_hour_names_both_columns() -> None:
    frame = pd.DataFrame({"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour + 1, "load": VALUES})
    assert clean_frame(frame)[0].index[0] == HOURS[1]
    with pytest.raises(DataError, match="rows with the same time disagree") as error:
        clean_frame(frame, time="date")
    assert str(error.value.advice) == "set data.time=[date,hour] to read the time of day as well"
    with pytest.raises(DataError, match="rows with the same time disagree") as error:
        clean_frame(frame.rename(columns={"hour": "Stunde"}).assign(Stunde=HOURS.strftime("%H:%M")))
    assert str(error.value.advice) == "set data.time=[date,Stunde] to read the time of day as well"
    with pytest.raises(DataError) as error:
        clean_frame(frame.assign(hour=frame["hour"].replace(5, 25)), time="date")
    assert "hour" not in str(error.value.advice)
