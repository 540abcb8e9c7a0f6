"""The HTTP server against clients that send half a request, send slowly, or do not read."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from running_service import wait_until

from timevis.service import server
from timevis.service.settings import WEB_THREADS

SLOW_CLIENTS = 150
LIMIT = 100
"""The server of these tests accepts this many connections, fewer than there are slow clients."""
ANSWER_BYTES = 40 * 2**20


def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    if environ["PATH_INFO"] == "/wait":
        time.sleep(1.5)
    body = b"x" * ANSWER_BYTES if environ["PATH_INFO"] == "/large" else environ["wsgi.input"].read()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server with short deadlines and two threads."""
    for name, value in {"HEADER_SECONDS": 1.0, "BODY_SECONDS": 1.0, "IDLE_SECONDS": 1.0}.items():
        monkeypatch.setattr(server, name, value)
    with running_server(2, connection_limit=LIMIT) as port:
        yield port


@contextmanager
def running_server(threads: int, **options: int) -> Iterator[int]:
    """The port of a server in a thread of this process."""
    running = server.make_server(app, "127.0.0.1", 0, threads, **options)
    is_stopping = threading.Event()
    accept = running.handle_accept

    def handle_accept() -> None:
        if is_stopping.is_set():
            raise SystemExit
        accept()

    running.handle_accept = handle_accept
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    yield int(running.effective_port)
    is_stopping.set()
    socket.create_connection(("127.0.0.1", int(running.effective_port)), 5).close()
    thread.join(15)


def seconds_of(port: int, path: str, body: bytes = b"") -> float:
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body=body)
    assert connection.getresponse().read() == body
    connection.close()
    return time.monotonic() - started


def is_closed(client: socket.socket) -> bool:
    client.settimeout(0.01)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_clients_that_never_finish_their_request_do_not_stop_the_others(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(SLOW_CLIENTS)]
    for client in slow:
        client.send(b"GET / HTTP/1.1\r\nHost: ")
    assert max(seconds_of(port, "/", b"hello") for _ in range(20)) < 1
    wait_until(lambda: all(map(is_closed, slow)), 10)


def test_with_500_slow_clients_the_others_are_answered_within_a_second() -> None:
    beginnings = b"GET / HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\nx"
    with running_server(WEB_THREADS) as port, ExitStack() as opened:
        slow = [opened.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(500)]
        for number, client in enumerate(slow):
            client.send(beginnings[number % 2])
        with ThreadPoolExecutor(50) as honest:
            seconds = sorted(honest.map(lambda _: seconds_of(port, "/", b"hello"), range(500)))
        assert seconds[int(0.95 * len(seconds))] < 1
        assert not any(map(is_closed, slow[:10]))  # they were open all the time


def test_a_byte_now_and_then_does_not_prolong_the_deadline_of_header_and_body(port: int) -> None:
    header, body = (socket.create_connection(("127.0.0.1", port), 10) for _ in range(2))
    header.send(b"GET / HTTP/1.1\r\nHost: ")
    body.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    ended = dict.fromkeys((header, body), 0.0)
    started = time.monotonic()
    while not all(ended.values()):
        for client in ended:
            if not ended[client] and is_closed(client):
                ended[client] = time.monotonic() - started
            elif not ended[client]:
                client.send(b"x")
        time.sleep(0.1)
        assert time.monotonic() - started < 15
    assert min(ended.values()) >= 1


def test_health_is_answered_while_all_threads_are_busy_and_clients_do_not_read(port: int) -> None:
    for _ in range(2):
        client = socket.create_connection(("127.0.0.1", port), 10)
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    busy = [threading.Thread(target=seconds_of, args=(port, "/wait")) for _ in range(2)]
    for thread in busy:
        thread.start()
    time.sleep(0.3)
    assert seconds_of(port, "/api/health") < 1
    for thread in busy:
        thread.join(15)
        assert not thread.is_alive()
