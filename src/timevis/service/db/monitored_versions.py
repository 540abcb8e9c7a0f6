"""Monitors follow the newest version of their dataset."""

from __future__ import annotations

import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.service.db.monitor_tables import NO_ROWS, Alert, Monitor
from timevis.service.db.tables import Dataset


def follow(session: Session, earlier: list[str], version: Dataset) -> None:
    """Let monitors of a dataset go on with a new version, in the transaction that stores it.

    Parameters
    ----------
    session : Session
    earlier : list of str
        Identifiers of the version that it extends, and of deleted ones that extended it.
    version : Dataset
    """
    for monitor in session.scalars(select(Monitor).where(Monitor.dataset_id.in_(earlier))).all():
        monitor.dataset_id = version.id
        monitor.silent_from = silent_from(monitor)
        silence = (Alert.monitor_id == monitor.id, Alert.kind == NO_ROWS, Alert.resolved.is_(None))
        for alert in session.scalars(select(Alert).where(*silence)):
            alert.resolved = time.time()


def silent_from(monitor: Monitor) -> float | None:
    """The time at which missing rows raise an alert, if none arrive from now on."""
    hours = monitor.bounds["no_rows_hours"]
    return None if hours is None else time.time() + 3600 * hours
