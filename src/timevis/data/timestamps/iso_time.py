"""Parse the times that users write in options, such as data.split, in ISO 8601."""

from __future__ import annotations

import re

import pandas as pd

from timevis.data.panel import Panel
from timevis.errors import ConfigError
from timevis.messages import Text

ISO_TIME = re.compile(r"[1-9]\d{3}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)
PERIOD_OF_LENGTH = {4: pd.DateOffset(years=1), 7: pd.DateOffset(months=1), 10: pd.DateOffset(days=1)}
"""The period that a text without a time of day means, by its length: a year, a month or a day."""


def parse_iso_time(text: str, end: bool = False) -> pd.Timestamp:
    """Parse a time in ISO 8601, with the UTC offset that it may have.

    Parameters
    ----------
    text : str
    end : bool
        Whether a day, month or year means its last microsecond, not its start.

    Raises
    ------
    ConfigError
        The text is not a time in ISO 8601.
    """
    text = text.strip()
    try:
        if not ISO_TIME.fullmatch(text):
            raise ValueError(text)
        time = pd.Timestamp(text).as_unit("us")
        if end and len(text) in PERIOD_OF_LENGTH:
            time = time + PERIOD_OF_LENGTH[len(text)] - pd.Timedelta(1, "us")
    except (ValueError, OverflowError):
        advice = Text(
            "write-iso-time",
            "write it like 2024-01-31 or '2024-01-31 18:00'; 2024-01 is a whole month, 2024 a whole year",
        )
        raise ConfigError(Text("not-a-time", "{text!r} is not a time", text=text), advice) from None
    return time


def parse_panel_time(text: str, panel: Panel, end: bool = False) -> pd.Timestamp:
    """`parse_iso_time` in the time zone of the panel, unless the text has a UTC offset; naive for a naive index."""
    time, zone = parse_iso_time(text, end), panel.index.tz
    if zone is None or time.tzinfo is not None:
        return time.tz_localize(None) if zone is None and time.tzinfo else time
    return time.tz_localize(panel.timezone or zone, ambiguous=not end, nonexistent="shift_forward")
