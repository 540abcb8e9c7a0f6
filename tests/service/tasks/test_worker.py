"""A worker: what it carries out after a start, and which queued tasks it starts when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from running_service import wait_until

from timevis.service.db import tables
from timevis.service.db.database import open_database
from timevis.service.db.tables import Sessions, Task
from timevis.service.settings import Settings
from timevis.service.tasks import states
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


def add(sessions: Sessions, name: str, queue: str = "cpu", user: str = "anna", **columns: object) -> None:
    with sessions.begin() as session:
        task = Task(id=name, kind="train", queue=queue, request={}, created_by=user)
        for column, value in columns.items():
            setattr(task, column, value)
        session.add(task)


@pytest.fixture
def worker(make_settings: Callable[..., Settings]) -> Worker:
    settings = make_settings(TIMEVIS_TRAININGS="1")
    return Worker(settings, open_database(settings.database_url), ("cpu", "interactive"))


class Running:
    """Tasks that run until the test ends them."""

    def __init__(self, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.worker = worker
        self.ends: dict[str, threading.Event] = {}
        self.started = list[str]()
        monkeypatch.setattr(worker_module, "carry_out", self._carry_out)
        self.dispatcher = Dispatcher(worker)

    def _carry_out(self, worker: Worker, task: Task) -> bool:
        self.ends[task.id] = threading.Event()
        self.started.append(task.id)
        self.ends[task.id].wait(30)
        with worker.sessions.begin() as session:
            states.finish(session, task, states.COMPLETED)
        return True

    def wait(self, *names: str) -> None:
        """Wait until these tasks have started, and check that no others have."""
        wait_until(lambda: set(self.started) >= set(names), 10)
        time.sleep(0.1)
        assert sorted(self.started) == sorted(names)

    def end(self, name: str) -> None:
        self.ends[name].set()

    def stop(self) -> None:
        self.worker.stopping.set()
        for end in self.ends.values():
            end.set()
        self.dispatcher.join()


def test_short_training_runs_and_files_have_slots_that_long_work_does_not_take(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("long 1", "long 2"):
        add(worker.sessions, name)
    for name in ("short 1", "short 2"):
        add(worker.sessions, name, is_short=True)
    for number in range(4):
        add(worker.sessions, f"file {number}", "interactive", kind="read")
        add(worker.sessions, f"forecast {number}", "interactive", kind="predict")
    running = Running(worker, monkeypatch)
    try:
        running.dispatcher.wake()
        first = ["long 1", "short 1", "file 0", "file 1", "forecast 0", "forecast 1"]
        running.wait(*first)
        running.end("short 1")  # its thread looks for the next task
        running.wait(*first, "short 2")
        running.end("long 1")
        running.end("file 0")
        running.wait(*first, "short 2", "long 2", "file 2")
        monkeypatch.setattr(worker_module, "LONG_AFTER_SECONDS", 0.0)  # short 2 now lasts too long
        add(worker.sessions, "short 3", is_short=True)
        running.dispatcher.wake()
        running.wait(*first, "short 2", "long 2", "file 2", "short 3")
    finally:
        running.stop()


def test_users_take_turns(worker: Worker) -> None:
    for number in range(3):
        add(worker.sessions, f"anna {number}", created=float(number))
    add(worker.sessions, "ben 0", user="ben", created=10.0)
    order = []
    for _ in range(4):
        with worker.sessions() as session:
            name = worker_module.next_task(session, "cpu")
        assert name is not None
        task = states.claim(worker.sessions, name, "worker")
        assert task is not None
        with worker.sessions.begin() as session:
            states.finish(session, task, states.COMPLETED)
        order.append(name)
    assert order == ["anna 0", "ben 0", "anna 1", "anna 2"]


def test_a_task_that_returned_to_its_queue_is_not_started_again_at_once(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []

    def carry_out(worker: Worker, task: Task) -> bool:
        starts.append(task.id)
        states.release(worker.sessions, task)
        return False

    monkeypatch.setattr(worker_module, "carry_out", carry_out)
    add(worker.sessions, "waits")
    dispatcher = Dispatcher(worker)
    dispatcher.wake()
    dispatcher.join()
    dispatcher.wake()
    assert starts == ["waits"]
