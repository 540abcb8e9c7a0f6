"""The clock of the daily loop: Celery beat sends a message every few seconds, and a worker of its queue looks."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from celery import Celery, signals
from celery.apps.beat import Beat

from timevis.service.db.tables import Sessions
from timevis.service.monitoring.deliveries import Deliveries
from timevis.service.monitoring.loop import look
from timevis.service.settings import Settings
from timevis.service.tasks.jobs import Worker
from timevis.service.tasks.queue import INTERACTIVE, make_celery

log = logging.getLogger(__name__)

LOOK_NAME = "timevis.look"
LOOK_SECONDS = 5.0
SCHEDULER = "celery.beat:Scheduler"
"""It stores nothing: the times of monitors are in the database."""


def register_look(worker: Worker, celery: Celery) -> None:
    """Let a worker of the interactive queue answer the messages of `run_beat` and carry out cycles."""
    if INTERACTIVE not in worker.queues:
        return
    import timevis.service.monitoring.cycle  # noqa: F401  adds its kind of task; it imports PyTorch

    deliveries = Deliveries(worker.sessions, worker.settings)

    @celery.task(name=LOOK_NAME)
    def look_task() -> None:  # in threads, since the worker consumes messages in one
        threading.Thread(target=_look, args=(worker.sessions, celery), daemon=True, name="look").start()
        threading.Thread(target=deliveries.wake, args=(False,), daemon=True, name="wake deliveries").start()


def _look(sessions: Sessions, celery: Celery) -> None:
    try:
        look(sessions, celery)
    except Exception:  # of the database, for example; the next message comes soon
        log.exception("due monitors cannot be queued")


def run_beat(settings: Settings) -> int:
    """Send messages until SIGTERM. One process is enough; a second one does no harm."""
    celery = make_celery(settings)
    options = {"queue": INTERACTIVE, "expires": 2 * LOOK_SECONDS}
    celery.conf.beat_schedule = {"look": {"task": LOOK_NAME, "schedule": LOOK_SECONDS, "options": options}}
    signals.setup_logging.connect(lambda **_: None, weak=False)  # the process has its own logs
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Beat(app=celery, scheduler=SCHEDULER, max_interval=LOOK_SECONDS, quiet=True, loglevel=logging.WARNING).run()
    return 0
