"""Limits on the number of requests of one caller."""

from __future__ import annotations

import hashlib
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


class RecentTokens:
    """The tokens that were accepted last, as digests. Wrong tokens of others at the same address do not stop them."""

    def __init__(self) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def add(self, token: str) -> None:
        with self._lock:
            self._digests[_digest(token)] = None
            self._digests.move_to_end(_digest(token))
            while len(self._digests) > MAX_CALLERS:
                self._digests.popitem(last=False)

    def __contains__(self, token: object) -> bool:
        with self._lock:
            return isinstance(token, str) and _digest(token) in self._digests


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
