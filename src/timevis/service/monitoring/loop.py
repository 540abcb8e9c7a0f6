"""The daily loop: every few seconds due monitors get a cycle, and silent ones an alert.

Celery beat sends a message every few seconds, and a worker of the interactive queue looks for what is due.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from celery import Celery, signals
from celery.schedules import ParseException, crontab
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.service.db.monitor_tables import NO_ROWS, Challenger, Monitor
from timevis.service.db.tables import Dataset, Sessions, Task, new_id, rows_changed
from timevis.service.monitoring.alerts import Deliveries, raise_alert, raise_failure
from timevis.service.settings import Settings
from timevis.service.tasks.jobs import Worker
from timevis.service.tasks.queue import INTERACTIVE, make_celery, send
from timevis.service.tasks.states import FAILED, FINAL, MONITOR, QUEUED, RUNNING

log = logging.getLogger(__name__)

MAX_ACTIVE = 5
"""Cycles that are queued or run at the same time, so that the other threads of the queue stay free for people."""
_is_looking = Lock()
MAX_DAYS = 5 * 366
"""A schedule without a time within these days, such as on 30 February, is refused."""
LOOK_NAME = "timevis.look"
LOOK_SECONDS = 5.0
SCHEDULER = "celery.beat:Scheduler"
"""It stores nothing: the times of monitors are in the database."""


def look(sessions: Sessions, celery: Celery) -> None:
    """Queue the cycles that are due, and raise alerts about silence and failures."""
    if not _is_looking.acquire(blocking=False):  # another thread of this process does
        return
    try:
        now = time.time()
        with sessions.begin() as session:
            report_failures(session)
            report_silence(session, now)
        queued = queue_due(sessions, now)
    finally:
        _is_looking.release()
    for task in queued:  # a lost message only delays a task, so nobody waits for the broker
        send(celery, task.id, task.queue)


def report_failures(session: Session) -> None:
    """Raise an alert for each monitor whose last cycle failed."""
    failed = select(Monitor, Task).join(Task, Task.id == Monitor.task_id)
    for monitor, task in session.execute(failed.where(Task.state == FAILED, Monitor.deleted.is_(None))).all():
        raise_failure(session, monitor, task)


def report_silence(session: Session, now: float) -> None:
    """Raise an alert for each monitor whose dataset has got no rows for too long."""
    silent = (Monitor.silent_from <= now, Monitor.deleted.is_(None), Monitor.enabled)
    for monitor in session.scalars(select(Monitor).where(*silent)):
        dataset = session.get(Dataset, monitor.dataset_id)
        text = Text(
            "no new rows have arrived for {hours:g} hours; the last row is {last}",
            hours=monitor.bounds["no_rows_hours"],
            last=dataset.report["end"] if dataset else "",
        )
        raise_alert(session, monitor, NO_ROWS, monitor.dataset_id, text)
        monitor.silent_from = None


def queue_due(sessions: Sessions, now: float) -> list[Task]:
    """Store the cycles of the monitors that wait longest, as many as may be active; returns their tasks."""
    queued = []
    while (task := _queue_next(sessions, now)) is not None:
        queued.append(task)
    return queued


def _queue_next(sessions: Sessions, now: float) -> Task | None:
    is_free = or_(Monitor.task_id.is_(None), Task.state.in_(FINAL), Task.id.is_(None))
    has_challenger = (
        select(Challenger.id)
        .join(Task, Task.id == Challenger.task_id)
        .where(Challenger.monitor_id == Monitor.id, Challenger.state == "training", Task.state.in_(FINAL))
        .exists()
    )
    has_rows = or_(Monitor.seen_dataset_id.is_(None), Monitor.seen_dataset_id != Monitor.dataset_id)
    is_due = or_(has_rows, Monitor.next_run <= now, Monitor.next_training <= now, has_challenger)
    query = select(Monitor).outerjoin(Task, Task.id == Monitor.task_id)
    query = query.where(is_free, is_due, Monitor.enabled, Monitor.deleted.is_(None))
    with sessions() as session:
        active = session.scalars(select(Task.id).where(Task.kind == MONITOR, Task.state.in_((QUEUED, RUNNING)))).all()
        if len(active) >= MAX_ACTIVE:
            return None
        monitors = session.scalars(query.order_by(Monitor.next_run, Monitor.created).limit(20)).all()
    for monitor in monitors:
        with sessions.begin() as session:
            task = queue_cycle(
                session,
                monitor,
                now,
                rows=monitor.seen_dataset_id != monitor.dataset_id,
                forecast=_is_over(monitor.next_run, now),
                training="schedule" if _is_over(monitor.next_training, now) else None,
            )
        if task is not None:
            return task
    return None


def _is_over(time: float | None, now: float) -> bool:
    return time is not None and time <= now


def queue_cycle(
    session: Session, monitor: Monitor, now: float, *, rows: bool, forecast: bool, training: str | None = None
) -> Task | None:
    """Store the task of one cycle, unless another process has done so.

    Parameters
    ----------
    session : Session
    monitor : Monitor
    now : float
    rows : bool
        Whether rows have arrived that no cycle has seen.
    forecast : bool
        Whether the time of a forecast has come.
    training : {"schedule", "hand"}, optional
        Why a challenger is trained.
    """
    forecast = forecast or (rows and monitor.schedule["cron"] is None)
    task = Task(
        id=new_id(),
        kind=MONITOR,
        queue=INTERACTIVE,
        dataset_id=monitor.dataset_id,
        request={"monitor": monitor.id, "forecast": forecast, "training": training},
        created_by=monitor.created_by,
    )
    values: dict[str, Any] = {
        "task_id": task.id,
        "seen_dataset_id": monitor.dataset_id,
        "next_run": next_of(monitor.schedule, now),
        "next_training": next_of(monitor.retraining, now),
    }
    own = (Monitor.id == monitor.id, _is_same(Monitor.task_id, monitor.task_id))
    statement = update(Monitor).where(*own).values(**values).execution_options(synchronize_session=False)
    if not rows_changed(session, statement):
        return None
    session.add(task)
    return task


def _is_same(column: Any, value: str | None) -> Any:
    return column.is_(None) if value is None else column == value


def next_of(schedule: dict[str, Any], now: float) -> float | None:
    """The next time of a schedule; None if it has no times."""
    return None if schedule["cron"] is None else next_time(schedule["cron"], schedule["timezone"], now)


def next_time(cron: str, timezone: str, after: float) -> float:
    """The first time of a schedule after a time.

    Parameters
    ----------
    cron : str
        Minute, hour, day of month, month and day of week, as Celery's crontab reads them: a time must match all
        fields. 0 is Sunday.
    timezone : str
        Of the IANA database.
    after : float
        Seconds since 1970.

    Raises
    ------
    ConfigError
        The schedule or the time zone cannot be read, or there is no such time.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = Text("there is no time zone {timezone!r}", code="unknown-time-zone", timezone=timezone)
        raise ConfigError(message, Text("for example Europe/Berlin")) from None
    try:
        schedule = crontab.from_string(cron)
    except (ParseException, ValueError) as error:
        raise _cron_error(cron, str(error)) from None
    start = datetime.fromtimestamp(after, zone)
    for days in range(MAX_DAYS):
        day = start.date() + timedelta(days)
        is_day = day.month in schedule.month_of_year and day.day in schedule.day_of_month
        if not (is_day and day.isoweekday() % 7 in schedule.day_of_week):
            continue
        times = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC).timestamp()
            for hour in sorted(schedule.hour)
            for minute in sorted(schedule.minute)
        )
        if later := [time for time in times if time > after]:
            return min(later)
    raise _cron_error(cron, "there is no such day")


def _cron_error(cron: str, reason: str) -> ConfigError:
    message = Text("the schedule {cron!r} cannot be read ({reason})", cron=cron, reason=reason)
    advice = Text("write minute, hour, day, month and weekday, for example 0 6 * * 1-5")
    return ConfigError(message, advice)


def register_look(worker: Worker, celery: Celery) -> None:
    """Let a worker of the interactive queue answer the messages of `run_beat` and carry out cycles."""
    if INTERACTIVE not in worker.queues:
        return
    import timevis.service.monitoring.cycle  # noqa: F401  adds its kind of task; it imports PyTorch

    deliveries = Deliveries(worker.sessions, worker.settings)

    @celery.task(name=LOOK_NAME)
    def look_task() -> None:  # in threads, since the worker consumes messages in one
        threading.Thread(target=_look_safely, args=(worker.sessions, celery), daemon=True, name="look").start()
        threading.Thread(target=deliveries.wake, args=(False,), daemon=True, name="wake deliveries").start()


def _look_safely(sessions: Sessions, celery: Celery) -> None:
    try:
        look(sessions, celery)
    except Exception:  # of the database, for example; the next message comes soon
        log.exception("due monitors cannot be queued")


def run_beat(settings: Settings) -> int:
    """Send messages until SIGTERM. One process is enough; a second one does no harm."""
    from celery.apps.beat import Beat  # the web process needs the schedules of monitors, and no clock

    celery = make_celery(settings)
    options = {"queue": INTERACTIVE, "expires": 2 * LOOK_SECONDS}
    celery.conf.beat_schedule = {"look": {"task": LOOK_NAME, "schedule": LOOK_SECONDS, "options": options}}
    signals.setup_logging.connect(lambda **_: None, weak=False)  # the process has its own logs
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Beat(app=celery, scheduler=SCHEDULER, max_interval=LOOK_SECONDS, quiet=True, loglevel=logging.WARNING).run()
    return 0
