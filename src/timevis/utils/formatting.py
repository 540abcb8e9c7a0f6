"""Format numbers, times, counts and tables for reports and messages; `phrases` has what needs words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from timevis.utils.language import language

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
        text = f"{100 * value:.1f}{percent_sign()}"
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


def percent_sign() -> str:
    """The percent sign after a number, with the space that English has before it here."""
    return " %" if language() == "en" else "%"


def format_count(count: int, noun: str, format_value: Callable[[int], str] = str) -> str:
    """Format a count with its noun, such as "1 row" or "3 rows"; `format_value` formats the number."""
    return f"{format_value(count)} {noun}" + "s" * (count != 1)


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
