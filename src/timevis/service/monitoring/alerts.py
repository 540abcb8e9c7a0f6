"""Alerts: a row for each cause, in the transaction that notices it, and their deliveries to the receivers.

A delivery is claimed by one UPDATE before it is sent, so that of several workers one sends it. Each attempt has the
identifier of the delivery, in the header ``webhook-id`` or as Message-ID, by which a receiver recognises a repetition
that follows the loss of a worker between the sending and its record.

Several are sent at the same time, but of one worker only one to each receiver. The deliveries to a receiver that did
not accept one wait together, so that a receiver that fails for long does not occupy the time of the others.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Update, delete, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.db.monitor_tables import (
    FAILED_TASK,
    LASTING,
    MAX_CAUSE_CHARACTERS,
    MAX_ERROR_CHARACTERS,
    TRIAL,
    Alert,
    Delivery,
    FailingReceiver,
    Monitor,
)
from timevis.service.db.tables import Sessions, Task, rows_changed
from timevis.service.monitoring import sending
from timevis.service.settings import Settings

log = logging.getLogger(__name__)

WAITING, SENDING, SENT, FAILED = "waiting", "sending", "sent", "failed"
WAIT_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Time until a receiver is tried again, by the number of its failures in a row; the last one repeats."""
GIVE_UP_SECONDS = 3 * 86_400.0
"""A delivery that was not accepted for this long has failed; it can be sent again by hand."""
LOST_SECONDS = 120.0
"""An attempt that has not ended for this long is taken for lost."""
MAX_AT_ONCE = 8


def _receiver_key(receiver: Mapping[str, Any]) -> str:
    """What distinguishes two receivers: the kind and the address."""
    address = json.dumps([receiver["kind"], receiver["address"]])
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def raise_alert(
    session: Session,
    monitor: Monitor,
    kind: str,
    cause: str,
    text: Text,
    *,
    data_time: str | None = None,
    **values: Any,
) -> Alert | None:
    """Add an alert and its deliveries, unless the same cause raised one, or one of a lasting kind is not resolved.

    Parameters
    ----------
    session : Session
        Its transaction stores both or neither.
    monitor : Monitor
    kind : str
        One of `timevis.service.db.monitor_tables.ALERT_KINDS`.
    cause : str
        What raised it, such as the identifier of a forecast.
    text : Text
        What the receivers read.
    data_time : str, optional
        The time of the data that it is about, ISO 8601.
    **values
        Further values of JSON, such as the coverage.
    """
    cause = f"{kind} {cause}"[:MAX_CAUSE_CHARACTERS]
    same = select(Alert.id).where(Alert.monitor_id == monitor.id)
    is_known = Alert.cause == cause
    if kind in LASTING:
        is_known |= (Alert.kind == kind) & Alert.resolved.is_(None)
    if session.scalar(same.where(is_known).limit(1)) is not None:
        return None
    content = {"text": str(text), **text.to_json(), "values": values}
    alert = Alert(monitor_id=monitor.id, kind=kind, cause=cause, content=content, data_time=data_time)
    session.add(alert)
    session.flush()
    for receiver in monitor.receivers:
        kinds = receiver.get("alerts")
        if kinds is None or kind in kinds or kind == TRIAL:
            target = {key: value for key, value in receiver.items() if key != "alerts"}
            session.add(Delivery(alert_id=alert.id, receiver=_receiver_key(receiver), target=target))
    return alert


def resolve_alerts(session: Session, monitor: Monitor, kind: str, keep: str | None = None) -> None:
    """Say of the alerts of a lasting kind that their condition has ended.

    An alert whose value `side` is `keep` stays as it is.
    """
    query = select(Alert).where(Alert.monitor_id == monitor.id, Alert.kind == kind, Alert.resolved.is_(None))
    for alert in session.scalars(query):
        if keep is None or alert.content["values"].get("side") != keep:
            alert.resolved = time.time()
    session.flush()


class Deliveries:
    """Sends the deliveries that are due, in threads.

    Parameters
    ----------
    sessions : sessionmaker
    settings : Settings
    now : float, optional
        The time; by default that of the clock.
    """

    def __init__(self, sessions: Sessions, settings: Settings, now: float | None = None) -> None:
        self.sessions, self.settings, self.now = sessions, settings, now
        self.accepted = 0
        self._is_claiming, self._lock = threading.Lock(), threading.Lock()
        self._receivers: set[str] = set()
        self._threads: set[threading.Thread] = set()

    def wake(self, wait: bool = True) -> None:
        """Start to send what is due, as much as there are free places for.

        If another thread does so, `wait` for it and look again; else return.
        """
        if not self._is_claiming.acquire(blocking=wait):
            return
        try:
            while (delivery := self._claim()) is not None:
                thread = threading.Thread(target=self._run, args=(delivery,), daemon=True, name="delivery")
                with self._lock:
                    self._threads.add(thread)
                    thread.start()
        except SQLAlchemyError as error:
            log.warning("alerts are not sent, since the database cannot be used (%s)", error)
        finally:
            self._is_claiming.release()

    def join(self) -> None:
        """Wait until nothing is sent any more."""
        while True:
            with self._lock:
                threads = list(self._threads)
            if not threads:
                return
            for thread in threads:
                thread.join()

    def _time(self) -> float:
        return time.time() if self.now is None else self.now

    def _claim(self) -> Delivery | None:
        """The next delivery that is due, of a receiver to which this process sends nothing."""
        with self._lock:
            receivers = list(self._receivers)
        if len(receivers) == MAX_AT_ONCE:
            return None
        delivery = _claim(self.sessions, self._time(), receivers)
        if delivery is not None:
            with self._lock:
                self._receivers.add(delivery.receiver)
        return delivery

    def _run(self, delivery: Delivery) -> None:
        is_accepted = False
        try:
            is_accepted = self._send(delivery) is None
        except SQLAlchemyError as failed:  # the attempt is then taken for lost
            log.warning("delivery %s: its end could not be written (%s)", delivery.id, failed)
        with self._lock:
            self._receivers.remove(delivery.receiver)
            self.accepted += is_accepted
        try:
            self.wake()
        finally:
            with self._lock:
                self._threads.remove(threading.current_thread())

    def _send(self, delivery: Delivery) -> str | None:
        """Send a delivery and record its end; returns why it was not accepted."""
        with self.sessions() as session:
            alert = session.get_one(Alert, delivery.alert_id)
            monitor = session.get_one(Monitor, alert.monitor_id)
        try:
            error = sending.send(self.settings, delivery, alert, monitor)
        except Exception as failed:  # a defect; the alert is tried again as if the receiver had refused it
            log.exception("delivery %s cannot be sent", delivery.id)
            error = type(failed).__name__
        if error is not None:
            log.warning("delivery %s of alert %s was not accepted: %s", delivery.id, alert.id, error)
        try:
            _record(self.sessions, delivery, error, self._time())
        except IntegrityError:  # another worker has noted at the same time that the receiver fails
            _record(self.sessions, delivery, error, self._time())
        return error


def deliver_due(sessions: Sessions, settings: Settings, now: float | None = None) -> int:
    """Send what is due and wait for the end; returns how many deliveries were accepted."""
    deliveries = Deliveries(sessions, settings, now)
    deliveries.wake()
    deliveries.join()
    return deliveries.accepted


def _claim(sessions: Sessions, now: float, left_out: Collection[str]) -> Delivery | None:
    """The next delivery that is due, which no other worker then sends; None of the receivers that are left out.

    Of those that are due at the same time the least tried comes first, so that an alert which its receiver never
    accepts does not stop the others.
    """
    is_due = (Delivery.state.in_((WAITING, SENDING)), Delivery.next_attempt <= now)
    query = select(Delivery).where(*is_due, Delivery.receiver.not_in(left_out))
    with sessions() as session:
        due = session.scalars(query.order_by(Delivery.next_attempt, Delivery.attempts).limit(20)).all()
    for delivery in due:
        own = (Delivery.id == delivery.id, Delivery.attempts == delivery.attempts, *is_due)
        values = {"state": SENDING, "attempts": delivery.attempts + 1, "next_attempt": now + LOST_SECONDS}
        statement = update(Delivery).where(*own).values(**values).execution_options(synchronize_session=False)
        with sessions.begin() as session:
            if rows_changed(session, statement):
                return session.get_one(Delivery, delivery.id)
    return None


def _record(sessions: Sessions, delivery: Delivery, error: str | None, now: float) -> None:
    """Write the end of an attempt, and what it says of the receiver, unless it was taken for lost."""
    own = update(Delivery).where(Delivery.id == delivery.id, Delivery.attempts == delivery.attempts)
    own = own.execution_options(synchronize_session=False)
    with sessions.begin() as session:
        if error is None:
            if rows_changed(session, own.values(state=SENT, sent=now, error=None)):
                _accept(session, delivery.receiver, now)
        elif rows_changed(session, own.values(state=WAITING, next_attempt=now, error=error[:MAX_ERROR_CHARACTERS])):
            _fail(session, delivery.receiver, error[:MAX_ERROR_CHARACTERS], now)


def _waiting(receiver: str) -> Update:
    waiting = update(Delivery).where(Delivery.receiver == receiver, Delivery.state == WAITING)
    return waiting.execution_options(synchronize_session=False)


def _accept(session: Session, receiver: str, now: float) -> None:
    """Send what waits for a receiver that failed before."""
    if rows_changed(session, delete(FailingReceiver).where(FailingReceiver.receiver == receiver)):
        session.execute(_waiting(receiver).where(Delivery.next_attempt > now).values(next_attempt=now))


def _fail(session: Session, receiver: str, error: str, now: float) -> None:
    """Note that a receiver fails; all that waits for it waits longer, and what has waited too long has failed."""
    state = session.get(FailingReceiver, receiver)
    if state is None:
        state = FailingReceiver(receiver=receiver, since=now, failures=0)
        session.add(state)
    state.failures, state.error = state.failures + 1, error
    wait = WAIT_SECONDS[min(state.failures, len(WAIT_SECONDS)) - 1]
    session.execute(_waiting(receiver).where(Delivery.next_attempt < now + wait).values(next_attempt=now + wait))
    old = select(Alert.id).where(Alert.created < now - GIVE_UP_SECONDS)
    session.execute(_waiting(receiver).where(Delivery.alert_id.in_(old)).values(state=FAILED, error=error))


def send_again(sessions: Sessions, alert_id: str) -> None:
    """Let the deliveries of an alert that were not accepted be tried at once."""
    is_open = or_(Delivery.state == FAILED, Delivery.state == WAITING)
    with sessions.begin() as session:
        statement = update(Delivery).where(Delivery.alert_id == alert_id, is_open)
        session.execute(statement.values(state=WAITING, next_attempt=time.time()))


def failing_receivers(session: Session, monitor: Monitor) -> list[dict[str, Any]]:
    """The receivers of a monitor that did not accept the last attempt: since when, and why."""
    keys = {_receiver_key(receiver): receiver for receiver in monitor.receivers}
    query = select(FailingReceiver).where(FailingReceiver.receiver.in_(keys)).order_by(FailingReceiver.since)
    return [
        {**{name: keys[row.receiver][name] for name in ("kind", "address")}, "since": row.since, "error": row.error}
        for row in session.scalars(query)
    ]


def raise_failure(session: Session, monitor: Monitor, task: Task) -> None:
    """Raise an alert about a task that failed."""
    text = Text("a task of the monitor failed: {error}", error=task.error or "")
    raise_alert(session, monitor, FAILED_TASK, task.id, text, task=task.id, advice=task.advice)
