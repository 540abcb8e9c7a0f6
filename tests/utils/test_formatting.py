"""Numbers, intervals, times and tables are formatted for readers."""

import pandas as pd
import pytest

from timevis.utils.formatting import format_number, format_time, markdown_table
from timevis.utils.phrases import format_interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (1234567, "1 234 567"),
        (-0.00012345, "−0.0001234"),
        ("cpu", "cpu"),
        (51234.5, "51 234"),
        (9999.7, "10 000"),
        (1.5192e12, "1.519e12"),
        (-6.541e-08, "−6.541e-8"),
    ],
)
def test_a_number_has_four_digits_and_a_missing_one_is_a_dash(value, text):
    assert format_number(value) == text


def test_an_interval_without_bounds_is_empty():
    assert format_interval(None, None) == ""
    assert format_interval(-0.011, 0.2, percent=True) == "−1.1 to 20.0 %"


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2024-02-01 00:00:00+00:00", "2024-02-01 00:00 UTC"),
        ("2024-02-01 00:00:30-05:00", "2024-02-01 00:00:30"),
        ("2024-02-01 12:00:00", "2024-02-01 12:00"),
        ("2024-02-01", "2024-02-01"),
    ],
)
def test_a_time_omits_zero_seconds_and_names_utc(time, expected):
    assert format_time(time) == expected


def test_a_markdown_table_escapes_pipes_and_line_breaks_in_its_cells():
    frame = pd.DataFrame({"a|b": ["x|y", "two\nlines"], "n": [1.0, 0.123456], "c": [None, "z"]})
    assert markdown_table(frame).splitlines() == [
        r"| a\|b | n | c |",
        "| --- | --- | --- |",
        r"| x\|y | 1 |  |",
        "| two lines | 0.1235 | z |",
    ]
