"""Users: named people and programs with a role, and perhaps a password."""

from __future__ import annotations

import re

from sqlalchemy import delete, func, select
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

MIN_PASSWORD_CHARACTERS = 10
PASSWORD_METHOD = "scrypt:32768:8:1"
NO_PASSWORD = (
    "scrypt:32768:8:1$nfQeJ8Vg0y2sBz4k$"
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000"
)
"""A hash that no password has. To check it takes as long as another one, so that nobody learns who is a user."""


def add_user(session: Session, name: str, role: str, password: str | None = None) -> User:
    """Store a new user.

    Raises
    ------
    ConfigError
        The name is taken, reserved or has other characters than letters, digits and ``._@+-``; there is no such role;
        or the password is too short.
    """
    require_name(name)
    require_role(role)
    taken = session.scalar(select(User.name).where(func.lower(User.name) == name.lower()))
    if taken is not None:
        raise ConfigError(
            Text("user-exists", "there is a user {name!r} already", name=taken),
            Text("choose-other-user-name", "choose another name for the user"),
            "name",
        )
    user = User(name=name, role=role, password=None if password is None else hash_password(name, password))
    session.add(user)
    session.flush()
    return user


def require_name(name: str) -> None:
    """Check the name of a user or a token."""
    if not re.fullmatch(USER_NAME_PATTERN, name) or name.lower() == OWNER:
        raise ConfigError(
            Text("wrong-user-name", "{name!r} cannot be the name of a user or a token", name=name),
            characters_of_name(),
            "name",
        )


def characters_of_name() -> Text:
    """The advice on a wrong name."""
    return Text("characters-of-user-name", "use letters, digits and . _ @ + -")


def require_role(role: str) -> None:
    """Check the name of a role."""
    if role not in ROLES:
        raise ConfigError(
            Text("no-such-role", "there is no role {role!r}", role=role),
            Text("names-of-roles", "the roles are {roles}", roles=list(ROLES)),
            "role",
        )


def find_user(session: Session, name: str) -> User:
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
    return Text("no-user-of-name", "there is no user {name!r}", name=name)


def set_role(session: Session, name: str, role: str) -> User:
    """Change the role of a user; its browsers must sign in again."""
    user = find_user(session, name)
    require_role(role)
    if user.role != role:
        user.role = role
        end_sessions(session, name)
    return user


def set_password(session: Session, name: str, password: str) -> User:
    """Change the password of a user; its browsers must sign in again."""
    user = find_user(session, name)
    user.password = hash_password(name, password)
    end_sessions(session, name)
    return user


def remove_user(session: Session, name: str) -> None:
    """Remove a user with its tokens, sessions and shared links; what it made stays."""
    user = find_user(session, name)
    end_sessions(session, name)
    session.execute(delete(Token).where(Token.user_name == name))
    session.execute(delete(Share).where(Share.created_by == name))
    session.delete(user)


def end_sessions(session: Session, name: str) -> None:
    """End all sessions of a user, with a password or with a token."""
    digests = list(session.scalars(select(Token.digest).where(Token.user_name == name)))
    is_own = (LoginSession.user_name == name) | LoginSession.token_digest.in_(digests)
    session.execute(delete(LoginSession).where(is_own))


def hash_password(name: str, password: str) -> str:
    """The hash that is stored of a password."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS or password.lower() == name.lower():
        raise ConfigError(
            Text(
                "weak-password",
                "a password needs {minimum} to {maximum} characters, and is not the name",
                minimum=MIN_PASSWORD_CHARACTERS,
                maximum=MAX_PASSWORD_CHARACTERS,
            ),
            Text("choose-password", "choose several words, or let a program make one"),
            "password",
        )
    return generate_password_hash(password, PASSWORD_METHOD)


def has_password(sessions: Sessions, name: str, password: str) -> bool:
    """Whether this is the password of this user. The answer takes as long if there is no such user."""
    with sessions() as session:
        stored = session.scalar(select(User.password).where(User.name == name))
    return check_password_hash(stored or NO_PASSWORD, password) and stored is not None
