"""Purges while requests change the same rows and files."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from service_data import plant_csv
from sqlalchemy import event
from sqlalchemy.orm import Session

from timevis.service.db.tables import Dataset, Model, Sessions, Task, new_id
from timevis.service.tasks import retention
from timevis.service.tasks.retention import DAY_SECONDS, purge

RUN = new_id()
LONG_AGO = 1.0


def before_the_first_change(sessions: Sessions, change: Callable[[Session], None]) -> None:
    """Let another connection change rows after a purge has read some, and before it changes any."""
    changes = [change]

    def call(_: Any, __: Any, statement: str, *___: Any) -> None:
        if changes and not statement.startswith("SELECT"):
            with sessions.begin() as session:
                changes.pop()(session)

    event.listen(sessions.kw["bind"], "before_cursor_execute", call)


def add_task(sessions: Sessions, state: str, **columns: Any) -> str:
    identifier = new_id()
    with sessions.begin() as session:
        session.add(Task(id=identifier, kind="train", queue="cpu", request={}, state=state, run_id=RUN, **columns))
    return identifier


def run_of(sessions: Sessions, task_id: str) -> str | None:
    with sessions() as session:
        return session.get_one(Task, task_id).run_id


def test_an_upload_that_is_read_again_stays_when_its_deleted_dataset_is_purged(
    http: FlaskClient, dataset: str
) -> None:
    service, now = http.application.extensions["timevis"], time.time()
    with service.sessions.begin() as session:
        session.get_one(Dataset, dataset).deleted = now - 31 * DAY_SECONDS
    stored = service.storage.store_upload(io.BytesIO(plant_csv()), "plant.csv", 2**20)
    path = service.storage.upload(stored.content_hash, stored.suffix)
    assert purge(service.sessions, service.settings, now)["datasets"] == 0
    assert path.exists()
    assert purge(service.sessions, service.settings, now + 2 * DAY_SECONDS)["datasets"] == 1
    assert not path.exists()


def test_a_failed_run_that_is_retried_during_a_purge_keeps_its_tasks(sessions: Sessions) -> None:
    failed, retries = add_task(sessions, "failed", finished=LONG_AGO), []

    def retry(session: Session) -> None:
        retries.append(Task(id=new_id(), kind="train", queue="cpu", request={}, retry_of=failed, run_id=RUN))
        session.add(retries[0])

    before_the_first_change(sessions, retry)
    assert retention._forget_failed_runs(sessions, time.time()) == 0
    assert [run_of(sessions, task_id) for task_id in (failed, retries[0].id)] == [RUN, RUN]


def test_a_failed_run_is_forgotten_unless_another_task_of_it_completed(sessions: Sessions) -> None:
    failed = [add_task(sessions, state, finished=LONG_AGO) for state in ("failed", "cancelled")]
    completed = add_task(sessions, "completed", finished=LONG_AGO)
    assert retention._forget_failed_runs(sessions, time.time()) == 0
    with sessions.begin() as session:
        session.get_one(Task, completed).run_id = new_id()
    assert retention._forget_failed_runs(sessions, time.time()) == 2
    assert [run_of(sessions, task_id) for task_id in failed] == [None, None]


def test_a_model_and_a_dataset_that_are_restored_during_a_purge_keep_their_task(
    http: FlaskClient, sessions: Sessions, dataset: str
) -> None:
    service = http.application.extensions["timevis"]
    with service.sessions() as session, sessions.begin() as other:
        row = session.get_one(Dataset, dataset)
        columns = {column.name: getattr(row, column.name) for column in Dataset.__table__.columns}
        other.add(Dataset(**columns | {"deleted": LONG_AGO}))
    task = add_task(sessions, "completed", dataset_id=dataset, finished=LONG_AGO)

    def restore(session: Session) -> None:
        for row in (*session.query(Dataset), *session.query(Model)):
            row.deleted = None

    before_the_first_change(sessions, restore)
    later = time.time() + 2 * DAY_SECONDS
    assert retention._purge_datasets(sessions, service.storage, LONG_AGO + 1, later) == 0
    with sessions.begin() as session:
        values = {"name": "m", "kind": "linear", "summary": {}, "dataset_id": dataset, "deleted": LONG_AGO}
        session.add(Model(task_id=task, run_id=RUN, **values))
    before_the_first_change(sessions, restore)
    assert retention._purge_models(sessions, LONG_AGO + 1) == 0
    with sessions() as session:
        found = session.get_one(Task, task)
        assert (found.run_id, found.dataset_id) == (RUN, dataset)
