"""Health and statistics of the service."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, RootModel

from timevis.service.schemas.common import TextCode


class Part(BaseModel):
    ok: bool
    detail: str = ""


class Live(BaseModel):
    version: str


class Health(BaseModel):
    version: str
    ready: bool
    database: Part
    broker: Part
    worker: Part
    disk: Part
    max_upload_megabytes: int = Field(description="Largest file that can be uploaded, in MB of 2**20 bytes.")


class QueueLength(BaseModel):
    queued: int
    running: int


class DayThroughput(BaseModel):
    """Tasks that ended on a day of UTC."""

    date: str
    completed: int
    failed: int
    cancelled: int


class Statistics(BaseModel):
    datasets: int
    models: int
    models_by_kind: dict[str, int]
    tasks: dict[str, int] = Field(description="Number of tasks in each state.")
    queue: dict[str, QueueLength] = Field(description="Queue to its tasks.")
    storage: dict[str, int] = Field(description="Bytes of uploads, datasets, runs, results, logs and database.")
    uploaded_bytes: int
    throughput: list[DayThroughput] = Field(description="The last 14 days, the newest last.")


class MetricDescription(BaseModel):
    """A metric of forecasts, as `timevis.metrics.specs` declares it."""

    name: str = Field(description="The key in the results of a model.")
    label: str
    label_code: TextCode | None = Field(description="The label by its code; null for a name that is not translated.")
    description: str
    description_code: TextCode | None = Field(description="The description by its code, if it has one.")
    scores: Literal["median", "point", "quantiles"] = Field(description="The part of a forecast that it scores.")
    direction: Literal["lower", "higher", "nominal"] = Field(description="Which values are better.")
    nominal: float | None = Field(description="The best value, if the direction is nominal.")
    unit: Literal["data", "percent", "none"] = Field(description="percent: a share, which is shown in percent.")


class Messages(RootModel[dict[str, str]]):
    """Code to English template; names in braces are keys of `params`."""
