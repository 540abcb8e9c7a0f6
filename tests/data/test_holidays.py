from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.covariates import holiday_flags


@pytest.mark.parametrize(
    ("zone", "country"), [("America/Santiago", "CL"), ("America/Havana", "CU"), ("Atlantic/Azores", "PT")]
)
def test_holidays_are_found_in_zones_whose_clocks_change_at_midnight(zone: str, country: str) -> None:
    local = pd.date_range("2022-01-01", "2024-01-01", freq="h", tz="UTC").tz_convert(zone)
    dates = pd.DatetimeIndex(local.strftime("%Y-%m-%d"))
    np.testing.assert_array_equal(holiday_flags(local, country), holiday_flags(dates, country))


def test_the_country_of_the_data_gives_a_holiday_covariate_to_daily_and_finer_data(tmp_path):
    days = pd.date_range("2023-01-01", periods=700)
    frame = pd.DataFrame({"date": days, "y": np.arange(700) % 7.0})
    frame.to_csv(tmp_path / "days.csv", index=False)
    panel, _ = load_panel({"name": "file", "path": str(tmp_path / "days.csv"), "country": "GB"})
    assert (panel.covariate_names, panel.covariate_known, panel.card.country) == (("holiday",), (True,), "GB")
    flags = pd.Series(panel.covariates[:, 0], panel.index)
    assert flags["2023-12-25"] == flags["2024-01-01"] == 1
    assert flags["2023-12-20"] == 0
    months = pd.DataFrame({"month": pd.date_range("2010-01-01", periods=150, freq="MS"), "y": np.arange(150) % 12.0})
    months.to_csv(tmp_path / "months.csv", index=False)
    panel, _ = load_panel({"name": "file", "path": str(tmp_path / "months.csv"), "country": "GB"})
    assert panel.covariate_names == ()
