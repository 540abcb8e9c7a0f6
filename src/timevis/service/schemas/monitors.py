"""Monitors of datasets: their settings, stored forecasts, scores, alerts and champions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from timevis.messages import Text
from timevis.service.db.monitor_tables import ALERT_KINDS
from timevis.service.schemas.common import (
    EXAMPLE_DATASET,
    EXAMPLE_MODELS,
    ChannelName,
    DataTime,
    DeletableQuery,
    Id,
    Name,
    Number,
    Page,
    PageQuery,
    StrictModel,
    TextCode,
)

Cron = Annotated[str, Field(min_length=9, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w+/-]+$")]
AlertKind = Literal[ALERT_KINDS]  # type: ignore[valid-type]  # they are listed once
AlertKinds = Annotated[list[AlertKind], Field(max_length=len(ALERT_KINDS))]
MAX_TRAINING_FIELDS = 200
MAX_RECEIVERS = 20


class ForecastSchedule(StrictModel):
    """When a monitor forecasts."""

    cron: Cron | None = Field(
        None, description="Minute, hour, day, month and weekday; null: whenever rows have arrived."
    )
    timezone: TimeZone = Field("UTC", description="Of cron, from the IANA database, such as Europe/Berlin.")


class Bounds(StrictModel):
    """When a monitor raises alerts."""

    window: Annotated[int, Field(ge=14, le=1000)] = Field(
        28, description="Recent complete forecasts that coverage and drift are computed from."
    )
    worse_days: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="Alert if the forecasts of so many days have larger errors than seasonal naive."
    )
    coverage_low: Annotated[float, Field(ge=0, le=1)] = Field(
        0.7, description="Alert if the 80 % intervals contain a smaller share of the values."
    )
    coverage_high: Annotated[float, Field(ge=0, le=1)] = Field(
        0.95, description="Alert if they contain a larger one."
    )
    no_rows_hours: Annotated[float, Field(gt=0, le=100_000)] | None = Field(
        None, description="Alert if no rows arrive for so many hours; null: no such alert."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if self.coverage_low >= self.coverage_high:
            raise ValueError(Text("coverage_low must be below coverage_high"))
        return self


class Retraining(StrictModel):
    """When a challenger is trained, and who makes it champion."""

    cron: Cron | None = Field(None, description="Minute, hour, day, month and weekday; null: not at fixed times.")
    timezone: TimeZone = Field("UTC", description="Of cron.")
    on_drift: bool = Field(False, description="Train a challenger when a drift is detected.")
    promote: Literal["test", "hand"] = Field(
        "test",
        description="test: it becomes champion if the paired test says that it is better; hand: never by itself.",
    )
    training: dict[str, Any] | None = Field(
        None,
        max_length=MAX_TRAINING_FIELDS,
        description="A body of POST /api/train without a dataset; null: as the champion was trained.",
    )


class WebhookReceiver(StrictModel):
    """A web address that accepts a signed request for each alert."""

    kind: Literal["webhook"]
    address: Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s\x00-\x1f/?#@]+([/?][^\s\x00-\x1f#]*)?$")]
    secret: Annotated[str, Field(max_length=200, pattern=r"^whsec_[A-Za-z0-9+/]{22,120}={0,2}$")] | None = Field(
        None, description="Key of the signature, whsec_ and base64; null: the service makes one."
    )
    alerts: AlertKinds | None = Field(None, description="Only these kinds of alerts; null: all.")


class MailReceiver(StrictModel):
    """An e-mail address; the server is TIMEVIS_SMTP_URL."""

    kind: Literal["mail"]
    address: Annotated[str, Field(max_length=200, pattern=r"^[^\s\x00-\x1f,;<>@\"]+@[A-Za-z0-9.\[\]:-]+$")]
    alerts: AlertKinds | None = Field(None, description="Only these kinds of alerts; null: all.")


Receivers = Annotated[
    list[Annotated[WebhookReceiver | MailReceiver, Field(discriminator="kind")]], Field(max_length=MAX_RECEIVERS)
]


class MonitorRequest(StrictModel):
    """A dataset to watch."""

    dataset: Id = Field(description="Any version of the dataset; the monitor follows the newest one.")
    model: Id | None = Field(None, description="The champion; null: the one of the dataset.")
    name: Name | None = Field(None, description="null: the name of the dataset.")
    horizon: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        None, description="Rows of each forecast; null: the horizon of the model."
    )
    schedule: ForecastSchedule = ForecastSchedule.model_validate({})
    bounds: Bounds = Bounds.model_validate({})
    retraining: Retraining = Retraining.model_validate({})
    receivers: Receivers = Field(default_factory=list)
    enabled: bool = Field(True, description="Whether it forecasts, scores and raises alerts.")


class MonitorChange(StrictModel):
    """What is left out stays as it is; an object replaces the whole former one."""

    name: Name | None = None
    horizon: Annotated[int, Field(ge=1, le=10**6)] | None = Field(None, description="Rows of the next forecasts.")
    schedule: ForecastSchedule | None = None
    bounds: Bounds | None = None
    retraining: Retraining | None = None
    receivers: Receivers | None = None
    enabled: bool | None = None


class MonitorQuery(DeletableQuery):
    sort: Literal["created", "name"] = "created"
    dataset: Id | None = Field(None, description="Any version of a dataset.")


class MonitorSummary(BaseModel):
    id: Id
    name: str
    dataset: Id = Field(description="The newest version.")
    dataset_name: str | None
    model: Id = Field(description="The champion.")
    model_name: str | None
    horizon: int
    schedule: ForecastSchedule
    enabled: bool
    open_alerts: int = Field(description="Alerts whose condition has not ended.")
    forecasts: int = Field(description="Recent complete forecasts of the champion, at most bounds.window.")
    relative_wql: Number = Field(description="Of these forecasts.")
    coverage_80: Number
    is_drift: bool | None = Field(description="null: there are too few forecasts to say.")
    recent_relative_wql: list[Number] = Field(
        description="Of each of the last complete forecasts, at most 30, in the order of time."
    )
    last_forecast: float | None = Field(description="When the last forecast was made.")
    last_origin: str | None = Field(description="The first time of the last forecast.")
    next_run: float | None
    task: Id | None = Field(description="The last cycle.")
    task_state: str | None
    created: float
    created_by: str | None
    deleted: float | None


class DriftState(BaseModel):
    metric: str = Field(description="wql or relative_wql.")
    ratio: float = Field(description="Its value for the recent forecasts divided by its value for the test windows.")
    low: float
    high: float
    p: float
    recent: float
    test: float
    forecasts: int
    test_windows: int
    is_drift: bool


class ScoreDetails(BaseModel):
    by_channel: dict[str, dict[str, Number]] = Field(description="Channel to metrics.")
    by_step: dict[str, list[Number]] = Field(description="Metric to its value at each step.")


class RecentScores(ScoreDetails):
    metrics: dict[str, Number]


class MonitorState(BaseModel):
    forecasts: int = 0
    first_origin: str | None = None
    last_origin: str | None = None
    summary: RecentScores | None = Field(None, description="The recent complete forecasts of the champion, pooled.")
    test: dict[str, Number] = Field(default_factory=dict, description="The metrics of the test of the champion.")
    drift: list[DriftState] = Field(default_factory=list, description="Empty while there are too few forecasts.")


class ReceiverView(BaseModel):
    kind: Literal["webhook", "mail"]
    address: str
    alerts: list[AlertKind] | None = None
    secret: str | None = Field(None, description="Only in the answer to a request that sets the receivers.")


class FailingReceiverView(BaseModel):
    """A receiver that did not accept the last alert that was sent to it, by any monitor."""

    kind: Literal["webhook", "mail"]
    address: str
    since: float = Field(description="When it failed first after it had last accepted an alert.")
    error: str = Field(description="Why it did not accept the last one.")


class MonitorDetail(MonitorSummary):
    bounds: Bounds
    retraining: Retraining
    receivers: list[ReceiverView]
    failing_receivers: list[FailingReceiverView]
    state: MonitorState
    next_training: float | None


class MonitorPage(Page):
    items: list[MonitorSummary]


class SpanQuery(BaseModel):
    """A span of the data."""

    start: DataTime | None = Field(None, description="First origin, ISO 8601.")
    end: DataTime | None = Field(None, description="Last origin.")


class ScoreQuery(SpanQuery):
    channel: ChannelName | None = Field(None, description="The scores of one channel; left out: of all channels.")
    step: Annotated[int, Field(ge=1, le=10**6)] | None = Field(None, description="The scores of one step.")
    limit: Annotated[int, Field(ge=1, le=5000)] = Field(1000, description="Longest list; the last origins are kept.")

    @model_validator(mode="after")
    def _one_of_both(self) -> ScoreQuery:
        if self.channel is not None and self.step is not None:
            raise ValueError(Text("give either channel or step"))
        return self


class ScorePoint(BaseModel):
    forecast: Id
    origin: str
    last_time: str
    model: Id
    complete: bool
    targets: int
    version: Id = Field(description="The version of the dataset that it was scored with.")
    metrics: dict[str, Number]


class ScoreSeries(BaseModel):
    items: list[ScorePoint] = Field(description="In the order of time, each with its newest score.")


class ForecastQuery(PageQuery, SpanQuery):
    pass


class PeriodQuery(BaseModel):
    channel: ChannelName | None = Field(None, description="Left out: the first channel.")
    forecasts: Annotated[int, Field(ge=1, le=500)] = Field(60, description="The last forecasts that are shown.")


class ForecastSpan(BaseModel):
    id: Id
    origin: str
    last_time: str


class MonitorPeriod(BaseModel):
    channel: str
    channels: list[str]
    unit: str
    time: list[str] = Field(description="The times of the forecasts and the known times between and shortly before.")
    truth: list[Number] = Field(description="null where it is not known yet.")
    low: list[Number] = Field(description="The 10 % quantile of the newest forecast of each time.")
    median: list[Number]
    high: list[Number] = Field(description="The 90 % quantile.")
    forecasts: list[ForecastSpan] = Field(description="In the order of time.")


class StoredForecastSummary(BaseModel):
    id: Id
    origin: str = Field(description="The first time that is forecast.")
    last_time: str
    model: Id
    dataset: Id = Field(description="The version that it was made from.")
    complete: bool = Field(description="Whether all of its times have passed in the newest scored version.")
    created: float
    metrics: dict[str, Number] | None = Field(description="Of its newest score; null before the first truth.")


class StoredForecastPage(Page):
    items: list[StoredForecastSummary]


class StoredChannel(BaseModel):
    channel: str
    unit: str
    time: list[str]
    point: list[Number]
    levels: list[float]
    quantiles: list[list[Number]] = Field(description="One list for each level.")
    naive: list[list[Number]] = Field(description="The quantiles of seasonal naive.")
    truth: list[Number] = Field(description="null where it is not known yet.")


class StoredForecastDetail(StoredForecastSummary):
    channels: list[StoredChannel]
    details: ScoreDetails | None


class DeliveryView(BaseModel):
    kind: Literal["webhook", "mail"]
    address: str
    state: Literal["waiting", "sending", "sent", "failed"]
    attempts: int
    next_attempt: float | None
    error: str | None
    sent: float | None


class AlertView(BaseModel):
    id: Id
    monitor: Id
    monitor_name: str
    kind: AlertKind
    text: str
    text_code: TextCode
    values: dict[str, Any]
    data_time: str | None = Field(description="The time of the data that it is about.")
    created: float
    resolved: float | None = Field(description="When its condition ended; null for one that lasts or has no end.")
    deliveries: list[DeliveryView]


class AlertQuery(PageQuery):
    monitor: Id | None = None
    kind: AlertKind | None = None


class AlertPage(Page):
    items: list[AlertView]


class ChampionView(BaseModel):
    model: Id
    model_name: str | None
    reason: Literal["first", "test", "hand"]
    comparison: dict[str, Any] | None = Field(description="The paired test with the former champion.")
    since: float
    until: float | None
    first_origin: str | None = Field(description="Of the forecasts that it made.")
    last_origin: str | None
    created_by: str | None


class ChallengerView(BaseModel):
    id: Id
    task: Id
    task_state: str | None
    model: Id | None
    cause: Literal["schedule", "drift", "hand"]
    state: Literal["training", "promoted", "rejected", "waiting", "failed"]
    comparison: dict[str, Any] | None
    created: float


class ChampionHistory(BaseModel):
    champions: list[ChampionView] = Field(description="The present one first.")
    challengers: list[ChallengerView] = Field(description="The newest first.")


class ChampionChange(StrictModel):
    model: Id


class CycleRequest(StrictModel):
    forecast: bool = Field(True, description="Forecast now, unless the champion has forecast these rows.")
    train: bool = Field(False, description="Train a challenger now.")


class Cycle(BaseModel):
    task: Id


MONITOR_EXAMPLE: dict[str, Any] = {
    "dataset": EXAMPLE_DATASET,
    "model": EXAMPLE_MODELS[0],
    "schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"},
    "bounds": {"worse_days": 3, "no_rows_hours": 36},
    "retraining": {"on_drift": True, "promote": "test"},
    "receivers": [
        {"kind": "webhook", "address": "https://chat.example/hook"},
        {"kind": "mail", "address": "forecasts@plant.example", "alerts": ["drift", "no_rows"]},
    ],
}
MONITOR_CHANGE_EXAMPLE: dict[str, Any] = {"bounds": {"window": 56, "coverage_low": 0.75}, "enabled": True}
CYCLE_EXAMPLE: dict[str, Any] = {"forecast": True, "train": False}
CHAMPION_EXAMPLE: dict[str, Any] = {"model": EXAMPLE_MODELS[1]}
