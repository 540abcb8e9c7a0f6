"""Who is signed in; sign in and out; the own password and tokens."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.context import context
from timevis.service.db.tables import Token
from timevis.service.db.user_tables import OWNER, User
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas import examples
from timevis.service.schemas.users import (
    NewToken,
    PasswordChange,
    SessionView,
    SignIn,
    TokenList,
    TokenRequest,
)
from timevis.service.security.gate import SESSION_COOKIE, require_sign_ins, set_session_cookie
from timevis.service.security.roles import PUBLIC, SELF, access, forbidden
from timevis.service.security.tokens import LINK, Caller, add_token, end_session, remove_token, start_session
from timevis.service.security.users import has_password, set_password, unknown_user

blueprint = APIBlueprint("session", __name__, tag="Users")


@blueprint.get("/session")
@blueprint.output(SessionView)
@blueprint.doc(summary="Who is signed in")
@access(PUBLIC)
def get_session() -> Any:
    """Say who sends the request, and how a browser can sign in."""
    with context().sessions() as session:
        return _view(session, g.get("caller"))


def _view(session: Session, caller: Caller | None) -> dict[str, Any]:
    is_link = caller is not None and caller.way == LINK
    has_passwords = session.scalar(select(User.name).where(User.password.is_not(None)).limit(1)) is not None
    return {
        "name": None if caller is None or is_link else caller.name,
        "role": None if caller is None or is_link else caller.role,
        "way": None if caller is None else caller.way,
        "users": session.scalar(select(User.name).limit(1)) is not None,
        "passwords": has_passwords,
        "shared": {"kind": caller.role, "object": caller.object_id} if caller is not None and is_link else None,
    }


@blueprint.post("/session")
@blueprint.input(SignIn, arg_name="body", example=examples.SIGN_IN)
@blueprint.output(SessionView)
@blueprint.doc(summary="Sign in", responses={401: "Name or password is wrong", 429: "Too many attempts"})
@access(PUBLIC)
def sign_in(body: SignIn) -> Any:
    """Sign in with a name and a password; the answer sets the cookie of a session."""
    g.pop("caller", None)  # who was signed in before
    g.given_name = body.name
    require_sign_ins(body.name)
    service = context()
    if not has_password(service.sessions, body.name, body.password.get_secret_value()):
        raise Problem(
            401,
            "unauthorized",
            Text("wrong-name-or-password", "the name or the password is wrong"),
            Text("ask-for-password", "try again, or ask an owner for a new password"),
        )
    with service.sessions() as session:
        user = session.get_one(User, body.name)
        g.caller = Caller(user.name, user.role, "session")
        response = jsonify(_view(session, g.caller))
    set_session_cookie(response, start_session(service.sessions, user=body.name))
    return response


@blueprint.delete("/session")
@blueprint.output({}, status_code=204)
@blueprint.doc(summary="Sign out")
@access(PUBLIC)
def sign_out() -> Any:
    """End the session of the cookie."""
    response = Response(status=204)
    if cookie := request.cookies.get(SESSION_COOKIE):
        end_session(context().sessions, cookie)
        response.delete_cookie(SESSION_COOKIE, path=request.script_root or "/")
    return response


@blueprint.post("/session/password")
@blueprint.input(PasswordChange, arg_name="body", example=examples.PASSWORD_CHANGE)
@blueprint.output({}, status_code=204)
@blueprint.doc(summary="Change the own password")
@access(SELF)
def change_password(body: PasswordChange) -> Any:
    """Change the own password. All sessions of the user end, and this browser gets a new one."""
    service, name = context(), g.caller.name
    require_sign_ins(name)
    if not has_password(service.sessions, name, body.old.get_secret_value()):
        raise wrong_field("/old", Text("wrong-old-password", "the old password is wrong"))
    with service.sessions.begin() as session:
        set_password(session, name, body.new.get_secret_value())
    response = Response(status=204)
    set_session_cookie(response, start_session(service.sessions, user=name))
    return response


@blueprint.get("/tokens")
@blueprint.output(TokenList)
@blueprint.doc(summary="List tokens")
def list_tokens() -> Any:
    """List the own tokens; an owner sees all."""
    rows = select(Token).order_by(Token.name)
    if g.caller.role != OWNER:
        rows = rows.where(Token.user_name == g.caller.name)
    with context().sessions() as session:
        return {"items": [_token(row) for row in session.scalars(rows)]}


@blueprint.post("/tokens")
@blueprint.input(TokenRequest, arg_name="body", example=examples.TOKEN)
@blueprint.output(NewToken, status_code=201)
@blueprint.doc(summary="Make a token")
@access(SELF)
def make_token(body: TokenRequest) -> Any:
    """Make a token for programs, with the rights of its user."""
    user = body.user or g.caller.name
    if user != g.caller.name and g.caller.role != OWNER:
        raise forbidden(Text("token-of-other", "only an owner may make a token for another user"))
    g.object_name = user
    with context().sessions.begin() as session:
        if session.get(User, user) is None:
            raise wrong_field("/user", unknown_user(user))
        secret = add_token(session, body.name, user)
        session.flush()
        return {**_token(session.get_one(Token, body.name)), "secret": secret}


@blueprint.delete("/tokens/<name>")
@blueprint.output({}, status_code=204)
@access(SELF)
def delete_token(name: str) -> Any:
    """Remove a token; requests with it are refused from now on."""
    with context().sessions.begin() as session:
        row = session.get(Token, name)
        if row is None or (g.caller.role != OWNER and row.user_name != g.caller.name):
            raise Problem(404, "not-found", Text("no-own-token", "you have no token {name!r}", name=name))
        remove_token(session, name)
    return Response(status=204)


def _token(row: Token) -> dict[str, Any]:
    return {"name": row.name, "user": row.user_name, "created": row.created}
