"""The HTTP server against clients that send half a request or garbage, send slowly, or do not read."""

from __future__ import annotations

import http.client
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from running_service import wait_until
from servers import free_port

from timevis.service import server
from timevis.service.settings import WEB_THREADS

SLOW_CLIENTS = 150
LIMIT = 100
"""The server of these tests accepts this many connections, fewer than there are slow clients."""
SOON = 5.0
"""Seconds in which a server that does not wait for slow clients answers, even on a busy machine. The usual deadlines
of slow clients are longer."""
ANSWER_BYTES = 40 * 2**20
DESCRIPTORS = 400
"""Files that a server in a process of its own may open; 100 of its connections are accepted."""
ATTACKS = {
    "garbage behind a request": b"GET /api/live HTTP/1.1\r\n\r\nGARBAGE\r\n\r\n",
    "garbage": b"GARBAGE\r\n\r\n",
    "half a header": b"GET / HTTP/1.1\r\nHost: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx",
    "a request, then nothing": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank lines": b"\r\n\r\n",
    "nothing": b"",
}
LIMITED_SERVER = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
from timevis.service import server

def app(environ, start):
    start("200 OK", [("Content-Length", "0")])
    return [b""]

server.make_server(app, "127.0.0.1", int(sys.argv[1]), 2).run()
"""


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


def test_with_500_slow_clients_the_others_are_answered_soon() -> None:
    beginnings = b"GET / HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\nx"
    with running_server(WEB_THREADS) as port, ExitStack() as opened:
        slow = [opened.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(500)]
        for number, client in enumerate(slow):
            client.send(beginnings[number % 2])
        with ThreadPoolExecutor(50) as honest:
            seconds = sorted(honest.map(lambda _: seconds_of(port, "/", b"hello"), range(500)))
        assert seconds[int(0.95 * len(seconds))] < SOON
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


@pytest.fixture
def limited_port() -> Iterator[int]:
    """The port of a server with the usual deadlines, whose process may open few files."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", LIMITED_SERVER, str(port)])
    wait_until(lambda: can_connect(port), 30)
    yield port
    process.kill()
    process.wait()


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("attack", ATTACKS)
def test_more_connections_than_descriptors_stop_nobody_else(limited_port: int, attack: str) -> None:
    with ExitStack() as opened:
        for number in range(DESCRIPTORS + 100):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", limited_port), 5))
            client.sendall(ATTACKS[attack])
            if number % 100 == 0:
                assert seconds_of(limited_port, "/") < SOON
        time.sleep(0.5)
        assert max(seconds_of(limited_port, path) for path in ("/", "/api/live") for _ in range(5)) < SOON


@pytest.mark.parametrize("before", [b"", b"GET /api/live HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize("malformed", [b"GARBAGE\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"])
def test_a_malformed_request_is_answered_with_400_and_closed(port: int, before: bytes, malformed: bytes) -> None:
    client = socket.create_connection(("127.0.0.1", port), 5)
    client.sendall(before + malformed)
    answer = b"".join(iter(lambda: client.recv(4096), b""))  # to the end of the connection
    statuses = [line[9:12] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/")]
    assert statuses == [*([b"200"] if before else []), b"400"]


def test_an_idle_connection_is_closed_and_blank_lines_do_not_prolong_it(port: int) -> None:
    idle, blank = (socket.create_connection(("127.0.0.1", port), 10) for _ in range(2))
    for client in (idle, blank):
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.recv(4096)
    started = time.monotonic()
    while not (is_closed(idle) and is_closed(blank)):
        assert time.monotonic() - started < 10
        try:
            blank.send(b"\r\n")
        except OSError:
            continue
        time.sleep(0.1)


def test_a_client_that_reads_its_answer_slowly_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BYTES_PER_SECOND", 2**22)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
    client.connect(("127.0.0.1", port))
    client.settimeout(5)
    client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    received, started = 0, time.monotonic()
    try:
        while data := client.recv(2**15):  # 1 MB/s: the whole answer would take 40 s
            received += len(data)
            assert time.monotonic() - started < 20
            time.sleep(0.03)
    except ConnectionError:
        pass
    assert 0 < received < ANSWER_BYTES


def test_an_error_of_the_server_closes_one_connection_and_is_logged_without_its_data(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("secret-of-the-client")

    for name in ("received", "is_late"):
        with monkeypatch.context() as patch, socket.create_connection(("127.0.0.1", port), 5) as client:
            patch.setattr(server.Channel, name, fail)
            client.sendall(b"GET / HTTP/1.1\r\nHost: secret-of-the-client\r\n")
            wait_until(lambda client=client: is_closed(client), 5)
        assert seconds_of(port, "/") < 1
    with monkeypatch.context() as patch, socket.create_connection(("127.0.0.1", port), 5) as client:
        patch.setattr(server.HTTPChannel, "service", fail)  # in a thread
        client.sendall(b"GET / HTTP/1.1\r\nHost: secret-of-the-client\r\n\r\n")
        wait_until(lambda: is_closed(client), 5)
    assert seconds_of(port, "/") < 1
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 3
    assert all("ValueError in" in error and "test_server.py" in error for error in errors)
    assert "secret" not in caplog.text
