"""Events in words that are known ahead of time, and their rows in a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

SURE_PROBABILITY = 0.9
"""Of the kind of an event, from which its reading counts as sure."""


@dataclass(frozen=True)
class TextEvent:
    """What happens, in words, and when.

    Attributes
    ----------
    start, end : Timestamp
        Local times without a zone; rows before `end` belong to the event. `end` is None if it does not end.
    text : str
    """

    start: pd.Timestamp
    end: pd.Timestamp | None
    text: str


@dataclass(frozen=True)
class EventReading:
    """How a model reads the text of an event.

    Attributes
    ----------
    kind : str
        What happens; one of `timevis.models.patches.events.event.KINDS`.
    value : float, optional
        The factor of the kind ``factor``, and the number of the kind ``limit``.
    probability : float
        Of the kind.
    unknown_words : tuple of str
        Words, or Chinese characters, that were in no sentence of the training.
    """

    kind: str
    value: float | None
    probability: float
    unknown_words: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the kind is probable, and all words are known; the text may be misread nevertheless."""
        return self.probability >= SURE_PROBABILITY and not self.unknown_words


@dataclass(frozen=True)
class EventRows:
    """The rows of an event in a panel.

    Attributes
    ----------
    start, end : int
        The first row, and the row after the last one; beyond the panel if the event does not end.
    event : TextEvent
    """

    start: int
    end: int
    event: TextEvent


def rows_of_events(events: Sequence[TextEvent], index: pd.DatetimeIndex) -> tuple[EventRows, ...]:
    """The rows of events in an index of local times; events without a row there are left out."""
    local = index.tz_localize(None)
    out = []
    for event in events:
        start = int(local.searchsorted(event.start))
        end = len(local) if event.end is None else int(local.searchsorted(event.end))
        if end > start:
            out.append(EventRows(start, end, event))
    return tuple(out)
