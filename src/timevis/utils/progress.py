"""Log the progress of a long loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")
LOG_INTERVAL_SECONDS = 30.0


def with_progress(items: Iterable[T], total: int, description: str, unit: str = "batch") -> Iterator[T]:
    """Yield the items, and log a line every `LOG_INTERVAL_SECONDS`; a shorter loop logs nothing.

    Parameters
    ----------
    items : iterable
    total : int
        Number of items.
    description, unit : str
        What the loop does, and what an item is: ``statistics: channel 120 of 500, about 20 s left``.
    """
    started = logged = time.monotonic()
    for number, item in enumerate(items):
        now = time.monotonic()
        if number and now >= logged + LOG_INTERVAL_SECONDS:
            logged = now
            left = (now - started) / number * (total - number)
            log.info("%s: %s %d of %d, about %.0f s left", description, unit, number, total, left)
        yield item
