from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.readers.csv import read_csv
from timevis.data.readers.table import Table
from timevis.data.schema.timestamps.parse_times import looks_like_time, parse_times
from timevis.errors import DataError

HOURS = pd.date_range("2024-02-25 18:00", periods=400, freq="h", unit="us")
DAYS = pd.date_range("2024-01-01", periods=60, freq="D", unit="us")


def parsed(values: object, **options: bool | None) -> pd.DatetimeIndex:
    return parse_times(Table(pd.DataFrame({"time": values}), "t.csv"), ("time",), **options).index


@pytest.mark.parametrize(
    "pattern",
    [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y/%m/%d %H:%M",
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d-%b-%Y %H:%M",
        "%Y%m%dT%H%M",
        "%Y%m%d%H",
        "%Y%m%d%H%M%S",
        "%Y年%m月%d日 %H时",
        "%Y年%m月%d日%H时%M分",
        "%Y年%m月%d日 %H点%M分%S秒",
        "%Y年%m月%d日 %H:%M",
    ],
)
def test_common_formats_are_read(pattern: str) -> None:
    assert (parsed(HOURS.strftime(pattern)) == HOURS).all()


@given(st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2200, 1, 1)))
def test_iso_times_are_read_exactly(moment: pd.Timestamp) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parsed([moment.isoformat()])[0] == moment


@settings(max_examples=50)
@given(st.dates(pd.Timestamp(2000, 1, 1).date(), pd.Timestamp(2030, 1, 1).date()), st.booleans())
def test_consecutive_days_are_read_with_day_or_month_first(start: object, day_first: bool) -> None:
    days = pd.date_range(str(start), periods=40, freq="D", unit="us")
    assert (parsed(days.strftime("%d/%m/%Y" if day_first else "%m/%d/%Y")) == days).all()


def test_ambiguous_dates_are_read_so_that_steps_are_regular() -> None:
    months = pd.date_range("2020-01-01", periods=36, freq="MS", unit="us")
    assert (parsed(months.strftime("%d/%m/%Y")) == months).all()


def test_dates_that_stay_ambiguous_are_an_error_that_names_the_option() -> None:
    with pytest.raises(DataError, match="day first or month first") as error:
        parsed(DAYS[:12].strftime("%d/%m/%Y"))
    assert "data.cleaning.day_first" in error.value.advice
    assert (parsed(DAYS[:12].strftime("%d/%m/%Y"), day_first=True) == DAYS[:12]).all()


@pytest.mark.parametrize(
    "pattern",
    [
        "%H:%M %d/%m/%Y",
        "%a %d/%m/%Y %H:%M",
        "%A, %d/%m/%Y %H:%M",
        "%H:%M:%S %d.%m.%Y",
        "%I:%M %p %d/%m/%Y",
        "%H:%M, %d-%m-%Y",
        "%H:%M %a %m/%d/%y",
        "%a., %d.%m.%Y, %H:%M",
        "%H:%M %Y-%m-%d",
        "%a, %d %b %Y %H:%M:%S",
        "%a %b %d %H:%M:%S %Y",
    ],
)
def test_a_date_may_follow_a_time_of_day_or_a_weekday(pattern: str) -> None:
    assert (parsed(HOURS.strftime(pattern)) == HOURS).all()


def test_ambiguous_dates_after_a_time_of_day_are_an_error_too() -> None:
    text = DAYS[:12].strftime("%H:%M %d/%m/%Y")
    with pytest.raises(DataError, match="day first or month first"):
        parsed(text)
    assert (parsed(text, day_first=True) == DAYS[:12]).all()


@pytest.mark.parametrize("pattern", ["%Hh%M %d/%m/%Y", "%d %m %Y %H:%M", "Week %d/%m/%Y", "%d/%m-%Y", "%HZ %d.%m.%Y"])
def test_dates_of_unknown_order_are_refused_and_not_guessed_row_by_row(pattern: str) -> None:
    with pytest.raises(DataError, match=r"row 1, column 'time': the time .* is not a date or time"):
        parsed(DAYS.strftime(pattern))


def test_dates_in_both_orders_are_an_error_that_names_both_rows() -> None:
    text = list(DAYS.strftime("%d/%m/%Y"))
    text[40] = "02/25/2024"
    with pytest.raises(DataError, match=r"day first in record|day first in row 13.*month first in row 41"):
        parsed(text)


@pytest.mark.parametrize("cell", [lambda d: d.to_pydatetime(), lambda d: d.strftime("%Y-%m-%d"), str])
@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y 00:00"])
def test_dates_with_day_and_month_swapped_by_a_spreadsheet_are_an_error_that_names_both(cell, pattern: str) -> None:
    cells = [d.strftime(pattern) if d.day > 12 else cell(d.replace(day=d.month, month=d.day)) for d in DAYS]
    with pytest.raises(DataError, match=r"the date '2024-01-01.*' in row 1 and the text '.*13.*' in row 13"):
        parsed(cells)


def test_dates_and_text_in_the_same_order_may_be_mixed() -> None:
    cells = [d.strftime("%d/%m/%Y") if i % 3 else d.to_pydatetime() for i, d in enumerate(DAYS)]
    assert (parsed(cells) == DAYS).all()


def test_zoned_times_become_utc_and_a_single_offset_is_the_zone_of_the_calendar() -> None:
    times = parse_times(Table(pd.DataFrame({"time": HOURS.strftime("%Y-%m-%dT%H:%M+02:00")}), "t.csv"), ("time",))
    assert (times.index == HOURS.tz_localize("UTC") - pd.Timedelta(hours=2)).all()
    assert times.zone == "UTC+02:00"
    assert times.local_index is not None
    assert (times.local_index == HOURS).all()


@pytest.mark.parametrize(
    "pattern", ["%d/%m/%y", "%m.%d.%y", "%d-%b-%y", "%d %B %y", "%d.%m.%y %H:%M", "%d/%m/%yT%H:%M"]
)
@pytest.mark.parametrize("first", ["1969-01-01", "1974-06-01", "1997-12-01", "1999-12-01", "2068-11-01"])
def test_years_of_two_digits_are_read_as_1969_to_2068_and_noted(pattern: str, first: str) -> None:
    days = pd.date_range(first, periods=50, freq="D", unit="us")
    times = parse_times(Table(pd.DataFrame({"time": days.strftime(pattern)}), "t.csv"), ("time",))
    assert (times.index == days).all()
    assert "years of two digits are read as 1969 to 2068" in times.notes


def test_years_of_four_digits_are_left_as_they_are() -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="D", unit="us")
    times = parse_times(Table(pd.DataFrame({"time": days.strftime("%d %b %Y")}), "t.csv"), ("time",))
    assert (times.index == days).all()
    assert times.notes == []


@pytest.mark.parametrize("pattern", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S"])
@pytest.mark.parametrize(("offset", "hours"), [("+01:00", 1), ("-0330", -3.5), (" +02", 2), ("Z", 0), (" UTC", 0)])
def test_zoned_times_are_read_day_or_month_first_as_naive_ones_are(pattern: str, offset: str, hours: float) -> None:
    days = pd.date_range("2023-01-01", periods=400, freq="D", unit="us")
    times = parse_times(Table(pd.DataFrame({"time": days.strftime(pattern) + offset}), "t.csv"), ("time",))
    assert times.local_index is not None
    assert (times.local_index == days).all()
    assert (times.index == days.tz_localize("UTC") - pd.Timedelta(hours=hours)).all()


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%a %b %d %Y %H:%M:%S"])
@pytest.mark.parametrize(
    ("offset", "hours"),
    [
        (" UTC+1", 1),
        (" GMT+0200 (Eastern European Standard Time)", 2),
        (" UTC+01:00", 1),
        (" GMT-5", -5),
        (" GMT+0100", 1),
        ("GMT-03:30", -3.5),
    ],
)
def test_an_offset_may_follow_utc_or_gmt(pattern: str, offset: str, hours: float) -> None:
    assert (parsed(HOURS.strftime(pattern) + offset) == HOURS.tz_localize("UTC") - pd.Timedelta(hours=hours)).all()


@pytest.mark.parametrize(
    "cell", ["2024-01-01 00:00 -5", "2024-01-01 00:00 +1:00", "2024-01-01 00-05", "2024-01-01 00:00 UTC 1"]
)
def test_an_offset_that_cannot_be_read_is_an_error_with_its_row(cell: str) -> None:
    with pytest.raises(DataError, match=r"row 2, column 'time': the time '.*' is not a date") as error:
        parsed(["2024-01-01 01:00", cell])
    assert cell in str(error.value)


def test_an_impossible_offset_is_an_error_with_its_row() -> None:
    text = [f"{t}+01:00" for t in HOURS]
    text[2] = f"{HOURS[2]}+99:00"
    with pytest.raises(DataError, match=r"row 3, column 'time'.*99:00' is not a date"):
        parsed(text)


def test_offsets_may_change_with_daylight_saving() -> None:
    berlin = pd.date_range("2024-03-29", periods=100, freq="h", tz="Europe/Berlin", unit="us")
    text = [str(t) for t in berlin]
    assert text[0][-6:] != text[-1][-6:]
    assert (parsed(text) == berlin.tz_convert("UTC")).all()


def test_mixing_naive_and_zoned_times_is_an_error_that_names_the_row() -> None:
    text = [str(t) for t in HOURS]
    text[7] += "+00:00"
    with pytest.raises(DataError, match=r"row 8, column 'time'.*has a time zone"):
        parsed(text)


@pytest.mark.parametrize(
    ("cell", "message"), [("yesterday", "'yesterday' is not a date"), ("", "is empty"), ("NA", "empty")]
)
def test_a_cell_that_is_not_a_time_is_an_error_with_its_row(cell: str, message: str) -> None:
    text = [str(t) for t in HOURS]
    text[3] = cell
    with pytest.raises(DataError, match=rf"t.csv: row 4, column 'time'.*{message}"):
        parsed(text)


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


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_numbers_since_1970_are_utc(unit: str) -> None:
    index = parsed(HOURS.as_unit(unit).asi8)
    assert (index == HOURS.tz_localize("UTC")).all()


@pytest.mark.parametrize("pattern", ["%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"])
def test_integers_that_are_dates_and_hours_are_not_read_as_seconds_since_1970(pattern: str) -> None:
    assert (parsed(HOURS.strftime(pattern).astype("int64")) == HOURS).all()
    assert parsed([1900010100, 1900010200]).tz is None
    assert parsed([1900010177, 1900013777]).tz is not None  # seconds: no hour is 77


@pytest.mark.parametrize(
    ("pattern", "freq"),
    [("%Y%m", "MS"), ("%m.%Y", "MS"), ("%b-%y", "MS"), ("%b %Y", "MS"), ("%G-W%V", "W-MON"), ("%GW%V-%u", "W-MON")],
)
def test_months_and_weeks_are_read_as_their_first_day(pattern: str, freq: str) -> None:
    days = pd.date_range("1999-03-01", periods=60, freq=freq, unit="us")
    assert (parsed(days.strftime(pattern)) == days).all()


def test_quarters_are_read_as_their_first_day() -> None:
    days = pd.date_range("1999-01-01", periods=40, freq="QS", unit="us")
    assert (parsed([f"{d.year}-Q{d.quarter}" for d in days]) == days).all()
    assert (parsed([f"Q{d.quarter} {d.year}" for d in days]) == days).all()


@pytest.mark.parametrize(
    "form", ["{0:%Y-%m-%d}/{1:%Y-%m-%d}", "{0:%Y-%m-%d} - {1:%Y-%m-%d}", "{0:%Y-%m-%d %H:%M}/{1:%Y-%m-%d %H:%M}"]
)
def test_periods_are_read_as_their_start_and_noted(form: str) -> None:
    weeks = pd.date_range("2010-01-04", periods=60, freq="7D", unit="us")
    table = Table(pd.DataFrame({"time": [form.format(w, w + pd.Timedelta("6D")) for w in weeks]}), "t.csv")
    assert looks_like_time(table.frame["time"])
    times = parse_times(table, ("time",))
    assert (times.index == weeks).all()
    assert times.notes == [f"periods such as {table.frame['time'][0]!r} are read as their start"]


@pytest.mark.parametrize("cell", ["2010-01-11/10-01-17", "Jan 3 2020 5:00-3", "2010-01-04/2010-01-10/2010-01-17"])
@pytest.mark.parametrize("first", ["2010-01-04", "Jan 4 2010"])
def test_text_in_which_pandas_finds_a_zone_is_an_error_with_its_row(first: str, cell: str) -> None:
    for cells, row in (([first, cell], 2), ([cell], 1)):
        with pytest.raises(DataError, match=rf"row {row}, column 'time': the time '{cell}' is not a date or time\n"):
            parsed(cells)


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y%m%d%H", "%Y-%m-%dT%H:%MZ"])
def test_a_row_of_totals_is_an_error_that_advises_to_delete_it(pattern: str) -> None:
    with pytest.raises(DataError, match="row 401, column 'time': the time 'Total' is not a date or time") as error:
        parsed([*HOURS.strftime(pattern), "Total"])
    assert "delete rows of totals" in error.value.advice


@pytest.mark.parametrize("cell", ["January", "2024-W54", "Jan 24 10:00"])
def test_a_time_without_a_year_or_with_an_impossible_week_is_an_error(cell: str) -> None:
    with pytest.raises(DataError, match=r"row 1, column 'time': the time .* is not a date or time"):
        parsed([cell])


@pytest.mark.parametrize("cell", ["20240131T130000Z", "20240131T1300Z", "2024-01-31T13Z", "20240131T1400+01:00"])
def test_compact_times_may_have_a_zone(cell: str) -> None:
    assert parsed([cell])[0] == pd.Timestamp("2024-01-31T13:00Z")


def test_compact_dates_and_years_are_read() -> None:
    assert (parsed([int(t) for t in DAYS.strftime("%Y%m%d")]) == DAYS).all()
    assert parsed([1990, 1991])[1] == pd.Timestamp("1991-01-01")


def test_rounding_errors_of_spreadsheets_are_removed() -> None:
    assert parsed([pd.Timestamp("2024-01-01 00:59:59.999999")])[0] == pd.Timestamp("2024-01-01 01:00")


BEFORE = HOURS - pd.Timedelta(hours=1)
END_OF_HOURS = {"date": BEFORE.normalize(), "hour": BEFORE.hour + 1}


@pytest.mark.parametrize(
    "columns",
    [
        END_OF_HOURS,
        END_OF_HOURS | {"date": END_OF_HOURS["date"].strftime("%d/%m/%Y")},
        END_OF_HOURS | {"hour": [f"{h}:00" for h in END_OF_HOURS["hour"]]},
        END_OF_HOURS | {"hour": [f"{h:02}:00:00" for h in END_OF_HOURS["hour"]]},
        {"date": HOURS.strftime("%Y-%m-%d"), "clock": HOURS.strftime("%H:%M")},
        {"date": HOURS.normalize(), "hour": HOURS.hour},
        {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour},
    ],
)
def test_a_time_may_be_split_over_columns(columns: dict) -> None:
    table = Table(pd.DataFrame(columns), "t.csv")
    assert (parse_times(table, tuple(columns)).index == HOURS).all()


def test_24_00_is_read_as_the_next_day_and_noted() -> None:
    times = parse_times(Table(pd.DataFrame(END_OF_HOURS), "t.csv"), ("date", "hour"))
    assert times.notes == ["24:00 is read as 00:00 of the next day"]
    zoned = parse_times(
        Table(pd.DataFrame({"time": ["2024-01-31 23:00+01:00", "2024-01-31 24:00+01:00"]}), "t.csv"), ("time",)
    )
    assert zoned.index[1] == pd.Timestamp("2024-01-31 23:00", tz="UTC")


def test_hours_from_0_to_24_are_an_error_that_names_both_midnights() -> None:
    frame = pd.DataFrame({"date": ["2024-01-01"] * 25 + ["2024-01-02"] * 25, "hour": [*range(25), *range(25)]})
    with pytest.raises(DataError, match=r"row 25, column 'date\+hour': '2024-01-01 24:00' is.*02 00:00' in row 26"):
        parse_times(Table(frame, "t.csv"), ("date", "hour"))


@pytest.mark.parametrize("decimals", [5, 17])
def test_the_days_of_a_spreadsheet_are_dates(decimals: int) -> None:
    expected = pd.date_range("2021-01-01", periods=500, freq="15min")
    days = (expected - pd.Timestamp("1899-12-30")) / pd.Timedelta("1D")
    times = parse_times(Table(pd.DataFrame({"time": np.round(days, decimals)}), "t.csv"), ("time",))
    assert times.index.equals(expected.as_unit("us"))
    assert times.zone is None
    assert times.notes == ["times such as 44197 are read as a spreadsheet's days"]
