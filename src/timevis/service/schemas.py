"""Request and response types, the source of the OpenAPI specification."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from apiflask.fields import UploadFile
from pydantic import BaseModel, ConfigDict, Field, field_validator

from timevis.data.options import DESCRIPTION_LIMIT, DOMAINS
from timevis.service.tasks.states import STATES
from timevis.service.training import StrictModel

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="An identifier that the service gave.")]
Number = float | None
SearchText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
TaskState = Literal[STATES]  # type: ignore[valid-type]


class UploadRequest(BaseModel):
    """A file with what is known of its data; the texts fill the prompt of language models."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    file: UploadFile = Field(description="CSV, TSV, XLSX, XLS, JSON or Parquet.")
    name: Name | None = None
    domain: Literal[DOMAINS] | None = None  # type: ignore[valid-type]
    unit: Annotated[str, Field(max_length=50)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION_LIMIT)] | None = None
    time: Annotated[str, Field(max_length=200)] | None = Field(None, description="Time column; inferred if absent.")
    id: Annotated[str, Field(max_length=200)] | None = Field(None, description="Series column of a long table.")
    frequency: Annotated[str, Field(max_length=20)] | None = Field(None, description="For example h, 15min or D.")
    timezone: Annotated[str, Field(max_length=50)] | None = None

    @field_validator("name", "unit", "description", "time", "id", "frequency", "timezone")
    @classmethod
    def _no_interpolation(cls, value: str | None) -> str | None:
        if value is not None and "${" in value:
            raise ValueError("holds ${, which a config would evaluate")
        return value


class DatasetChange(StrictModel):
    """New texts of a dataset, or another reading of its file; null returns to what is inferred."""

    name: Name | None = None
    domain: Literal[DOMAINS] | None = None  # type: ignore[valid-type]
    unit: Annotated[str, Field(max_length=50)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION_LIMIT)] | None = None
    time: list[ColumnName] | None = None
    id: list[ColumnName] | None = None
    target: list[ColumnName] | None = None
    covariates: dict[ColumnName, ColumnName] | None = None
    frequency: Annotated[str, Field(max_length=20)] | None = None
    timezone: Annotated[str, Field(max_length=50)] | None = None


class PageQuery(BaseModel):
    """A page of a list."""

    page: Annotated[int, Field(ge=1, le=10**6)] = 1
    per_page: Annotated[int, Field(ge=1, le=200)] = 50


class DatasetQuery(PageQuery):
    search: SearchText | None = Field(None, description="Part of the name.")
    deleted: bool = Field(False, description="List the deleted datasets.")


class TaskQuery(PageQuery):
    state: TaskState | None = None
    kind: Literal["train", "predict", "compare"] | None = None


class ModelQuery(PageQuery):
    dataset: Id | None = None
    kind: Annotated[str, Field(max_length=64)] | None = None
    search: SearchText | None = None
    deleted: bool = False


class SinceQuery(BaseModel):
    since: Annotated[int, Field(ge=0, le=2**40)] = Field(0, description="Position in the log to read from, in bytes.")


class FormatQuery(BaseModel):
    format: Literal["json", "csv"] = "json"


class SeriesQuery(BaseModel):
    channel: Annotated[str, Field(max_length=300)] | None = Field(None, description="The first channel if absent.")
    start: Annotated[str, Field(max_length=40)] | None = None
    end: Annotated[str, Field(max_length=40)] | None = None
    points: Annotated[int, Field(ge=10, le=10_000)] = 2000


class DatasetSummary(BaseModel):
    id: Id
    name: str
    file_name: str
    size: int = Field(description="Bytes of the file.")
    rows: int
    channels: list[str]
    frequency: str
    start: str
    end: str
    created: float
    deleted: float | None


class DatasetDetail(DatasetSummary):
    options: dict[str, Any] = Field(description="How the file is read: keys of the config section `data`.")
    report: dict[str, Any] = Field(description="The quality report, as data_report.json of a run.")


class DatasetPage(BaseModel):
    items: list[DatasetSummary]
    total: int
    page: int
    per_page: int


class Series(BaseModel):
    channel: str
    rows: int = Field(description="Rows in the range.")
    time: list[str]
    value: list[Number]


class TaskSummary(BaseModel):
    id: Id
    kind: str
    state: TaskState
    attempt: int
    cancel_requested: bool
    progress: dict[str, Any] = Field(description="Stage, epoch, step and metrics so far.")
    error: str | None
    advice: str | None
    dataset: str | None
    group: str | None
    retry_of: str | None
    created: float
    started: float | None
    finished: float | None


class TaskDetail(TaskSummary):
    request: dict[str, Any]
    result: dict[str, Any]
    queue_position: int | None = Field(description="Tasks that are started before this one, itself included.")
    seconds_left: Number = Field(description="Estimate from the steps so far, of the fit only.")
    log: str = Field(description="The log from the position `since` on, at most 64 KiB.")
    log_position: int


class TaskPage(BaseModel):
    items: list[TaskSummary]
    total: int
    page: int
    per_page: int


class ModelSummary(BaseModel):
    id: Id
    name: str
    kind: str
    dataset: Id
    task: Id
    summary: dict[str, Any]
    notes: str
    tags: list[str]
    created: float
    deleted: float | None


class ModelDetail(ModelSummary):
    config: dict[str, Any]
    results: dict[str, Any]
    training: list[dict[str, Any]] = Field(description="Rows of metrics.csv.")


class ModelPage(BaseModel):
    items: list[ModelSummary]
    total: int
    page: int
    per_page: int


class LeaderboardRow(BaseModel):
    task: Id
    model: Id
    name: str
    kind: str
    validation_relative_wql: Number = Field(
        description="Rows are sorted by it; select models by it, not by the test score."
    )
    test_wql: Number
    skill_wql: Number = Field(description="1 minus the relative WQL on the test windows.")


class Group(BaseModel):
    id: Id
    states: dict[str, int] = Field(description="Number of tasks in each state.")
    tasks: list[TaskSummary]
    leaderboard: list[LeaderboardRow]


class ModelChange(StrictModel):
    name: Name | None = None
    notes: Annotated[str, Field(max_length=10_000)] | None = None
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=50)] | None = None


class PredictRequest(StrictModel):
    models: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    dataset: Id | None = Field(None, description="Another dataset with the same columns; the model's own if absent.")
    values: Annotated[list[dict[str, str | int | float | bool | None]], Field(max_length=100_000)] | None = Field(
        None, description="Rows with the time column and the channels of the model."
    )


class CompareRequest(StrictModel):
    models: Annotated[list[Id], Field(min_length=1, max_length=100)]
    reference: Id | None = Field(None, description="One of the models; seasonal naive if absent.")


class Part(BaseModel):
    ok: bool
    detail: str = ""


class Health(BaseModel):
    version: str
    ready: bool
    database: Part
    broker: Part
    worker: Part


class Statistics(BaseModel):
    datasets: int
    models: int
    tasks: dict[str, int] = Field(description="Number of tasks in each state.")
    uploaded_bytes: int


class ModelOption(BaseModel):
    name: str
    kind: str = Field(description="What a value may be, in words.")
    default: Any
    choices: list[Any]
    help: str


class ModelOptions(BaseModel):
    model: str
    options: list[ModelOption]


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    advice: str | None = None
    errors: list[dict[str, Any]] | None = None
