"""The audit log, which owners read, and which no request changes."""

from __future__ import annotations

from typing import Any

import pandas as pd
from apiflask import APIBlueprint
from flask import Response
from sqlalchemy import func, select

from timevis.service.context import context
from timevis.service.db.user_tables import AuditEntry
from timevis.service.schemas.users import AuditPage, AuditQuery, AuditView
from timevis.service.security.roles import MANAGE, access
from timevis.utils.files import to_csv

blueprint = APIBlueprint("audit_log", __name__, tag="Users")
FIRST_ERROR = 400
COLUMNS = {"user": "user_name", "object": "object_id"}


@blueprint.get("/audit")
@blueprint.input(AuditQuery, location="query", arg_name="query")
@blueprint.output(AuditPage)
@blueprint.doc(summary="The audit log")
@access(MANAGE)
def list_entries(query: AuditQuery) -> Any:
    """List who signed in, changed, deleted or downloaded what, and what was refused; newest first."""
    given = {"user_name": query.user, "kind": query.kind, "object_id": query.object}
    conditions = [getattr(AuditEntry, column) == value for column, value in given.items() if value is not None]
    conditions += [AuditEntry.time >= query.start] if query.start is not None else []
    conditions += [AuditEntry.time <= query.end] if query.end is not None else []
    conditions += [AuditEntry.status >= FIRST_ERROR] if query.refused else []
    rows = select(AuditEntry).where(*conditions).order_by(AuditEntry.time.desc(), AuditEntry.id)
    with context().sessions() as session:
        if query.format == "csv":
            table = pd.DataFrame([_view(row) for row in session.scalars(rows)], columns=list(AuditView.model_fields))
            table["time"] = pd.to_datetime(table["time"].astype(float), unit="s", utc=True)
            response = Response(to_csv(table, index=False), mimetype="text/csv")
            response.headers.set("Content-Disposition", "attachment", filename="audit.csv")
            return response
        total = session.scalar(select(func.count()).select_from(AuditEntry).where(*conditions)) or 0
        page = session.scalars(rows.limit(query.per_page).offset((query.page - 1) * query.per_page))
        return {
            "items": [_view(row) for row in page],
            "total": total,
            "page": query.page,
            "per_page": query.per_page,
        }


def _view(row: AuditEntry) -> dict[str, Any]:
    return {field: getattr(row, COLUMNS.get(field, field)) for field in AuditView.model_fields}
