"""The processes of `timevis serve`."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from running_service import command_of, wait_until
from servers import free_port

from timevis.cli import serve
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service import liveness, processes
from timevis.service.settings import PERMANENT_ERROR, START_HEADER, Secret, Settings


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def foreign_server() -> Iterator[tuple[int, list[str]]]:
    """The port of a server that answers every request with 200, and the paths that it was asked for."""
    paths = list[str]()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.send_header(START_HEADER, "another one")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, paths
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:5000"),
        ("0.0.0.0", "http://localhost:5000"),  # the service refuses 0.0.0.0 as the name of a host
        ("::", "http://[::1]:5000"),  # waitress then listens on no address of IPv4
        ("::1", "http://[::1]:5000"),
        ("192.168.1.5", "http://192.168.1.5:5000"),
    ],
)
def test_the_printed_link_names_an_address_that_this_machine_can_open(host: str, address: str) -> None:
    assert processes.local_address(host, 5000) == address


def test_a_taken_port_ends_the_service_before_anything_starts(
    make_settings: Callable[..., Settings], foreign_server: tuple[int, list[str]]
) -> None:
    port, paths = foreign_server
    with pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1 cannot be used"):
        processes.run_all(make_settings(), "127.0.0.1", port)
    assert paths == []


def test_the_link_with_the_token_is_not_printed_for_a_server_that_is_not_our_own(
    foreign_server: tuple[int, list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, paths = foreign_server
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    readiness = processes._Readiness(f"http://127.0.0.1:{port}", Secret("secret"), "our own")
    readiness.look()
    assert paths == ["/api/health"]
    assert capsys.readouterr().out == ""
    processes._Readiness(f"http://127.0.0.1:{port}", Secret("secret"), "another one").look()
    assert "secret" in capsys.readouterr().out


def test_the_token_is_printed_on_a_terminal_only(
    foreign_server: tuple[int, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"http://127.0.0.1:{foreign_server[0]}"
    processes._Readiness(address, Secret("secret"), "another one").look()  # stdout is a file, as in a journal
    printed = capsys.readouterr().out
    assert "secret" not in printed
    assert f"{address}/?token=TOKEN" in printed


@pytest.mark.parametrize("code", [PERMANENT_ERROR, 1])
def test_a_part_that_cannot_be_started_ends_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int, code: int
) -> None:
    monkeypatch.setattr(processes, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(processes, "POLL_SECONDS", 0.01)
    starts = tmp_path / "starts"
    script = f"open({str(starts)!r}, 'a').write('x'); raise SystemExit({code})"
    part = processes.Part("web", [sys.executable, "-S", "-c", script])
    part.start({})
    readiness = processes._Readiness(f"http://127.0.0.1:{port}", Secret("secret"), "our own")
    assert processes._supervise([part], {}, threading.Event(), readiness) == 1
    assert len(starts.read_text()) == (1 if code == PERMANENT_ERROR else processes.MAX_FAILED_STARTS)


def test_a_second_service_in_the_same_home_folder_says_who_holds_it(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    settings = make_settings()

    def run_a_second_one(*_: Any) -> int:
        with pytest.raises(ConfigError, match=f"process .* at http://localhost:{port} since 20"):
            processes.run_all(settings, "127.0.0.1", port)
        return 0

    monkeypatch.setattr(processes, "_run_parts", run_a_second_one)
    assert processes.run_all(settings, "127.0.0.1", port) == 0
    monkeypatch.setattr(processes, "_run_parts", lambda *_: 0)
    assert processes.run_all(settings, "127.0.0.1", port) == 0  # the first one has ended
    with FileLock(settings.home / "serve.lock"), pytest.raises(ConfigError, match="another timevis serve"):
        processes.run_all(settings, "127.0.0.1", port)


def test_a_part_says_that_a_newer_schema_is_a_permanent_error(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    monkeypatch.setenv("TIMEVIS_HOME", str(settings.home))
    monkeypatch.setenv("TIMEVIS_BROKER_URL", "redis://127.0.0.1:1/0")

    def refuse(*_: Any) -> None:
        raise ConfigError(Text("the tables were made by a newer version"))

    monkeypatch.setattr("timevis.service.processes.run_web", refuse)
    assert serve.main(["web"]) == PERMANENT_ERROR


WEB_PROCESS = """
import sys, time
from timevis.service import server

def app(environ, start):
    time.sleep(60 if environ["PATH_INFO"] == "/slow" else 0.4)
    start("200 OK", [("Content-Length", "0")])
    return [b""]

server.make_server(app, "127.0.0.1", int(sys.argv[1]), 2).run()
"""


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch, port: int) -> Iterator[processes.Part]:
    """A web process that is supervised by probes which follow each other quickly."""
    for name, value in {"PROBE_SECONDS": 0.1, "ANSWER_SECONDS": 1.0, "MAX_FAILED_PROBES": 2}.items():
        monkeypatch.setattr(liveness, name, value)
    monkeypatch.setattr(processes, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(processes, "SILENT_STOP_SECONDS", 0.5)
    part = processes.Part(
        "web", [sys.executable, "-c", WEB_PROCESS, str(port)], probe=liveness.LivenessProbe("127.0.0.1", port)
    )
    part.start(os.environ)
    stop = threading.Event()
    readiness = processes._Readiness(f"http://127.0.0.1:{port}", "secret", "our own")
    readiness.is_printed = True
    thread = threading.Thread(target=processes._supervise, args=([part], os.environ, stop, readiness))
    thread.start()
    wait_until(lambda: part.probe is not None and part.probe._has_answered, 30)
    yield part
    stop.set()
    thread.join()
    part.stop(1)


def process_id(part: processes.Part) -> int:
    assert part.process is not None
    return part.process.pid


def test_a_web_process_that_lives_but_does_not_answer_is_started_again(supervised: processes.Part, port: int) -> None:
    first = process_id(supervised)
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: process_id(supervised) != first, 30)
    wait_until(lambda: supervised.probe is not None and supervised.probe._has_answered, 30)
    assert command_of(first) == ""  # it is gone
    assert str(port) in command_of(process_id(supervised))


def test_a_web_process_that_is_slow_and_busy_but_answers_is_left_alone(supervised: processes.Part, port: int) -> None:
    first = process_id(supervised)
    clients = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(4)]
    for client in clients:  # more than there are threads
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(5)  # many times as long as a silent process is given
    assert supervised.is_running
    assert process_id(supervised) == first
    for client in clients:
        client.close()


def test_a_web_process_may_take_long_to_start_and_longer_after_each_restart(
    monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    now = 1000.0
    monkeypatch.setattr(liveness.time, "monotonic", lambda: now)
    probe = liveness.LivenessProbe("127.0.0.1", port)  # nothing listens there
    silent_after = []
    for _ in range(3):
        started = now
        probe.begin()
        while not probe.is_silent():
            now += 1
        silent_after.append(now - started)
        probe.give_up()
    assert silent_after[0] >= liveness.START_SECONDS
    assert silent_after[1] >= 2 * liveness.START_SECONDS
    assert silent_after[2] >= 4 * liveness.START_SECONDS
