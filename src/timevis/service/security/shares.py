"""Links that show one result to whoever has them: the results of a model, its report, or a comparison.

The page and the API are below ``/shared/SECRET`` for such a visitor, where cookies and tokens count for nothing. What
a link opens is listed here; every other operation is refused.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.service.db.tables import Model, Sessions, Share, Task
from timevis.service.security.users import LINK, Caller, digest_of

FOLDER = "/shared"
ENVIRONMENT_KEY = "timevis.share"
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
    return share, f"{FOLDER}/{secret}/{place}"


class SharedPaths:
    """Takes ``/shared/SECRET`` off the path of a request; addresses of the page and the API are relative to it."""

    def __init__(self, app: Wsgi) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if matched := re.match(rf"({FOLDER}/([\w-]{{20,64}}))/", environ.get("PATH_INFO", ""), re.ASCII):
            environ[ENVIRONMENT_KEY] = matched[2]
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + matched[1]
            environ["PATH_INFO"] = environ["PATH_INFO"][len(matched[1]) :]
        return self.app(environ, start_response)
