"""The tables of the daily loop: monitors, their forecasts and scores, champions, challengers and alerts.

The numbers of stored forecasts are JSON values that every database and a backup can hold, see `ForecastArrays`.

Times are seconds since 1970 in UTC, but for `origin`, `last_time` and `data_time`: times of the data as ISO 8601.
"""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timevis.service.db.tables import ACTOR, MAX_NAME_CHARACTERS, Base, new_id

MAX_CAUSE_CHARACTERS = 150
MAX_ERROR_CHARACTERS = 500
WORSE, COVERAGE, NO_ROWS, DRIFT = "worse_than_naive", "coverage", "no_rows", "drift"
FAILED_TASK, NEW_CHAMPION, TRIAL = "failed_task", "new_champion", "trial"
LASTING = (WORSE, COVERAGE, NO_ROWS, DRIFT)
"""Kinds of alerts about a condition that lasts: while one is not resolved, there is no second one of the kind."""
ALERT_KINDS = (*LASTING, FAILED_TASK, NEW_CHAMPION, TRIAL)


class Monitor(Base):
    """A dataset whose forecasts are made, stored, scored and watched.

    Attributes
    ----------
    dataset_id : str
        The newest version of the dataset; it follows when rows are added.
    seen_dataset_id : str or None
        The version that the last cycle was queued for.
    model_id : str
        The champion.
    horizon : int
        Rows of each forecast.
    schedule, bounds, retraining : dict
        `timevis.service.schemas.monitors` describes them.
    receivers : list
        Who gets alerts: web addresses with their secrets, and e-mail addresses.
    state : dict
        What the last cycle computed: pooled scores of the recent forecasts, and drift.
    next_run, next_training : float or None
        The next time of the schedule of forecasts, and of retraining.
    silent_from : float or None
        Without new rows until this time, an alert is raised.
    task_id : str or None
        The last cycle.
    """

    __tablename__ = "monitors"
    __table_args__ = (Index("ix_monitors_deleted", "deleted"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(MAX_NAME_CHARACTERS), index=True)
    dataset_id: Mapped[str] = mapped_column(index=True)
    seen_dataset_id: Mapped[str | None]
    model_id: Mapped[str] = mapped_column(index=True)
    horizon: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    schedule: Mapped[dict[str, Any]]
    bounds: Mapped[dict[str, Any]]
    receivers: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    retraining: Mapped[dict[str, Any]]
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    next_run: Mapped[float | None] = mapped_column(index=True)
    next_training: Mapped[float | None]
    silent_from: Mapped[float | None]
    task_id: Mapped[str | None]
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time, index=True)
    deleted: Mapped[float | None]


class Champion(Base):
    """A model that makes or made the forecasts of a monitor, from `created` on; the history of champions.

    `reason` is ``first``, ``test`` or ``hand``. `reference` has the fitted seasonal naive of the run of the model and
    the scales of its channels, which the first cycle computes.
    """

    __tablename__ = "monitor_champions"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    monitor_id: Mapped[str] = mapped_column(ForeignKey("monitors.id"), index=True)
    model_id: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reference: Mapped[dict[str, Any] | None] = mapped_column(JSON, deferred=True)
    created_by: Mapped[str | None] = mapped_column(String(100), default=ACTOR.get)
    created: Mapped[float] = mapped_column(default=time.time)


class Challenger(Base):
    """A training that a monitor started, to be compared with its champion.

    `cause` is ``schedule``, ``drift`` or ``hand``; `state` is training, promoted, rejected, waiting (for a person) or
    failed.
    """

    __tablename__ = "monitor_challengers"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    monitor_id: Mapped[str] = mapped_column(ForeignKey("monitors.id"), index=True)
    task_id: Mapped[str] = mapped_column(index=True)
    model_id: Mapped[str | None] = mapped_column(index=True)
    cause: Mapped[str]
    state: Mapped[str] = mapped_column(default="training", index=True)
    forecasts: Mapped[int]
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created: Mapped[float] = mapped_column(default=time.time)


class StoredForecast(Base):
    """A forecast of a monitor, which never changes.

    `values` has the arrays of `ForecastArrays`, `dataset_id` is the version
    that it was made from, and `origin_row` the row of its first time in that version and all later ones. `complete`
    says whether the last score has all of its rows.
    """

    __tablename__ = "monitor_forecasts"
    __table_args__ = (
        UniqueConstraint("monitor_id", "model_id", "origin", name="uq_monitor_forecasts"),
        Index("ix_monitor_forecasts_open", "monitor_id", "complete"),
        Index("ix_monitor_forecasts_row", "monitor_id", "origin_row"),
    )
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    monitor_id: Mapped[str] = mapped_column(ForeignKey("monitors.id"))
    model_id: Mapped[str] = mapped_column(index=True)
    champion_id: Mapped[str] = mapped_column(ForeignKey("monitor_champions.id"), index=True)
    dataset_id: Mapped[str]
    origin: Mapped[str]
    origin_row: Mapped[int]
    last_time: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    complete: Mapped[bool] = mapped_column(default=False)
    created: Mapped[float] = mapped_column(default=time.time)


class ForecastScore(Base):
    """The scores of a stored forecast by one version of the rows.

    `targets` is the number of truths, `metrics` has the metrics of all channels and steps, `details` the metrics
    of each channel and step, and `sums` the sums they are made of, if it is complete.
    """

    __tablename__ = "monitor_scores"
    __table_args__ = (UniqueConstraint("forecast_id", "dataset_id", name="uq_monitor_scores"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    forecast_id: Mapped[str] = mapped_column(ForeignKey("monitor_forecasts.id"), index=True)
    monitor_id: Mapped[str] = mapped_column(ForeignKey("monitors.id"), index=True)
    dataset_id: Mapped[str]
    complete: Mapped[bool]
    targets: Mapped[int]
    metrics: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    sums: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    created: Mapped[float] = mapped_column(default=time.time)


class Alert(Base):
    """Something that the receivers of a monitor must know, once for each cause.

    `cause` names what raised it, such as the forecast whose score did. `content` has the text with its code and other
    values, `data_time` is a time of the data, and `resolved` is the time at which the condition ended.
    """

    __tablename__ = "monitor_alerts"
    __table_args__ = (UniqueConstraint("monitor_id", "cause", name="uq_monitor_alerts"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    monitor_id: Mapped[str] = mapped_column(ForeignKey("monitors.id"), index=True)
    kind: Mapped[str]
    cause: Mapped[str] = mapped_column(String(MAX_CAUSE_CHARACTERS))
    content: Mapped[dict[str, Any]]
    data_time: Mapped[str | None]
    resolved: Mapped[float | None]
    created: Mapped[float] = mapped_column(default=time.time, index=True)


class Delivery(Base):
    """An alert on its way to one receiver: waiting, sending, sent, or failed after the last attempt.

    `next_attempt` is the time of the next one; while an attempt lasts, the time after which it is taken for lost.
    """

    __tablename__ = "monitor_deliveries"
    __table_args__ = (
        UniqueConstraint("alert_id", "receiver", name="uq_monitor_deliveries"),
        Index("ix_monitor_deliveries_due", "state", "next_attempt"),
    )
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    alert_id: Mapped[str] = mapped_column(ForeignKey("monitor_alerts.id"), index=True)
    receiver: Mapped[str]
    target: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt: Mapped[float] = mapped_column(default=time.time)
    error: Mapped[str | None] = mapped_column(String(MAX_ERROR_CHARACTERS))
    sent: Mapped[float | None]


class FailingReceiver(Base):
    """A receiver that did not accept the last attempt, of any monitor; the row is removed when it accepts one.

    `receiver` is `Delivery.receiver`, `since` the time of the first of its `failures` in a row, and `error` the
    reason of the last one.
    """

    __tablename__ = "failing_receivers"
    receiver: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[float]
    failures: Mapped[int]
    error: Mapped[str] = mapped_column(String(MAX_ERROR_CHARACTERS))


def pack(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Arrays of numbers as values of JSON: float32, compressed, in base64."""
    packed = {}
    for name, array in arrays.items():
        content = np.ascontiguousarray(array, np.float32)
        data = base64.b64encode(zlib.compress(content.tobytes())).decode()
        packed[name] = {"shape": list(content.shape), "data": data}
    return packed


def unpack(packed: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `pack` took, as float32."""
    return {
        name: np.frombuffer(zlib.decompress(base64.b64decode(value["data"])), np.float32).reshape(value["shape"])
        for name, value in packed.items()
    }


@dataclass(frozen=True)
class ForecastArrays:
    """The numbers of a stored forecast of C channels and H rows.

    Attributes
    ----------
    channels : tuple of C names
    times : int64 [C, H]
        Microseconds since 1970, in UTC if the data have a zone.
    point : float32 [C, H]
    quantiles, naive : float32 [C, Q, H]
        Of the champion and of seasonal naive.
    base : float32 [C, Q, H], optional
        The quantiles before `online` conformal recalibration.
    shift : float32 [C, P], optional
        By which it widened each interval.
    """

    channels: tuple[str, ...]
    times: np.ndarray
    point: np.ndarray
    quantiles: np.ndarray
    naive: np.ndarray
    base: np.ndarray | None = None
    shift: np.ndarray | None = None

    def to_json(self) -> dict[str, Any]:
        arrays = {"point": self.point, "quantiles": self.quantiles, "naive": self.naive}
        if self.base is not None and self.shift is not None:
            arrays |= {"base": self.base, "shift": self.shift}
        steps = self.times - self.times[:, :1]
        steps = steps[0] if (steps == steps[0]).all() else steps
        starts = {"channels": list(self.channels), "starts": self.times[:, 0].tolist(), "steps": steps.tolist()}
        return starts | {"arrays": pack(arrays)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ForecastArrays:
        times = np.array(values["starts"], np.int64)[:, None] + np.array(values["steps"], np.int64)
        return cls(tuple(values["channels"]), times, **unpack(values["arrays"]))
