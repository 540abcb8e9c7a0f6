"""Format numbers, times, intervals, durations, counts, names and tables for reports and messages."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def format_number(value: Any, percent: bool = False) -> str:
    """Format a number with four significant digits, or as a percentage.

    Integers and numbers from 10 000 on are written in full, in groups of three digits. Other numbers below 0.0001 or
    from 1e9 on have an exponent, such as 1.519e12. A missing or infinite number is a dash; other values are `str`.
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if percent:
        text = f"{100 * value:.1f} %"
    elif isinstance(value, int) or (round(abs(value)) >= 10_000 and abs(value) < 1e9):
        text = f"{value:,.0f}".replace(",", " ")
    else:
        text = re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.4g}")
    return with_minus_sign(text)


def format_time(time: str) -> str:
    """Format a timestamp without zero seconds; an offset of zero is written as UTC, other offsets are left out."""
    local = re.sub(r"[+-]\d\d:\d\d$", "", time)
    local = local[:-3] if local.endswith(":00") and local.count(":") == 2 else local
    return local + " UTC" * time.endswith("+00:00")


def with_minus_sign(text: str) -> str:
    """Replace the leading hyphen of a formatted number by a minus sign."""
    return "−" + text[1:] if text.startswith("-") else text


def format_interval(low: float | None, high: float | None, percent: bool = False) -> str:
    """Format the ends of an interval as ``low to high``; empty if there is no interval."""
    if low is None or high is None:
        return ""
    if percent:
        return f"{with_minus_sign(f'{100 * low:.1f}')} to {format_number(high, percent=True)}"
    return f"{format_number(low)} to {format_number(high)}"


def format_duration(seconds: float | None) -> str:
    """Format a duration in seconds, minutes or hours; a dash if it is None."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 6000:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def format_count(count: int, noun: str, format_value: Callable[[int], str] = str) -> str:
    """Format a count with its noun, such as "1 row" or "3 rows"; `format_value` formats the number."""
    return f"{format_value(count)} {noun}" + "s" * (count != 1)


def join_names(names: Sequence[str], max_names: int = 20) -> str:
    """Join names with commas; of more than `max_names`, the first ones and the number of the others."""
    more = f" and {len(names) - max_names} more" if len(names) > max_names else ""
    return ", ".join(names[:max_names]) + more


def markdown_table(frame: pd.DataFrame) -> str:
    """Format a frame as a Markdown table, with four significant digits; a missing value is an empty cell."""

    def cell(value: Any) -> str:
        if value is None or value != value:
            return ""
        text = f"{value:.4g}" if isinstance(value, float) and not value.is_integer() else str(value)
        return (text.removesuffix(".0") if isinstance(value, float) else text).replace("|", "\\|").replace("\n", " ")

    rows = [[cell(name) for name in frame.columns], ["---"] * len(frame.columns)]
    rows += [[cell(v) for v in row] for row in frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
