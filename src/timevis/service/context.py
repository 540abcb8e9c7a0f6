"""What the routes of one application share, and small helpers of the routes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from celery import Celery
from flask import current_app
from pydantic import BaseModel
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from timevis.service.db.tables import Base
from timevis.service.problems import Problem
from timevis.service.schemas import PageQuery
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.queue import answering_queues
from timevis.service.tasks.states import Sessions

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
        status, code = (404, "not-found") if pointer is None else (422, "invalid-request")
        raise Problem(status, code, f"there is no {name} {identifier}", f"GET /api/{name}s lists them", pointer)
    return row


def page_of(
    session: Session, query: Select[Any], page: PageQuery, show: Callable[[Any], BaseModel]
) -> dict[str, Any]:
    """One page of a query, with the number of all rows."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = session.scalars(query.limit(page.per_page).offset((page.page - 1) * page.per_page))
    return {"items": [show(row) for row in rows], "total": total, "page": page.page, "per_page": page.per_page}
