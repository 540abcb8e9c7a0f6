"""The end of a task whose result the database refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from timevis.service.db.tables import Model, Sessions, Task
from timevis.service.settings import Settings
from timevis.service.tasks import jobs
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.runner import Outcome
from timevis.service.tasks.states import COMPLETED


def test_a_task_whose_result_the_database_refuses_fails(
    sessions: Sessions, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite takes a text of any length, so that it refuses only the absent one, as an IntegrityError
    name = None if sessions.kw["bind"].dialect.name == "sqlite" else "n" * 201
    model = Model(name=name, kind="linear", run_id="1" * 32, summary={})

    def add(session: Session) -> None:
        session.add(model)

    monkeypatch.setitem(
        jobs.JOBS, "train", lambda *_: (Outcome(COMPLETED), {"change": add, "result": {"model": "m"}})
    )
    with sessions.begin() as session:
        task = Task(kind="train", queue="cpu", request={})
        session.add(task)
    execute(Worker(make_settings(), sessions, ("cpu",)), task.id)
    with sessions() as session:
        found = session.get_one(Task, task.id)
    assert found.state == "failed"
    assert found.error is not None
    assert found.error.startswith("the database did not accept the result of the task (")
    assert (found.result["error_code"]["code"], found.advice) == (
        "the database did not accept the result of the task ({reason})",
        "see the log of the worker",
    )
    assert "model" not in found.result
