"""Who may carry out which operation: roles, and links that show one result to whoever has them.

Each operation says once, by the decorator `access`, what it needs:

| Operation                                | viewer | editor | owner |
|------------------------------------------|--------|--------|-------|
| `PUBLIC`: documentation, health, sign in | yes    | yes    | yes   |
| `READ`: every GET without a decorator    | yes    | yes    | yes   |
| `SELF`: own password, own tokens         | yes    | yes    | yes   |
| `EDIT`: everything else                  | no     | yes    | yes   |
| `EDIT_OWN`: delete                       | no     | own    | yes   |
| `MANAGE`: users and the audit log        | no     | no     | yes   |

A link shows the results of a model, its report, or a comparison. For its visitor the page and the API are below
``/shared/SECRET``, where cookies and tokens count for nothing; all that is not in `OPENED` is refused.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.db.tables import EDITOR, OWNER, ROLES, VIEWER, Base, Model, Sessions, Share, Task
from timevis.service.problems import Problem
from timevis.service.security.users import LINK, Caller, digest_of

PUBLIC, READ, SELF, EDIT, EDIT_OWN, MANAGE = "public", "read", "self", "edit", "edit_own", "manage"
READING_METHODS = ("GET", "HEAD", "OPTIONS")
LOWEST_ROLE = {READ: VIEWER, SELF: VIEWER, EDIT: EDITOR, EDIT_OWN: EDITOR, MANAGE: OWNER}
View = TypeVar("View", bound=Callable[..., Any])
LINK_FOLDER = "/shared"
LINK_KEY = "timevis.share"
MODEL, REPORT, COMPARISON = "model", "report", "comparison"
MODEL_OPERATIONS = (
    "models.get_model",
    "models.get_report",
    "model_analysis.get_forecast",
    "model_analysis.get_scored_period",
    "model_analysis.get_residuals",
    "model_analysis.get_calibration",
    "model_analysis.get_verdict",
    "explanation.get_explanation",
)
OPENED = {
    MODEL: ("model_id", MODEL_OPERATIONS),
    REPORT: ("model_id", ("models.get_report",)),
    COMPARISON: ("task_id", ("tasks.get_task", "tasks.get_result")),
}
"""Kind of a link to the argument that must name its object, and the operations that it opens."""
OPENED_BY_ALL = ("session.get_session", "system.list_metrics", "system.list_messages")
"""Operations that say nothing about data."""

Start = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], Start], Iterable[bytes]]


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
            raise forbidden(Text("{name!r} is an editor; only an owner may do this", name=name))
        raise forbidden(Text("{name!r} is a viewer, who may only read", name=name))
    if needed.kind == EDIT_OWN:
        row = session.get(needed.table, arguments[needed.argument])
        if row is not None and row.created_by != name:
            raise forbidden(Text("{name!r} is an editor, who may delete only what they made", name=name))


def forbidden(detail: Text) -> Problem:
    """A problem with the advice to ask an owner."""
    return Problem(403, "forbidden", detail, Text("ask an owner to do it, or for another role"))


def is_opened(caller: Caller, endpoint: str | None, arguments: dict[str, Any]) -> bool:
    """Whether a link opens an operation for these parts of the address."""
    argument, operations = OPENED[caller.role]
    is_own = endpoint in operations and arguments.get(argument) == caller.object_id
    return is_own or endpoint in OPENED_BY_ALL


def share_caller(sessions: Sessions, secret: str) -> Caller | None:
    """Who opens a link; None if it has ended or never existed."""
    with sessions() as session:
        share = session.scalar(select(Share).where(Share.digest == digest_of(secret)))
        if share is None or (share.expires is not None and share.expires < time.time()):
            return None
        if not is_present(session, share.kind, share.object_id):
            return None
        return Caller(f"link {share.id}", share.kind, LINK, share.object_id)


def is_present(session: Session, kind: str, object_id: str) -> bool:
    """Whether the object of a link exists and is not deleted."""
    if kind == COMPARISON:
        task = session.get(Task, object_id)
        return task is not None and task.kind == "compare"
    model = session.get(Model, object_id)
    return model is not None and model.deleted is None


def add_share(session: Session, kind: str, object_id: str, expires: float | None) -> tuple[Share, str]:
    """Store a new link; returns it with its path, which cannot be read again."""
    secret = secrets.token_urlsafe(24)
    share = Share(digest=digest_of(secret), kind=kind, object_id=object_id, expires=expires)
    session.add(share)
    session.flush()
    place = {
        MODEL: f"results/{object_id}",
        REPORT: f"api/models/{object_id}/report",
        COMPARISON: f"compared/{object_id}",
    }[kind]
    return share, f"{LINK_FOLDER}/{secret}/{place}"


class SharedPaths:
    """Takes ``/shared/SECRET`` off the path of a request; addresses of the page and the API are relative to it."""

    def __init__(self, app: Wsgi) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if matched := re.match(rf"({LINK_FOLDER}/([\w-]{{20,64}}))/", environ.get("PATH_INFO", ""), re.ASCII):
            environ[LINK_KEY] = matched[2]
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + matched[1]
            environ["PATH_INFO"] = environ["PATH_INFO"][len(matched[1]) :]
        return self.app(environ, start_response)
