from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from timevis.data.cleaning import clean
from timevis.data.duplicates import merge_duplicates
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality import QualityReport
from timevis.data.table import Table
from timevis.errors import DataError

HOURS = pd.date_range("2024-01-01", periods=400, freq="h", unit="us")
VALUES = np.random.default_rng(0).normal(size=400).round(3)


def cleaned(frame: pd.DataFrame, card: DatasetCard | None = None, **options: Any) -> tuple[Panel, QualityReport]:
    cfg = DataOptions.from_config({"name": "csv", "path": "t.csv"} | options)
    return clean(Table(frame.reset_index(drop=True), "t.csv"), cfg, card or DatasetCard("t"))


def wide(times: Any = HOURS, values: Any = VALUES) -> pd.DataFrame:
    return pd.DataFrame({"time": times, "load": values})


def same(a: Panel, b: Panel) -> bool:
    return (
        np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(a.covariates, b.covariates, equal_nan=True)
        and a.index.equals(b.index)
        and (a.freq, a.channels) == (b.freq, b.channels)
    )


numbers = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(np.nan))


@st.composite
def messy_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Hourly rows, some missing, some twice (equal, emptied, or disagreeing within the limit), in any order."""
    rows = draw(st.integers(120, 160))
    values = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(rows, 2))
    places = st.tuples(st.integers(0, rows - 1), st.integers(0, 1))
    for place, value in draw(st.dictionaries(places, numbers, max_size=20)).items():
        values[place] = value
    kept = draw(st.lists(st.integers(0, rows - 1), min_size=100, unique=True))
    table = pd.DataFrame({"time": HOURS[kept], "a": values[kept, 0], "b": values[kept, 1]})
    again = draw(st.lists(st.integers(0, len(table) - 1), max_size=5))
    copies = table.iloc[again].copy()
    emptied = draw(st.lists(st.booleans(), min_size=len(copies), max_size=len(copies)))
    copies.loc[np.array(emptied, bool), "a"] = np.nan
    other = table.iloc[[0]].assign(a=draw(st.floats(-1e6, 1e6, width=32)))
    return pd.concat([table, copies, *([other] if draw(st.booleans()) else [])], ignore_index=True)


@settings(max_examples=40)
@given(messy_tables(), st.randoms())
def test_the_order_of_rows_does_not_matter(table: pd.DataFrame, random: Any) -> None:
    order = list(range(len(table)))
    random.shuffle(order)
    (a, first), (b, second) = cleaned(table, frequency="h"), cleaned(table.iloc[order], frequency="h")
    assert same(a, b)
    assert first.duplicates == second.duplicates


@settings(max_examples=40)
@given(messy_tables())
def test_cleaning_clean_data_changes_nothing(table: pd.DataFrame) -> None:
    once, _ = cleaned(table, frequency="h")
    again, report = cleaned(
        pd.DataFrame(once.values, columns=list(once.channels)).assign(time=once.index), frequency="h"
    )
    assert same(once, again)
    assert report.was_sorted
    assert report.duplicates == {}
    assert report.off_grid["moved"] == report.off_grid["left_out"] == 0
    assert report.left_out == {}


@settings(max_examples=40)
@given(messy_tables())
def test_no_value_is_invented_and_none_is_lost(table: pd.DataFrame) -> None:
    panel, _ = cleaned(table, frequency="h")
    for channel in ("a", "b"):
        column = panel.values[:, panel.channels.index(channel)]
        by_time = table.groupby("time")[channel].agg(["min", "max", "count"]).reindex(panel.index)
        seen = by_time["count"].to_numpy() > 0
        np.testing.assert_array_equal(np.isfinite(column), seen)
        assert (column[seen] >= by_time["min"][seen].to_numpy().astype(np.float32)).all()
        assert (column[seen] <= by_time["max"][seen].to_numpy().astype(np.float32)).all()


@settings(max_examples=60)
@given(st.data())
def test_merging_does_not_depend_on_order_and_keeps_single_rows(data: st.DataObject) -> None:
    keys = np.sort(data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=25)))
    values = data.draw(hnp.arrays(np.float64, (len(keys), 2), elements=numbers))
    order = np.array(data.draw(st.permutations(range(len(keys)))))
    order = order[np.argsort(keys[order], kind="stable")]
    a, b = merge_duplicates(keys, values), merge_duplicates(keys, values[order])
    assert np.array_equal(a.values, b.values, equal_nan=True)
    assert a.extra == b.extra
    assert sum(a.extra.values()) == len(keys) - len(a.keys)
    for i, key in enumerate(a.keys):
        rows = values[keys == key]
        if len(rows) == 1:
            assert np.array_equal(a.values[i], rows[0], equal_nan=True)


def test_duplicates_are_counted_by_kind_and_located() -> None:
    frame = pd.concat(
        [wide(), wide(HOURS[:2], VALUES[:2]), wide(HOURS[5:6], [np.nan]), wide(HOURS[9:10], [VALUES[9] + 2])]
    )
    panel, report = cleaned(frame)
    assert {k: v["rows"] for k, v in report.duplicates.items()} == {"identical": 2, "filled": 1, "averaged": 1}
    assert report.duplicates["averaged"]["places"] == [str(HOURS[9])]
    assert panel.values[5, 0] == np.float32(VALUES[5])
    assert panel.values[9, 0] == pytest.approx(VALUES[9] + 1, abs=1e-6)
    assert not report.was_sorted


def test_many_disagreeing_rows_ask_for_the_id() -> None:
    frame = pd.concat([wide(), wide(HOURS[:20], VALUES[:20] + 1)])
    with pytest.raises(DataError, match="20 times have several rows that disagree") as error:
        cleaned(frame)
    assert "data.id" in error.value.advice


def test_identical_rows_collapse_however_many_they_are() -> None:
    assert same(cleaned(pd.concat([wide(), wide()]))[0], cleaned(wide())[0])


def test_gaps_are_counted_and_located_and_stay_empty() -> None:
    kept = np.r_[0:50, 60:200, 203:400]
    panel, report = cleaned(wide(HOURS[kept], VALUES[kept]))
    assert len(panel) == 400
    assert np.isnan(panel.values[50:60]).all()
    assert (report.gaps["count"], report.gaps["rows"], report.gaps["longest"]) == (2, 13, 10)
    assert report.gaps["places"][0] == {"start": str(HOURS[50]), "end": str(HOURS[59]), "rows": 10}


def test_times_beside_the_grid_are_put_onto_it_or_left_out_and_counted() -> None:
    times = HOURS.to_series().reset_index(drop=True)
    times[10] += pd.Timedelta(minutes=3)
    times[20] += pd.Timedelta(minutes=30)
    panel, report = cleaned(wide(times))
    assert report.off_grid == {"moved": 1, "left_out": 1, "places": [str(times[10]), str(times[20])]}
    assert panel.values[10, 0] == np.float32(VALUES[10])
    assert np.isnan(panel.values[20, 0])


def test_a_frequency_that_most_rows_miss_is_an_error() -> None:
    with pytest.raises(DataError, match="300 of 400 times do not lie on the grid of frequency h, the first at row 2"):
        cleaned(wide(pd.date_range("2024", periods=400, freq="15min")), frequency="h")


def test_irregular_times_ask_for_the_frequency() -> None:
    times = pd.Timestamp("2024") + pd.to_timedelta(np.random.default_rng(0).integers(1, 9999, 400).cumsum(), unit="s")
    with pytest.raises(DataError, match="no regular step") as error:
        cleaned(wide(times))
    assert "data.frequency" in error.value.advice


def test_a_mistyped_year_is_found_by_its_row() -> None:
    times = HOURS.to_series().reset_index(drop=True)
    times[30] = pd.Timestamp("2204-01-02 06:00")
    with pytest.raises(DataError, match="row 31 has the time 2204-01-02 06:00:00, far from the rest"):
        cleaned(wide(times))


@pytest.mark.parametrize(("value", "every"), [(-999, 50), (9999, 8), (-99.9, 20)])
def test_a_value_that_may_mean_missing_is_reported_however_often_it_stands(value: float, every: int) -> None:
    values = VALUES.copy()
    values[::every] = value
    panel, report = cleaned(wide(values=values))
    assert any(f"is {value:g} in {len(values[::every])} rows" in note for note in report.notes)
    assert np.isfinite(panel.values).all()
    measured = np.linspace(0, 999, 400)
    measured[100:110] = 999
    assert not any("leave those cells empty" in note for note in cleaned(wide(values=measured))[1].notes)


@pytest.mark.parametrize(
    "freq", ["30s", "5min", "2h", "D", "B", "W-WED", "MS", "ME", "QS-JAN", "QE-DEC", "YS-JAN", "YE-DEC", "BME", "28D"]
)
def test_the_frequency_is_inferred_through_gaps(freq: str) -> None:
    index = pd.date_range("1950-01-01", periods=120, freq=freq, unit="us")
    kept = np.r_[0:40, 43:120]
    panel, report = cleaned(wide(index[kept], VALUES[kept]))
    assert panel.freq == freq
    assert panel.index.equals(pd.DatetimeIndex(index, freq=None))
    assert report.frequency_inferred


def test_zoned_times_become_utc_and_daily_rows_keep_their_dates() -> None:
    hours = pd.date_range("2024-03-25", periods=400, freq="h", tz="Europe/Berlin", unit="us")
    panel, _ = cleaned(wide([str(t) for t in hours]), timezone="Europe/Berlin")
    assert panel.index.equals(pd.DatetimeIndex(hours.tz_convert("UTC"), freq=None))
    assert panel.local_index.hour[0] == 0
    days = pd.date_range("2024-01-01", periods=400, freq="D", tz="Europe/Berlin", unit="us")
    panel, report = cleaned(wide([str(t) for t in days]))
    assert panel.freq == "D"
    assert (panel.index.tz_localize(None) == days.tz_localize(None)).all()
    assert report.off_grid["moved"] == 0


def test_a_constant_column_is_left_out_and_named_unless_it_was_asked_for() -> None:
    frame = wide().assign(flat=3.0, text="x", flag=True)
    panel, report = cleaned(frame)
    assert panel.channels == ("load",)
    assert report.left_out == {"flat": "is constant (3)", "text": "holds text", "flag": "holds booleans"}
    with pytest.raises(DataError, match="'flat' is constant"):
        cleaned(frame, target=["load", "flat"])
    with pytest.raises(DataError, match=r"no column changes.*'flat' is constant \(3\)"):
        cleaned(frame.drop(columns="load"))


def test_a_column_without_change_in_the_training_part_is_left_out() -> None:
    late = np.where(np.arange(400) < 300, np.nan, VALUES)
    flat = np.where(np.arange(400) < 300, 1.0, VALUES)
    panel, report = cleaned(wide().assign(late=late, flat=flat))
    assert panel.channels == ("load",)
    assert report.left_out == {
        "late": "is empty in the training part",
        "flat": "is constant in the training part (1)",
    }


def test_infinite_and_oversized_values_are_errors_with_row_and_column() -> None:
    for value, what in ((np.inf, "is infinite"), (1e300, "is too large")):
        values = VALUES.copy()
        values[7] = value
        with pytest.raises(DataError, match=rf"t.csv: row 8, column 'load' {what}"):
            cleaned(wide(values=values))


def test_text_in_a_target_is_an_error_with_row_and_column() -> None:
    values = VALUES.astype(object)
    values[7] = "broken"
    with pytest.raises(DataError, match=r"t\.csv: row 8, column 'load' holds text: 'broken'"):
        cleaned(wide(values=values))


def test_a_column_that_32_bit_floats_would_flatten_is_an_error_not_a_constant() -> None:
    with pytest.raises(DataError, match="too finely for 32-bit floats"):
        cleaned(wide(values=1e9 + VALUES))


def test_the_advice_on_many_disagreeing_rows_names_a_column_that_would_help() -> None:
    frame = pd.concat([wide(values=VALUES + shop).assign(shop=shop) for shop in (1, 2, 3)])
    with pytest.raises(DataError) as error:
        cleaned(frame)
    assert "data.id=shop" in error.value.advice


def test_the_advice_on_a_date_whose_hour_was_left_out_names_both() -> None:
    frame = pd.DataFrame({"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour + 1, "load": VALUES})
    assert cleaned(frame)[0].index[0] == HOURS[1]
    with pytest.raises(DataError, match="several rows that disagree") as error:
        cleaned(frame, time="date")
    assert error.value.advice == "data.time=[date,hour] reads the clock beside the date"
    with pytest.raises(DataError, match="several rows that disagree") as error:
        cleaned(frame.rename(columns={"hour": "Stunde"}).assign(Stunde=HOURS.strftime("%H:%M")))
    assert error.value.advice == "data.time=[date,Stunde] reads the clock beside the date"
    with pytest.raises(DataError) as error:
        cleaned(frame.assign(hour=frame["hour"].replace(5, 25)), time="date")
    assert "hour" not in error.value.advice


def test_a_series_of_one_row_says_how_many_are_needed() -> None:
    with pytest.raises(DataError, match="too few") as error:
        cleaned(wide(HOURS[:1], VALUES[:1]))
    assert "few hundred rows are needed" in error.value.advice


def test_blank_rows_are_skipped_and_rows_keep_their_numbers() -> None:
    frame = wide().astype(object)
    frame.loc[4] = [None, None]
    frame.loc[9, "load"] = "oops"
    with pytest.raises(DataError, match="row 10, column 'load'"):
        cleaned(frame)
    frame.loc[9, "load"] = 1.0
    assert "1 blank rows are skipped" in cleaned(frame)[1].notes


def test_declared_defects_are_masked_and_counted() -> None:
    card = DatasetCard("t", defects=({"start": str(HOURS[3]), "end": str(HOURS[5]), "reason": "sensor swapped"},))
    panel, report = cleaned(wide(), card)
    assert np.isnan(panel.values[3:6]).all()
    assert np.isfinite(np.delete(panel.values, range(3, 6))).all()
    assert report.defects[0]["masked"] == 3
    assert report.defects[0]["reason"] == "sensor swapped"


def spiky() -> np.ndarray:
    values = VALUES.copy()
    values[[50, 300, 390]] = 100.0
    return values


def test_outliers_are_reported_and_masked_only_on_request_and_never_in_the_test_part() -> None:
    panel, report = cleaned(wide(values=spiky()))
    assert np.isfinite(panel.values).all()
    assert report.outliers["load"]["count"] == 3
    assert [p["time"] for p in report.outliers["load"]["places"]] == [str(HOURS[i]) for i in (50, 300, 390)]
    panel, report = cleaned(wide(values=spiky()), cleaning={"outliers": "mask"})
    assert np.isnan(panel.values[:, 0]).nonzero()[0].tolist() == [50, 300]
    assert (report.outliers["load"]["count"], report.outliers["load"]["masked"]) == (3, 2)


@settings(max_examples=25)
@given(st.floats(-50, 50), st.integers(280, 399))
def test_what_comes_after_the_training_part_does_not_move_the_bounds(value: float, row: int) -> None:
    changed = spiky()
    changed[row] = value
    (a, _), (b, _) = (cleaned(wide(values=v), cleaning={"outliers": "mask"}) for v in (spiky(), changed))
    np.testing.assert_array_equal(a.values[:280], b.values[:280])
    same_rows = np.delete(np.arange(400), row)
    np.testing.assert_array_equal(a.values[same_rows], b.values[same_rows])


def long() -> pd.DataFrame:
    parts = [wide(values=VALUES + i).assign(sensor=s, price=VALUES, own=i + VALUES) for i, s in enumerate("cab")]
    return pd.concat(parts).sample(frac=1, random_state=0)


def test_a_long_table_becomes_one_channel_for_each_series() -> None:
    panel, report = cleaned(long()[["time", "sensor", "load"]])
    assert panel.channels == ("a", "b", "c")
    np.testing.assert_allclose(panel.values[:, 2], VALUES, rtol=1e-6)
    assert any("'sensor' names the series" in note for note in report.notes)
    panel, _ = cleaned(long()[["time", "sensor", "load", "own"]])
    assert panel.channels == ("a/load", "a/own", "b/load", "b/own", "c/load", "c/own")


def test_a_boolean_covariate_may_have_empty_cells() -> None:
    flag = (np.arange(400) % 3 == 0).astype(object)
    flag[5] = None
    panel, report = cleaned(wide().assign(open=flag), covariates=["open"])
    assert panel.covariates[:5, 0].tolist() == [1, 0, 0, 1, 0]
    assert np.isnan(panel.covariates[:, 0]).nonzero()[0].tolist() == [5]
    assert report.covariates["open"] == {"kind": "observed", "missing": 1}


def test_covariates_of_a_long_table_are_shared_where_all_series_agree() -> None:
    panel, _ = cleaned(long(), id="sensor", target=["load"], covariates={"price": "known", "own": "observed"})
    assert panel.covariate_names == ("price", "own/a", "own/b", "own/c")
    assert panel.covariate_known == (True, False, False, False)
    np.testing.assert_array_equal(panel.covariates[:, 0], VALUES.astype(np.float32))


def test_a_row_without_its_series_is_named() -> None:
    frame = long().reset_index(drop=True)
    frame.loc[6, "sensor"] = None
    with pytest.raises(DataError, match="row 7, column 'sensor' is empty"):
        cleaned(frame, id="sensor")


def test_rows_that_only_tell_the_future_neither_train_nor_test() -> None:
    values = np.where(np.arange(400) < 380, VALUES, np.nan)
    frame = wide(values=values).assign(price=VALUES)
    panel, report = cleaned(frame, covariates={"price": "known"})
    assert len(panel) == 380
    assert any("20 rows after the last value" in note for note in report.notes)
    options = DataOptions.from_config({"name": "csv", "path": "t.csv", "covariates": {"price": "known"}})
    panel, _ = clean(Table(frame, "t.csv"), options, DatasetCard("t"), future=True)
    assert len(panel) == 400
    assert panel.covariates[399, 0] == np.float32(VALUES[399])


def test_rows_of_the_future_move_neither_borders_nor_what_hangs_on_them() -> None:
    frame = wide().assign(
        late=np.where(np.arange(400) < 285, 1.0, VALUES), odd=np.where(np.arange(400) == 390, 50, VALUES)
    )
    ahead = pd.DataFrame({"time": pd.date_range(HOURS[-1], periods=301, freq="h")[1:]})
    (_, now), (panel, later) = (
        clean(Table(f, "t.csv"), DataOptions(name="csv"), DatasetCard("t"), future=True)
        for f in (frame, pd.concat([frame, ahead], ignore_index=True))
    )
    assert len(panel) == 700
    assert panel.channels == ("load", "odd")
    assert (later.split, later.outliers) == (now.split, now.outliers)
    assert later.outliers


def test_holidays_are_a_known_covariate() -> None:
    panel, report = cleaned(wide(), covariates={"holiday": "DE"})
    assert (panel.covariate_names, panel.covariate_known) == (("holiday",), (True,))
    assert panel.covariates[:24, 0].tolist() == [1.0] * 24
    assert panel.covariates[24:100].sum() == 0
    assert report.covariates == {"holiday": {"kind": "known", "missing": 0}}
