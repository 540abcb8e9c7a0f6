"""What the routes of one application share, and how they find, list, delete and restore rows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from celery import Celery
from flask import Response, current_app, g
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from timevis.config.suggestions import did_you_mean
from timevis.messages import Text
from timevis.service.db.monitor_tables import Monitor
from timevis.service.db.tables import Base, Dataset, Model, Sessions, Task
from timevis.service.db.versions import deleted_dataset, restore_first
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas.common import DeletableQuery, ListQuery
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.queue import answering_queues
from timevis.service.written_answers import WrittenAnswers

ANSWER_IS_VALID_SECONDS = 5.0
Row = TypeVar("Row", bound=Base)
Deletable = TypeVar("Deletable", Dataset, Model, Monitor)
DeletableRow = Dataset | Model | Monitor
Show = Callable[[Session, Any], Any]
ShowAll = Callable[[Session, Sequence[Any]], list[Any]]


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
    written_answers: WrittenAnswers


def context() -> Context:
    """The context of the application that answers the request."""
    current: Context = current_app.extensions["timevis"]
    return current


def find(session: Session, table: type[Row], identifier: str, pointer: str | None = None) -> Row:
    """A row by its identifier, deleted or not; a Problem if there is none: 404, or 422 for a field of the request."""
    row = session.get(table, identifier) if re.fullmatch("[0-9a-f]{32}", identifier) else None
    if row is None:
        values = {"resource": _resource(table), "identifier": identifier}
        raise _refusal(pointer, Text("there is no {resource} {identifier}", **values))
    return row


def find_present(session: Session, table: type[Deletable], identifier: str, pointer: str | None = None) -> Deletable:
    """A row that is not deleted, as `find`."""
    row = find(session, table, identifier, pointer)
    if row.deleted is not None:
        raise _refusal(pointer, _deleted(row), restore_first())
    return row


def _deleted(row: Dataset | Model | Monitor) -> Text:
    match row:
        case Dataset():
            return deleted_dataset(row)
        case Model():
            return Text("the model {name!r} is deleted", name=row.name)
    return Text("the monitor {name!r} is deleted", name=row.name)


def _refusal(pointer: str | None, detail: Text, advice: Text | None = None) -> Problem:
    """The problem of an identifier, which stands in the address if it is not in a field of the request."""
    if pointer is None:
        return Problem(404, "not-found", detail, advice)
    return wrong_field(pointer, detail, advice)


def _resource(table: type[Base]) -> Text:
    match table.__name__:
        case "Dataset":
            return Text("dataset")
        case "Model":
            return Text("model")
        case "Monitor":
            return Text("monitor")
        case "StoredForecast":
            return Text("stored forecast")
        case "Alert":
            return Text("alert")
        case "Annotation":
            return Text("annotation")
    return Text("task")


def unknown_channel(pointer: str, name: str, channels: Sequence[str]) -> Problem:
    """A request names a channel that the data do not have."""
    return wrong_field(pointer, Text("there is no channel {channel!r}", channel=name), did_you_mean(name, channels))


def list_rows(
    table: type[Dataset] | type[Task] | type[Model] | type[Monitor],
    query: ListQuery,
    sort_columns: Mapping[str, Any],
    show: ShowAll,
    conditions: list[ColumnElement[bool]],
    unread: Sequence[InstrumentedAttribute[Any]] = (),
) -> dict[str, Any]:
    """One page of the rows that fulfil all conditions, with the number of all of them.

    Parameters
    ----------
    table : type
    query : ListQuery
        Page, sort key and order; for a `DeletableQuery` also the search text and whether deleted rows are listed.
    sort_columns : mapping
        Sort key to column or expression. Rows without a value come last.
    show : callable
        The session and the rows to the items of the response.
    conditions : list
    unread : sequence
        Long columns that the items do not need.
    """
    if isinstance(query, DeletableQuery):
        deletable: Any = table
        conditions = [*conditions, deletable.deleted.is_not(None) if query.deleted else deletable.deleted.is_(None)]
        if query.search:
            conditions.append(func.lower(deletable.name).contains(query.search.lower(), autoescape=True))
    column = sort_columns[query.sort]
    order = column.asc() if query.order == "asc" else column.desc()
    is_nullable = getattr(column.expression, "nullable", True)  # an index serves the order of a column that is not
    ids = select(table.id).where(*conditions).order_by(*([column.is_(None)] if is_nullable else []), order, table.id)
    with context().sessions() as session:
        total = session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
        # the rows of the page are read after the order is known, since a sort would carry their long JSON columns
        page = session.scalars(ids.limit(query.per_page).offset((query.page - 1) * query.per_page)).all()
        loading = [defer(column, raiseload=True) for column in unread]
        unordered: Any = session.scalars(select(table).where(table.id.in_(page)).options(*loading))
        rows = {row.id: row for row in unordered}
        items = show(session, [rows[identifier] for identifier in page if identifier in rows])
    return {"items": items, "total": total, "page": query.page, "per_page": query.per_page}


def delete_row(table: type[DeletableRow], identifier: str) -> Response:
    """Mark a row as deleted; its files are kept, and it can be restored."""
    with context().sessions.begin() as session:
        row = find(session, table, identifier)
        row.deleted = row.deleted or time.time()
        g.object_name = row.name
    return Response(status=204)


def restore_row(table: type[DeletableRow], identifier: str, show: Show) -> Any:
    """Restore a deleted row and show it."""
    with context().sessions.begin() as session:
        row = find(session, table, identifier)
        row.deleted = None
        return show(session, row)
