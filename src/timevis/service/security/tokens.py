"""Tokens and sessions: the token of the home folder belongs to the owner, a named one to a user."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.db.tables import OWNER, LoginSession, Sessions, Token, User
from timevis.service.security.users import find_user, require_name
from timevis.service.settings import Secret

MAX_RECENT_TOKENS = 10_000
SESSION_SECONDS = 30 * 86_400
"""A browser must be given its token or password again after this time."""
TOKEN, SESSION, PROXY, LINK = "token", "session", "proxy", "link"
"""How a caller was identified: a token in the header, a cookie, a header of the proxy, or a shared link."""


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
    require_name(name)
    find_user(session, user)
    if session.get(Token, name) is not None:
        raise ConfigError(
            Text("token-exists", "there is a token {name!r} already", name=name),
            Text("remove-token-first", "remove it first, or choose another name"),
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
            Text("no-token-of-name", "there is no token {name!r}", name=name),
            Text("list-tokens", "timevis serve token list shows the names"),
        )
    session.delete(token)


def digest_of(secret: str) -> str:
    """A secret is long and random, so one round of SHA-256 suffices; the time of a look-up then tells nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
