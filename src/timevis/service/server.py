"""The HTTP server: waitress, with a deadline for every connection, and threads of their own for health.

Waitress alone closes a connection after 120 s without data and accepts no new one while 100 are open, so that a
hundred clients that send half a request stop it. Here every connection has a deadline in each of its states, which
a byte now and then does not prolong, and if very many connections are open, the one that has waited longest for its
client is closed. An error while a connection is served closes this connection and nothing else.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import time
import traceback
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import BadRequest

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 4000 if sys.platform != "win32" else 400  # select of Windows takes 512 sockets
FILES_OF_THE_PROCESS = 300
"""File descriptors that stay free for the database, the broker, uploads and results."""
HEADER_SECONDS = 10.0
"""From the first byte of a request, or from the start of the connection, to the end of the header."""
BODY_SECONDS = 30.0
BYTES_PER_SECOND = 8192.0
"""A body must arrive at this rate on average after `BODY_SECONDS`, and an answer be read after `IDLE_SECONDS`."""
IDLE_SECONDS = 75.0
"""A connection between two requests, and one whose client does not read the answer, is closed after this time."""
ANSWER_SECONDS = 900.0
"""A request to which the application has not sent one byte for this time is given up."""
CHECK_SECONDS = 1
FULL_SECONDS = 0.05
"""Pause before the next attempt to accept a connection when the process has no file descriptor left."""
SMALLEST_CLOSED = 2
"""Connections that are closed at once when there are too many; it is 1 % of them if that is more."""
LIVE_PATH = "/api/live"
RESERVED_THREADS = {LIVE_PATH: 1, "/api/health": 2}
"""Threads that only these paths use. Health asks the database and the broker, and may have to wait for them."""
PEER_KEY = "timevis.peer"
"""Key of the WSGI environment: the address of the other end of the connection, which may be a proxy."""


class RequestParser(HTTPRequestParser):
    """Refuses a request of blank lines only, which waitress skips, so that blank lines keep no connection open."""

    empty: bool

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.empty:
            self.empty, self.error = False, BadRequest("blank lines in place of a request")
        return consumed


class Channel(HTTPChannel):
    """A connection that knows since when its client has owed the rest of a request, or has not read its answer."""

    parser_class = RequestParser
    waiting_since: float | None = None
    """Start of an incomplete request, in `time.monotonic` seconds; None between requests."""
    header_received: float | None = None
    answered = 0.0
    """When the last answer ended; the rest of a request behind it is waited for from then on."""
    unread_since: float | None = None
    """When bytes of an answer were first seen waiting for the client; None while none do."""
    unread_bytes_sent = 0
    """Bytes that were sent since none waited for the client."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.waiting_since = time.monotonic()
        super().__init__(*arguments, **options)

    @property
    def last_activity(self) -> float:
        """When a byte was received or sent, or an answer ended; in `time.monotonic` seconds."""
        return self._last_activity

    @last_activity.setter
    def last_activity(self, _: float) -> None:  # waitress sets it in seconds of a clock that may jump
        self._last_activity = time.monotonic()

    def received(self, data: bytes) -> bool:
        is_received: bool = super().received(data)
        now = time.monotonic()
        if self.request is None:
            self.waiting_since = self.header_received = None
        else:
            self.waiting_since = self.waiting_since or now
            if self.header_received is None and self.request.headers_finished:
                self.header_received = now
        return is_received

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent: int = super().send(data, do_close)
        self.unread_bytes_sent += sent
        return sent

    def _flush_some(self, do_close: bool = True) -> bool:
        is_sent: bool = super()._flush_some(do_close)
        if not self.total_outbufs_len:
            self.unread_since, self.unread_bytes_sent = None, 0
        return is_sent

    def service(self) -> None:
        """Answer the first request, in a thread."""
        try:
            super().service()
        except Exception as error:  # not one of the application, which waitress answers with 500
            _log_error(error)
            self.shut_down()
            self.server.pull_trigger()
        self.answered = time.monotonic()

    def handle_error(self) -> None:
        """Close the connection after an error in the event loop."""
        _log_error(sys.exc_info()[1])
        self.handle_close()

    def shut_down(self) -> None:
        """End the connection. The event loop then closes the socket, whose number no other one may get before."""
        self.will_close = True
        with suppress(OSError, AttributeError):  # the client, or the event loop, has closed it already
            self.socket.shutdown(socket.SHUT_RDWR)

    def waits_since(self) -> float | None:
        """Since when the server waits for the client; None while it is the application that has to answer."""
        if self.requests and not self.total_outbufs_len:
            return None
        return self.last_activity if self.waiting_since is None else max(self.waiting_since, self.answered)

    def is_late(self, now: float) -> bool:
        """Whether the client has missed a deadline; `now` is in `time.monotonic` seconds."""
        idle_seconds = now - self.last_activity
        if self.total_outbufs_len:
            self.unread_since = self.unread_since or now
            seconds = now - self.unread_since - IDLE_SECONDS
            return idle_seconds > IDLE_SECONDS or self.unread_bytes_sent < seconds * BYTES_PER_SECOND
        if self.requests:
            return idle_seconds > ANSWER_SECONDS
        if self.waiting_since is None:
            return idle_seconds > IDLE_SECONDS
        if self.header_received is None:
            return now - max(self.waiting_since, self.answered) > HEADER_SECONDS
        seconds = now - max(self.header_received, self.answered) - BODY_SECONDS
        return bool(self.request.body_bytes_received < seconds * BYTES_PER_SECOND)


class Server(TcpWSGIServer):
    """Closes late connections every second; some paths have threads that nothing else uses."""

    channel_class = Channel
    application: Any
    task_dispatcher: ThreadedTaskDispatcher

    def __init__(self, *arguments: Any, reserved: dict[str, ThreadedTaskDispatcher], **options: Any) -> None:
        self.reserved = reserved
        super().__init__(*arguments, **options)
        self.application = _with_peer(self.application)

    def add_task(self, task: Channel) -> None:
        request = task.requests[0]  # one that is malformed has no path, and is refused without the application
        path = LIVE_PATH if request.error else request.path.removeprefix(self.adj.url_prefix)
        self.reserved.get(path, self.task_dispatcher).add_task(task)

    def accept(self) -> Any:
        """A new connection, or None. Without a file descriptor for it, the one that waits longest is closed."""
        try:
            accepted = super().accept()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                raise
            self._close_longest()
            time.sleep(FULL_SECONDS)
            return None
        if accepted is not None and len(self._map) + SMALLEST_CLOSED >= self.adj.connection_limit:
            self._close_longest()
        return accepted

    def handle_error(self) -> None:
        """Go on listening after an error in the event loop."""
        _log_error(sys.exc_info()[1])

    def maintenance(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            try:
                is_late = channel.is_late(time.monotonic())
            except Exception as error:
                _log_error(error)
                is_late = True
            if is_late:
                channel.shut_down()

    def _close_longest(self) -> None:
        """Close the connections that have waited longest for their client, of all addresses of the server."""
        channels = [channel for channel in self._map.values() if isinstance(channel, Channel)]
        waiting = [(channel.waits_since(), channel) for channel in channels if not channel.will_close]
        longest = sorted((pair for pair in waiting if pair[0] is not None), key=lambda pair: pair[0] or 0.0)
        for _, channel in longest[: max(SMALLEST_CLOSED, self.adj.connection_limit // 100)]:
            channel.shut_down()


def _log_error(error: BaseException | None) -> None:
    """Log the kind of an error and its place in the code, without what it says of the data of a client."""
    places = traceback.extract_tb(error.__traceback__ if error else None)
    place = f"{places[-1].filename}:{places[-1].lineno}" if places else "an unknown place"
    log.error("a connection is closed after %s in %s", type(error).__name__, place)


def _with_peer(app: Any) -> Any:
    """The application, told the address of the other end before the headers of a proxy name that of the client."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        environ[PEER_KEY] = environ.get("REMOTE_ADDR")
        return app(environ, start_response)

    return answer


def make_server(app: Any, host: str, port: int, threads: int, **options: Any) -> Server:
    """A server that listens on all addresses of a host; `run` answers requests until SystemExit.

    Parameters
    ----------
    app : WSGI application
    host : str
    port : int
    threads : int
        Requests that are answered at the same time.
    **options
        Further adjustments of waitress.

    Raises
    ------
    OSError
        The port cannot be used.
    """
    limit = min(MAX_CONNECTIONS, _open_files() - FILES_OF_THE_PROCESS)
    adjustments = Adjustments(
        **{"connection_limit": limit, "cleanup_interval": CHECK_SECONDS, "asyncore_use_poll": True, **options},
        **{"host": host, "port": port, "threads": threads},
    )
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    reserved = {path: ThreadedTaskDispatcher() for path in RESERVED_THREADS}
    for path, count in RESERVED_THREADS.items():
        reserved[path].set_thread_count(count)
    sockets: dict[int, Any] = {}
    servers = [
        Server(app, sockets, dispatcher=dispatcher, adj=adjustments, sockinfo=address, reserved=reserved)
        for address in adjustments.listen
    ]
    return servers[0]  # they share one map of sockets, so that one of them runs all


def _open_files() -> int:
    """The number of files that this process may open, after raising its limit as far as the system allows."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS + FILES_OF_THE_PROCESS
    import resource  # which Windows does not have

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + FILES_OF_THE_PROCESS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(soft, FILES_OF_THE_PROCESS + 100)
