from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.holidays import holiday_flags


@pytest.mark.parametrize(
    ("zone", "country"), [("America/Santiago", "CL"), ("America/Havana", "CU"), ("Atlantic/Azores", "PT")]
)
def test_holidays_are_found_in_zones_whose_clocks_change_at_midnight(zone: str, country: str) -> None:
    local = pd.date_range("2022-01-01", "2024-01-01", freq="h", tz="UTC").tz_convert(zone)
    dates = pd.DatetimeIndex(local.strftime("%Y-%m-%d"))
    np.testing.assert_array_equal(holiday_flags(local, country), holiday_flags(dates, country))
