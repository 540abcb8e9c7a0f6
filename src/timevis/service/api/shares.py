"""Links to one result, which open nothing else and can be revoked."""

from __future__ import annotations

import time
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, request
from sqlalchemy import select

from timevis.messages import Text
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import Model, Task
from timevis.service.db.user_tables import Share
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas import examples
from timevis.service.schemas.users import NewShare, ShareList, ShareQuery, ShareRequest
from timevis.service.security.roles import EDIT_OWN, access
from timevis.service.security.shares import COMPARISON, add_share, is_present

blueprint = APIBlueprint("shares", __name__, tag="Users")
DAY_SECONDS = 86_400.0


@blueprint.get("/shares")
@blueprint.input(ShareQuery, location="query", arg_name="query")
@blueprint.output(ShareList)
@blueprint.doc(summary="List shared links")
def list_shares(query: ShareQuery) -> Any:
    """List the links that have not expired, newest first."""
    rows = select(Share).where(Share.expires.is_(None) | (Share.expires > time.time()))
    if query.object is not None:
        rows = rows.where(Share.object_id == query.object)
    with context().sessions() as session:
        return {"items": [_view(row) for row in session.scalars(rows.order_by(Share.created.desc(), Share.id))]}


@blueprint.post("/shares")
@blueprint.input(ShareRequest, arg_name="body", example=examples.SHARE)
@blueprint.output(NewShare, status_code=201)
@blueprint.doc(summary="Share a result")
def share_result(body: ShareRequest) -> Any:
    """Make a link with which everyone can open one result without signing in."""
    expires = None if body.days is None else time.time() + body.days * DAY_SECONDS
    with context().sessions.begin() as session:
        if body.kind == COMPARISON:
            task = find(session, Task, body.object, "/object")
            if not is_present(session, body.kind, task.id):
                raise wrong_field("/object", Text("not-a-comparison", "the task is not a comparison"))
        else:
            g.object_name = find_present(session, Model, body.object, "/object").name
        share, path = add_share(session, body.kind, body.object, expires)
        return {**_view(share), "path": request.script_root + path}


@blueprint.delete("/shares/<share_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(summary="Revoke a shared link")
@access(EDIT_OWN, Share, "share_id")
def revoke_share(share_id: str) -> Any:
    """Revoke a link; it opens nothing from now on."""
    with context().sessions.begin() as session:
        row = session.get(Share, share_id)
        if row is None:
            raise Problem(404, "not-found", Text("no-share", "there is no link {identifier}", identifier=share_id))
        g.object_name = row.object_id
        session.delete(row)
    return Response(status=204)


def _view(row: Share) -> dict[str, Any]:
    values = {key: getattr(row, key) for key in ("id", "kind", "created_by", "created", "expires")}
    return {**values, "object": row.object_id}
