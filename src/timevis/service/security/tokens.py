"""Tokens: the one of the home folder, and named ones, which may be read-only."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.db.tables import LoginSession, Sessions, Token

MAX_RECENT_TOKENS = 10_000
SESSION_SECONDS = 30 * 86_400
"""A browser must be given its token again after this time."""
OWNER = "owner"
"""Name of the token of the home folder."""
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}"


@dataclass(frozen=True)
class Caller:
    """Who sent a request."""

    name: str
    read_only: bool


def identify(sessions: Sessions, owner_token: str, given: str | None) -> Caller | None:
    """The caller whose token was given; None if it is no token of this service."""
    if not given:
        return None
    if hmac.compare_digest(given.encode(), owner_token.encode()):
        return Caller(OWNER, read_only=False)
    with sessions() as session:
        token = session.scalar(select(Token).where(Token.digest == _digest(given)))
    return None if token is None else Caller(token.name, token.read_only)


def start_session(sessions: Sessions, token: str, now: float | None = None) -> str:
    """Store a session for a browser that was given a valid token; returns the secret of its cookie."""
    now = time.time() if now is None else now
    secret = secrets.token_urlsafe(32)
    row = LoginSession(
        digest=_digest(secret), token_digest=_digest(token), created=now, expires=now + SESSION_SECONDS
    )
    with sessions.begin() as session:
        session.execute(delete(LoginSession).where(LoginSession.expires < now))
        session.add(row)
    return secret


def session_caller(sessions: Sessions, owner_token: str, cookie: str) -> Caller | None:
    """The caller whose browser sent a cookie; None if its session has expired or its token was removed."""
    with sessions() as session:
        row = session.get(LoginSession, _digest(cookie))
        if row is None or row.expires < time.time():
            return None
        if hmac.compare_digest(row.token_digest, _digest(owner_token)):
            return Caller(OWNER, read_only=False)
        token = session.scalar(select(Token).where(Token.digest == row.token_digest))
    return None if token is None else Caller(token.name, token.read_only)


class RecentTokens:
    """Digests of the tokens that were accepted last, to which the limit on wrong tokens does not apply."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, token: str) -> None:
        with self._lock:
            self._digests[_digest(token)] = None
            self._digests.move_to_end(_digest(token))
            while len(self._digests) > MAX_RECENT_TOKENS:
                self._digests.popitem(last=False)

    def __contains__(self, token: object) -> bool:
        with self._lock:
            return isinstance(token, str) and _digest(token) in self._digests


def add_token(session: Session, name: str, read_only: bool) -> str:
    """Store a new token; returns its secret, which cannot be read again.

    Raises
    ------
    ConfigError
        The name is taken or has other characters than letters, digits and ``._@-``.
    """
    if not re.fullmatch(NAME_PATTERN, name) or name == OWNER:
        raise ConfigError(
            Text("wrong-token-name", "{name!r} cannot be the name of a token", name=name),
            Text("characters-of-token-name", "use letters, digits and . _ @ -"),
        )
    if session.get(Token, name) is not None:
        raise ConfigError(
            Text("token-exists", "there is a token {name!r} already", name=name),
            Text("remove-token-first", "remove it first, or choose another name"),
        )
    secret = secrets.token_urlsafe(24)
    session.add(Token(name=name, digest=_digest(secret), read_only=read_only))
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


def _digest(secret: str) -> str:
    """A token is long and random, so one round of SHA-256 suffices; it also makes the look-up independent of time."""
    return hashlib.sha256(secret.encode()).hexdigest()
