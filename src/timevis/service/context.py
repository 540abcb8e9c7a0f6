"""What the routes of one application share, and small helpers of the routes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from celery import Celery
from flask import current_app
from sqlalchemy.orm import Session

from timevis.service.db.tables import Base, Sessions
from timevis.service.problems import Problem, wrong_field
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.queue import answering_queues

ANSWER_IS_VALID_SECONDS = 5.0
Row = TypeVar("Row", bound=Base)


class Canary:
    """Asks the workers for a sign of life, and remembers their answer for some seconds."""

    def __init__(self, celery: Celery) -> None:
        self.celery = celery
        self._lock = Lock()
        self._asked: dict[int, tuple[float, set[str]]] = {}

    def queues(self, workers: int) -> set[str]:
        """The queues of the workers that answer; `workers` is the number of those with a recent heartbeat."""
        with self._lock:
            asked, queues = self._asked.get(workers, (-ANSWER_IS_VALID_SECONDS, set()))
            if time.monotonic() - asked >= ANSWER_IS_VALID_SECONDS:
                queues = answering_queues(self.celery, workers)
                self._asked = {workers: (time.monotonic(), queues)}
        return queues


@dataclass(frozen=True)
class Context:
    """The settings, the database, the broker and the files of an application."""

    settings: Settings
    sessions: Sessions
    celery: Celery
    canary: Canary
    storage: Storage


def context() -> Context:
    """The context of the application that answers the request."""
    found: Context = current_app.extensions["timevis"]
    return found


def find(session: Session, table: type[Row], identifier: str, pointer: str | None = None) -> Row:
    """A row by its identifier, deleted or not; a Problem if there is none: 404, or 422 for a field of the request."""
    row = session.get(table, identifier) if re.fullmatch("[0-9a-f]{32}", identifier) else None
    if row is None:
        name = table.__name__.lower()
        advice = f"GET /api/{name}s lists them"
        if pointer is not None:
            raise wrong_field("unknown-identifier", pointer, advice, resource=name, identifier=identifier)
        raise Problem(404, "not-found", f"there is no {name} {identifier}", advice)
    return row
