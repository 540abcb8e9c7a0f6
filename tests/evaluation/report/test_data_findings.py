import pytest

from timevis.report.data_console import data_facts
from timevis.report.sections import clock
from timevis.runs.record import RunRecord


@pytest.mark.parametrize(
    ("timezone", "start", "fact", "time"),
    [
        (None, "2024-01-01 00:00:00", "none: times are used as written", "local time"),
        (None, "2024-01-01 00:00:00+00:00", "UTC, as data.timezone is not set", "UTC time"),
        ("Europe/Berlin", "2024-01-01 00:00:00+00:00", "Europe/Berlin", "local time"),
    ],
)
def test_the_time_zone_is_named_with_the_time_of_the_hours_in_the_report(finished_run, timezone, start, fact, time):
    record = RunRecord.load(finished_run("model=linear"))
    record.data_report.update(timezone=timezone, start=start)
    assert ("Time zone", fact) in data_facts(record.data_report, record.results)
    assert str(clock(record)) == time
