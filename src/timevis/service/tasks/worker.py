"""A worker: a Celery consumer with threads, and a thread that recovers lost tasks."""

from __future__ import annotations

import logging
import sys
import threading
import time

from celery import Celery, signals
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from timevis.service.db import tables
from timevis.service.db.database import open_database
from timevis.service.settings import Settings
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.queue import TASK_NAME, make_celery, resend
from timevis.service.tasks.states import Sessions, beat, recover_lost

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
FORGET_WORKER_SECONDS = 3600.0


def run_worker(settings: Settings, queues: tuple[str, ...], log_level: str = "info") -> None:
    """Consume queues until SIGTERM, which ends the running trainings and returns their tasks to the queue.

    The worker uses threads, not forks: a fork of a process in which PyTorch has started threads can hang.
    """
    worker = Worker(settings, open_database(settings.database_url), queues)
    celery = make_celery(settings)

    @celery.task(name=TASK_NAME)
    def execute_task(task_id: str) -> None:
        execute(worker, task_id)

    signals.worker_shutting_down.connect(lambda **_: worker.stopping.set(), weak=False)
    if "interactive" in queues:
        import timevis.predict  # noqa: F401  a forecast then waits for no import
    maintenance = threading.Thread(target=_maintain, args=(worker, celery), daemon=True, name="maintenance")
    maintenance.start()
    threads = settings.trainings if "cpu" in queues else 2
    pool = "solo" if sys.platform == "win32" else "threads"
    arguments = ["--quiet", "worker", f"--pool={pool}", f"--concurrency={threads}", f"--queues={','.join(queues)}"]
    arguments += [f"--loglevel={log_level}", f"--hostname={worker.name}@%h", "--without-gossip", "--without-mingle"]
    celery.worker_main(arguments)


def _maintain(worker: Worker, celery: Celery) -> None:
    while not worker.stopping.wait(HEARTBEAT_SECONDS):
        try:
            maintain(worker, celery)
        except SQLAlchemyError as error:
            log.warning("the database cannot be used (%s)", error)
    try:
        with worker.sessions.begin() as session:
            session.execute(delete(tables.Worker).where(tables.Worker.id == worker.name))
    except SQLAlchemyError:
        return


def maintain(worker: Worker, celery: Celery) -> None:
    """Write the heartbeats of a worker and its tasks, recover lost tasks, and send old queued tasks again."""
    settings, now = worker.settings, time.time()
    with worker.sessions.begin() as session:
        session.merge(tables.Worker(id=worker.name, queues=list(worker.queues), heartbeat=now))
        session.execute(delete(tables.Worker).where(tables.Worker.heartbeat < now - FORGET_WORKER_SECONDS))
    for task in list(worker.active.values()):
        beat(worker.sessions, task)
    for task_id in recover_lost(worker.sessions, settings.lost_after_seconds, settings.max_attempts):
        log.warning("task %s was lost; it is queued again", task_id)
    resend(celery, worker.sessions, settings.resend_seconds)


def live_workers(sessions: Sessions, within_seconds: float = 5 * HEARTBEAT_SECONDS) -> list[tables.Worker]:
    """The workers with a recent heartbeat."""
    with sessions() as session:
        query = session.query(tables.Worker).filter(tables.Worker.heartbeat > time.time() - within_seconds)
        return list(query.all())
