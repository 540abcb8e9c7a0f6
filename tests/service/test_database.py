"""Migrations of the database, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, event, inspect, select, text
from sqlalchemy.exc import DatabaseError, OperationalError

from timevis.errors import ConfigError
from timevis.service.db import database
from timevis.service.db.tables import CHANGE, AuditEntry, Base, Task
from timevis.service.settings import Settings
from timevis.service.tasks.retention import purge


def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    engine = database.open_database(database_url).kw["bind"]
    with engine.connect() as connection:
        has_own_names = engine.dialect.name == "mysql"  # DOUBLE for Float(53)
        context = MigrationContext.configure(connection, opts={"compare_type": not has_own_names})
        assert compare_metadata(context, Base.metadata) == []
        assert (
            context.get_current_revision()
            == ScriptDirectory.from_config(database.migration_config()).get_current_head()
        )


def test_processes_that_start_at_the_same_time_migrate_once(database_url: str) -> None:
    barrier = threading.Barrier(4)

    def start() -> int:
        barrier.wait()
        with database.open_database(database_url)() as session:
            return len(session.scalars(select(Task)).all())

    with ThreadPoolExecutor(4) as pool:
        assert [future.result() for future in [pool.submit(start) for _ in range(4)]] == [0] * 4


def test_a_connection_waits_while_another_writes_to_a_file_without_a_write_ahead_log(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "timevis.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    engine = database.make_engine(f"sqlite:///{tmp_path / 'timevis.db'}")
    with ThreadPoolExecutor(1) as pool:
        opened = pool.submit(engine.connect)
        with pytest.raises(TimeoutError):
            opened.result(timeout=0.3)
        other.execute("COMMIT")
        with opened.result(timeout=30) as connection:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    other.close()


def test_a_migration_that_fails_changes_nothing_and_keeps_what_is_stored(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = database.open_database(database_url)
    with sessions.begin() as session:
        session.add(Task(kind="train", queue="cpu", request={}))
        session.execute(text("DELETE FROM alembic_version"))
    engine = sessions.kw["bind"]

    def fail_half_way(config: database.Config, _: str) -> None:
        config.attributes["connection"].execute(text("CREATE TABLE half_made (id INTEGER)"))
        raise OperationalError("the disk is full", None, Exception())

    monkeypatch.setattr(command, "upgrade", fail_half_way)
    with pytest.raises(OperationalError, match="the disk is full"):
        database.migrate(engine)
    if engine.dialect.name != "mysql":  # MySQL commits at each change of a table
        assert "half_made" not in inspect(engine).get_table_names()
    with sessions() as session:
        assert session.query(Task).count() == 1


def test_a_database_of_a_newer_version_is_refused_with_advice(database_url: str) -> None:
    with database.open_database(database_url).begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="upgrade TimeVis"):
        database.open_database(database_url)


def test_a_database_of_an_earlier_development_version_is_refused_with_advice(database_url: str) -> None:
    with database.open_database(database_url).begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0010'"))
    with pytest.raises(ConfigError, match=r"(?s)revision 0010.*choose an empty database"):
        database.open_database(database_url)


def test_no_statement_changes_or_removes_an_entry_of_the_audit_log_before_its_time(
    database_url: str, make_settings: Callable[..., Settings]
) -> None:
    sessions = database.open_database(database_url)
    now = time.time()
    values = {"kind": CHANGE, "operation": "PATCH /api/models/{model_id}", "status": 200}
    with sessions.begin() as session:
        session.add_all(
            AuditEntry(user_name=name, time=now - days * 86_400, **values) for name, days in (("anna", 1), ("ben", 9))
        )
    statements = ["DELETE FROM audit_entries", "DELETE FROM audit_entries WHERE user_name = 'ben'"]
    if database_url.startswith("postgresql"):
        statements.append("TRUNCATE audit_entries")
    for statement in statements:
        with pytest.raises(DatabaseError, match="only after their time"), sessions.begin() as session:
            session.execute(text(statement))
    with pytest.raises(DatabaseError, match="never change"), sessions.begin() as session:
        session.execute(text("UPDATE audit_entries SET user_name = 'carl'"))
    assert purge(sessions, make_settings(TIMEVIS_KEEP_AUDIT_DAYS="10"))["audit entries"] == 0
    assert purge(sessions, make_settings(TIMEVIS_KEEP_AUDIT_DAYS="5"))["audit entries"] == 1
    with pytest.raises(DatabaseError, match="only after their time"), sessions.begin() as session:
        session.execute(delete(AuditEntry))
    with sessions() as session:
        assert session.scalars(select(AuditEntry.user_name)).all() == ["anna"]


def test_an_account_of_mariadb_without_the_right_to_make_triggers_is_told_so(mariadb_url: str) -> None:
    owner = database.make_engine(mariadb_url)
    name = owner.url.database
    rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES"
    with owner.begin() as connection:
        connection.execute(text(f"CREATE USER IF NOT EXISTS {name}@localhost"))
        connection.execute(text(f"GRANT {rights} ON {name}.* TO {name}@localhost"))
    limited_url = mariadb_url.replace("root@", f"{name}@")
    with pytest.raises(ConfigError, match="trigger") as refused:
        database.open_database(limited_url)
    assert "GRANT TRIGGER" in str(refused.value.advice)
    with owner.begin() as connection:
        connection.execute(text(f"GRANT TRIGGER ON {name}.* TO {name}@localhost"))
    database.open_database(limited_url)  # nothing of the first attempt is in the way


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_a_server_that_accepts_connections_and_says_nothing_is_an_error(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CONNECT_TIMEOUT_SECONDS", 2, raising=False)
    errors: list[Exception] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = database.make_engine(f"{scheme}://user@127.0.0.1:{silent.getsockname()[1]}/timevis")

        def connect() -> None:
            try:
                engine.connect()
            except OperationalError as error:
                errors.append(error)

        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        thread.join(15)
        assert len(errors) == 1


def test_a_statement_may_last_longer_than_connecting(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CONNECT_TIMEOUT_SECONDS", 1)
    begin = time.monotonic()
    with database.make_engine(mariadb_url).connect() as connection:
        connection.execute(text("SELECT SLEEP(1.5)"))
    assert time.monotonic() - begin > 1.5


def test_the_url_of_the_database_can_change_its_timeouts() -> None:
    engine = database.make_engine("postgresql://user@127.0.0.1/timevis?connect_timeout=60")
    found: dict[str, object] = {}

    def stop(_: object, __: object, ___: object, given: dict[str, object]) -> None:
        found.update(given)
        raise InterruptedError

    event.listen(engine, "do_connect", stop)
    with pytest.raises(InterruptedError):
        engine.connect()
    assert (found["connect_timeout"], found["tcp_user_timeout"]) == ("60", 10_000)
