"""Send tasks to Celery. A message holds only the identifier of a task; the row in the database has the rest."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import select, update

from timevis.service.db.tables import Task
from timevis.service.settings import Settings
from timevis.service.tasks.states import QUEUED, Sessions

log = logging.getLogger(__name__)

TASK_NAME = "timevis.execute"
QUEUES = ("cpu", "interactive")
QUEUE_OF_KIND = {"train": "cpu", "predict": "interactive", "compare": "interactive"}
MESSAGE_EXPIRES_SECONDS = 60.0
"""Older messages are ignored; a task that is still queued has been sent again since."""


def make_celery(settings: Settings) -> Celery:
    """A Celery application that stores no results and acknowledges messages early, since the rows are the truth."""
    app = Celery("timevis", broker=settings.broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        task_default_queue="cpu",
        task_create_missing_queues=True,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 10, "max_retries": 1},
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_max_retries=None,
    )
    return app


def send(celery: Celery, task_id: str, queue: str) -> bool:
    """Send the message of a task; False if the broker cannot be reached, in which case a worker sends it later."""
    try:
        celery.send_task(TASK_NAME, (task_id,), queue=queue, expires=MESSAGE_EXPIRES_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("task %s could not be sent to the broker (%s); it stays queued", task_id, error)
        return False
    return True


def resend(celery: Celery, sessions: Sessions, after_seconds: float) -> int:
    """Send the messages of tasks again that have been queued for a while; returns how many."""
    now = time.time()
    with sessions.begin() as session:
        due: list[Any] = list(
            session.execute(select(Task.id, Task.queue).where(Task.state == QUEUED, Task.sent < now - after_seconds))
        )
        session.execute(update(Task).where(Task.id.in_([task_id for task_id, _ in due])).values(sent=now))
    return sum(send(celery, task_id, queue) for task_id, queue in due)
