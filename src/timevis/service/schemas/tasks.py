"""Tasks and groups of tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from timevis.messages import Text
from timevis.runs.results import Interval
from timevis.service.schemas.common import Commands, Id, ListQuery, Number, Page, StrictModel, TextCode
from timevis.service.tasks.states import STATES

TaskState = Literal[STATES]  # type: ignore[valid-type]


class TaskQuery(ListQuery):
    sort: Literal["created", "started", "finished", "state", "kind"] = "created"
    state: TaskState | None = None
    kind: Literal["train", "predict", "compare", "explain", "read", "monitor"] | None = Field(
        None, description="Without it, the list has no tasks that read a file and no cycles of monitors."
    )
    dataset: Id | None = None
    group: Id | None = None


class CancelRequest(StrictModel):
    """Which tasks to cancel: those that are named, or all that have not ended and meet every given condition."""

    tasks: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    group: Id | None = None
    dataset: Id | None = None
    kind: Literal["train", "predict", "compare", "explain", "read"] | None = None
    state: Literal["queued", "running"] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> CancelRequest:
        if not self.model_fields_set:
            raise ValueError(Text("give tasks, group, dataset, kind or state"))
        return self


class CancelledTasks(BaseModel):
    """Identifiers of tasks, by what became of them."""

    cancelled: list[Id] = Field(description="They were queued, and are cancelled.")
    stopping: list[Id] = Field(description="They run, and are asked to stop.")
    ended: list[Id] = Field(description="They had ended before.")
    unknown: list[Id] = Field(description="There is no such task.")


class SinceQuery(BaseModel):
    since: Annotated[int, Field(ge=0, le=2**40)] = Field(0, description="Position in the log to read from, in bytes.")


class StepQuery(BaseModel):
    since: Annotated[int, Field(ge=0, le=2**40)] = Field(
        0, description="Step to read from. Ask again from the last step, whose row may have gained columns."
    )


class FormatQuery(BaseModel):
    format: Literal["json", "csv"] = "json"


class TaskSummary(BaseModel):
    id: Id
    kind: str
    state: TaskState
    attempt: int
    cancel_requested: bool
    stop_requested: bool = Field(description="Whether its search for better models is to end.")
    can_stop: bool = Field(description="Whether POST /api/tasks/{id}/stop is possible now.")
    progress: dict[str, Any] = Field(
        description="Stage, epoch, step and metrics so far; of an ensemble also `members` and `combination`."
    )
    error: str | None
    error_code: TextCode | None = Field(description="The error by its code, if it is a text of the library.")
    advice: str | None
    advice_code: TextCode | None
    name: str | None = Field(description="The name that the request gives the model of a training.")
    method: str | None = Field(description="The model of a training, or the method of a forecast without one.")
    models: list[str] = Field(description="Names of the models that a forecast or a comparison reads.")
    skill: Interval | None = Field(
        description="1 minus the relative WQL on the test windows, of the model of a completed training, or of the "
        "only model that a forecast reads; above 0 it is better than seasonal naive."
    )
    dataset: str | None
    dataset_name: str | None = Field(
        description="The name of the dataset of the request, or of the dataset that all its models share."
    )
    group: str | None
    retry_of: str | None
    created_by: str | None = Field(description="Name of the user who made it.")
    created: float
    started: float | None
    finished: float | None


class TaskDetail(TaskSummary):
    request: dict[str, Any]
    result: dict[str, Any]
    queue_position: int | None = Field(description="Tasks that are started before this one, itself included.")
    seconds_left: Number = Field(
        description="Estimate from the steps so far, of the fit only; for auto and ensemble of the whole run."
    )
    log: str = Field(description="The log from the position `since` on, at most 64 KiB.")
    log_position: int
    commands: Commands | None = Field(description="null for the reading of a file.")


class TaskMetrics(BaseModel):
    state: TaskState
    rows: list[dict[str, Number]] = Field(
        description="Rows of metrics.csv: step, and the columns that have a value, such as train/loss and tuning/wql."
    )


class TaskPage(Page):
    items: list[TaskSummary]


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
    best: Id | None = Field(description="The model with the smallest relative WQL on validation so far.")
    states: dict[str, int] = Field(description="Number of tasks in each state.")
    tasks: list[TaskSummary]
    leaderboard: list[LeaderboardRow]


CANCEL_EXAMPLE: dict[str, Any] = {"kind": "train", "state": "queued"}
