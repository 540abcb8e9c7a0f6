"""Times of a schedule in the form of cron, in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from celery.schedules import ParseException, crontab

from timevis.errors import ConfigError
from timevis.messages import Text

MAX_DAYS = 5 * 366
"""A schedule without a time within these days, such as on 30 February, is refused."""


def next_time(cron: str, timezone: str, after: float) -> float:
    """The first time of a schedule after a time.

    Parameters
    ----------
    cron : str
        Minute, hour, day of month, month and day of week, as Celery's crontab reads them: a time must match all
        fields. 0 is Sunday.
    timezone : str
        Of the IANA database.
    after : float
        Seconds since 1970.

    Raises
    ------
    ConfigError
        The schedule or the time zone cannot be read, or there is no such time.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = Text("unknown-time-zone", "there is no time zone {timezone!r}", timezone=timezone)
        raise ConfigError(message, Text("example-of-zone", "for example Europe/Berlin")) from None
    try:
        schedule = crontab.from_string(cron)
    except (ParseException, ValueError) as error:
        raise _cron_error(cron, str(error)) from None
    start = datetime.fromtimestamp(after, zone)
    for days in range(MAX_DAYS):
        day = start.date() + timedelta(days)
        is_day = day.month in schedule.month_of_year and day.day in schedule.day_of_month
        if not (is_day and day.isoweekday() % 7 in schedule.day_of_week):
            continue
        times = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC).timestamp()
            for hour in sorted(schedule.hour)
            for minute in sorted(schedule.minute)
        )
        if later := [time for time in times if time > after]:
            return min(later)
    raise _cron_error(cron, "there is no such day")


def _cron_error(cron: str, reason: str) -> ConfigError:
    message = Text("cron-not-read", "the schedule {cron!r} cannot be read ({reason})", cron=cron, reason=reason)
    advice = Text("example-of-cron", "write minute, hour, day, month and weekday, for example 0 6 * * 1-5")
    return ConfigError(message, advice)
