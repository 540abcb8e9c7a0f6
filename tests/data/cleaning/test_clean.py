from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, wide_frame

from timevis.data.cleaning.clean import clean
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard
from timevis.data.readers.table import Table
from timevis.errors import DataError


def test_gaps_are_counted_and_located_and_stay_empty() -> None:
    kept = np.r_[0:50, 60:200, 203:400]
    panel, report = clean_frame(wide_frame(HOURS[kept], VALUES[kept]))
    assert len(panel) == 400
    assert np.isnan(panel.values[50:60]).all()
    assert (report.gaps["count"], report.gaps["rows"], report.gaps["longest"]) == (2, 13, 10)
    assert report.gaps["places"][0] == {"start": str(HOURS[50]), "end": str(HOURS[59]), "rows": 10}


def test_times_beside_the_grid_are_put_onto_it_or_left_out_and_counted() -> None:
    times = HOURS.to_series().reset_index(drop=True)
    times[10] += pd.Timedelta(minutes=3)
    times[20] += pd.Timedelta(minutes=30)
    panel, report = clean_frame(wide_frame(times))
    assert report.off_grid == {"moved": 1, "left_out": 1, "places": [str(times[10]), str(times[20])]}
    assert panel.values[10, 0] == np.float32(VALUES[10])
    assert np.isnan(panel.values[20, 0])


def test_a_frequency_that_most_rows_miss_is_an_error() -> None:
    with pytest.raises(DataError, match="300 of 400 times do not lie on the grid of frequency h, the first at row 2"):
        clean_frame(wide_frame(pd.date_range("2024", periods=400, freq="15min")), frequency="h")


def test_irregular_times_ask_for_the_frequency() -> None:
    times = pd.Timestamp("2024") + pd.to_timedelta(np.random.default_rng(0).integers(1, 9999, 400).cumsum(), unit="s")
    with pytest.raises(DataError, match="no regular step") as error:
        clean_frame(wide_frame(times))
    assert "data.frequency" in error.value.advice


def test_a_mistyped_year_is_found_by_its_row() -> None:
    times = HOURS.to_series().reset_index(drop=True)
    times[30] = pd.Timestamp("2204-01-02 06:00")
    with pytest.raises(DataError, match="row 31 has the time 2204-01-02 06:00:00, far from the rest"):
        clean_frame(wide_frame(times))


@pytest.mark.parametrize(
    "freq", ["30s", "5min", "2h", "D", "B", "W-WED", "MS", "ME", "QS-JAN", "QE-DEC", "YS-JAN", "YE-DEC", "BME", "28D"]
)
def test_the_frequency_is_inferred_through_gaps(freq: str) -> None:
    index = pd.date_range("1950-01-01", periods=120, freq=freq, unit="us")
    kept = np.r_[0:40, 43:120]
    panel, report = clean_frame(wide_frame(index[kept], VALUES[kept]))
    assert panel.freq == freq
    assert panel.index.equals(pd.DatetimeIndex(index, freq=None))
    assert report.frequency_inferred


def test_zoned_times_become_utc_and_daily_rows_keep_their_dates() -> None:
    hours = pd.date_range("2024-03-25", periods=400, freq="h", tz="Europe/Berlin", unit="us")
    panel, _ = clean_frame(wide_frame([str(t) for t in hours]), timezone="Europe/Berlin")
    assert panel.index.equals(pd.DatetimeIndex(hours.tz_convert("UTC"), freq=None))
    assert panel.local_index.hour[0] == 0
    days = pd.date_range("2024-01-01", periods=400, freq="D", tz="Europe/Berlin", unit="us")
    panel, report = clean_frame(wide_frame([str(t) for t in days]))
    assert panel.freq == "D"
    assert (panel.index.tz_localize(None) == days.tz_localize(None)).all()
    assert report.off_grid["moved"] == 0


def test_a_constant_column_is_left_out_and_named_unless_it_was_asked_for() -> None:
    frame = wide_frame().assign(flat=3.0, text="x", flag=True)
    panel, report = clean_frame(frame)
    assert panel.channels == ("load",)
    assert report.left_out == {"flat": "is constant (3)", "text": "holds text", "flag": "holds booleans"}
    with pytest.raises(DataError, match="'flat' is constant"):
        clean_frame(frame, target=["load", "flat"])
    with pytest.raises(DataError, match=r"no column changes.*'flat' is constant \(3\)"):
        clean_frame(frame.drop(columns="load"))


def test_a_column_without_change_in_the_training_part_is_left_out() -> None:
    late = np.where(np.arange(400) < 300, np.nan, VALUES)
    flat = np.where(np.arange(400) < 300, 1.0, VALUES)
    panel, report = clean_frame(wide_frame().assign(late=late, flat=flat))
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
            clean_frame(wide_frame(values=values))


def test_text_in_a_target_is_an_error_with_row_and_column() -> None:
    values = VALUES.astype(object)
    values[7] = "broken"
    with pytest.raises(DataError, match=r"t\.csv: row 8, column 'load' holds text: 'broken'"):
        clean_frame(wide_frame(values=values))


def test_a_column_that_32_bit_floats_would_flatten_is_an_error_not_a_constant() -> None:
    with pytest.raises(DataError, match="too finely for 32-bit floats"):
        clean_frame(wide_frame(values=1e9 + VALUES))


def test_a_series_of_one_row_says_how_many_are_needed() -> None:
    with pytest.raises(DataError, match="too few") as error:
        clean_frame(wide_frame(HOURS[:1], VALUES[:1]))
    assert "few hundred rows are needed" in error.value.advice


def test_blank_rows_are_skipped_and_rows_keep_their_numbers() -> None:
    frame = wide_frame().astype(object)
    frame.loc[4] = [None, None]
    frame.loc[9, "load"] = "oops"
    with pytest.raises(DataError, match="row 10, column 'load'"):
        clean_frame(frame)
    frame.loc[9, "load"] = 1.0
    assert "1 blank rows are skipped" in clean_frame(frame)[1].notes


def test_a_boolean_covariate_may_have_empty_cells() -> None:
    flag = (np.arange(400) % 3 == 0).astype(object)
    flag[5] = None
    panel, report = clean_frame(wide_frame().assign(open=flag), covariates=["open"])
    assert panel.covariates[:5, 0].tolist() == [1, 0, 0, 1, 0]
    assert np.isnan(panel.covariates[:, 0]).nonzero()[0].tolist() == [5]
    assert report.covariates["open"] == {"kind": "observed", "missing": 1, "of_each_series": False}


def test_rows_that_only_tell_the_future_neither_train_nor_test() -> None:
    values = np.where(np.arange(400) < 380, VALUES, np.nan)
    frame = wide_frame(values=values).assign(price=VALUES)
    panel, report = clean_frame(frame, covariates={"price": "known"})
    assert len(panel) == 380
    assert any("20 rows after the last value" in note for note in report.notes)
    options = DataOptions.from_config({"name": "file", "path": "t.csv", "covariates": {"price": "known"}})
    panel, _ = clean(Table(frame, "t.csv"), options, DatasetCard("t"), future=True)
    assert len(panel) == 400
    assert panel.covariates[399, 0] == np.float32(VALUES[399])


def test_rows_of_the_future_move_neither_borders_nor_what_hangs_on_them() -> None:
    frame = wide_frame().assign(
        late=np.where(np.arange(400) < 285, 1.0, VALUES), odd=np.where(np.arange(400) == 390, 50, VALUES)
    )
    ahead = pd.DataFrame({"time": pd.date_range(HOURS[-1], periods=301, freq="h")[1:]})
    (_, now), (panel, later) = (
        clean(Table(f, "t.csv"), DataOptions(name="file"), DatasetCard("t"), future=True)
        for f in (frame, pd.concat([frame, ahead], ignore_index=True))
    )
    assert len(panel) == 700
    assert panel.channels == ("load", "odd")
    assert (later.split, later.outliers) == (now.split, now.outliers)
    assert later.outliers


def test_holidays_are_a_known_covariate() -> None:
    panel, report = clean_frame(wide_frame(), covariates={"holiday": "DE"})
    assert (panel.covariate_names, panel.covariate_known) == (("holiday",), (True,))
    assert panel.covariates[:24, 0].tolist() == [1.0] * 24
    assert panel.covariates[24:100].sum() == 0
    assert report.covariates == {"holiday": {"kind": "known", "missing": 0, "of_each_series": False}}
