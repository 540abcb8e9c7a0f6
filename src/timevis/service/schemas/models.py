"""The registry of models, and the options of each kind of model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from timevis.service.schemas.common import Commands, DeletableQuery, Id, Name, StrictModel
from timevis.service.schemas.option_fields import OptionView

SORTABLE_METRICS = ("relative_wql", "wql", "crps", "mase", "mae", "coverage_80")
SORTS = ("created", "name", "kind", "validation_relative_wql", *SORTABLE_METRICS, "skill_wql", "fit_seconds")
ModelSort = Literal[SORTS]  # type: ignore[valid-type]  # names of metrics are listed once


class ModelQuery(DeletableQuery):
    sort: ModelSort = Field("created", description="A metric of the test, the validation WQL, or a cost.")
    dataset: Id | None = None
    kind: Annotated[str, Field(max_length=64)] | None = None
    tag: Annotated[str, Field(max_length=50, pattern=r"^[^\x00]*$")] | None = None


class ModelSummary(BaseModel):
    id: Id
    name: str
    kind: str
    dataset: Id | None = Field(description="Null for a run of the command line whose data cannot be read.")
    task: Id | None = Field(description="Null for a run of the command line.")
    summary: dict[str, Any]
    notes: str
    tags: list[str]
    champion: bool = Field(description="Whether it is the preferred model of its dataset.")
    created: float
    deleted: float | None


class ModelDetail(ModelSummary):
    config: dict[str, Any]
    results: dict[str, Any]
    training: list[dict[str, Any]] = Field(description="Rows of metrics.csv.")
    commands: Commands


class ModelPage(BaseModel):
    items: list[ModelSummary]
    total: int
    page: int
    per_page: int


class ModelChange(StrictModel):
    name: Name | None = None
    champion: bool | None = Field(None, description="Make it the preferred model of its dataset, or none.")
    notes: Annotated[str, Field(max_length=10_000)] | None = None
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=50)] | None = None


class ModelOption(OptionView):
    section: Literal["run", "fit", "options", "backbone", "prompt", "lora", "evaluation"] = Field(
        description="Options of run and fit are fields of the request; the others stand in a field of this name."
    )
    advanced: bool


class ModelOptions(BaseModel):
    model: str
    title: str
    help: str
    trainable: bool = Field(description="Whether it is trained by gradient descent.")
    seconds_hint: float | None = Field(description="Median time of recent trainings; null before the first one.")
    options: list[ModelOption]
