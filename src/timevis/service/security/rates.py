"""Limits on the number of requests of one caller."""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock

MAX_CALLERS = 10_000


class RateLimiter:
    """A token bucket for each caller: `per_minute` requests on average, and as many at once.

    The buckets are in the memory of the process; several web servers limit their own requests.
    """

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # caller: allowed requests, at which time
        self._lock = Lock()

    def seconds_to_wait(self, caller: str, now: float | None = None) -> float:
        """Count a request of a caller; 0 if it is allowed, otherwise the time until the next one is."""
        now = time.monotonic() if now is None else now
        with self._lock:
            allowed, since = self._buckets.pop(caller, (self.per_minute, now))
            allowed = min(self.per_minute, allowed + (now - since) * self.per_minute / 60)
            wait = 0.0 if allowed >= 1 else (1 - allowed) * 60 / self.per_minute
            self._buckets[caller] = (allowed if wait else allowed - 1, now)
            while len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return wait

    def has_capacity(self, caller: str) -> bool:
        """Whether a request of a caller would be allowed; counts nothing."""
        with self._lock:
            allowed, since = self._buckets.get(caller, (self.per_minute, time.monotonic()))
        return allowed + (time.monotonic() - since) * self.per_minute / 60 >= 1
