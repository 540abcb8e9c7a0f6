"""Times at which monitors forecast and train."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timevis.errors import ConfigError
from timevis.service.monitoring.loop import next_time

DAY = 86_400.0
SUNDAY = 1_792_886_400.0  # 2026-10-25 00:00 UTC, when clocks in Berlin are set back at 01:00 UTC


@pytest.mark.parametrize(
    ("cron", "zone", "hours"),
    [
        ("0 6 * * *", "UTC", 6),
        ("30 6 * * *", "UTC", 6.5),
        ("0 6 * * *", "Europe/Berlin", 5),  # after the change, Berlin is one hour before UTC
        ("30 1 * * *", "Europe/Berlin", 23.5 + 1),  # the one of that day, before the change, is over at 00:00 UTC
        ("0 6 * * 1", "UTC", 24 + 6),
        ("0 0 1 11 *", "UTC", 7 * 24),
        ("*/15 * * * *", "Asia/Kolkata", 0.25),
    ],
)
def test_the_next_time_is_the_one_of_the_time_zone(cron: str, zone: str, hours: float) -> None:
    assert next_time(cron, zone, SUNDAY) == SUNDAY + 3600 * hours


@given(st.floats(1.5e9, 2.5e9))
def test_the_next_time_is_later_and_a_daily_schedule_misses_no_day(after: float) -> None:
    found = next_time("0 6 * * *", "Europe/Berlin", after)
    assert after < found <= after + DAY + 3600  # one day of a year has 25 hours


@pytest.mark.parametrize(("cron", "zone"), [("0 6 30 2 *", "UTC"), ("0 6 * *", "UTC"), ("0 6 * * *", "Mars/Base")])
def test_a_schedule_without_a_time_is_refused(cron: str, zone: str) -> None:
    with pytest.raises(ConfigError):
        next_time(cron, zone, SUNDAY)
