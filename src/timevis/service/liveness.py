"""Whether the web process answers: a probe that never blocks, so that `timevis serve` needs no thread for it."""

from __future__ import annotations

import errno
import select
import socket
import time
from contextlib import suppress

PROBE_SECONDS = 5.0
"""From the end of one probe to the start of the next one."""
ANSWER_SECONDS = 15.0
"""A web process, which has a thread for this question alone, answers within this time also on a busy machine."""
MAX_FAILED_PROBES = 3
START_SECONDS = 180.0
"""How long a process that has just started need not answer."""
MAX_PATIENCE = 8
"""The start may take longer after each restart, up to this many times."""
REQUEST = b"GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, getattr(errno, "WSAEWOULDBLOCK", 0))


class LivenessProbe:
    """Asks a web process for ``/api/live`` again and again; any answer of HTTP shows that it lives.

    Parameters
    ----------
    host, port : str, int
        On which the process listens.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port
        self._socket: socket.socket | None = None
        self._is_sent = False
        self._patience = 1
        self.begin()

    def begin(self) -> None:
        """The process has been started."""
        self._close()
        self._has_answered, self._failed = False, 0
        self._started = self._last = time.monotonic()

    def is_silent(self) -> bool:
        """Look after the probe; whether the process has not answered several times in a row. Returns at once."""
        now = time.monotonic()
        if self._socket is None:
            if now - self._last >= PROBE_SECONDS:
                self._open(now)
            return False
        try:
            is_answered = self._look()
        except OSError:
            is_answered = False
        if is_answered is None and now - self._last < ANSWER_SECONDS:
            return False
        self._close()
        self._last = now
        if is_answered:
            self._has_answered, self._failed, self._patience = True, 0, 1
            return False
        self._failed += 1
        is_starting = not self._has_answered and now - self._started < START_SECONDS * self._patience
        return self._failed >= MAX_FAILED_PROBES and not is_starting

    def give_up(self) -> None:
        """The process is started again because it was silent; the next one gets more time to start."""
        self._patience = min(2 * self._patience, MAX_PATIENCE)

    def _open(self, now: float) -> None:
        self._last, self._is_sent = now, False
        with suppress(OSError):  # the probe then ends without an answer
            family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setblocking(False)
            if (code := self._socket.connect_ex(address)) not in UNDER_WAY:
                raise OSError(code, "cannot connect")

    def _look(self) -> bool | None:
        """Whether the process has answered; None if it may still do so."""
        assert self._socket is not None
        if not self._is_sent:
            if not select.select([], [self._socket], [], 0)[1]:
                return None
            self._socket.sendall(REQUEST)
            self._is_sent = True
        if not select.select([self._socket], [], [], 0)[0]:
            return None
        return self._socket.recv(5) == b"HTTP/"

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
