"""Honest clients beside 500 slow ones, which never finish a request: directly at the service, and through nginx.

50 clients send one read request per second each. A slow client sends half a header, or a header and half a body, then
one byte a second, and connects again when it is closed. nginx has the configuration of deploy/nginx.conf. Rounds with
and without slow clients alternate. A request that fails counts as one that takes for ever.
"""

from __future__ import annotations

import math
import shutil
import socket
import ssl
import statistics
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.servers import PREFIX, SETTINGS, nginx
from benchmarks.service_load import CLIENTS, PAGE, Call, load, prepare, reads_of, service

SLOW_CLIENTS = 500
LIMIT_SECONDS = 1.0
"""The 95th percentile of honest clients has to be below this."""
BYTE_SECONDS = 1.0
CONNECT_SECONDS = 10.0
BEGINNINGS = (
    f"GET {PREFIX}/api/tasks HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    f"POST {PREFIX}/api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
)


def main(rounds: int, threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        client = stack.enter_context(service(folder / "service", **SETTINGS))
        dataset, task = prepare(client, PAGE, PAGE, PAGE)
        ways = {"directly": (client.address, None)}
        if shutil.which("nginx") and shutil.which("openssl"):
            (folder / "nginx").mkdir()
            port = urlsplit(client.address).port
            assert port is not None
            ways["through nginx"] = stack.enter_context(nginx(folder / "nginx", port))
        else:
            print("  nginx or openssl is not installed; install nginx-light and openssl")
        results = {}
        for way, (address, certificate) in ways.items():
            tls = ssl.create_default_context(cafile=certificate) if certificate else None
            reads = reads_of(address, dataset, task, tls)
            results[way] = _measure(reads, partial(SlowClients, address, tls), rounds)
    print(_table(results))
    return results


def _measure(reads: Sequence[Call], slow_clients: Callable[[], SlowClients], rounds: int) -> dict[str, Any]:
    """Median over the rounds of the 95th percentile of the seconds of a request, without and with slow clients."""
    alone, beside, failed, slow = list[float](), list[float](), 0, list[int]()
    for _ in range(rounds):
        alone.append(_late(load(reads)))
        with slow_clients() as opened:
            seconds = load(reads, may_fail=True)
            slow.append(opened.smallest)
        failed += seconds.count(None)
        beside.append(_late(seconds))
    numbers = {"alone_seconds": statistics.median(alone), "beside_slow_seconds": statistics.median(beside)}
    return {**numbers, "failed": failed, "slow_connections": min(slow)}


def _late(seconds: Sequence[float | None]) -> float:
    """The 95th percentile."""
    ordered = sorted(math.inf if value is None else value for value in seconds)
    return ordered[int(0.95 * len(ordered))]


def _table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown."""
    header = f"| 95th percentile of {CLIENTS} clients | alone | beside slow connections | failed | at least open | |"
    lines = ["", header, "|---|---|---|---|---|---|"]
    for way, found in results.items():
        times = [f"{1000 * found[key]:.0f} ms" for key in ("alone_seconds", "beside_slow_seconds")]
        verdict = "below" if found["beside_slow_seconds"] < LIMIT_SECONDS else "ABOVE"
        counts = f"{found['failed']} | {found['slow_connections']}"
        lines.append(f"| {way} | {times[0]} | {times[1]} | {counts} | {verdict} {LIMIT_SECONDS:g} s |")
    return "\n".join(lines)


class SlowClients:
    """Context with `SLOW_CLIENTS` connections that never finish a request.

    Parameters
    ----------
    address : str
        Of the server.
    tls : SSLContext, optional
        For https. The handshake is finished, as each client can do.
    """

    def __init__(self, address: str, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(address)
        self.host, self.port, self.tls = str(parts.hostname), parts.port, tls
        self.smallest = SLOW_CLIENTS
        """The smallest number of connections that were open at the end of a second."""
        self._connections: list[socket.socket] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send_slowly, daemon=True)

    def __enter__(self) -> SlowClients:
        self._connections = [self._connect(number) for number in range(SLOW_CLIENTS)]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for connection in self._connections:
            connection.close()

    def _connect(self, number: int) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), CONNECT_SECONDS)
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_hostname=self.host)
        connection.sendall(BEGINNINGS[number % len(BEGINNINGS)].encode())
        connection.setblocking(False)
        return connection

    def _send_slowly(self) -> None:
        while not self._stop.wait(BYTE_SECONDS):
            for number, connection in enumerate(self._connections):
                if _is_open(connection):
                    continue
                connection.close()
                with suppress(OSError):  # it stays closed until the next second
                    self._connections[number] = self._connect(number)
            self.smallest = min(self.smallest, sum(connection.fileno() >= 0 for connection in self._connections))


def _is_open(connection: socket.socket) -> bool:
    """Send a byte; returns whether the server neither closed the connection nor answered."""
    try:
        connection.send(b"x")
        connection.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False
