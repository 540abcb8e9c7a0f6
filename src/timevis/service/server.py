"""The HTTP server: waitress, with deadlines for slow clients, and threads of its own for health.

Waitress alone closes a connection after 120 s without data and accepts no new one while 100 are open, so that a
hundred clients that send half a request stop it. Here a connection without a complete request has deadlines that do
not start again with each byte, and if very many connections are open, the one that has waited longest is closed.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

MAX_CONNECTIONS = 4000 if sys.platform != "win32" else 400  # select of Windows takes 512 sockets
FILES_OF_THE_PROCESS = 300
"""File descriptors that stay free for the database, the broker, uploads and results."""
HEADER_SECONDS = 10.0
"""From the first byte of a request, or from the start of the connection, to the end of the header."""
BODY_SECONDS = 30.0
BODY_BYTES_PER_SECOND = 8192.0
"""After `BODY_SECONDS`, a body must have arrived at this rate on average."""
IDLE_SECONDS = 75.0
"""A connection between two requests, and one whose client does not read the answer, is closed after this time."""
CHECK_SECONDS = 1
HEALTH_PATHS = ("/api/live", "/api/health")
HEALTH_THREADS = 2
PEER_KEY = "timevis.peer"
"""Key of the WSGI environment: the address of the other end of the connection, which may be a proxy."""


class Channel(HTTPChannel):
    """A connection that knows since when its client has owed the rest of a request."""

    waiting_since: float | None = None
    """Start of an incomplete request, in `time.monotonic` seconds; None between requests."""
    header_received: float | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.waiting_since = time.monotonic()
        super().__init__(*arguments, **options)

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

    def shut_down(self) -> None:
        """End the connection. The event loop then closes the socket, whose number no other one may get before."""
        with suppress(OSError):  # the client has closed it already
            self.socket.shutdown(socket.SHUT_RDWR)

    def is_late(self, now: float) -> bool:
        """Whether the client has missed a deadline; `now` is in `time.monotonic` seconds."""
        if self.requests:
            return bool(self.total_outbufs_len) and time.time() - self.last_activity > IDLE_SECONDS
        if self.waiting_since is None or self.total_outbufs_len:
            return time.time() - self.last_activity > IDLE_SECONDS
        if self.header_received is None:
            return now - self.waiting_since > HEADER_SECONDS
        seconds = now - self.header_received - BODY_SECONDS
        return seconds > 0 and self.request.body_bytes_received < seconds * BODY_BYTES_PER_SECOND


class Server(TcpWSGIServer):
    """Closes late connections every second; requests for health have threads that nothing else uses."""

    channel_class = Channel
    application: Any

    def __init__(self, *arguments: Any, health: ThreadedTaskDispatcher, **options: Any) -> None:
        self.health = health
        super().__init__(*arguments, **options)
        self.application = _with_peer(self.application)

    def add_task(self, task: Channel) -> None:
        is_health = task.requests[0].path.removeprefix(self.adj.url_prefix) in HEALTH_PATHS
        (self.health if is_health else self.task_dispatcher).add_task(task)

    def handle_accept(self) -> None:
        super().handle_accept()
        waiting = [channel for channel in self.active_channels.values() if not channel.requests]
        if (excess := len(self._map) + 1 - self.adj.connection_limit) > 0:
            waiting.sort(key=lambda channel: channel.waiting_since or time.monotonic())
            for channel in waiting[:excess]:
                channel.shut_down()

    def maintenance(self, now: float) -> None:
        for channel in self.active_channels.values():
            if channel.is_late(time.monotonic()):
                channel.shut_down()


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
    dispatcher, health = ThreadedTaskDispatcher(), ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    health.set_thread_count(HEALTH_THREADS)
    sockets: dict[int, Any] = {}
    servers = [
        Server(app, sockets, dispatcher=dispatcher, adj=adjustments, sockinfo=address, health=health)
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
