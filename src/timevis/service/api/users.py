"""The users of the service, whom only owners see and change."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.service.context import context
from timevis.service.db.tables import Token
from timevis.service.db.user_tables import User
from timevis.service.problems import Problem
from timevis.service.schemas import examples
from timevis.service.schemas.users import UserChange, UserList, UserRequest, UserView
from timevis.service.security.roles import MANAGE, access
from timevis.service.security.users import add_user, remove_user, set_password, set_role, unknown_user

blueprint = APIBlueprint("users", __name__, tag="Users")


@blueprint.get("/users")
@blueprint.output(UserList)
@access(MANAGE)
def list_users() -> Any:
    """List the users with their roles."""
    with context().sessions() as session:
        return {"items": [_view(session, user) for user in session.scalars(select(User).order_by(User.name))]}


@blueprint.post("/users")
@blueprint.input(UserRequest, arg_name="body", example=examples.USER)
@blueprint.output(UserView, status_code=201)
@access(MANAGE)
def make_user(body: UserRequest) -> Any:
    """Add a user."""
    with context().sessions.begin() as session:
        password = None if body.password is None else body.password.get_secret_value()
        return _view(session, add_user(session, body.name, body.role, password))


@blueprint.patch("/users/<name>")
@blueprint.input(UserChange, arg_name="change", example=examples.USER_CHANGE)
@blueprint.output(UserView)
@access(MANAGE)
def change_user(name: str, change: UserChange) -> Any:
    """Change the role or the password of a user, who must then sign in again."""
    with context().sessions.begin() as session:
        user = _find(session, name)
        if change.role is not None:
            set_role(session, name, change.role)
        if change.password is not None:
            set_password(session, name, change.password.get_secret_value())
        return _view(session, user)


@blueprint.delete("/users/<name>")
@blueprint.output({}, status_code=204)
@access(MANAGE)
def delete_user(name: str) -> Any:
    """Remove a user with its tokens, sessions and shared links; what it made stays."""
    with context().sessions.begin() as session:
        _find(session, name)
        remove_user(session, name)
    return Response(status=204)


def _find(session: Session, name: str) -> User:
    user = session.get(User, name)
    if user is None:
        raise Problem(404, "not-found", unknown_user(name))
    return user


def _view(session: Session, user: User) -> dict[str, Any]:
    tokens = session.scalars(select(Token.name).where(Token.user_name == user.name).order_by(Token.name))
    return {
        **{key: getattr(user, key) for key in ("name", "role", "created")},
        "has_password": user.password is not None,
        "tokens": list(tokens),
    }
