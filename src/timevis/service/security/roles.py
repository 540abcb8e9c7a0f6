"""Which role may carry out which operation. Each operation says so once, by the decorator `access`.

| Operation                                | viewer | editor | owner |
|------------------------------------------|--------|--------|-------|
| `PUBLIC`: documentation, health, sign in | yes    | yes    | yes   |
| `READ`: every GET without a decorator    | yes    | yes    | yes   |
| `SELF`: own password, own tokens         | yes    | yes    | yes   |
| `EDIT`: everything else                  | no     | yes    | yes   |
| `EDIT_OWN`: delete                       | no     | own    | yes   |
| `MANAGE`: users and the audit log        | no     | no     | yes   |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.db.tables import EDITOR, OWNER, ROLES, VIEWER, Base
from timevis.service.problems import Problem

PUBLIC, READ, SELF, EDIT, EDIT_OWN, MANAGE = "public", "read", "self", "edit", "edit_own", "manage"
READING_METHODS = ("GET", "HEAD", "OPTIONS")
LOWEST_ROLE = {READ: VIEWER, SELF: VIEWER, EDIT: EDITOR, EDIT_OWN: EDITOR, MANAGE: OWNER}
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """What an operation needs: its kind, and for `EDIT_OWN` the table and the argument that names the row."""

    kind: str
    table: Any = None
    argument: str = ""


def access(kind: str, table: type[Base] | None = None, argument: str = "") -> Callable[[View], View]:
    """Declare what an operation needs; the decorator stands right above the function."""

    def declare(view: View) -> View:
        view.timevis_access = Access(kind, table, argument)  # type: ignore[attr-defined]  # decorators of the routes copy it
        return view

    return declare


def access_of(view: Callable[..., Any] | None, method: str) -> Access:
    """What an operation declares, or else what its method needs."""
    declared = getattr(view, "timevis_access", None)
    return declared or Access(READ if method in READING_METHODS else EDIT)


def require(session: Session, name: str, role: str, needed: Access, arguments: dict[str, Any]) -> None:
    """Check that a user may carry out an operation.

    Parameters
    ----------
    session : Session
        For `EDIT_OWN`, which looks up who made the row.
    name, role : str
        Of the user.
    needed : Access
    arguments : dict
        The parts of the address, such as ``model_id``.

    Raises
    ------
    Problem
        403, with what to do.
    """
    if needed.kind == PUBLIC or role == OWNER:
        return
    if role not in ROLES or ROLES.index(role) < ROLES.index(LOWEST_ROLE[needed.kind]):
        if role == EDITOR:
            raise forbidden(Text("only-owners", "{name!r} is an editor; only an owner may do this", name=name))
        raise forbidden(Text("viewers-only-read", "{name!r} is a viewer, who may only read", name=name))
    if needed.kind == EDIT_OWN:
        row = session.get(needed.table, arguments[needed.argument])
        if row is not None and row.created_by != name:
            raise forbidden(Text("not-own", "{name!r} is an editor, who may delete only what they made", name=name))


def forbidden(detail: Text) -> Problem:
    """A problem with the advice to ask an owner."""
    return Problem(403, "forbidden", detail, Text("ask-an-owner", "ask an owner to do it, or for another role"))
