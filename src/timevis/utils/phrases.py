"""Intervals, durations, lists of names and sentences, in the language of `timevis.utils.language`."""

from __future__ import annotations

from collections.abc import Sequence

from timevis.messages import Text
from timevis.utils.formatting import format_number, with_minus_sign
from timevis.utils.language import language

WEEKDAYS = (
    Text("Mon"),
    Text("Tue"),
    Text("Wed"),
    Text("Thu"),
    Text("Fri"),
    Text("Sat"),
    Text("Sun"),
)
MONTHS = (
    Text("Jan"),
    Text("Feb"),
    Text("Mar"),
    Text("Apr"),
    Text("May"),
    Text("Jun"),
    Text("Jul"),
    Text("Aug"),
    Text("Sep"),
    Text("Oct"),
    Text("Nov"),
    Text("Dec"),
)


def format_interval(low: float | None, high: float | None, percent: bool = False) -> str:
    """Format the ends of an interval as ``low to high``; empty if there is no interval."""
    if low is None or high is None:
        return ""
    first = with_minus_sign(f"{100 * low:.1f}") if percent else format_number(low)
    return from_to(first, format_number(high, percent))


def from_to(first: str, last: str) -> str:
    """Two ends as text, such as ``2024-01-01 to 2024-02-01``."""
    return str(Text("{first} to {last}", first=first, last=last))


def format_duration(seconds: float | None) -> str:
    """Format a duration in seconds, minutes or hours; a dash if it is None."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return str(Text("{seconds} s", seconds=f"{seconds:.3g}"))
    if seconds < 6000:
        return str(Text("{minutes} min", minutes=f"{seconds / 60:.1f}"))
    return str(Text("{hours} h", hours=f"{seconds / 3600:.1f}"))


def row_count(rows: int) -> Text:
    """A number of rows."""
    return Text("1 row") if rows == 1 else Text("{rows} rows", rows=format_number(rows))


def origin_count(origins: int) -> Text:
    """A number of origins."""
    if origins == 1:
        return Text("1 origin")
    return Text("{origins} origins", origins=format_number(origins))


def join_names(names: Sequence[str], max_names: int = 20) -> str:
    """Join names with commas; of more than `max_names`, the first ones and the number of the others."""
    joined, more = str(Text(", ", code="between-items")).join(names[:max_names]), len(names) - max_names
    return joined if more <= 0 else str(Text("{names} and {count} more", names=joined, count=more))


def join_sentences(*sentences: str | Text) -> str:
    """The sentences that are not empty, with a space between them where the language has one."""
    return str(Text(" ")).join(filter(None, map(str, sentences)))


def as_sentence(text: Text) -> str:
    """A text that begins with a capital letter, in English, and ends with one full stop."""
    words = str(text).rstrip(".。") + str(Text("."))
    return words[:1].upper() + words[1:] if language() == "en" else words
