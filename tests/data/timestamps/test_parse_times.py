from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from time_columns import parse_index

from timevis.data.readers.csv import read_csv
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-02-25 18:00", periods=400, freq="h", unit="us")


@given(st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2200, 1, 1)))
def test_iso_times_are_read_exactly(moment: pd.Timestamp) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse_index([moment.isoformat()])[0] == moment


@pytest.mark.parametrize(
    ("cell", "message"), [("yesterday", "'yesterday' is not a date"), ("", "is empty"), ("NA", "empty")]
)
def test_a_cell_that_is_not_a_time_is_an_error_with_its_row(cell: str, message: str) -> None:
    text = [str(t) for t in HOURS]
    text[3] = cell
    with pytest.raises(DataError, match=rf"t.csv: row 4, column 'time'.*{message}"):
        parse_index(text)


def test_a_number_that_is_too_large_for_a_time_is_an_error_with_its_row() -> None:
    numbers = [str(9 * 10**18 + hour) for hour in range(400)]
    numbers[3] = "9" * 19
    with pytest.raises(DataError, match=r"t.csv: row 4, column 'time': the time '9{19}' is not a date or time\n"):
        parse_index(numbers)


@pytest.mark.parametrize("step", ["100ns", "10us", "900us"])
@pytest.mark.parametrize("form", ["text", "zoned text", "datetimes", "numbers"])
def test_steps_below_a_millisecond_are_an_error_that_says_so(step: str, form: str) -> None:
    times = pd.date_range("2024-01-01", periods=300, freq=step, unit="ns")
    cells = {
        "text": times.astype(str),
        "zoned text": times.astype(str) + "Z",
        "datetimes": times,
        "numbers": times.asi8,
    }
    with pytest.raises(DataError, match=r"t.csv: column 'time': .* steps below 1 ms are not supported"):
        parse_index(cells[form])


@pytest.mark.parametrize("cell", ["2024-02-30 00:00", "2024-02-30T00:00:00", "2024-02-30", "2023-02-29 00:00+01:00"])
def test_a_day_that_does_not_exist_is_an_error_with_its_row(cell: str) -> None:
    days = [f"2024-02-{day}{cell[10:]}" for day in (28, 29)]
    raw = "time,load\n" + "".join(f"{time},1\n" for time in (*days, cell))
    with pytest.raises(DataError, match=r"row 4, column 'time': the time '20.*is not a date or time"):
        parse_times(read_csv(raw.encode(), "t.csv"), ("time",))


@pytest.mark.parametrize(
    "pattern", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M+02:00", "%Y-%m-%d %H:%MZ"]
)
def test_iso_times_of_a_text_file_are_read(pattern: str) -> None:
    raw = "time,load\n" + "".join(f"{time},1\n" for time in HOURS.strftime(pattern))
    times = parse_times(read_csv(raw.encode(), "t.csv"), ("time",))
    assert ((times.index if times.local_index is None else times.local_index) == HOURS).all()
    assert times.zone == ("UTC+02:00" if "+" in pattern else None)


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y%m%d%H", "%Y-%m-%dT%H:%MZ"])
def test_a_row_of_totals_is_an_error_that_advises_to_delete_it(pattern: str) -> None:
    with pytest.raises(DataError, match="row 401, column 'time': the time 'Total' is not a date or time") as error:
        parse_index([*HOURS.strftime(pattern), "Total"])
    assert "delete rows of totals" in str(error.value.advice)


def test_rounding_errors_of_spreadsheets_are_removed() -> None:
    assert parse_index([pd.Timestamp("2024-01-01 00:59:59.999999")])[0] == pd.Timestamp("2024-01-01 01:00")
    of_two_series = HOURS.append(HOURS + pd.Timedelta(3, "us")).sort_values()
    assert (parse_index(of_two_series).unique() == HOURS).all()
    milliseconds = pd.date_range("2024-01-01", periods=300, freq="ms", unit="us")
    assert (parse_index(milliseconds) == milliseconds).all()


def test_times_that_repeat_in_a_long_table_are_read_as_in_a_table_of_one_series() -> None:
    text = [f"{t:%d/%m/%Y %H:%M}" for t in HOURS]
    assert parse_index(text * 5).equals(parse_index(text).append([parse_index(text)] * 4))
    with pytest.raises(DataError, match=r"row 1204, column .time..*.yesterday. is not a date.*so are 2 more"):
        parse_index(text * 3 + ["yesterday" if i == 3 else cell for i, cell in enumerate(text)] * 3)
