"""What a worker does besides its tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from running_service import wait_until

from timevis.service.db import tables
from timevis.service.db.database import open_database
from timevis.service.settings import Settings
from timevis.service.tasks import worker as worker_module
from timevis.service.tasks.jobs import Worker
from timevis.service.tasks.worker import Dispatcher


def test_a_worker_gives_signs_of_life_while_a_purge_is_slow(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_purging, may_end = threading.Event(), threading.Event()

    def slow_purge(*_: object) -> None:
        is_purging.set()
        may_end.wait(60)

    monkeypatch.setattr(worker_module, "purge", slow_purge)
    monkeypatch.setattr(worker_module, "HEARTBEAT_SECONDS", 0.05)
    settings = make_settings()
    worker = Worker(settings, open_database(settings.database_url), ("cpu",))
    maintenance = worker_module.Maintenance(worker, Dispatcher(worker))
    thread = threading.Thread(target=maintenance.run, daemon=True)

    def heartbeat() -> float:
        with worker.sessions() as session:
            found = session.get(tables.Worker, worker.name)
            return 0.0 if found is None else found.heartbeat

    thread.start()
    try:
        assert is_purging.wait(30)
        wait_until(lambda: heartbeat() > 0, 30)
        first = heartbeat()
        wait_until(lambda: heartbeat() > first, 5)
    finally:
        may_end.set()
        worker.stopping.set()
        thread.join(30)
    assert heartbeat() == 0  # a worker that stopped is no longer listed
