from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, reasons_of, wide_frame

from timevis.data.clean import clean
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard
from timevis.data.table import Table
from timevis.errors import DataError


def test_gaps_are_counted_and_located_and_stay_missing() -> None:
    present = np.r_[0:50, 60:200, 203:400]
    panel, report = clean_frame(wide_frame(HOURS[present], VALUES[present]))
    assert len(panel) == 400
    assert np.isnan(panel.values[50:60]).all()
    assert (report.gaps["count"], report.gaps["rows"], report.gaps["longest"]) == (2, 13, 10)
    assert report.gaps["places"][0] == {"start": str(HOURS[50]), "end": str(HOURS[59]), "rows": 10}


def test_times_near_the_grid_are_moved_onto_it_and_others_are_left_out() -> None:
    times = HOURS.to_series().reset_index(drop=True)
    times[10] += pd.Timedelta(minutes=3)
    times[20] += pd.Timedelta(minutes=30)
    panel, report = clean_frame(wide_frame(times))
    assert report.off_grid == {"moved": 1, "left_out": 1, "places": [str(times[10]), str(times[20])]}
    assert panel.values[10, 0] == np.float32(VALUES[10])
    assert np.isnan(panel.values[20, 0])


def test_a_frequency_that_does_not_fit_most_rows_is_an_error() -> None:
    with pytest.raises(DataError, match="300 of 400 times do not lie on the grid of frequency h, the first at row 2"):
        clean_frame(wide_frame(pd.date_range("2024", periods=400, freq="15min")), frequency="h")


def test_irregular_times_are_an_error_that_names_the_frequency_option() -> None:
    times = pd.Timestamp("2024") + pd.to_timedelta(np.random.default_rng(0).integers(1, 9999, 400).cumsum(), unit="s")
    with pytest.raises(DataError, match="no regular step") as error:
        clean_frame(wide_frame(times))
    assert "data.frequency" in str(error.value.advice)


def test_a_mistyped_year_is_an_error_that_names_the_row() -> None:
    times = HOURS.to_series().reset_index(drop=True)
    times[30] = pd.Timestamp("2204-01-02 06:00")
    with pytest.raises(DataError, match="row 31 has the time 2204-01-02 06:00:00, far from the rest"):
        clean_frame(wide_frame(times))


@pytest.mark.parametrize(
    "freq", ["30s", "5min", "2h", "D", "B", "W-WED", "MS", "ME", "QS-JAN", "QE-DEC", "YS-JAN", "YE-DEC", "BME", "28D"]
)
def test_the_frequency_is_inferred_despite_gaps(freq: str) -> None:
    index = pd.date_range("1950-01-01", periods=120, freq=freq, unit="us")
    present = np.r_[0:40, 43:120]
    panel, report = clean_frame(wide_frame(index[present], VALUES[present]))
    assert panel.freq == freq
    assert panel.index.equals(pd.DatetimeIndex(index, freq=None))
    assert report.frequency_inferred


def test_zoned_times_become_utc_and_daily_rows_keep_their_dates() -> None:
    hours = pd.date_range("2024-03-25", periods=400, freq="h", tz="Europe/Berlin", unit="us")
    panel, report = clean_frame(wide_frame([str(t) for t in hours]))
    assert panel.index.equals(pd.DatetimeIndex(hours.tz_convert("UTC"), freq=None))
    assert (panel.timezone, panel.local_index.hour[0]) == ("Europe/Berlin", 0)
    assert report.start == "2024-03-25 00:00:00+01:00"
    assert clean_frame(wide_frame([str(t) for t in hours]), timezone="Asia/Tokyo")[0].local_index.hour[0] == 8
    days = pd.date_range("2024-01-01", periods=400, freq="D", tz="Europe/Berlin", unit="us")
    panel, report = clean_frame(wide_frame([str(t) for t in days]))
    assert panel.freq == "D"
    assert (panel.index == days.tz_localize(None)).all()
    assert (panel.local_index == days).all()
    assert report.off_grid["moved"] == 0


def test_a_constant_column_is_left_out_and_is_an_error_if_it_is_a_given_target() -> None:
    frame = wide_frame().assign(flat=3.0, text="x", flag=True)
    panel, report = clean_frame(frame)
    assert panel.channels == ("load",)
    assert reasons_of(report.left_out) == {
        "flat": "is constant (3)",
        "text": "contains text",
        "flag": "contains booleans",
    }
    with pytest.raises(DataError, match="'flat' is constant"):
        clean_frame(frame, target=["load", "flat"])
    with pytest.raises(DataError, match=r"no column changes.*'flat' is constant \(3\)"):
        clean_frame(frame.drop(columns="load"))


def test_a_column_that_is_constant_in_the_training_part_is_left_out() -> None:
    late = np.where(np.arange(400) < 300, np.nan, VALUES)
    flat = np.where(np.arange(400) < 300, 1.0, VALUES)
    panel, report = clean_frame(wide_frame().assign(late=late, flat=flat))
    assert panel.channels == ("load",)
    assert reasons_of(report.left_out) == {
        "late": "is empty in the training part",
        "flat": "is constant in the training part (1)",
    }


def test_infinite_and_oversized_values_are_errors_with_row_and_column() -> None:
    for value, problem in ((np.inf, "is infinite"), (1e300, "is too large")):
        values = VALUES.copy()
        values[7] = value
        with pytest.raises(DataError, match=rf"t.csv: row 8, column 'load' {problem}"):
            clean_frame(wide_frame(values=values))


def test_text_in_a_target_is_an_error_with_row_and_column() -> None:
    values = VALUES.astype(object)
    values[7] = "broken"
    with pytest.raises(DataError, match=r"t\.csv: row 8, column 'load' contains text: 'broken'"):
        clean_frame(wide_frame(values=values))


def test_a_column_that_is_constant_only_in_32_bit_floats_is_an_error() -> None:
    with pytest.raises(DataError, match="too finely for 32-bit floats"):
        clean_frame(wide_frame(values=1e9 + VALUES))


def test_series_whose_changes_32_bit_floats_would_round_away_are_errors() -> None:
    meters = pd.concat(
        wide_frame(values=offset + 50.5 * np.arange(len(VALUES))).assign(id=name)
        for name, offset in (("a", 0), ("b", 2e9))
    )
    with pytest.raises(DataError, match=r"'load' of series 'b' changes by 50\.5 .* around 2\.00001e\+09, too finely"):
        clean_frame(meters)
    with_one_zero = 1e9 + VALUES
    with_one_zero[3] = 0
    with pytest.raises(DataError, match="too finely for 32-bit floats"):
        clean_frame(wide_frame(values=with_one_zero))


def test_a_column_that_varies_only_by_the_rounding_of_64_bit_floats_does_not_refuse_the_file() -> None:
    quiet = np.where(np.arange(len(VALUES)) % 2, 0.3, 0.1 + 0.2)
    assert "load" in clean_frame(wide_frame(values=VALUES).assign(quiet=quiet))[0].channels


def test_a_series_of_one_row_is_an_error_that_names_the_rows_needed() -> None:
    with pytest.raises(DataError, match="is too small for a series") as error:
        clean_frame(wide_frame(HOURS[:1], VALUES[:1]))
    assert "few hundred rows are needed" in str(error.value.advice)


def test_blank_rows_are_skipped_and_rows_keep_their_numbers() -> None:
    frame = wide_frame().astype(object)
    frame.loc[4] = [None, None]
    frame.loc[9, "load"] = "oops"
    with pytest.raises(DataError, match="row 10, column 'load'"):
        clean_frame(frame)
    frame.loc[9, "load"] = 1.0
    assert "1 blank rows are skipped" in map(str, clean_frame(frame)[1].notes)


def test_a_boolean_covariate_may_have_empty_cells() -> None:
    flag = (np.arange(400) % 3 == 0).astype(object)
    flag[5] = None
    panel, report = clean_frame(wide_frame().assign(open=flag), covariates=["open"])
    assert panel.covariates[:5, 0].tolist() == [1, 0, 0, 1, 0]
    assert np.isnan(panel.covariates[:, 0]).nonzero()[0].tolist() == [5]
    assert report.covariates["open"] == {"kind": "observed", "missing": 1, "of_each_series": False}


def test_rows_with_future_covariates_only_are_in_no_part() -> None:
    values = np.where(np.arange(400) < 380, VALUES, np.nan)
    frame = wide_frame(values=values).assign(price=VALUES)
    panel, report = clean_frame(frame, covariates={"price": "known"})
    assert len(panel) == 380
    assert any("20 rows after the last value" in note for note in map(str, report.notes))
    options = DataOptions.from_config({"name": "file", "path": "t.csv", "covariates": {"price": "known"}})
    panel, _ = clean(Table(frame, "t.csv"), options, DatasetCard("t"), future=True)
    assert len(panel) == 400
    assert panel.covariates[399, 0] == np.float32(VALUES[399])


def test_future_rows_change_neither_the_split_nor_the_outliers() -> None:
    frame = wide_frame().assign(
        late=np.where(np.arange(400) < 285, 1.0, VALUES), odd=np.where(np.arange(400) == 390, 50, VALUES)
    )
    future = pd.DataFrame({"time": pd.date_range(HOURS[-1], periods=301, freq="h")[1:]})
    (_, report), (panel, report_with_future) = (
        clean(Table(f, "t.csv"), DataOptions(name="file"), DatasetCard("t"), future=True)
        for f in (frame, pd.concat([frame, future], ignore_index=True))
    )
    assert len(panel) == 700
    assert panel.channels == ("load", "odd")
    assert (report_with_future.split, report_with_future.outliers) == (report.split, report.outliers)
    assert report.outliers


def test_holidays_are_a_known_covariate() -> None:
    panel, report = clean_frame(wide_frame(), covariates={"holiday": "DE"})
    assert (panel.covariate_names, panel.covariate_known) == (("holiday",), (True,))
    assert panel.covariates[:24, 0].tolist() == [1.0] * 24
    assert panel.covariates[24:100].sum() == 0
    assert report.covariates == {"holiday": {"kind": "known", "missing": 0, "of_each_series": False}}


def test_declared_defects_are_masked_and_counted() -> None:
    card = DatasetCard("t", defects=({"start": str(HOURS[3]), "end": str(HOURS[5]), "reason": "sensor swapped"},))
    panel, report = clean_frame(wide_frame(), card)
    assert np.isnan(panel.values[3:6]).all()
    assert np.isfinite(np.delete(panel.values, range(3, 6))).all()
    assert report.defects[0]["masked"] == 3
    assert report.defects[0]["reason"] == "sensor swapped"
