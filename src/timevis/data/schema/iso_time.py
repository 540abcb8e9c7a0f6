"""Times that users write on the command line, in ISO 8601, as times of a panel."""

from __future__ import annotations

import re

import pandas as pd

from timevis.data.panel import Panel
from timevis.errors import ConfigError

ISO = re.compile(r"[1-9]\d{3}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)
PERIODS = {4: pd.DateOffset(years=1), 7: pd.DateOffset(months=1), 10: pd.DateOffset(days=1)}
"""What a date without a clock stands for, by its length: a year, a month or a day."""


def iso_time(text: str, end: bool = False) -> pd.Timestamp:
    """A time as it is written; of a day, month or year its start or its `end`.

    Raises
    ------
    ConfigError
        It is no time as ISO 8601 writes it.
    """
    text = text.strip()
    try:
        if not ISO.fullmatch(text):
            raise ValueError(text)
        time = pd.Timestamp(text).as_unit("us")
        if end and len(text) in PERIODS:
            time = time + PERIODS[len(text)] - pd.Timedelta(1, "us")
    except (ValueError, OverflowError):
        advice = "write it like 2024-01-31 or '2024-01-31 18:00'; 2024-01 is a whole month, 2024 a whole year"
        raise ConfigError(f"{text!r} is not a time", advice) from None
    return time


def timestamp(text: str, panel: Panel, end: bool = False) -> pd.Timestamp:
    """`iso_time` in the panel's time zone, unless the text names its own."""
    time, zone = iso_time(text, end), panel.index.tz
    if zone is None or time.tzinfo is not None:
        return time.tz_localize(None) if zone is None and time.tzinfo else time
    return time.tz_localize(panel.timezone or zone, ambiguous=not end, nonexistent="shift_forward")
