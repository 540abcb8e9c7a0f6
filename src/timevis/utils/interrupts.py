"""SIGTERM and Ctrl-C end a run at the next batch; a second one ends the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from timevis.errors import Cancelled

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Whether, and by which signal, the run was asked to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._at_once = False

    def handle_signal(self, number: int, frame: FrameType | None = None) -> None:
        if self.signal is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.signal = number
        if self._at_once:
            raise self.to_error()

    @contextmanager
    def raise_immediately(self) -> Iterator[None]:
        """Within it a request raises `Cancelled` right away: for long work that has no batches to end between.

        Nothing that must be finished, such as writing a file, belongs there.
        """
        self._at_once = True
        try:
            self.raise_if_requested()
            yield
        finally:
            self._at_once = False

    def raise_if_requested(self) -> None:
        """Raise `Cancelled` if asked to stop."""
        if self.signal is not None:
            raise self.to_error()

    def to_error(self) -> Cancelled:
        """The end of a run that was asked to stop."""
        number = self.signal or signal.SIGTERM
        name = signal.Signals(number).name
        return Cancelled(f"cancelled by {name}", exit_code=128 + number)


@contextmanager
def handle_signals() -> Iterator[StopRequest]:
    """Turn SIGTERM and SIGINT into a `StopRequest`; outside the main thread it is never set."""
    stop = StopRequest()
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, stop.handle_signal) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
