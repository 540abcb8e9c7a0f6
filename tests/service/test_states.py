"""The state machine of tasks, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

from timevis.errors import TimeVisError
from timevis.messages import Text
from timevis.service.db.tables import Base, Sessions, Task
from timevis.service.tasks import states
from timevis.service.tasks.states import UnchangedRows


def queued_task(sessions: Sessions) -> str:
    with sessions.begin() as session:
        task = Task(kind="train", queue="cpu", request={})
        session.add(task)
        session.flush()
        return task.id


def state_of(sessions: Sessions, task_id: str) -> str:
    with sessions() as session:
        task = session.get(Task, task_id)
        assert task is not None
        return task.state


def finish(sessions: Sessions, task: Task, state: str) -> bool:
    with sessions.begin() as session:
        return states.finish(session, task, state)


def cancel(sessions: Sessions, task_id: str) -> str:
    with sessions.begin() as session:
        return states.request_cancel(session, task_id)


def recover(sessions: Sessions, max_attempts: int = 3, looks: int = 1) -> list[str]:
    """Look often enough at the running tasks to take them for lost."""
    heartbeats = UnchangedRows(looks)
    for _ in range(looks):
        assert states.recover_lost(sessions, heartbeats, max_attempts) == []
    return states.recover_lost(sessions, heartbeats, max_attempts)


def test_a_task_that_is_delivered_many_times_is_claimed_once(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: states.claim(sessions, task_id, f"worker {n}"), range(8)))
    (claimed,) = [task for task in claims if task is not None]
    assert claimed.attempt == 1
    assert claimed.state == "running"


def test_a_queued_task_is_cancelled_at_once_and_never_starts(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    assert cancel(sessions, task_id) == "cancelled"
    assert states.claim(sessions, task_id, "worker") is None


def test_a_running_task_that_is_cancelled_says_so_to_its_owner(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    task = states.claim(sessions, task_id, "worker")
    assert task is not None
    assert states.requested_ends(sessions, task_id) == (False, False)
    assert cancel(sessions, task_id) == "running"
    assert states.requested_ends(sessions, task_id) == (True, False)
    assert finish(sessions, task, "cancelled")


def test_a_final_state_never_changes(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    task = states.claim(sessions, task_id, "worker")
    assert task is not None
    assert finish(sessions, task, "completed")
    assert not finish(sessions, task, "failed")
    assert not states.beat(sessions, task)
    assert cancel(sessions, task_id) == "completed"
    assert recover(sessions) == []
    assert state_of(sessions, task_id) == "completed"


def test_a_lost_task_is_queued_again_and_its_old_worker_cannot_change_it(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    old = states.claim(sessions, task_id, "old worker")
    assert old is not None
    assert recover(sessions, looks=3) == [task_id]
    new = states.claim(sessions, task_id, "new worker")
    assert new is not None
    assert new.attempt == 2
    assert not states.beat(sessions, old)
    assert not finish(sessions, old, "failed")
    assert finish(sessions, new, "completed")


def test_a_task_that_is_lost_too_often_fails_and_says_so(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    for attempt in range(3):
        assert states.claim(sessions, task_id, f"worker {attempt}") is not None
        recover(sessions)
    with sessions() as session:
        task = session.get(Task, task_id)
    assert task is not None
    assert task.state == "failed"
    assert task.error == "the worker of the task was lost 3 times"
    assert task.result["error_code"] == {"code": "worker-lost", "params": {"count": 3}}


def test_a_lost_task_that_was_to_be_cancelled_is_cancelled(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    assert states.claim(sessions, task_id, "worker") is not None
    cancel(sessions, task_id)
    assert recover(sessions) == []
    assert state_of(sessions, task_id) == "cancelled"


@pytest.mark.parametrize("jump", [-3600.0, 0.001, 3600.0])
def test_a_task_whose_heartbeat_changes_is_not_lost_whatever_the_clock_says(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    task = states.claim(sessions, queued_task(sessions), "worker")
    assert task is not None
    now, heartbeats = time.time(), UnchangedRows(1)
    for step in range(4):
        monkeypatch.setattr(time, "time", lambda step=step: now + jump * step)
        assert states.beat(sessions, task)
        assert states.recover_lost(sessions, heartbeats, 3) == []


def test_a_released_task_starts_again_without_counting_the_attempt(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    task = states.claim(sessions, task_id, "worker")
    assert task is not None
    assert states.release(sessions, task)
    again = states.claim(sessions, task_id, "other worker")
    assert again is not None
    assert again.attempt == 1


def test_the_error_for_which_a_task_waits_ends_with_the_next_attempt(sessions: Sessions) -> None:
    task_id = queued_task(sessions)
    task = states.claim(sessions, task_id, "worker")
    assert task is not None
    error = states.failure(
        TimeVisError(Text("not copied: {reason}", code="not-copied", reason="no folder"), Text("check it"))
    )
    assert states.release(sessions, task, **error)
    with sessions() as session:
        waiting = session.get_one(Task, task_id)
        assert (waiting.error, waiting.result["error_code"]["code"]) == (error["error"], "not-copied")
    again = states.claim(sessions, task_id, "worker")
    assert again is not None
    assert (again.error, again.advice, again.result) == (None, None, {})


@pytest.mark.parametrize("final", states.FINAL)
def test_finishing_and_cancelling_at_the_same_time_give_one_final_state(sessions: Sessions, final: str) -> None:
    task_id = queued_task(sessions)
    task = states.claim(sessions, task_id, "worker")
    assert task is not None
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(finish, sessions, task, state) for state in (final, "failed")]
        pool.submit(cancel, sessions, task_id).result()
        assert sorted(future.result() for future in done) == [False, True]
    assert state_of(sessions, task_id) in states.FINAL


class TaskMachine(RuleBasedStateMachine):
    """Random transitions by several workers, some of which believe that they own the task although they do not."""

    @initialize()
    def start(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        Base.metadata.create_all(engine)
        self.sessions = sessionmaker(engine, expire_on_commit=False)
        self.task_id = queued_task(self.sessions)
        self.claims: list[Task] = []
        self.history = ["queued"]

    @rule()
    def claim(self) -> None:
        task = states.claim(self.sessions, self.task_id, f"worker {len(self.claims)}")
        assert (task is not None) == (self.history[-1] == "queued")
        if task is not None:
            self.claims.append(task)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), state=st.sampled_from(states.FINAL))
    def finish(self, data: st.DataObject, state: str) -> None:
        task = data.draw(st.sampled_from(self.claims))
        is_owner = self.history[-1] == "running" and task is self.claims[-1]
        assert finish(self.sessions, task, state) == is_owner

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.claims))
        assert states.beat(self.sessions, task, {}) == (self.history[-1] == "running" and task is self.claims[-1])

    @precondition(lambda self: self.claims)
    @rule()
    def release(self) -> None:
        states.release(self.sessions, self.claims[-1])

    @rule()
    def lose_and_recover(self) -> None:
        recover(self.sessions)

    @rule()
    def cancel(self) -> None:
        cancel(self.sessions, self.task_id)

    @invariant()
    def only_allowed_transitions_happen(self) -> None:
        if not hasattr(self, "history"):
            return
        state = state_of(self.sessions, self.task_id)
        if state != self.history[-1]:
            allowed = {"queued": ("running", "cancelled"), "running": ("queued", *states.FINAL)}
            assert state in allowed.get(self.history[-1], ())
            self.history.append(state)


TaskMachine.TestCase.settings = hypothesis_settings(max_examples=25, stateful_step_count=20, deadline=None)
TestTaskMachine = TaskMachine.TestCase
