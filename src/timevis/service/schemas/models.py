"""Trained models: requests, lists, what a scored model did, and the options of each kind of model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from timevis.evaluation.verdict import Severity
from timevis.metrics.specs import METRICS
from timevis.models.declaration import Preset
from timevis.runs.explanation import Explanation
from timevis.runs.record import History
from timevis.runs.results import OverallResults
from timevis.service.schemas.common import (
    ChannelName,
    CodedText,
    Commands,
    DeletableQuery,
    Id,
    Name,
    Number,
    Page,
    StrictModel,
)
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


class ChannelQuery(BaseModel):
    channel: ChannelName | None = Field(None, description="All channels together if absent.")


class WindowQuery(BaseModel):
    channel: ChannelName | None = Field(None, description="The first channel if absent.")
    index: Annotated[int, Field(ge=0, le=10**6)] = Field(0, description="Position in time among the saved windows.")
    split: Literal["test", "validation"] | None = Field(None, description="Must be the scored part if it is given.")


class PeriodQuery(BaseModel):
    channel: ChannelName | None = Field(None, description="The first channel with a forecast if absent.")


class PeriodWindow(BaseModel):
    index: int = Field(description="Position in time among the saved windows of the channel.")
    start: str = Field(description="Time of its first forecast row.")


class LargeError(BaseModel):
    time: str
    truth: float
    median: float
    index: int = Field(description="The window that forecast it.")


class ScoredPeriodView(BaseModel):
    """The whole scored period of a channel, forecast by windows that follow each other."""

    channel: str
    channels: list[str]
    unit: str
    time: list[str]
    truth: list[Number]
    low: list[Number] = Field(description="10 % quantile.")
    median: list[Number]
    high: list[Number] = Field(description="90 % quantile.")
    windows: list[PeriodWindow]
    largest_errors: list[LargeError] = Field(description="At least a horizon apart, the largest first.")


class Context(BaseModel):
    time: list[str]
    value: list[Number]


class Future(BaseModel):
    time: list[str]
    truth: list[Number]
    point: list[Number]
    levels: list[float] = Field(description="The quantile levels.")
    quantiles: list[list[Number]] = Field(description="A row for each level, a column for each step.")


class WindowErrors(BaseModel):
    mae: Number
    wql: Number
    naive_mae: Number = Field(description="MAE of seasonal naive on this window.")


class ForecastWindow(BaseModel):
    count: int = Field(description="Saved windows of the channel.")
    index: int
    channel: str
    channels: list[str]
    unit: str
    origin: str = Field(description="Time of the first forecast row.")
    worst: bool = Field(description="Whether it is one of the windows with the largest errors.")
    step_seconds: Number = Field(description="null where steps differ, as months do.")
    context: Context
    future: Future
    seasonal_naive: list[Number] | None = Field(description="null if the context does not determine it.")
    samples: list[list[Number]] | None = Field(description="Sample paths, at most 100.")
    prompt: str | None = Field(description="The text that a language model read before the digits.")
    context_digits: str | None = Field(description="The digits of the context, a blank between two values.")
    digits: list[str] | None = Field(description="The digits of the first sample paths.")
    errors: WindowErrors


class Histogram(BaseModel):
    edges: list[float]
    counts: list[float]


class PitHistogram(Histogram):
    density: list[float] = Field(description="1 in each bin when calibrated.")


class QuantileQuantile(BaseModel):
    theoretical: list[float] = Field(description="Quantiles of the standard normal distribution.")
    observed: list[float] = Field(description="Quantiles of the standardised residuals.")


class Autocorrelation(BaseModel):
    lags: list[int] = Field(description="In rows.")
    values: list[Number]
    bound: Number = Field(description="95 % of the values of white noise lie within plus and minus the bound.")


class CalendarError(BaseModel):
    key: int = Field(description="Hour of the day, or weekday, where Monday is 0.")
    count: int
    mae: Number
    bias: Number


class HorizonError(BaseModel):
    step: int
    mae: Number
    wql: Number
    coverage_80: Number
    naive_mae: Number
    naive_wql: Number


class Residuals(BaseModel):
    """Residuals, point forecast minus truth, of the evenly spaced saved windows."""

    count: int
    mean: Number
    std: Number
    scaled: bool = Field(description="Whether they are divided by the training standard deviation of their channel.")
    unit: str
    histogram: Histogram
    qq: QuantileQuantile
    autocorrelation: Autocorrelation = Field(description="Along a forecast.")
    by_hour: list[CalendarError]
    by_weekday: list[CalendarError]
    by_horizon: list[HorizonError]


class IntervalCoverage(BaseModel):
    nominal: float = Field(description="Nominal coverage of a central interval.")
    observed: float
    count: int


class QuantileReliability(BaseModel):
    level: float
    observed: float = Field(description="Share of truths at or below the quantile.")


class Calibration(BaseModel):
    levels: list[IntervalCoverage]
    quantiles: list[QuantileReliability]
    pit: PitHistogram


class VerdictFinding(CodedText):
    """One remark on a run."""

    severity: Severity


class Verdict(VerdictFinding):
    """Whether a model beats seasonal naive, and whether its intervals hold."""

    findings: list[VerdictFinding]


class ModelExplanation(BaseModel):
    """Which inputs a model and its forecast depend on."""

    explanation: Explanation | None = Field(
        description="The newest explanation, made by a task or by `timevis explain`; null without one."
    )


MODEL_CHANGE_EXAMPLE: dict[str, Any] = {
    "name": "LSTM of the winter",
    "notes": "Without holidays.",
    "tags": ["winter"],
}
