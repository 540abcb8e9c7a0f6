"""The tables of the database, apart from those of monitors: datasets, tasks, models, users, and what belongs to them.

Times are seconds since 1970 in UTC.

A change of a table needs a script in ``migrations/versions``; a test compares both.
"""

from __future__ import annotations

import time
import uuid
from contextvars import ContextVar
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, CursorResult, Delete, Float, ForeignKey, Index, String, Text, Update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker, validates

MAX_NAME_CHARACTERS, MAX_FILE_NAME_CHARACTERS = 200, 300
FIRST_CHANNELS = 3
"""Channels that a list of datasets names."""
MAX_ANNOTATION_CHARACTERS = 500
MAX_USER_CHARACTERS = 100
MAX_OBJECT_CHARACTERS = 300
USER_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}"
MAX_PASSWORD_CHARACTERS = 200
VIEWER, EDITOR, OWNER = "viewer", "editor", "owner"
ROLES = (VIEWER, EDITOR, OWNER)
SIGN_IN, SIGN_OUT, CHANGE, DELETE, DOWNLOAD = "sign_in", "sign_out", "change", "delete", "download"
AUDIT_KINDS = (SIGN_IN, SIGN_OUT, CHANGE, DELETE, DOWNLOAD)


def new_id() -> str:
    return uuid.uuid4().hex


ACTOR: ContextVar[str | None] = ContextVar("actor", default=None)
"""Name of the user of the current request; rows that the request adds record it."""


Sessions = sessionmaker[Session]


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Execute an UPDATE or DELETE; returns the number of rows that it changed."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON, float: Float(53), str: String(64)}


class Dataset(Base):
    """An uploaded file, how it is read, and what cleaning found in it.

    `content_hash` names the stored file; `options` are keys of the config section `data`. `report` has megabytes for
    tens of thousands of series; `summary` is what lists show of it, and changes with it. A dataset is deleted by
    setting `deleted`, so that it can be restored. `champion_id` is the model that a user preferred for this dataset;
    `parent_id` is the dataset that this one extends by newer rows. `created_by` is the name of a user.
    """

    __tablename__ = "datasets"
    __table_args__ = (Index("ix_datasets_deleted", "deleted"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(MAX_NAME_CHARACTERS), index=True)
    file_name: Mapped[str] = mapped_column(String(MAX_FILE_NAME_CHARACTERS))
    content_hash: Mapped[str] = mapped_column(index=True)
    suffix: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    options: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    champion_id: Mapped[str | None] = mapped_column(index=True)
    parent_id: Mapped[str | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time, index=True)
    deleted: Mapped[float | None]

    @validates("report")
    def _summarise(self, _: str, report: dict[str, Any]) -> dict[str, Any]:
        channels = list(report["channels"])
        self.summary = {
            **{key: report[key] for key in ("rows", "frequency", "start", "end", "timezone")},
            **{"channel_count": len(channels), "first_channels": channels[:FIRST_CHANNELS]},
        }
        return report

    def describe(self, report: dict[str, Any], line: dict[str, Any] | None) -> None:
        """Set the quality report and, for lists, the newest values (`timevis.service.series.NewestValues`)."""
        self.report = report
        self.summary = {**self.summary, "line": line}


class Task(Base):
    """A training, a forecast, a comparison, or the reading of a file.

    This row is the truth about it; see `timevis.service.tasks.states`. `group_id` is common to the training runs of a
    sweep. `owner` is the worker that runs the task, `attempt` counts how often it was started, and `heartbeat` is the
    last sign of life of the owner. A training run that is expected to end soon (`is_short`) does not wait for long
    ones.
    """

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_finished_state", "finished", "state"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(index=True)
    queue: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", index=True)
    request: Mapped[dict[str, Any]]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None] = mapped_column(Text)
    advice: Mapped[str | None] = mapped_column(Text)
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id"), index=True)
    run_id: Mapped[str | None] = mapped_column(index=True)
    group_id: Mapped[str | None] = mapped_column(index=True)
    retry_of: Mapped[str | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    owner: Mapped[str | None] = mapped_column(String(200))
    attempt: Mapped[int] = mapped_column(default=0)
    heartbeat: Mapped[float | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    stop_requested: Mapped[bool] = mapped_column(default=False)
    is_short: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time, index=True)
    started: Mapped[float | None]
    finished: Mapped[float | None]


class Model(Base):
    """A trained model: a completed run, with a summary of its results.

    A run of the command line has no task, and no dataset if its data cannot be read.
    """

    __tablename__ = "models"
    __table_args__ = (Index("ix_models_deleted_kind", "deleted", "kind"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(MAX_NAME_CHARACTERS), index=True)
    kind: Mapped[str] = mapped_column(index=True)
    task_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"), unique=True)
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id"), index=True)
    run_id: Mapped[str]
    summary: Mapped[dict[str, Any]]
    notes: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]] = mapped_column(default=list)
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time, index=True)
    deleted: Mapped[float | None]


class FolderCopy(Base):
    """The copy of the folder of a run or a dataset; see `timevis.service.artefacts`.

    `id` is the identifier of the run or dataset. `files` maps the path of each file in the folder to its SHA-256.
    `home` is the home folder of the host that wrote the copy, and `revision` changes with every copy.
    """

    __tablename__ = "folder_copies"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    revision: Mapped[str]
    home: Mapped[str] = mapped_column(Text)
    files: Mapped[dict[str, Any]]
    changed: Mapped[float] = mapped_column(default=time.time)


class Worker(Base):
    """A running worker and its last sign of life."""

    __tablename__ = "workers"
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    queues: Mapped[list[str]]
    heartbeat: Mapped[float]


class Token(Base):
    """A named token of a user. `digest` is the SHA-256 of the secret, which is stored nowhere."""

    __tablename__ = "tokens"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    user_name: Mapped[str] = mapped_column(
        String(100), ForeignKey("users.name", name="fk_tokens_user_name"), index=True
    )
    created: Mapped[float] = mapped_column(default=time.time)


class LoginSession(Base):
    """A browser that was given a token, or the name and password of a user; `digest` is the SHA-256 of its cookie.

    `token_digest` is the SHA-256 of the token, and `user_name` the name of a user who gave a password; one of both is
    None. It ends with the token or the user, with a change of role or password, or at the time `expires`.
    """

    __tablename__ = "login_sessions"
    digest: Mapped[str] = mapped_column(primary_key=True)
    token_digest: Mapped[str | None]
    user_name: Mapped[str | None] = mapped_column(String(100))
    created: Mapped[float] = mapped_column(default=time.time)
    expires: Mapped[float]


class Annotation(Base):
    """A text at a time of the data, or over a range of times.

    It belongs to a dataset with all its versions: `dataset_id` is the first version, see `first_version`. `start` and
    `end` are local times of the data as ISO 8601 without an offset, so that their texts have the order of time; `end`
    is None for an annotation of one time.
    """

    __tablename__ = "annotations"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    dataset_id: Mapped[str] = mapped_column(index=True)
    start: Mapped[str]
    end: Mapped[str | None]
    text: Mapped[str] = mapped_column(String(MAX_ANNOTATION_CHARACTERS))
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time)


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
