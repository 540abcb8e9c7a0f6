from pathlib import Path

import pandas as pd
import pytest

from timevis.runs.record import RunRecord

NOTHING = pd.DataFrame()


def record(found: dict, said: str | None, results: dict | None = None) -> RunRecord:
    config = {"data": {"timezone": said}}
    return RunRecord(Path("run"), results or {}, found, config, [], NOTHING, NOTHING, NOTHING, None, None)


@pytest.mark.parametrize(
    ("found", "said", "zone"),
    [
        ({"timezone": "Europe/Lisbon"}, None, "Europe/Lisbon"),
        ({"timezone": "UTC+02:00"}, None, "UTC+02:00"),
        ({"timezone": None}, "Europe/Lisbon", None),
    ],
)
def test_hours_are_read_in_the_zone_that_was_found_in_the_data(
    found: dict, said: str | None, zone: str | None
) -> None:
    assert record(found, said).timezone == zone


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
def test_times_are_shown_as_finely_as_the_rows_follow_each_other(freq: str, shown: str) -> None:
    run = record({}, None, {"window_set": {"freq": freq}})
    assert pd.Timestamp("2024-01-01 13:05:09").strftime(run.time_format) == shown
