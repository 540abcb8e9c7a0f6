"""Alerts: a row for each cause, and a delivery for each receiver, in the transaction that notices the cause."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.messages import Text
from timevis.service.db.monitor_tables import LASTING, MAX_CAUSE_CHARACTERS, TRIAL, Alert, Delivery, Monitor


def receiver_key(receiver: Mapping[str, Any]) -> str:
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
            session.add(Delivery(alert_id=alert.id, receiver=receiver_key(receiver), target=target))
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
