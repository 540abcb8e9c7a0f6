"""The tables of users: who they are, links that they share, and what was done.

Times are seconds since 1970 in UTC.
"""

from __future__ import annotations

import time

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from timevis.service.db.tables import ACTOR, Base, new_id

MAX_USER_CHARACTERS = 100
MAX_OBJECT_CHARACTERS = 300
USER_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}"
MAX_PASSWORD_CHARACTERS = 200
VIEWER, EDITOR, OWNER = "viewer", "editor", "owner"
ROLES = (VIEWER, EDITOR, OWNER)
SIGN_IN, SIGN_OUT, CHANGE, DELETE, DOWNLOAD = "sign_in", "sign_out", "change", "delete", "download"
AUDIT_KINDS = (SIGN_IN, SIGN_OUT, CHANGE, DELETE, DOWNLOAD)


class User(Base):
    """A person or a program that signs in. `password` is a hash of werkzeug; None if there is none."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(String(MAX_USER_CHARACTERS), primary_key=True)
    role: Mapped[str]
    password: Mapped[str | None] = mapped_column(String(255))
    created: Mapped[float] = mapped_column(default=time.time)


class Share(Base):
    """A link to one result. `digest` is the SHA-256 of the secret in the link, which is stored nowhere.

    `kind` is ``model`` (its results with the report), ``report`` (of a model) or ``comparison`` (a task). It ends
    when it is removed, at the time `expires`, or when its object is deleted.
    """

    __tablename__ = "shares"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    object_id: Mapped[str] = mapped_column(index=True)
    created_by: Mapped[str | None] = mapped_column(String(MAX_USER_CHARACTERS), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time)
    expires: Mapped[float | None]


class AuditEntry(Base):
    """Something that was done, or refused. Rows are added, never change, and are removed only after their time.

    `kind` is ``sign_in``, ``sign_out``, ``change``, ``delete`` or ``download``; `operation` is a method and a path of
    the API, or a command. `object_id` and `object_name` say what it was done to, and `status` is the HTTP status.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_user_name", "user_name", "time"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    time: Mapped[float] = mapped_column(default=time.time, index=True)
    user_name: Mapped[str] = mapped_column(String(MAX_USER_CHARACTERS))
    role: Mapped[str | None]
    kind: Mapped[str]
    operation: Mapped[str] = mapped_column(String(200))
    object_id: Mapped[str | None] = mapped_column(String(MAX_USER_CHARACTERS), index=True)
    object_name: Mapped[str | None] = mapped_column(String(MAX_OBJECT_CHARACTERS))
    address: Mapped[str | None]
    status: Mapped[int]
    request_id: Mapped[str | None]


class AuditRetention(Base):
    """One row: entries of the audit log before the time `removable_before` may be removed; triggers refuse others."""

    __tablename__ = "audit_retention"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    removable_before: Mapped[float]
