"""The settings of the service, read once from environment variables."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from timevis.errors import ConfigError
from timevis.utils.threads import available_cores

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Settings:
    """Settings of the service. Each one is read from the environment variable ``TIMEVIS_<NAME>``.

    Attributes
    ----------
    home : Path
        Folder of the database, uploads, datasets, runs, results and logs.
    database_url : str
        SQLAlchemy URL; a SQLite file in `home` by default.
    broker_url : str
        URL of the Redis that carries the messages of Celery. Without it, `timevis serve` starts a private server.
    token : str
        Secret that clients send as ``Authorization: Bearer``. Without it, a token is made and kept in `home`.
    allowed_hosts : tuple of str
        Host names, separated by commas, that requests may name besides those of this machine; requests for another
        host are refused, which defends against DNS rebinding.
    max_upload_megabytes : int
        Largest file that can be uploaded.
    profile_seconds, profile_megabytes : int
        Limits of time and memory for reading an uploaded file.
    grace_seconds : float
        Time between SIGTERM and SIGKILL when a training is cancelled.
    lost_after_seconds : float
        A running task without a heartbeat for this long is queued again.
    resend_seconds : float
        A queued task is sent to the broker again after this time, in case that its message was lost.
    max_attempts : int
        A task that was lost this many times fails.
    trainings : int
        Trainings that one worker runs at the same time; they share the cores of the machine.
    """

    home: Path
    database_url: str
    broker_url: str
    token: str
    allowed_hosts: tuple[str, ...] = ()
    max_upload_megabytes: int = 512
    profile_seconds: int = 300
    profile_megabytes: int = 8192
    grace_seconds: float = 20.0
    lost_after_seconds: float = 30.0
    resend_seconds: float = 15.0
    max_attempts: int = 3
    trainings: int = 1

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings and create the folders of `home`.

        Raises
        ------
        ConfigError
            A variable has a value of the wrong kind.
        """
        home = Path(environment.get("TIMEVIS_HOME") or "~/.timevis").expanduser().absolute()
        for name in ("uploads", "datasets", "runs", "results", "logs"):
            (home / name).mkdir(parents=True, exist_ok=True)
        limits: dict[str, float] = {}
        for field in fields(cls):
            variable = f"TIMEVIS_{field.name.upper()}"
            if field.type in ("int", "float") and (text := environment.get(variable)):
                limits[field.name] = _positive_number(variable, text, whole=field.type == "int")
        limits.setdefault("trainings", max(1, available_cores() // 2))
        return cls(
            home=home,
            database_url=environment.get("TIMEVIS_DATABASE_URL") or f"sqlite:///{home / 'timevis.db'}",
            broker_url=environment.get("TIMEVIS_BROKER_URL") or "",
            token=environment.get("TIMEVIS_TOKEN") or stored_token(home),
            allowed_hosts=tuple(filter(None, environment.get("TIMEVIS_ALLOWED_HOSTS", "").split(","))),
            **limits,  # type: ignore[arg-type]
        )

    @property
    def threads_per_training(self) -> int:
        """Threads of PyTorch in each training process."""
        return max(1, available_cores() // self.trainings)


def _positive_number(variable: str, text: str, whole: bool) -> float:
    if not re.fullmatch(r"\d+" if whole else r"\d+(\.\d+)?", text) or float(text) <= 0:
        kind = "a whole number" if whole else "a number"
        raise ConfigError(f"{variable}={text} must be {kind} above 0", f"unset {variable} to use the default")
    return int(text) if whole else float(text)


def stored_token(home: Path) -> str:
    """The token of a home folder, which is made at the first call; only its owner can read the file."""
    path = home / "token"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii").strip()
