"""Send tasks to Celery. A message only wakes a worker, which looks into the database for what is to be done."""

from __future__ import annotations

import logging
import time

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.models.catalog import declared_models
from timevis.service.db.tables import Task, Worker
from timevis.service.settings import Settings

log = logging.getLogger(__name__)

TASK_NAME = "timevis.execute"
CPU, GPU, INTERACTIVE = "cpu", "gpu", "interactive"
QUEUES = (CPU, GPU, INTERACTIVE)
NEEDED_QUEUES = (CPU, INTERACTIVE)
"""Queues that a worker must consume in any case."""
HEARTBEAT_SECONDS = 2.0
LIVE_SECONDS = 5 * HEARTBEAT_SECONDS
"""A worker without a heartbeat for this long is taken for dead."""
ANSWER_SECONDS = 2.0


def make_celery(settings: Settings) -> Celery:
    """A Celery application that stores no results and acknowledges messages early, since the rows are the truth."""
    app = Celery("timevis", broker=settings.broker_url.get_secret_value())
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        task_default_queue=CPU,
        task_create_missing_queues=True,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 10, "max_retries": 1},
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_max_retries=None,
    )
    return app


def queue_of(session: Session, task: Task) -> str:
    """The queue of a new task."""
    if task.kind != "train":
        return INTERACTIVE
    queue = declared_models()[task.request["model"]].declaration.queue
    return GPU if queue == GPU and any(GPU in worker.queues for worker in live_workers(session)) else CPU


def live_workers(session: Session) -> list[Worker]:
    """The workers with a recent heartbeat."""
    query = select(Worker).where(Worker.heartbeat > time.time() - LIVE_SECONDS)
    return list(session.scalars(query))


def answering_queues(celery: Celery, workers: int) -> set[str]:
    """The queues of those workers that answer a question through the broker, in their consumer thread.

    The thread answers also while all threads for tasks are busy with training runs, behind which a task would wait.

    Parameters
    ----------
    workers : int
        How many answers to wait for, at most `ANSWER_SECONDS`.
    """
    if not workers:
        return set()
    answers = celery.control.inspect(timeout=ANSWER_SECONDS, limit=workers).active_queues() or {}
    return {queue["name"] for queues in answers.values() for queue in queues}


def send(celery: Celery, task_id: str, queue: str) -> bool:
    """Send the message of a task; False if the broker cannot be reached, in which case a worker finds it later."""
    try:
        celery.send_task(TASK_NAME, (task_id,), queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("task %s could not be sent to the broker (%s); it stays queued", task_id, error)
        return False
    return True
