"""Numbers, times, spans, names and tables for people."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def format_number(value: Any, percent: bool = False) -> str:
    """A value for people: four significant digits, thousands apart, or percent; a dash where it is missing.

    Fractions of units below 0.0001 and beyond 1e9 have an exponent, such as 1.519e12.
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
    """A timestamp without its empty seconds and its offset; UTC is written out."""
    clock = re.sub(r"[+-]\d\d:\d\d$", "", time)
    clock = clock[:-3] if clock.endswith(":00") and clock.count(":") == 2 else clock
    return clock + " UTC" * time.endswith("+00:00")


def with_minus_sign(text: str) -> str:
    """A number with a minus sign instead of a hyphen."""
    return "−" + text[1:] if text.startswith("-") else text


def format_interval(entry: dict[str, float | None], percent: bool = False) -> str:
    """``low to high`` of a value with an interval; empty where there is none."""
    low, high = entry.get("low"), entry.get("high")
    if low is None or high is None:
        return ""
    if percent:
        return f"{with_minus_sign(f'{100 * low:.1f}')} to {format_number(high, percent=True)}"
    return f"{format_number(low)} to {format_number(high)}"


def format_duration(seconds: float | None) -> str:
    """Seconds for people."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.3g} s"
    if seconds < 6000:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def format_count(count: int, noun: str, form: Callable[[int], str] = str) -> str:
    """A count, written by `form`, and its noun, in the plural unless it is one."""
    return f"{form(count)} {noun}" + "s" * (count != 1)


def join_names(names: Sequence[str], most: int = 20) -> str:
    """Names with commas between, the first `most` of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def markdown_table(frame: pd.DataFrame) -> str:
    """The columns of a frame as a table in Markdown: four significant digits, empty where a value is missing."""

    def cell(value: Any) -> str:
        if value is None or value != value:
            return ""
        text = f"{value:.4g}" if isinstance(value, float) and not value.is_integer() else str(value)
        return (text.removesuffix(".0") if isinstance(value, float) else text).replace("|", "\\|").replace("\n", " ")

    rows = [[cell(name) for name in frame.columns], ["---"] * len(frame.columns)]
    rows += [[cell(v) for v in row] for row in frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
