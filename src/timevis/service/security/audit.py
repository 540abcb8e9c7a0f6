"""The audit log: who signed in, changed, deleted or downloaded what, and what was refused."""

from __future__ import annotations

import getpass
import logging
import re
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from timevis.service.db.tables import (
    CHANGE,
    DELETE,
    DOWNLOAD,
    MAX_OBJECT_CHARACTERS,
    SIGN_IN,
    SIGN_OUT,
    AuditEntry,
    Sessions,
)
from timevis.service.security.roles import READING_METHODS

log = logging.getLogger(__name__)

SESSION_KINDS = {"session.sign_in": SIGN_IN, "session.sign_out": SIGN_OUT}
MAX_READ_BYTES = 2**20
"""Of an answer, to see what was made."""


def record(sessions: Sessions, response: Response) -> None:
    """Add an entry for the request that was answered, if it changed something, was to do so, or downloaded a file.

    `g.caller` is who sent it; without one only an attempt to sign in is recorded. `g.changes_nothing` is set by a
    request that only asks what would happen, and `g.object_name` by one that says what it is about.
    """
    kind, caller = _kind(response), g.get("caller")
    if kind is None or (caller is None and kind != SIGN_IN) or g.get("changes_nothing", False):
        return
    object_id, name = _object(response)
    entry = AuditEntry(
        user_name=caller.name if caller else g.get("given_name") or "?",
        role=caller.role if caller else None,
        kind=kind,
        operation=operation_of(request.method, request.url_rule.rule if request.url_rule else request.path)[:200],
        object_id=object_id,
        object_name=name,
        address=(request.remote_addr or "")[:64] or None,
        status=response.status_code,
        request_id=g.request_id,
    )
    try:
        with sessions.begin() as session:
            session.add(entry)
    except Exception:  # what was asked for is done, so it is not answered with an error
        values = (entry.user_name, entry.operation, entry.object_id, entry.status)
        log.exception("the audit log cannot be written: %s %s %s %d", *values)


def operation_of(method: str, rule: str) -> str:
    """Method and path as the specification has them."""
    path = re.sub(r"<(?:[^>:]+:)?([^>]+)>", r"{\1}", rule)
    return f"{method} {path}"


def record_command(session: Session, command: str, user: str, kind: str = CHANGE) -> None:
    """Add an entry for a command on the machine of the service."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        name = "?"
    who = f"command line: {name}"[:100]
    session.add(AuditEntry(user_name=who, kind=kind, operation=command, object_id=user, status=200))


def record_new_user(session: Session, name: str, role: str) -> None:
    """Add an entry for a user that the proxy named for the first time."""
    values: dict[str, Any] = {"operation": "single sign-on", "object_id": name, "address": request.remote_addr}
    session.add(AuditEntry(user_name=name, role=role, kind=CHANGE, status=201, request_id=g.request_id, **values))


def _kind(response: Response) -> str | None:
    if request.endpoint is None or not request.path.startswith("/api/"):
        return None
    if request.method in READING_METHODS:
        is_file = response.headers.get("Content-Disposition", "").startswith("attachment")
        return DOWNLOAD if is_file and request.method == "GET" else None
    return SESSION_KINDS.get(request.endpoint) or (DELETE if request.method == "DELETE" else CHANGE)


def _object(response: Response) -> tuple[str | None, str | None]:
    """Identifier and name of what a request is about: the last part of its address that varies, or what it made."""
    given = list((request.view_args or {}).values())
    object_id = str(given[-1])[:100] if given else None
    name = g.get("object_name")
    is_short = not response.is_streamed and (response.content_length or 0) <= MAX_READ_BYTES
    if response.status_code < 300 and is_short and response.mimetype == "application/json":
        answer = response.get_json(silent=True)
        if isinstance(answer, dict):
            object_id = object_id or _text(answer.get("id"), 100)
            name = name or _text(answer.get("name"), MAX_OBJECT_CHARACTERS)
    return object_id, name and name[:MAX_OBJECT_CHARACTERS]


def _text(value: object, characters: int) -> str | None:
    return value[:characters] if isinstance(value, str) else None
