"""Intervals, durations, lists of names and sentences, in the language of `timevis.utils.language`."""

from __future__ import annotations

from collections.abc import Sequence

from timevis.messages import Text
from timevis.utils.formatting import format_number, with_minus_sign
from timevis.utils.language import language

WEEKDAYS = (
    Text("monday", "Mon"),
    Text("tuesday", "Tue"),
    Text("wednesday", "Wed"),
    Text("thursday", "Thu"),
    Text("friday", "Fri"),
    Text("saturday", "Sat"),
    Text("sunday", "Sun"),
)
MONTHS = (
    Text("january", "Jan"),
    Text("february", "Feb"),
    Text("march", "Mar"),
    Text("april", "Apr"),
    Text("may", "May"),
    Text("june", "Jun"),
    Text("july", "Jul"),
    Text("august", "Aug"),
    Text("september", "Sep"),
    Text("october", "Oct"),
    Text("november", "Nov"),
    Text("december", "Dec"),
)


def format_interval(low: float | None, high: float | None, percent: bool = False) -> str:
    """Format the ends of an interval as ``low to high``; empty if there is no interval."""
    if low is None or high is None:
        return ""
    first = with_minus_sign(f"{100 * low:.1f}") if percent else format_number(low)
    return from_to(first, format_number(high, percent))


def from_to(first: str, last: str) -> str:
    """Two ends as text, such as ``2024-01-01 to 2024-02-01``."""
    return str(Text("from-to", "{first} to {last}", first=first, last=last))


def format_duration(seconds: float | None) -> str:
    """Format a duration in seconds, minutes or hours; a dash if it is None."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return str(Text("duration-in-seconds", "{seconds} s", seconds=f"{seconds:.3g}"))
    if seconds < 6000:
        return str(Text("duration-in-minutes", "{minutes} min", minutes=f"{seconds / 60:.1f}"))
    return str(Text("duration-in-hours", "{hours} h", hours=f"{seconds / 3600:.1f}"))


def row_count(rows: int) -> Text:
    """A number of rows."""
    return Text("row-count-one", "1 row") if rows == 1 else Text("row-count", "{rows} rows", rows=format_number(rows))


def origin_count(origins: int) -> Text:
    """A number of origins."""
    if origins == 1:
        return Text("origin-count-one", "1 origin")
    return Text("origin-count", "{origins} origins", origins=format_number(origins))


def join_names(names: Sequence[str], max_names: int = 20) -> str:
    """Join names with commas; of more than `max_names`, the first ones and the number of the others."""
    joined, more = str(Text("between-items", ", ")).join(names[:max_names]), len(names) - max_names
    return joined if more <= 0 else str(Text("names-and-more", "{names} and {count} more", names=joined, count=more))


def join_sentences(*sentences: str | Text) -> str:
    """The sentences that are not empty, with a space between them where the language has one."""
    return str(Text("between-sentences", " ")).join(filter(None, map(str, sentences)))


def as_sentence(text: Text) -> str:
    """A text that begins with a capital letter, in English, and ends with one full stop."""
    words = str(text).rstrip(".。") + str(Text("full-stop", "."))
    return words[:1].upper() + words[1:] if language() == "en" else words
