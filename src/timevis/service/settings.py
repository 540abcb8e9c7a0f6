"""The settings of the service, read once from environment variables."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.machine import available_cores, total_megabytes

WEB_THREADS = 16
"""Threads of the web process; each request occupies one until it is answered."""
PERMANENT_ERROR = 78
"""Exit code of a part of `timevis serve` that would fail again if it were started again (EX_CONFIG of sysexits.h)."""
START_HEADER = "X-TimeVis-Start"
"""Header of the answers of health: the identifier that `timevis serve` gave its web process in TIMEVIS_START_ID."""
READING_SLOTS = 2
"""Files that one worker reads at the same time."""
WANDB_MODES = ("disabled", "offline", "online")
FOLDERS = ("uploads", "datasets", "runs", "results", "logs")
"""Folders below TIMEVIS_HOME."""
SECRET_VARIABLES = tuple(f"TIMEVIS_{name}" for name in ("DATABASE_URL", "BROKER_URL", "TOKEN", "STORE", "SMTP_URL"))
"""Only the parts of the service need these variables, and none of the processes that they start for one task."""


class Secret(SecretStr):
    """A text whose `str` and `repr` are ``***``, so that no log, traceback or answer shows it by accident."""

    def _display(self) -> str:
        return "***"


NOT_SET = Secret("")


@dataclass(frozen=True)
class Settings:
    """Settings of the service. Each one is read from the environment variable ``TIMEVIS_<NAME>``.

    Those that hold a token or a password are of the type `Secret`; call `get_secret_value` only where one is used.

    Attributes
    ----------
    home : Path
        Folder of the database, uploads, datasets, runs, results and logs.
    database_url : Secret
        SQLAlchemy URL; a SQLite file in `home` by default.
    broker_url : Secret
        URL of the Redis that carries the messages of Celery. Without it, `timevis serve` starts a private server.
    store : Secret
        Folder as fsspec names it, for example ``s3://bucket/timevis``, to which files are copied, so that workers on
        several hosts share them. Without it, the files are only in `home`.
    token : Secret
        Secret that clients send as ``Authorization: Bearer``. Without it, a token is made and kept in `home`.
    allowed_hosts : tuple of str
        Host names, separated by commas, that requests may name besides the names of this machine; requests for
        another host are refused, which defends against DNS rebinding.
    max_upload_megabytes : int
        Largest file that can be uploaded.
    max_unpacked_megabytes : int
        Largest content of a compressed file that is read.
    profile_seconds : int
        Limit of time for reading an uploaded file.
    profile_megabytes : int
        Limit of memory for reading files, of all that are read at the same time together; by default half of the
        memory of the machine, and at most 8192.
    grace_seconds : float
        Time between SIGTERM and SIGKILL when a training is cancelled.
    lost_after_seconds : float
        A running task without a heartbeat for this long is queued again.
    max_attempts : int
        A task that was lost this many times fails.
    trainings : int
        Training runs of one worker at the same time; they share the cores of the machine.
    training_megabytes : int
        Limit of memory of each training run on the CPU; by default 80 % of the memory of the machine, divided by
        `trainings`.
    cors_origins : tuple of str
        Origins such as ``https://dashboard.example``, separated by commas, whose pages may call the API.
    trusted_proxy : str
        Address of a proxy on the way, whose headers X-Forwarded-For and X-Forwarded-Proto name the address of the
        client and whether it uses https.
    sso_header : str
        Header in which a proxy such as oauth2-proxy names the user that it has signed in, for example
        ``X-Auth-Request-Email``. Without it, such headers are ignored.
    sso_proxies : tuple of str
        Addresses or networks, separated by commas, of the proxies whose `sso_header` is believed.
    sso_role : str
        Role of a user that the proxy names for the first time: ``viewer``, ``editor`` or ``owner``.
    root_path : str
        Path below which a proxy shows the service, such as ``/timevis``; requests may have it or lack it.
    requests_per_minute, failed_tokens_per_minute : float
        Limits for one token, or for one address without a token; and for wrong tokens of one address.
    sign_ins_per_minute : float
        Limit of passwords that are tried for one user name, and of one address.
    max_rows, max_columns, max_sheets : int
        Largest table of an upload.
    keep_deleted_days : float
        Deleted datasets and models can be restored for this long; then their files are removed.
    keep_unused_days : float, optional
        Files that could not be read, results of forecasts, and runs that failed or were cancelled are removed after
        this time; by default they are kept.
    keep_audit_days : float
        Entries of the audit log are removed after this time.
    smtp_url : Secret
        Mail server for alerts of monitors, such as ``smtp://user:password@mail.example:587``, with STARTTLS where the
        server offers it, or ``smtps://``. Without it, alerts by e-mail wait.
    mail_from : str
        Sender of these e-mails.
    start_id : str
        Set by `timevis serve` for its web process, which names it in health, so that the two know each other.
    wandb_mode, wandb_project : str
        Whether training runs are also logged to Weights & Biases: ``disabled``, ``offline`` or ``online``.
    """

    home: Path
    database_url: Secret
    broker_url: Secret
    token: Secret
    store: Secret = NOT_SET
    allowed_hosts: tuple[str, ...] = ()
    max_upload_megabytes: int = 512
    max_unpacked_megabytes: int = 1024
    profile_seconds: int = 300
    profile_megabytes: int = 8192
    grace_seconds: float = 20.0
    lost_after_seconds: float = 30.0
    max_attempts: int = 3
    trainings: int = 1
    training_megabytes: int = 8192
    cors_origins: tuple[str, ...] = ()
    trusted_proxy: str = ""
    sso_header: str = ""
    sso_proxies: tuple[str, ...] = ()
    sso_role: str = "viewer"
    root_path: str = ""
    requests_per_minute: float = 6000.0
    failed_tokens_per_minute: float = 30.0
    sign_ins_per_minute: float = 10.0
    max_rows: int = 20_000_000
    max_columns: int = 10_000
    max_sheets: int = 100
    keep_deleted_days: float = 30.0
    keep_unused_days: float | None = None
    keep_audit_days: float = 365.0
    smtp_url: Secret = NOT_SET
    mail_from: str = "timevis@localhost"
    start_id: str = ""
    wandb_mode: str = "disabled"
    wandb_project: str = "timevis"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings and create the folders of `home`.

        Raises
        ------
        ConfigError
            A variable has a value of the wrong kind, or the file of the token is empty.
        """
        home = Path(environment.get("TIMEVIS_HOME") or "~/.timevis").expanduser().absolute()
        make_private_folder(home)
        for name in FOLDERS:
            (home / name).mkdir(parents=True, exist_ok=True)
        limits: dict[str, float] = {}
        for field in fields(cls):
            variable = f"TIMEVIS_{field.name.upper()}"
            if field.type in ("int", "float", "float | None") and (text := environment.get(variable)):
                limits[field.name] = _positive_number(variable, text, whole=field.type == "int")
        limits.setdefault("trainings", max(1, available_cores() // 2))
        limits.setdefault("training_megabytes", int(0.8 * total_megabytes() / limits["trainings"]))
        limits.setdefault("profile_megabytes", min(cls.profile_megabytes, total_megabytes() // 2))
        sso_header, sso_proxies, sso_role = _single_sign_on(environment)
        return cls(
            home=home,
            database_url=_url(environment, "TIMEVIS_DATABASE_URL", f"sqlite:///{home / 'timevis.db'}"),
            broker_url=_url(environment, "TIMEVIS_BROKER_URL"),
            store=_url(environment, "TIMEVIS_STORE"),
            token=Secret(environment.get("TIMEVIS_TOKEN") or stored_token(home)),
            allowed_hosts=_names(environment, "TIMEVIS_ALLOWED_HOSTS"),
            cors_origins=_origins(environment, "TIMEVIS_CORS_ORIGINS"),
            trusted_proxy=environment.get("TIMEVIS_TRUSTED_PROXY") or "",
            sso_header=sso_header,
            sso_proxies=sso_proxies,
            sso_role=sso_role,
            root_path=_root_path(environment),
            smtp_url=Secret(_smtp_url(environment.get("TIMEVIS_SMTP_URL") or "")),
            mail_from=environment.get("TIMEVIS_MAIL_FROM") or cls.mail_from,
            start_id=environment.get("TIMEVIS_START_ID") or "",
            wandb_mode=_choice(environment, "TIMEVIS_WANDB_MODE", WANDB_MODES),
            wandb_project=environment.get("TIMEVIS_WANDB_PROJECT") or cls.wandb_project,
            **limits,  # type: ignore[arg-type]
        )

    @property
    def gpus(self) -> tuple[str, ...]:
        """The GPUs of this machine that training runs may use, as values of CUDA_VISIBLE_DEVICES."""
        if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
            return tuple(part for part in visible.split(",") if part)
        return tuple(sorted(path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")))

    @property
    def megabytes_per_reading(self) -> int:
        """Limit of memory of each process that reads a file."""
        return max(1, self.profile_megabytes // READING_SLOTS)

    @property
    def threads_per_training(self) -> int:
        """Threads of PyTorch in each training process."""
        return max(1, available_cores() // self.trainings)


def environment_of_child() -> dict[str, str]:
    """The environment of a process that carries out one task: this one without the secrets of the service."""
    return {key: value for key, value in os.environ.items() if key not in SECRET_VARIABLES}


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner can open; one that others can open is closed to them."""
    path.mkdir(parents=True, exist_ok=True)
    if sys.platform != "win32" and path.stat().st_uid == os.geteuid() and path.stat().st_mode & 0o077:
        path.chmod(0o700)


def _names(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    """The parts of a list that is separated by commas."""
    return tuple(part.strip() for part in environment.get(variable, "").split(",") if part.strip())


def _root_path(environment: Mapping[str, str]) -> str:
    """A path with a slash at its begin and none at its end, or nothing."""
    path = environment.get("TIMEVIS_ROOT_PATH", "").rstrip("/")
    if path and not re.fullmatch(r"(/[\w.~-]+)+", path, re.ASCII):
        raise ConfigError(Text("TIMEVIS_ROOT_PATH={path!r} is not a path such as /timevis", path=path))
    return path


def _single_sign_on(environment: Mapping[str, str]) -> tuple[str, tuple[str, ...], str]:
    """The header that names the user, the addresses of the proxies that may send it, and the role of a new user."""
    header, proxies = environment.get("TIMEVIS_SSO_HEADER") or "", _names(environment, "TIMEVIS_SSO_PROXIES")
    if header and not re.fullmatch(r"[A-Za-z0-9-]+", header):
        raise ConfigError(
            Text("TIMEVIS_SSO_HEADER={header!r} is not the name of a header", header=header),
            Text("write for example X-Auth-Request-Email"),
        )
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise ConfigError(
                Text("TIMEVIS_SSO_PROXIES: {address!r} is not an address or network", address=proxy),
                Text("write for example 127.0.0.1 or 10.0.3.0/24"),
            ) from None
    if header and not proxies:
        raise ConfigError(
            Text("TIMEVIS_SSO_HEADER needs the addresses of the proxies that send it"),
            Text("set TIMEVIS_SSO_PROXIES, for example to 127.0.0.1"),
        )
    role = _choice(environment, "TIMEVIS_SSO_ROLE", ("viewer", "editor", "owner"))
    return header, proxies, role


def _choice(environment: Mapping[str, str], variable: str, choices: tuple[str, ...]) -> str:
    value = environment.get(variable) or choices[0]
    if value not in choices:
        raise ConfigError(
            Text(
                "{variable}={value} is none of {choices}", variable=variable, value=value, choices=", ".join(choices)
            ),
            Text("unset it for {default}", default=choices[0]),
        )
    return value


def _origins(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    origins = _names(environment, variable)
    for origin in origins:
        if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", origin):
            raise ConfigError(
                Text("{variable}: {origin!r} is not an origin", variable=variable, origin=origin),
                Text("write for example https://dashboard.example"),
            )
    return origins


def _url(environment: Mapping[str, str], variable: str, default: str = "") -> Secret:
    """The URL in a variable. One that cannot be split is refused here, where the message does not repeat it."""
    text = environment.get(variable) or default
    try:
        for part in text.split(";"):  # several addresses of a Redis Sentinel
            _ = urlsplit(part).port  # an unescaped / or @ of a password leads to a wrong one
    except ValueError:
        raise ConfigError(Text("{variable} is not a URL", variable=variable), percent_encode_password()) from None
    return Secret(text)


def percent_encode_password() -> Text:
    """Advice on a URL with a password."""
    return Text("percent-encode the special characters of a password, for example @ as %40")


def _smtp_url(url: str) -> str:
    if url and not re.fullmatch(r"smtps?://([^@/?#\[\]\s]+@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d+)?/?", url):
        raise ConfigError(
            Text("TIMEVIS_SMTP_URL is not the address of a mail server"),
            Text(
                "write for example smtp://user:password@mail.example:587; {advice}", advice=percent_encode_password()
            ),
        )
    return url


def _positive_number(variable: str, text: str, whole: bool) -> float:
    if not re.fullmatch(r"\d+" if whole else r"\d+(\.\d+)?", text) or float(text) <= 0:
        values = {"variable": variable, "value": text}
        raise ConfigError(
            Text("{variable}={value} must be a whole number above 0", **values)
            if whole
            else Text("{variable}={value} must be a number above 0", **values),
            Text("unset {variable} to use the default", variable=variable),
        )
    return int(text) if whole else float(text)


def stored_token(home: Path) -> str:
    """The token of a home folder, which is made at the first call; only its owner can read the file."""
    path = home / "token"
    if not path.exists():
        _write_token(path)
    if not (token := path.read_text(encoding="ascii").strip()):
        raise ConfigError(
            Text("{path} contains no token", path=str(path)),
            Text("delete this file; the next start then makes a new token"),
        )
    return token


def _write_token(path: Path) -> None:
    """Write a new token, unless another process does so at the same time; a full disk leaves no file."""
    temporary = path.with_name(f".token-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
