"""Users with their passwords, tokens and sessions."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from timevis.config.suggestions import did_you_mean
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.db.tables import (
    MAX_PASSWORD_CHARACTERS,
    OWNER,
    ROLES,
    USER_NAME_PATTERN,
    LoginSession,
    Sessions,
    Share,
    Token,
    User,
)
from timevis.service.settings import Secret

MIN_PASSWORD_CHARACTERS = 10
PASSWORD_METHOD = "scrypt:32768:8:1"
NO_PASSWORD = (
    "scrypt:32768:8:1$nfQeJ8Vg0y2sBz4k$"
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000"
)
"""A hash that no password has. To check it takes as long as another one, so that nobody learns who is a user."""
MAX_RECENT_TOKENS = 10_000
SESSION_SECONDS = 30 * 86_400
"""A browser must be given its token or password again after this time."""
TOKEN, SESSION, PROXY, LINK = "token", "session", "proxy", "link"
"""How a caller was identified: a token in the header, a cookie, a header of the proxy, or a shared link."""


def add_user(session: Session, name: str, role: str, password: str | None = None) -> User:
    """Store a new user.

    Raises
    ------
    ConfigError
        The name is taken, reserved or has other characters than letters, digits and ``._@+-``; there is no such role;
        or the password is too short.
    """
    _require_name(name)
    _require_role(role)
    taken = session.scalar(select(User.name).where(func.lower(User.name) == name.lower()))
    if taken is not None:
        raise ConfigError(
            Text("there is a user {name!r} already", name=taken), Text("choose another name for the user"), "name"
        )
    user = User(name=name, role=role, password=None if password is None else _hash_password(name, password))
    session.add(user)
    session.flush()
    return user


def _require_name(name: str) -> None:
    """Check the name of a user or a token."""
    if not re.fullmatch(USER_NAME_PATTERN, name) or name.lower() == OWNER:
        raise ConfigError(
            Text("{name!r} cannot be the name of a user or a token", name=name), characters_of_name(), "name"
        )


def characters_of_name() -> Text:
    """The advice on a wrong name."""
    return Text("use letters, digits and . _ @ + -")


def _require_role(role: str) -> None:
    """Check the name of a role."""
    if role not in ROLES:
        raise ConfigError(
            Text("there is no role {role!r}", role=role), Text("the roles are {roles}", roles=list(ROLES)), "role"
        )


def _find_user(session: Session, name: str) -> User:
    """The user of a name.

    Raises
    ------
    ConfigError
        There is none.
    """
    user = session.get(User, name)
    if user is None:
        raise ConfigError(
            unknown_user(name),
            did_you_mean(name, list(session.scalars(select(User.name)))),
            "name",
        )
    return user


def unknown_user(name: str) -> Text:
    """The text that there is no user of a name."""
    return Text("there is no user {name!r}", name=name)


def set_role(session: Session, name: str, role: str) -> User:
    """Change the role of a user; its browsers must sign in again."""
    user = _find_user(session, name)
    _require_role(role)
    if user.role != role:
        user.role = role
        _end_sessions(session, name)
    return user


def set_password(session: Session, name: str, password: str) -> User:
    """Change the password of a user; its browsers must sign in again."""
    user = _find_user(session, name)
    user.password = _hash_password(name, password)
    _end_sessions(session, name)
    return user


def remove_user(session: Session, name: str) -> None:
    """Remove a user with its tokens, sessions and shared links; what it made stays."""
    user = _find_user(session, name)
    _end_sessions(session, name)
    session.execute(delete(Token).where(Token.user_name == name))
    session.execute(delete(Share).where(Share.created_by == name))
    session.delete(user)


def _end_sessions(session: Session, name: str) -> None:
    """End all sessions of a user, with a password or with a token."""
    digests = list(session.scalars(select(Token.digest).where(Token.user_name == name)))
    is_own = (LoginSession.user_name == name) | LoginSession.token_digest.in_(digests)
    session.execute(delete(LoginSession).where(is_own))


def _hash_password(name: str, password: str) -> str:
    """The hash that is stored of a password."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS or password.lower() == name.lower():
        raise ConfigError(
            Text(
                "a password needs {minimum} to {maximum} characters, and is not the name",
                minimum=MIN_PASSWORD_CHARACTERS,
                maximum=MAX_PASSWORD_CHARACTERS,
            ),
            Text("choose several words, or let a program make one"),
            "password",
        )
    return generate_password_hash(password, PASSWORD_METHOD)


def has_password(sessions: Sessions, name: str, password: str) -> bool:
    """Whether this is the password of this user. The answer takes as long if there is no such user."""
    with sessions() as session:
        stored = session.scalar(select(User.password).where(User.name == name))
    return check_password_hash(stored or NO_PASSWORD, password) and stored is not None


@dataclass(frozen=True)
class Caller:
    """Who sent a request. `role` is a role, or the kind of a shared link, of which `object_id` names the object."""

    name: str
    role: str
    way: str
    object_id: str = ""


def identify(sessions: Sessions, owner_token: Secret, given: str | None) -> Caller | None:
    """The caller whose token was given; None if it is no token of this service."""
    if not given:
        return None
    if hmac.compare_digest(given.encode(), owner_token.get_secret_value().encode()):
        return Caller(OWNER, OWNER, TOKEN)
    with sessions() as session:
        return _user(session, User.name == Token.user_name, Token.digest == digest_of(given), way=TOKEN)


def start_session(
    sessions: Sessions, token: str | None = None, user: str | None = None, now: float | None = None
) -> str:
    """Store a session for a browser that was given a valid token or password; returns the secret of its cookie."""
    now = time.time() if now is None else now
    secret = secrets.token_urlsafe(32)
    row = LoginSession(
        digest=digest_of(secret),
        token_digest=None if token is None else digest_of(token),
        user_name=user,
        created=now,
        expires=now + SESSION_SECONDS,
    )
    with sessions.begin() as session:
        session.execute(delete(LoginSession).where(LoginSession.expires < now))
        session.add(row)
    return secret


def end_session(sessions: Sessions, cookie: str) -> None:
    """Remove the session of a cookie."""
    with sessions.begin() as session:
        session.execute(delete(LoginSession).where(LoginSession.digest == digest_of(cookie)))


def session_caller(sessions: Sessions, owner_token: Secret, cookie: str) -> Caller | None:
    """The caller whose browser sent a cookie; None if its session has ended, or its token or user was removed."""
    with sessions() as session:
        row = session.get(LoginSession, digest_of(cookie))
        if row is None or row.expires < time.time():
            return None
        if row.token_digest is None:
            return _user(session, User.name == row.user_name, way=SESSION)
        if hmac.compare_digest(row.token_digest, digest_of(owner_token.get_secret_value())):
            return Caller(OWNER, OWNER, SESSION)
        return _user(session, User.name == Token.user_name, Token.digest == row.token_digest, way=SESSION)


def _user(session: Session, *conditions: ColumnElement[bool], way: str) -> Caller | None:
    row = session.execute(select(User.name, User.role).where(*conditions)).first()
    return None if row is None else Caller(row.name, row.role, way)


class RecentTokens:
    """Digests of the tokens that were accepted last, to which the limit on wrong tokens does not apply."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, token: str) -> None:
        with self._lock:
            self._digests[digest_of(token)] = None
            self._digests.move_to_end(digest_of(token))
            while len(self._digests) > MAX_RECENT_TOKENS:
                self._digests.popitem(last=False)

    def __contains__(self, token: object) -> bool:
        with self._lock:
            return isinstance(token, str) and digest_of(token) in self._digests


def add_token(session: Session, name: str, user: str) -> str:
    """Store a new token of a user; returns its secret, which cannot be read again.

    Raises
    ------
    ConfigError
        There is no such user; or the name is taken, or has other characters than letters, digits and ``._@+-``.
    """
    _require_name(name)
    _find_user(session, user)
    if session.get(Token, name) is not None:
        raise ConfigError(
            Text("there is a token {name!r} already", name=name),
            Text("remove it first, or choose another name"),
            "name",
        )
    secret = secrets.token_urlsafe(24)
    session.add(Token(name=name, digest=digest_of(secret), user_name=user))
    return secret


def remove_token(session: Session, name: str) -> None:
    """Delete a token; requests with it are refused from now on.

    Raises
    ------
    ConfigError
        There is none of this name.
    """
    token = session.get(Token, name)
    if token is None:
        raise ConfigError(
            Text("there is no token {name!r}", name=name), Text("timevis serve token list shows the names")
        )
    session.delete(token)


def digest_of(secret: str) -> str:
    """A secret is long and random, so one round of SHA-256 suffices; the time of a look-up then tells nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
