"""Open the database: SQLite with a write-ahead log, or PostgreSQL, MySQL or MariaDB by URL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

LOCK_TIMEOUT_SECONDS = 30
MIGRATION_LOCK = 7_061_993
"""Number of the lock that one process holds while it migrates."""
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"} | dict.fromkeys(
    ("mysql", "mariadb"), "mysql+pymysql"
)


def open_database(url: str) -> sessionmaker[Session]:
    """Connect to the database and migrate its tables to the newest revision.

    Parameters
    ----------
    url : str
        For example ``sqlite:////srv/timevis/timevis.db`` or ``postgresql://user@host/timevis``.

    Returns
    -------
    sessionmaker
        ``with sessions.begin() as session:`` is one transaction.
    """
    engine = make_engine(url)
    migrate(engine)
    return sessionmaker(engine, expire_on_commit=False)


def make_engine(url: str) -> Engine:
    """The engine of a database, without a look at its tables."""
    scheme, _, rest = url.partition("://")
    url = f"{DRIVERS.get(scheme, scheme)}://{rest}"
    is_sqlite = scheme == "sqlite"
    engine = create_engine(
        url, pool_pre_ping=True, connect_args={"timeout": LOCK_TIMEOUT_SECONDS} if is_sqlite else {}
    )
    if is_sqlite:
        event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def migration_config() -> Config:
    """The configuration of Alembic: the migrations of this package."""
    config = Config()
    config.set_main_option("script_location", "timevis.service.db:migrations")
    return config


def migrate(engine: Engine) -> None:
    """Migrate the tables to the newest revision; several processes may do so at the same time."""
    config = migration_config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
    with _locked(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """A transaction of the one process that migrates; others wait. Nothing is changed if it fails."""
    dialect = engine.dialect.name
    with engine.connect() as connection:
        if dialect == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            isolation, driver.isolation_level = driver.isolation_level, None  # no implicit commit around statements
            deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
            while True:
                try:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    break
                except OperationalError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
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
                driver.isolation_level = isolation
            elif dialect == "mysql":
                connection.rollback()
                connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": f"timevis-{MIGRATION_LOCK}"})
