from pathlib import Path

import pandas as pd
import pytest
from run_results import results_with

from timevis.runs.record import RunRecord
from timevis.runs.results import Results


def record(data_report: dict, configured_timezone: str | None, results: Results | None = None) -> RunRecord:
    found = RunRecord(Path("run"), results or results_with({}))
    found.data_report, found.config = data_report, {"data": {"timezone": configured_timezone}}
    return found


@pytest.mark.parametrize(
    ("data_report", "configured_timezone", "timezone"),
    [
        ({"timezone": "Europe/Lisbon"}, None, "Europe/Lisbon"),
        ({"timezone": "UTC+02:00"}, None, "UTC+02:00"),
        ({"timezone": None}, "Europe/Lisbon", None),
    ],
)
def test_the_time_zone_is_that_of_the_data_report(
    data_report: dict, configured_timezone: str | None, timezone: str | None
) -> None:
    assert record(data_report, configured_timezone).timezone == timezone


@pytest.mark.parametrize(
    ("freq", "shown"),
    [
        ("s", "Mon 2024-01-01 13:05:09"),
        ("15min", "Mon 2024-01-01 13:05"),
        ("B", "Mon 2024-01-01"),
        ("W-MON", "2024-01-01"),
        ("YS", "2024-01-01"),
    ],
)
def test_the_time_format_has_the_resolution_of_the_frequency(freq: str, shown: str) -> None:
    run = record({}, None, results_with({"window_set.freq": freq}))
    assert run.time_text(pd.Timestamp("2024-01-01 13:05:09")) == shown
