"""The registry of models, and the options of each kind of model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from timevis.metrics.specs import METRICS
from timevis.models.declaration import Preset
from timevis.runs.record import History
from timevis.runs.results import OverallResults
from timevis.service.schemas.common import Commands, DeletableQuery, Id, Name, Page, StrictModel
from timevis.service.schemas.option_fields import OptionView
from timevis.service.tasks.summary import NewestForecast, ResultsSummary
from timevis.utils.language import Language

SORTS = ("created", "name", "kind", "validation_relative_wql", *METRICS, "skill_wql", "fit_seconds")
ModelSort = Literal[SORTS]  # type: ignore[valid-type]  # names of metrics are listed once


class ModelQuery(DeletableQuery):
    sort: ModelSort = Field("created", description="A metric of the test, the validation WQL, or a cost.")
    dataset: Id | None = None
    kind: Annotated[str, Field(max_length=64)] | None = None
    tag: Annotated[str, Field(max_length=50, pattern=r"^[^\x00]*$")] | None = None


class ReportQuery(StrictModel):
    lang: Language = Field("en", description="Of the report; names of data, columns and models are not translated.")


class ModelSummary(BaseModel):
    id: Id
    name: str
    kind: str
    dataset: Id | None = Field(description="Null for a run of the command line whose data cannot be read.")
    task: Id | None = Field(description="Null for a run of the command line.")
    summary: ResultsSummary
    forecast: NewestForecast | None = Field(
        description="For a small picture; null for a model of an earlier version, or without saved forecasts."
    )
    notes: str
    tags: list[str]
    champion: bool = Field(description="Whether it is the preferred model of its dataset.")
    created_by: str | None = Field(description="Name of the user who made it.")
    created: float
    deleted: float | None


class ModelDetail(ModelSummary):
    config: dict[str, Any]
    results: OverallResults = Field(
        description="Without the results of each series, which GET /api/datasets/{id}/series-list has."
    )
    training: History
    commands: Commands


class ModelPage(Page):
    items: list[ModelSummary]


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
    absent: dict[str, str] = Field(description="Choices that are not on this machine, and the hub id of each.")


class UntrainedMethod(BaseModel):
    method: str = Field(description="The method of a forecast without a training run.")
    title: str


class ModelOptions(BaseModel):
    model: str
    title: str
    help: str
    trainable: bool = Field(description="Whether it is trained by gradient descent.")
    queue: Literal["cpu", "gpu"] = Field(description="gpu: a GPU shortens its training runs.")
    recommended: bool = Field(description="Whether a form chooses it where the user has chosen none.")
    preset_groups: list[Preset] = Field(description="Presets of POST /api/groups; only auto has any.")
    covariates: list[Literal["known", "observed", "static", "events"]] = Field(
        description="Kinds of covariates that it can read."
    )
    untrained: UntrainedMethod | None = Field(
        description="How it forecasts without a training run; null if it cannot."
    )
    seconds_hint: float | None = Field(description="Median time of recent training runs; null before the first one.")
    options: list[ModelOption]
