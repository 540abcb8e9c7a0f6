"""Find the time zone that the offsets of times belong to."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

COMMON_ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Helsinki", "Europe/Lisbon"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Anchorage"),
    *("America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Santiago"),
    *("Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland", "Asia/Jerusalem"),
)
"""Zones that are tried first: many zones have the same offsets, and these are well known."""


def zone_of_offsets(moments: pd.DatetimeIndex, offsets: pd.Series) -> str | None:
    """The time zone in which all times have their offsets.

    Parameters
    ----------
    moments : DatetimeIndex [rows]
        In UTC.
    offsets : Series of timedelta [rows]

    Returns
    -------
    str or None
        If all offsets are equal, a fixed offset such as ``UTC+01:00``. If they change, the first zone whose clock
        has the offset of every row, such as ``Europe/Berlin``. None if no zone has.
    """
    minutes = (offsets.to_numpy("m8[s]") // np.timedelta64(60, "s")).astype(np.int64)
    if (minutes == minutes[0]).all():
        sign, (hours, rest) = "-" if minutes[0] < 0 else "+", divmod(abs(int(minutes[0])), 60)
        return f"UTC{sign}{hours:02d}:{rest:02d}"
    order = np.argsort(moments.asi8, kind="stable")
    moments, minutes = moments[order], minutes[order]
    changes = np.flatnonzero(np.diff(minutes))
    ends = np.unique(np.r_[0, changes, changes + 1, len(minutes) - 1])
    for zone in _candidates():
        if _has_offsets(zone, moments[ends], minutes[ends]) and _has_offsets(zone, moments, minutes):
            return zone
    return None


def _candidates() -> Iterator[str]:
    yield from COMMON_ZONES
    yield from sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def _has_offsets(zone: str, moments: pd.DatetimeIndex, minutes: np.ndarray) -> bool:
    """Whether the clock of a zone has these offsets, in minutes [N], at these moments."""
    local = moments.tz_convert(zone).tz_localize(None)
    differences = local.as_unit("s").asi8 - moments.as_unit("s").asi8
    return bool((differences == 60 * minutes).all())
