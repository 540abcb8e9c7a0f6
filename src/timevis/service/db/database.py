"""Open the database: SQLite with a write-ahead log, or PostgreSQL by URL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from timevis.service.db.tables import Base

LOCK_TIMEOUT_SECONDS = 30


def open_database(url: str) -> sessionmaker[Session]:
    """Connect to the database and create the tables that are absent.

    Parameters
    ----------
    url : str
        For example ``sqlite:////srv/timevis/timevis.db`` or ``postgresql+psycopg://user@host/timevis``.

    Returns
    -------
    sessionmaker
        ``with sessions.begin() as session:`` is one transaction.
    """
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.partition("://")[2]
    is_sqlite = url.startswith("sqlite")
    arguments = {"timeout": LOCK_TIMEOUT_SECONDS} if is_sqlite else {}
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments)
    if is_sqlite:
        event.listen(engine, "connect", _configure_sqlite)
    _create_tables(engine)
    return sessionmaker(engine, expire_on_commit=False)


def _configure_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _create_tables(engine: Engine) -> None:
    """Create the tables; several processes may do so at the same time."""
    try:
        Base.metadata.create_all(engine)
    except Exception:  # another process created a table between the check and the creation
        Base.metadata.create_all(engine)
