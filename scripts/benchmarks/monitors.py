"""Processor time of 1,000 monitors that forecast every hour, as a share of one core."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import torch
from replay import HORIZON, TRAINING, TRAINING_DAYS, Replay
from sqlalchemy import select

from timevis.data.sample_tables import bundled_table
from timevis.service.db.monitor_tables import Champion, Monitor
from timevis.service.db.tables import Task, new_id
from timevis.service.monitoring.loop import MAX_ACTIVE, queue_cycle, queue_due
from timevis.service.tasks.jobs import execute
from timevis.service.tasks.states import CANCELLED, COMPLETED

MONITORS, SAMPLE = 1000, 8
HOUR_SECONDS = 3600


def main(rounds: int = 5, threads: int = 1) -> dict[str, float]:
    """Print and return the processor seconds of a cycle, of its first one, and of the search for due monitors.

    A round is an hour: one row arrives, and `SAMPLE` of the monitors score their last forecast, forecast, and watch.
    """
    torch.set_num_threads(threads)
    table, _ = bundled_table("electricity", None)
    rows = table.iloc[:, :2].set_axis(["time", "load"], axis=1)
    with tempfile.TemporaryDirectory() as home:
        service = Replay(Path(home))
        dataset = service.upload("upload", rows.iloc[: 24 * TRAINING_DAYS])
        task = service.call("POST", "train", json={**TRAINING, "dataset": dataset})
        service.work()
        model = service.call("GET", f"tasks/{task['id']}")["result"]["model"]
        body = {"dataset": dataset, "model": model, "schedule": {"cron": "0 * * * *"}}
        first = service.call("POST", "monitors", json=body)["id"]
        _copy(service, first)
        start = time.process_time()
        assert len(queue_due(service.service.sessions, time.time())) == MAX_ACTIVE
        search = (time.process_time() - start) / MAX_ACTIVE
        with service.service.sessions.begin() as session:
            for queued in session.scalars(select(Task).where(Task.kind == "monitor")):
                queued.state = CANCELLED
        seconds = [_hour(service)]
        for hour in range(rounds):
            row = 24 * TRAINING_DAYS + hour
            dataset = service.upload(f"datasets/{dataset}/rows", rows.iloc[row : row + 1])
            seconds.append(_hour(service))
        service.server.shutdown()
    cycle = statistics.median(statistics.median(hour) for hour in seconds[1:])
    found = {
        "cycle_seconds": cycle,
        "first_cycle_seconds": statistics.median(seconds[0]),
        "search_seconds": search,
        "share_of_one_core": MONITORS * (cycle + search) / HOUR_SECONDS,
    }
    print(f"{MONITORS} monitors of {24 * TRAINING_DAYS} rows, linear, horizon {HORIZON}, every hour")
    print(f"a cycle takes {cycle:.3f} s of processor time, the first one {found['first_cycle_seconds']:.3f} s")
    print(f"to find a due monitor among them takes {search:.3f} s")
    print(f"together {found['share_of_one_core']:.2f} of the time of one core")
    return found


def _copy(service: Replay, monitor_id: str) -> None:
    """Store so many monitors like one that there are `MONITORS`."""
    with service.service.sessions.begin() as session:
        given = session.get_one(Monitor, monitor_id)
        columns = {column.name: getattr(given, column.name) for column in Monitor.__table__.columns}
        for _ in range(MONITORS - 1):
            row = Monitor(**{**columns, "id": new_id(), "state": {}})
            session.add(row)
            session.flush()
            session.add(Champion(monitor_id=row.id, model_id=row.model_id, reason="first"))


def _hour(service: Replay) -> list[float]:
    """Processor seconds of the cycle of each monitor of the sample."""
    seconds = []
    with service.service.sessions() as session:
        sample = session.scalars(select(Monitor.id).order_by(Monitor.created, Monitor.id).limit(SAMPLE)).all()
    for monitor_id in sample:
        with service.service.sessions.begin() as session:
            monitor = session.get_one(Monitor, monitor_id)
            task = queue_cycle(session, monitor, time.time(), rows=True, forecast=True)
        assert task is not None
        start = time.process_time()
        execute(service.worker, task.id)
        seconds.append(time.process_time() - start)
        with service.service.sessions() as session:
            assert session.get_one(Task, task.id).state == COMPLETED
    return seconds
