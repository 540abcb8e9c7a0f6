"""A worker: a Celery consumer with threads, and threads that recover lost tasks and purge."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
import warnings
from collections.abc import Callable

from celery import Celery, signals
from celery.platforms import SecurityWarning
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError

from timevis.service.db import tables
from timevis.service.db.database import open_database
from timevis.service.settings import Settings
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.queue import CPU, GPU, HEARTBEAT_SECONDS, INTERACTIVE, TASK_NAME, make_celery, resend
from timevis.service.tasks.retention import purge
from timevis.service.tasks.states import QUEUED, UnchangedRows, beat, recover_lost
from timevis.service.troubleshooting import UNREACHABLE_REDIS

log = logging.getLogger(__name__)

FORGET_WORKER_SECONDS = 3600.0
PURGE_SECONDS = 3600.0
INTERACTIVE_THREADS = 2


def run_worker(
    settings: Settings, queues: tuple[str, ...], register: Callable[[Worker, Celery], None] = lambda *_: None
) -> None:
    """Consume queues until SIGTERM, which ends the running trainings and returns their tasks to the queue.

    `register` adds further kinds of messages.
    The worker uses threads, not forks: a fork of a process in which PyTorch has started threads can hang.
    """
    worker = Worker(settings, open_database(settings.database_url), queues)
    celery = make_celery(settings)

    @celery.task(name=TASK_NAME)
    def execute_task(task_id: str) -> None:
        execute(worker, task_id)

    register(worker, celery)
    warnings.simplefilter("ignore", SecurityWarning)  # about root and pickles; messages are JSON
    signals.setup_logging.connect(lambda **_: None, weak=False)  # the process has its own logs
    signals.worker_shutting_down.connect(lambda **_: worker.stopping.set(), weak=False)
    if INTERACTIVE in queues:
        import timevis.predict  # noqa: F401  a forecast then waits for no import

        threading.Thread(target=_load_nano, daemon=True, name="load nano").start()
    with worker.sessions.begin() as session:  # a private Redis stores nothing, so that its messages may be lost
        queued = (tables.Task.state == QUEUED, tables.Task.queue.in_(queues))
        session.execute(update(tables.Task).where(*queued).values(sent=0.0))
    maintenance = Maintenance(worker, celery)
    threading.Thread(target=maintenance.run, daemon=True, name="maintenance").start()
    threads = {CPU: settings.trainings, GPU: len(settings.gpus), INTERACTIVE: INTERACTIVE_THREADS}
    concurrency = sum(threads[queue] for queue in queues)
    pool = "solo" if sys.platform == "win32" else "threads"
    arguments = [
        "--quiet",
        "worker",
        f"--pool={pool}",
        f"--concurrency={concurrency}",
        f"--queues={','.join(queues)}",
    ]
    arguments += [f"--hostname={worker.name}@%h", "--without-gossip", "--without-mingle"]
    celery.worker_main(arguments)


def _load_nano() -> None:
    """Load nano once, so that the first forecast with it does not wait for the imports of transformers."""
    from timevis.models.qwen.backbone.load import load_backbone

    load_backbone("nano")


class Maintenance:
    """What a worker does besides its tasks: signs of life, recovery of lost tasks, lost messages, purges."""

    def __init__(self, worker: Worker, celery: Celery) -> None:
        self.worker, self.celery, settings = worker, celery, worker.settings
        self.heartbeats = UnchangedRows(math.ceil(settings.lost_after_seconds / HEARTBEAT_SECONDS))
        looks = math.ceil(settings.resend_seconds / HEARTBEAT_SECONDS)
        self.sent = {queue: UnchangedRows(looks) for queue in worker.queues}

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
            except (KombuError, RedisError, OSError) as error:
                log.warning("the broker cannot be reached (%s); see %s", error, UNREACHABLE_REDIS)
            except Exception:  # for example of the artefact store; the worker must go on giving signs of life
                log.exception("the maintenance of this worker failed; it is tried again")

    def purge(self) -> None:
        """Remove what was deleted or unused for long enough."""
        purge(self.worker.sessions, self.worker.settings)

    def beat(self) -> None:
        """Write the heartbeats of the worker and its tasks, recover lost tasks, and send lost messages again."""
        worker, now = self.worker, time.time()
        with worker.sessions.begin() as session:
            session.merge(tables.Worker(id=worker.name, queues=list(worker.queues), heartbeat=now))
            session.execute(delete(tables.Worker).where(tables.Worker.heartbeat < now - FORGET_WORKER_SECONDS))
        for task in list(worker.active.values()):
            beat(worker.sessions, task)
        for task_id in recover_lost(worker.sessions, self.heartbeats, worker.settings.max_attempts):
            log.warning("task %s was lost; it is queued again", task_id)
        for queue, sent in self.sent.items():
            resend(self.celery, worker.sessions, queue, sent)
