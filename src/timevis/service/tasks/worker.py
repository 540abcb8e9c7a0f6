"""A worker: a Celery consumer, which wakes a dispatcher, and threads that recover lost tasks and purge."""

from __future__ import annotations

import logging
import math
import threading
import time
import warnings
from collections.abc import Callable

from celery import Celery, signals
from celery.platforms import SecurityWarning
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from timevis.service.db import tables
from timevis.service.db.database import open_database
from timevis.service.settings import Settings
from timevis.service.tasks.dispatcher import Dispatcher
from timevis.service.tasks.jobs import Worker
from timevis.service.tasks.queue import HEARTBEAT_SECONDS, INTERACTIVE, TASK_NAME, make_celery
from timevis.service.tasks.retention import purge
from timevis.service.tasks.states import UnchangedRows, beat, recover_lost

log = logging.getLogger(__name__)

FORGET_WORKER_SECONDS = 3600.0
PURGE_SECONDS = 3600.0


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
