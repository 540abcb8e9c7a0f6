from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.options import DataOptions
from timevis.data.quality.quality_report import QualityReport
from timevis.data.schema.to_rows import Rows, to_rows
from timevis.data.table import Table
from timevis.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=60, freq="D", unit="us")


@pytest.mark.parametrize("freq", ["D", "W-MON", "MS"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("as_number", [False, True])
def test_daily_times_at_local_midnight_get_the_dates_of_data_timezone(freq: str, zone: str, as_number: bool) -> None:
    local = pd.date_range("2022-01-03", periods=400, freq=freq, unit="s")
    stamps = local.tz_localize(zone).tz_convert("UTC")
    times = stamps.asi8 if as_number else stamps.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows, report = rows_and_report(times, zone)
    assert (rows.grid.index.tz_localize(None) == local).all()
    assert f"rows a day or more apart have their dates in {zone}" in map(str, report.notes)


@pytest.mark.parametrize("pattern", ["%Y-%m-%dT%H:%MZ", "%Y-%m-%d", "%Y-%m-%dT00:00-05:00"])
def test_daily_times_at_midnight_keep_their_dates_in_any_timezone(pattern: str) -> None:
    rows, _ = rows_and_report(DAYS.strftime(pattern), "America/New_York")
    assert (rows.grid.index.tz_localize(None) == DAYS).all()


@pytest.mark.parametrize("scale", [1e-50, 1e-41])
def test_values_too_small_for_32_bit_floats_are_an_error_that_says_so(scale: float) -> None:
    frame = pd.DataFrame({"time": DAYS, "load": np.arange(60.0), "price": np.arange(60.0) * scale})
    with pytest.raises(DataError, match=r"t.csv: column 'price': .* too small for 32-bit floats") as error:
        to_rows(Table(frame, "t.csv"), DataOptions())
    assert "multiply the column by a constant" in str(error.value.advice)
    rows, _ = to_rows(Table(frame.assign(price=0.0), "t.csv"), DataOptions())
    assert not rows.values[:, 1].any()


def rows_and_report(times: object, zone: str) -> tuple[Rows, QualityReport]:
    table = Table(pd.DataFrame({"time": times, "load": np.arange(len(times), dtype=float)}), "t.csv")
    return to_rows(table, DataOptions(timezone=zone))
