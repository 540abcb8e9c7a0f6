"""Lists of rows, a page at a time, sorted and searched; delete and restore rows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response, g
from sqlalchemy import ColumnElement, Text, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from timevis.service.context import context, find
from timevis.service.db.monitor_tables import Monitor
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.schemas.common import DeletableQuery, ListQuery

Deletable = Dataset | Model | Monitor
Show = Callable[[Session, Any], Any]
ShowAll = Callable[[Session, Sequence[Any]], list[Any]]


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


def has_tag(column: InstrumentedAttribute[list[str]], tag: str) -> ColumnElement[bool]:
    """Whether a column with a JSON list of texts holds a text. Databases store letters outside ASCII in two ways.

    REPLACE distinguishes capital letters in every database, and LIKE does not in SQLite.
    """
    texts, stored = {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}, cast(column, Text)
    return or_(*(func.replace(stored, text, "") != stored for text in sorted(texts)))


def delete_row(table: type[Deletable], identifier: str) -> Response:
    """Mark a row as deleted; its files are kept, and it can be restored."""
    with context().sessions.begin() as session:
        row = find(session, table, identifier)
        row.deleted = row.deleted or time.time()
        g.object_name = row.name
    return Response(status=204)


def restore_row(table: type[Deletable], identifier: str, show: Show) -> Any:
    """Restore a deleted row and show it."""
    with context().sessions.begin() as session:
        row = find(session, table, identifier)
        row.deleted = None
        return show(session, row)
