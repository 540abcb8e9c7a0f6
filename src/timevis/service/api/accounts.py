"""Who is signed in, passwords and tokens; users; links to one result; and the audit log."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
from apiflask import APIBlueprint
from flask import Response, g, jsonify, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import OWNER, AuditEntry, Model, Share, Task, Token, User
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas.users import (
    PASSWORD_CHANGE_EXAMPLE,
    SHARE_EXAMPLE,
    SIGN_IN_EXAMPLE,
    TOKEN_EXAMPLE,
    USER_CHANGE_EXAMPLE,
    USER_EXAMPLE,
    AuditPage,
    AuditQuery,
    AuditView,
    NewShare,
    NewToken,
    PasswordChange,
    SessionView,
    ShareList,
    ShareQuery,
    ShareRequest,
    SignIn,
    TokenList,
    TokenRequest,
    UserChange,
    UserList,
    UserRequest,
    UserView,
)
from timevis.service.security.gate import SESSION_COOKIE, require_sign_ins, set_session_cookie
from timevis.service.security.roles import (
    COMPARISON,
    EDIT_OWN,
    MANAGE,
    PUBLIC,
    SELF,
    access,
    add_share,
    forbidden,
    is_present,
)
from timevis.service.security.users import (
    LINK,
    Caller,
    add_token,
    add_user,
    end_session,
    has_password,
    remove_token,
    remove_user,
    set_password,
    set_role,
    start_session,
    unknown_user,
)
from timevis.utils.spreadsheets import to_csv

session_blueprint = APIBlueprint("session", __name__, tag="Users")
users_blueprint = APIBlueprint("users", __name__, tag="Users")
shares_blueprint = APIBlueprint("shares", __name__, tag="Users")
audit_blueprint = APIBlueprint("audit_log", __name__, tag="Users")
DAY_SECONDS = 86_400.0
FIRST_ERROR = 400
AUDIT_COLUMNS = {"user": "user_name", "object": "object_id"}


@session_blueprint.get("/session")
@session_blueprint.output(SessionView)
@session_blueprint.doc(summary="Who is signed in")
@access(PUBLIC)
def get_session() -> Any:
    """Say who sends the request, and how a browser can sign in."""
    with context().sessions() as session:
        return _session_view(session, g.get("caller"))


def _session_view(session: Session, caller: Caller | None) -> dict[str, Any]:
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


@session_blueprint.post("/session")
@session_blueprint.input(SignIn, arg_name="body", example=SIGN_IN_EXAMPLE)
@session_blueprint.output(SessionView)
@session_blueprint.doc(summary="Sign in", responses={401: "Name or password is wrong", 429: "Too many attempts"})
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
            Text("the name or the password is wrong"),
            Text("try again, or ask an owner for a new password"),
        )
    with service.sessions() as session:
        user = session.get_one(User, body.name)
        g.caller = Caller(user.name, user.role, "session")
        response = jsonify(_session_view(session, g.caller))
    set_session_cookie(response, start_session(service.sessions, user=body.name))
    return response


@session_blueprint.delete("/session")
@session_blueprint.output({}, status_code=204)
@session_blueprint.doc(summary="Sign out")
@access(PUBLIC)
def sign_out() -> Any:
    """End the session of the cookie."""
    response = Response(status=204)
    if cookie := request.cookies.get(SESSION_COOKIE):
        end_session(context().sessions, cookie)
        response.delete_cookie(SESSION_COOKIE, path=request.script_root or "/")
    return response


@session_blueprint.post("/session/password")
@session_blueprint.input(PasswordChange, arg_name="body", example=PASSWORD_CHANGE_EXAMPLE)
@session_blueprint.output({}, status_code=204)
@session_blueprint.doc(summary="Change the own password")
@access(SELF)
def change_password(body: PasswordChange) -> Any:
    """Change the own password. All sessions of the user end, and this browser gets a new one."""
    service, name = context(), g.caller.name
    require_sign_ins(name)
    if not has_password(service.sessions, name, body.old.get_secret_value()):
        raise wrong_field("/old", Text("the old password is wrong"))
    with service.sessions.begin() as session:
        set_password(session, name, body.new.get_secret_value())
    response = Response(status=204)
    set_session_cookie(response, start_session(service.sessions, user=name))
    return response


@session_blueprint.get("/tokens")
@session_blueprint.output(TokenList)
@session_blueprint.doc(summary="List tokens")
def list_tokens() -> Any:
    """List the own tokens; an owner sees all."""
    rows = select(Token).order_by(Token.name)
    if g.caller.role != OWNER:
        rows = rows.where(Token.user_name == g.caller.name)
    with context().sessions() as session:
        return {"items": [_token_view(row) for row in session.scalars(rows)]}


@session_blueprint.post("/tokens")
@session_blueprint.input(TokenRequest, arg_name="body", example=TOKEN_EXAMPLE)
@session_blueprint.output(NewToken, status_code=201)
@session_blueprint.doc(summary="Make a token")
@access(SELF)
def make_token(body: TokenRequest) -> Any:
    """Make a token for programs, with the rights of its user."""
    user = body.user or g.caller.name
    if user != g.caller.name and g.caller.role != OWNER:
        raise forbidden(Text("only an owner may make a token for another user"))
    g.object_name = user
    with context().sessions.begin() as session:
        if session.get(User, user) is None:
            raise wrong_field("/user", unknown_user(user))
        secret = add_token(session, body.name, user)
        session.flush()
        return {**_token_view(session.get_one(Token, body.name)), "secret": secret}


@session_blueprint.delete("/tokens/<name>")
@session_blueprint.output({}, status_code=204)
@access(SELF)
def delete_token(name: str) -> Any:
    """Remove a token; requests with it are refused from now on."""
    with context().sessions.begin() as session:
        row = session.get(Token, name)
        if row is None or (g.caller.role != OWNER and row.user_name != g.caller.name):
            raise Problem(404, "not-found", Text("you have no token {name!r}", name=name))
        remove_token(session, name)
    return Response(status=204)


def _token_view(row: Token) -> dict[str, Any]:
    return {"name": row.name, "user": row.user_name, "created": row.created}


@users_blueprint.get("/users")
@users_blueprint.output(UserList)
@access(MANAGE)
def list_users() -> Any:
    """List the users with their roles."""
    with context().sessions() as session:
        return {"items": [_user_view(session, user) for user in session.scalars(select(User).order_by(User.name))]}


@users_blueprint.post("/users")
@users_blueprint.input(UserRequest, arg_name="body", example=USER_EXAMPLE)
@users_blueprint.output(UserView, status_code=201)
@access(MANAGE)
def make_user(body: UserRequest) -> Any:
    """Add a user."""
    with context().sessions.begin() as session:
        password = None if body.password is None else body.password.get_secret_value()
        return _user_view(session, add_user(session, body.name, body.role, password))


@users_blueprint.patch("/users/<name>")
@users_blueprint.input(UserChange, arg_name="change", example=USER_CHANGE_EXAMPLE)
@users_blueprint.output(UserView)
@access(MANAGE)
def change_user(name: str, change: UserChange) -> Any:
    """Change the role or the password of a user, who must then sign in again."""
    with context().sessions.begin() as session:
        user = _find_user(session, name)
        if change.role is not None:
            set_role(session, name, change.role)
        if change.password is not None:
            set_password(session, name, change.password.get_secret_value())
        return _user_view(session, user)


@users_blueprint.delete("/users/<name>")
@users_blueprint.output({}, status_code=204)
@access(MANAGE)
def delete_user(name: str) -> Any:
    """Remove a user with its tokens, sessions and shared links; what it made stays."""
    with context().sessions.begin() as session:
        _find_user(session, name)
        remove_user(session, name)
    return Response(status=204)


def _find_user(session: Session, name: str) -> User:
    user = session.get(User, name)
    if user is None:
        raise Problem(404, "not-found", unknown_user(name))
    return user


def _user_view(session: Session, user: User) -> dict[str, Any]:
    tokens = session.scalars(select(Token.name).where(Token.user_name == user.name).order_by(Token.name))
    return {
        **{key: getattr(user, key) for key in ("name", "role", "created")},
        "has_password": user.password is not None,
        "tokens": list(tokens),
    }


@shares_blueprint.get("/shares")
@shares_blueprint.input(ShareQuery, location="query", arg_name="query")
@shares_blueprint.output(ShareList)
@shares_blueprint.doc(summary="List shared links")
def list_shares(query: ShareQuery) -> Any:
    """List the links that have not expired, newest first."""
    rows = select(Share).where(Share.expires.is_(None) | (Share.expires > time.time()))
    if query.object is not None:
        rows = rows.where(Share.object_id == query.object)
    with context().sessions() as session:
        return {"items": [_share_view(row) for row in session.scalars(rows.order_by(Share.created.desc(), Share.id))]}


@shares_blueprint.post("/shares")
@shares_blueprint.input(ShareRequest, arg_name="body", example=SHARE_EXAMPLE)
@shares_blueprint.output(NewShare, status_code=201)
@shares_blueprint.doc(summary="Share a result")
def share_result(body: ShareRequest) -> Any:
    """Make a link with which everyone can open one result without signing in."""
    expires = None if body.days is None else time.time() + body.days * DAY_SECONDS
    with context().sessions.begin() as session:
        if body.kind == COMPARISON:
            task = find(session, Task, body.object, "/object")
            if not is_present(session, body.kind, task.id):
                raise wrong_field("/object", Text("the task is not a comparison"))
        else:
            g.object_name = find_present(session, Model, body.object, "/object").name
        share, path = add_share(session, body.kind, body.object, expires)
        return {**_share_view(share), "path": request.script_root + path}


@shares_blueprint.delete("/shares/<share_id>")
@shares_blueprint.output({}, status_code=204)
@shares_blueprint.doc(summary="Revoke a shared link")
@access(EDIT_OWN, Share, "share_id")
def revoke_share(share_id: str) -> Any:
    """Revoke a link; it opens nothing from now on."""
    with context().sessions.begin() as session:
        row = session.get(Share, share_id)
        if row is None:
            raise Problem(404, "not-found", Text("there is no link {identifier}", identifier=share_id))
        g.object_name = row.object_id
        session.delete(row)
    return Response(status=204)


def _share_view(row: Share) -> dict[str, Any]:
    values = {key: getattr(row, key) for key in ("id", "kind", "created_by", "created", "expires")}
    return {**values, "object": row.object_id}


@audit_blueprint.get("/audit")
@audit_blueprint.input(AuditQuery, location="query", arg_name="query")
@audit_blueprint.output(AuditPage)
@audit_blueprint.doc(summary="The audit log")
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
            table = pd.DataFrame(
                [_entry_view(row) for row in session.scalars(rows)], columns=list(AuditView.model_fields)
            )
            table["time"] = pd.to_datetime(table["time"].astype(float), unit="s", utc=True)
            response = Response(to_csv(table, index=False), mimetype="text/csv")
            response.headers.set("Content-Disposition", "attachment", filename="audit.csv")
            return response
        total = session.scalar(select(func.count()).select_from(AuditEntry).where(*conditions)) or 0
        page = session.scalars(rows.limit(query.per_page).offset((query.page - 1) * query.per_page))
        return {
            "items": [_entry_view(row) for row in page],
            "total": total,
            "page": query.page,
            "per_page": query.per_page,
        }


def _entry_view(row: AuditEntry) -> dict[str, Any]:
    return {field: getattr(row, AUDIT_COLUMNS.get(field, field)) for field in AuditView.model_fields}
