from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from timevis.data.calendar import check_frequency, infer_frequency
from timevis.data.schema.grid import put_on_grid
from timevis.errors import ConfigError, DataError


def infer(times: pd.DatetimeIndex) -> str:
    return infer_frequency(times.asi8, np.zeros(len(times), np.int64), "t.csv")


@pytest.mark.parametrize(
    ("given_alias", "alias"),
    [("H", "h"), ("1h", "h"), ("60min", "h"), ("T", "min"), ("15T", "15min"), ("M", "ME"), ("24h", "D"), ("d", "D")],
)
def test_other_spellings_of_a_frequency_are_accepted(given_alias: str, alias: str) -> None:
    assert check_frequency(given_alias) == alias


@pytest.mark.parametrize("alias", ["hourly", "", "-1h", "0h"])
def test_text_that_is_not_a_frequency_is_refused(alias: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.frequency"):
        check_frequency(alias)


def test_two_times_are_too_few() -> None:
    with pytest.raises(DataError, match="is too small for a series"):
        infer(pd.date_range("2024", periods=2, freq="h", unit="us"))


def test_the_advice_on_months_that_start_on_the_15th_can_be_followed() -> None:
    times = pd.date_range("1990-01-15", periods=120, freq=pd.DateOffset(months=1), unit="us")
    with pytest.raises(DataError, match="not whole months") as error:
        infer(times)
    assert str(error.value.advice) == "set data.frequency=MS to move each time to the start of its month"
    assert len(put_on_grid(times, "MS", "t.csv").index) == 120


@pytest.mark.parametrize("alias", ["2MS", "2ME", "4MS", "6MS", "2BMS"])
def test_steps_of_several_months_are_found_with_gaps(alias: str) -> None:
    times = pd.date_range("2000-01-01", periods=60, freq=alias, unit="us").delete([5, 6, 30])
    assert infer(times) == alias
    assert len(put_on_grid(times, alias, "t.csv").index) == 60


def test_the_advice_on_two_months_that_start_on_the_15th_can_be_followed() -> None:
    times = pd.date_range("1990-01-15", periods=120, freq=pd.DateOffset(months=2), unit="us")
    with pytest.raises(DataError, match="not whole months") as error:
        infer(times)
    assert str(error.value.advice) == "set data.frequency=2MS to move each time to the start of its 2 months"
    assert len(put_on_grid(times, "2MS", "t.csv").index) == 120


@pytest.mark.parametrize(("freq", "alias"), [("3MS", "QS-JAN"), ("QE", "QE-DEC"), ("YS", "YS-JAN"), ("MS", "MS")])
def test_months_quarters_and_years_keep_their_own_alias(freq: str, alias: str) -> None:
    assert infer(pd.date_range("2000-01-01", periods=60, freq=freq, unit="us")) == alias
