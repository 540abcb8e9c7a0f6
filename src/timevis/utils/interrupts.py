"""Stop a run after SIGTERM or Ctrl-C: the first signal stops it at the next batch, the second ends the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from timevis.errors import Cancelled, TimeLimitReached
from timevis.messages import Text

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Whether a signal has requested that the run stops.

    Attributes
    ----------
    signal : int or None
        Number of the signal; None while there is no request.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._raises_immediately = False
        self._is_time_up = False

    def handle_signal(self, number: int, frame: FrameType | None = None) -> None:
        """Signal handler: record the request; a second signal ends the process."""
        if self.signal is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.signal = number
        if self._raises_immediately:
            raise self.to_error()

    @contextmanager
    def raise_immediately(self) -> Iterator[None]:
        """Context in which a signal raises `Cancelled` at once, for long work that has no batches.

        Work that must not be interrupted, such as writing a file, does not belong in it.
        """
        self._raises_immediately = True
        try:
            self.raise_if_requested()
            yield
        finally:
            self._raises_immediately = False

    def raise_if_requested(self) -> None:
        """Raise `Cancelled` if a stop was requested, or `TimeLimitReached` after the end of a `time_limit`."""
        if self.signal is not None:
            raise self.to_error()
        if self._is_time_up:
            raise _time_limit_error()

    def withdraw(self) -> None:
        """Forget the request, so that the run goes on; a further signal is a new request."""
        self.signal = None

    @contextmanager
    def time_limit(self, seconds: float | None) -> Iterator[None]:
        """Context in which work that may be interrupted raises `TimeLimitReached` after a number of seconds.

        This is the work within `raise_immediately`. There is no limit outside the main thread and on Windows, which
        has no timer signals, and none if `seconds` is None.
        """
        in_main_thread = threading.current_thread() is threading.main_thread()
        if seconds is None or not in_main_thread or not hasattr(signal, "SIGALRM"):
            yield
            return
        previous = signal.signal(signal.SIGALRM, self._handle_alarm)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
            self._is_time_up = False

    def _handle_alarm(self, number: int, frame: FrameType | None = None) -> None:
        self._is_time_up = True
        if self._raises_immediately:
            raise _time_limit_error()

    def to_error(self) -> Cancelled:
        """The error that ends the run, with the exit code of the signal."""
        number = self.signal or signal.SIGTERM
        name = signal.Signals(number).name
        return Cancelled(Text("cancelled by {signal}", signal=name), exit_code=128 + number)


def _time_limit_error() -> TimeLimitReached:
    return TimeLimitReached(Text("the time limit ended it"))


@contextmanager
def handle_signals() -> Iterator[StopRequest]:
    """Context in which SIGTERM and SIGINT set a `StopRequest`; only the main thread can receive them."""
    stop = StopRequest()
    previous_handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        previous_handlers = {number: signal.signal(number, stop.handle_signal) for number in STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
