"""A worker: a Celery consumer that wakes a dispatcher, and threads that recover lost tasks and purge.

The dispatcher decides which queued tasks start, and when: slots for each kind of work, and turns between users.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from timevis.service.db import tables
from timevis.service.db.database import open_database
from timevis.service.db.tables import Task
from timevis.service.settings import READING_SLOTS, Settings
from timevis.service.tasks.jobs import Worker, carry_out, claim
from timevis.service.tasks.queue import GPU, HEARTBEAT_SECONDS, INTERACTIVE, TASK_NAME, make_celery
from timevis.service.tasks.retention import purge
from timevis.service.tasks.states import QUEUED, READ, RUNNING, UnchangedRows, beat, recover_lost

log = logging.getLogger(__name__)

FORGET_WORKER_SECONDS = 3600.0
PURGE_SECONDS = 3600.0
FORECAST_SLOTS = 2
"""Forecasts and comparisons that one worker computes at the same time."""
SHORT_SLOTS = 1
"""Training runs that are expected to be short, beside `Settings.trainings` others."""
LONG_AFTER_SECONDS = 180.0
"""A training run that was expected to be short leaves the slot for short ones after this time."""
WAIT_SECONDS = 15.0
"""A task that returned to its queue, since it cannot be completed yet, is tried again after this time."""
TURN_SECONDS = 86_400.0
"""Users whose last task started longer ago than this all come first."""


def run_worker(
    settings: Settings, queues: tuple[str, ...], register: Callable[[Worker, Celery], None] = lambda *_: None
) -> None:
    """Carry out tasks of queues until SIGTERM, which ends the running training runs and returns them to the queue.

    `register` adds further kinds of messages.
    The worker uses threads, not forks: a fork of a process in which PyTorch has started threads can hang.
    """
    worker = Worker(settings, open_database(settings.database_url), queues)
    celery, dispatcher = make_celery(settings), Dispatcher(worker)

    @celery.task(name=TASK_NAME)
    def execute_task(task_id: str) -> None:
        dispatcher.wake()

    register(worker, celery)
    warnings.simplefilter("ignore", SecurityWarning)  # about root and pickles; messages are JSON
    signals.setup_logging.connect(lambda **_: None, weak=False)  # the process has its own logs
    signals.worker_shutting_down.connect(lambda **_: worker.stopping.set(), weak=False)
    if INTERACTIVE in queues:
        worker.readers.prepare()
        import timevis.inference.predict  # noqa: F401  a forecast then waits for no import

        threading.Thread(target=_load_nano, daemon=True, name="load nano").start()
    maintenance = Maintenance(worker, dispatcher)
    threading.Thread(target=maintenance.run, daemon=True, name="maintenance").start()
    arguments = ["--quiet", "worker", "--pool=solo", f"--queues={','.join(queues)}"]  # the dispatcher has the threads
    arguments += [f"--hostname={worker.name}@%h", "--without-gossip", "--without-mingle"]
    try:
        celery.worker_main(arguments)
    finally:
        worker.stopping.set()
        dispatcher.join()
        worker.readers.close()


def _load_nano() -> None:
    """Load nano once, so that the first forecast with it does not wait for the imports of transformers."""
    from timevis.models.backbone.load import load_backbone

    load_backbone("nano")


class Maintenance:
    """What a worker does besides its tasks: signs of life, recovery of lost tasks, a look at the queues, purges."""

    def __init__(self, worker: Worker, dispatcher: Dispatcher) -> None:
        self.worker, self.dispatcher, settings = worker, dispatcher, worker.settings
        self.heartbeats = UnchangedRows(math.ceil(settings.lost_after_seconds / HEARTBEAT_SECONDS))

    def run(self) -> None:
        """Repeat until the worker stops."""
        # a purge can last longer than the time after which a worker without a heartbeat is taken for lost
        threading.Thread(target=self._repeat, args=(self.purge, PURGE_SECONDS), daemon=True, name="purge").start()
        self._repeat(self.beat, HEARTBEAT_SECONDS)
        try:
            with self.worker.sessions.begin() as session:
                session.execute(delete(tables.Worker).where(tables.Worker.id == self.worker.name))
        except SQLAlchemyError:
            return

    def _repeat(self, action: Callable[[], None], seconds: float) -> None:
        wait = HEARTBEAT_SECONDS
        while not self.worker.stopping.wait(wait):
            wait = seconds
            try:
                action()
            except SQLAlchemyError as error:
                log.warning("the database cannot be used (%s)", error)
            except Exception:  # for example of the artefact store; the worker must go on giving signs of life
                log.exception("the maintenance of this worker failed; it is tried again")

    def purge(self) -> None:
        """Remove what was deleted or unused for long enough."""
        purge(self.worker.sessions, self.worker.settings)

    def beat(self) -> None:
        """Write the heartbeats of the worker and its tasks, recover lost tasks, and start queued ones."""
        worker, now = self.worker, time.time()
        with worker.sessions.begin() as session:
            session.merge(tables.Worker(id=worker.name, queues=list(worker.queues), heartbeat=now))
            session.execute(delete(tables.Worker).where(tables.Worker.heartbeat < now - FORGET_WORKER_SECONDS))
        for task in list(worker.active.values()):
            beat(worker.sessions, task)
        for task_id in recover_lost(worker.sessions, self.heartbeats, worker.settings.max_attempts):
            log.warning("task %s was lost; it is queued again", task_id)
        self.dispatcher.wake()


class Dispatcher:
    """Starts queued tasks in threads.

    A message of the broker only wakes the dispatcher, and so does the end of a task and the heartbeat of the worker;
    it then looks into the database. A lost message therefore delays a task and loses none.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Task, float]] = {}
        self._waiting: dict[str, float] = {}
        self._threads: set[threading.Thread] = set()

    def wake(self) -> None:
        """Start as many queued tasks as there are free slots for.

        Raises
        ------
        SQLAlchemyError
            The database cannot be used.
        """
        with self._lock:
            for queue in self.worker.queues:
                while not self.worker.stopping.is_set() and (task := self._claim(queue)) is not None:
                    self._running[task.id] = (task, time.monotonic())
                    thread = threading.Thread(target=self._run, args=(task,), name=f"task {task.id}")
                    self._threads.add(thread)
                    thread.start()

    def join(self) -> None:
        """Wait until all tasks have ended or returned to their queue."""
        while True:
            with self._lock:
                threads = list(self._threads)
            if not threads:
                return
            for thread in threads:
                thread.join()

    def _claim(self, queue: str) -> Task | None:
        conditions = self._open_conditions(queue)
        if conditions is None:
            return None
        now = time.monotonic()
        self._waiting = {key: until for key, until in self._waiting.items() if until > now}
        conditions = [*conditions, Task.id.not_in(list(self._waiting))] if self._waiting else conditions
        while True:
            with self.worker.sessions() as session:
                task_id = next_task(session, queue, conditions)
            if task_id is None:
                return None
            if (task := claim(self.worker, task_id)) is not None:  # else another worker was faster
                return task

    def _open_conditions(self, queue: str) -> list[Any] | None:
        """Conditions on the tasks of a queue for which there is a slot; None if there is none for any."""
        settings = self.worker.settings
        running = [(task, started) for task, started in self._running.values() if task.queue == queue]
        if queue == INTERACTIVE:
            readings = sum(task.kind == READ for task, _ in running)
            may_read, may_forecast = readings < READING_SLOTS, len(running) - readings < FORECAST_SLOTS
            return _either(may_read, Task.kind == READ, may_forecast, Task.kind != READ)
        if queue == GPU:
            return [] if len(running) < len(settings.gpus) else None
        now = time.monotonic()
        short = sum(task.is_short and now - started < LONG_AFTER_SECONDS for task, started in running)
        long = len(running) - short
        may_start_long = long + max(0, short - SHORT_SLOTS) < settings.trainings
        may_start_short = may_start_long or short < SHORT_SLOTS
        return _either(may_start_short, Task.is_short, may_start_long, ~Task.is_short)

    def _run(self, task: Task) -> None:
        try:
            if not carry_out(self.worker, task):
                with self._lock:
                    self._waiting[task.id] = time.monotonic() + WAIT_SECONDS
        except SQLAlchemyError as error:  # the task has no heartbeat any more and is recovered later
            log.warning("task %s: its end could not be written (%s)", task.id, error)
        finally:
            with self._lock:
                del self._running[task.id]
        try:
            self.wake()
        except SQLAlchemyError as error:
            log.warning("the database cannot be used (%s)", error)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())


def _either(first_is_open: bool, first: Any, second_is_open: bool, second: Any) -> list[Any] | None:
    if first_is_open and second_is_open:
        return []
    if first_is_open or second_is_open:
        return [first if first_is_open else second]
    return None


def next_task(session: Session, queue: str, conditions: Sequence[Any] = ()) -> str | None:
    """The identifier of the queued task that is to be started next; None if none waits.

    Users take turns: first comes who has the fewest tasks running in the queue, of these who was served longest ago,
    and of the tasks of one user the oldest.
    """
    waiting = (Task.state == QUEUED, Task.queue == queue, *conditions)
    oldest = dict(
        session.execute(
            select(Task.created_by, func.min(Task.created)).where(*waiting).group_by(Task.created_by)
        ).all()
    )
    if not oldest:
        return None
    user = next(iter(oldest))
    if len(oldest) > 1:
        of_queue = select(Task.created_by, func.count()).where(Task.queue == queue, Task.state == RUNNING)
        running = dict(session.execute(of_queue.group_by(Task.created_by)).all())
        since = time.time() - TURN_SECONDS
        last = select(Task.created_by, func.max(Task.started)).where(Task.queue == queue, Task.started > since)
        served = dict(session.execute(last.group_by(Task.created_by)).all())
        user = min(oldest, key=lambda name: (running.get(name, 0), served.get(name, 0.0), oldest[name]))
    own = select(Task.id).where(*waiting, Task.created_by == user)
    return session.scalar(own.order_by(Task.created, Task.id).limit(1))
