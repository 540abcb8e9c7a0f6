"""Open the database: SQLite with a write-ahead log, or PostgreSQL, MySQL or MariaDB by URL."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.settings import WEB_THREADS, Secret, percent_encode_password

LOCK_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5
"""For each address of the server of the database."""
SILENCE = {"IDLE": 4, "INTVL": 2, "CNT": 3}
"""Seconds without data until a server is asked for a sign of life, between two questions, and their number."""
SILENCE_SECONDS = SILENCE["IDLE"] + SILENCE["INTVL"] * SILENCE["CNT"]
POOL_SIZE = 2 * WEB_THREADS
"""A request that looks up a file in the store uses a second connection."""
MIGRATION_LOCK = 7_061_993
"""Number of the lock that one process holds while it migrates."""
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"} | dict.fromkeys(
    ("mysql", "mariadb"), "mysql+pymysql"
)


def open_database(url: Secret | str) -> sessionmaker[Session]:
    """Connect to the database and migrate its tables to the newest revision.

    Parameters
    ----------
    url : Secret or str
        For example ``sqlite:////srv/timevis/timevis.db`` or ``postgresql://user@host/timevis``.

    Returns
    -------
    sessionmaker
        ``with sessions.begin() as session:`` is one transaction.
    """
    engine = make_engine(url)
    migrate(engine)
    return sessionmaker(engine, expire_on_commit=False)


def make_engine(url: Secret | str) -> Engine:
    """The engine of a database, without a look at its tables.

    Raises
    ------
    ConfigError
        The URL is none of a database; the message does not repeat it.
    """
    given = url if isinstance(url, str) else url.get_secret_value()
    scheme, _, rest = given.partition("://")
    address = _parsed(f"{DRIVERS.get(scheme, scheme)}://{rest}")
    is_sqlite = scheme == "sqlite"
    if is_sqlite and address.database not in (None, "", ":memory:"):
        _make_private(Path(address.database))
    engine = create_engine(
        address,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        connect_args={key: value for key, value in _timeouts(scheme).items() if key not in address.query},
        hide_parameters=True,  # else an error shows the values of its statement, such as the key of a webhook
    )
    if is_sqlite:
        event.listen(engine, "connect", _configure_sqlite)
    elif engine.dialect.name == "mysql" and "read_timeout" not in engine.url.query:
        event.listen(engine, "connect", _configure_mysql)
    return engine


def _parsed(url: str) -> URL:
    try:
        address = make_url(url)
        address.get_dialect()
        return address
    except (ArgumentError, ValueError):  # whose text may hold a part of the password
        message = Text("TIMEVIS_DATABASE_URL is not the address of a database")
        raise ConfigError(message, percent_encode_password()) from None


def _make_private(path: Path) -> None:
    """Make the file of the database readable for its owner only; SQLite gives the files beside it the same mode."""
    with suppress(OSError):  # SQLite says what is wrong with the path
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _timeouts(scheme: str) -> dict[str, int]:
    """Arguments of the driver with which a server that does not answer is an error; the URL may name others."""
    driver = DRIVERS.get(scheme, scheme)
    if driver == "sqlite":
        return {"timeout": LOCK_TIMEOUT_SECONDS}
    if driver == DRIVERS["mysql"]:
        return {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "read_timeout": CONNECT_TIMEOUT_SECONDS}
    if driver == DRIVERS["postgresql"]:
        names = {"IDLE": "keepalives_idle", "INTVL": "keepalives_interval", "CNT": "keepalives_count"}
        keepalives = {names[key]: value for key, value in SILENCE.items()}
        return {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "tcp_user_timeout": SILENCE_SECONDS * 1000, **keepalives}
    return {}


def _configure_mysql(connection: Any, _: Any) -> None:
    """End the limit of `read_timeout`, which is for connecting: a statement may take long, while the server lives."""
    connection._read_timeout = None
    if connection._sock.family != getattr(socket, "AF_UNIX", None):
        options = {f"TCP_KEEP{key}": value for key, value in SILENCE.items()}
        for name, value in {**options, "TCP_USER_TIMEOUT": SILENCE_SECONDS * 1000}.items():
            if hasattr(socket, name):  # not on every system
                connection._sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _configure_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        _execute_when_unlocked(connection, f"PRAGMA {pragma}")
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own function knows only ASCII


def _execute_when_unlocked(connection: sqlite3.Connection, statement: str) -> None:
    """Execute a statement; wait also where SQLite itself does not, as in the first change of the journal mode."""
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute(statement).close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _lower(text: Any) -> str | None:
    return None if text is None else str(text).lower()


def migration_config() -> Config:
    """The configuration of Alembic: the migrations of this package."""
    config = Config()
    config.set_main_option("script_location", "timevis.service.db:migrations")
    return config


def migrate(engine: Engine) -> None:
    """Migrate the tables to the newest revision; several processes may do so at the same time.

    Raises
    ------
    ConfigError
        A newer version of TimeVis has migrated the tables, or a development version has made them.
    """
    config = migration_config()
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    head = scripts.get_current_head()
    if revision == head:
        return
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise _unknown_revision(revision, is_newer=revision > str(head))
    with _locked(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _unknown_revision(revision: str, *, is_newer: bool) -> ConfigError:
    if is_newer:
        return ConfigError(
            Text(
                "the tables of the database were made by a newer version of TimeVis (revision {revision})",
                revision=revision,
            ),
            Text("upgrade TimeVis, or choose another database with TIMEVIS_DATABASE_URL"),
        )
    return ConfigError(
        Text(
            "the tables of the database were made by a development version of TimeVis (revision {revision}), "
            "and cannot be upgraded",
            revision=revision,
        ),
        Text(
            "choose an empty database with TIMEVIS_DATABASE_URL, or move the file timevis.db out of the home folder; "
            "TimeVis then makes new tables"
        ),
    )


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """A transaction of the one process that migrates; others wait. Nothing is changed if it fails."""
    dialect = engine.dialect.name
    with engine.connect() as connection:
        if dialect == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            isolation, driver.isolation_level = driver.isolation_level, None  # no implicit commit around statements
            driver.execute("PRAGMA foreign_keys=OFF")  # a table that others refer to is dropped and made again
            connection.begin()  # Alembic then leaves the end of the transaction to this function
            _execute_when_unlocked(driver, "BEGIN IMMEDIATE")
        elif dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
        else:
            arguments = {"name": f"timevis-{MIGRATION_LOCK}", "seconds": LOCK_TIMEOUT_SECONDS}
            if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), arguments) != 1:
                raise TimeoutError("another process has not finished the migration of the database")
            connection.commit()
        try:
            yield connection
            if dialect == "sqlite":
                connection.exec_driver_sql("COMMIT")
            connection.commit()
        finally:
            if dialect == "sqlite":
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                driver.execute("PRAGMA foreign_keys=ON")
                driver.isolation_level = isolation
            elif dialect == "mysql":
                connection.rollback()
                connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": f"timevis-{MIGRATION_LOCK}"})
