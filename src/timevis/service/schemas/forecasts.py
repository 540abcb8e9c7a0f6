"""Requests for forecasts and comparisons, and their results."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema, model_validator

from timevis.data.read_events import MAX_CHARACTERS
from timevis.messages import Text
from timevis.models.patches.events.event import KINDS
from timevis.runs.results import Cost, Interval
from timevis.service.schemas.common import (
    EXAMPLE_DATASET,
    EXAMPLE_MODELS,
    MAX_CHANNELS,
    PRINTED_TEXT,
    ChannelName,
    CodedText,
    Commands,
    Id,
    Name,
    Number,
    StrictModel,
    TextCode,
    at_most,
)
from timevis.service.schemas.models import Context
from timevis.service.training import event_readers, untrained_methods

MAX_ITEMS = 1000
MAX_EVENTS = 100
MAX_ROWS = 100_000
MAX_CELL_CHARACTERS = 1000
LARGEST_WHOLE_NUMBER = 2**63 - 1


def _cell(value: Any) -> Any:
    """Check one value of a row."""
    match value:
        case None | bool():
            return value
        case int() if abs(value) <= LARGEST_WHOLE_NUMBER:
            return value
        case float() if math.isfinite(value):
            return value
        case str() if len(value) <= MAX_CELL_CHARACTERS:
            return value
    raise ValueError(
        Text(
            "must be a number, true, false, null, or a text of at most {maximum} characters",
            maximum=MAX_CELL_CHARACTERS,
        )
    )


CELL_SCHEMA = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_CELL_CHARACTERS},
        {"type": "integer", "minimum": -LARGEST_WHOLE_NUMBER, "maximum": LARGEST_WHOLE_NUMBER},
        *({"type": kind} for kind in ("number", "boolean", "null")),
    ]
}
Cell = Annotated[Any, PlainValidator(_cell), WithJsonSchema(CELL_SCHEMA)]
Row = Annotated[dict[ChannelName, Cell], Field(max_length=MAX_CHANNELS), at_most(MAX_CHANNELS)]
Rows = Annotated[list[Row], Field(min_length=1, max_length=MAX_ROWS, fail_fast=True)]
Known = Annotated[
    dict[ChannelName, Annotated[list[float | None], Field(max_length=MAX_ROWS, fail_fast=True)]],
    Field(max_length=MAX_CHANNELS),
    at_most(MAX_CHANNELS),
]

EventTime = Annotated[str, Field(max_length=40)]


class ForecastEvent(StrictModel):
    """What happens, in words, and when; experimental."""

    start: EventTime = Field(alias="from", description="A local time of the data, or a date, ISO 8601.")
    to: EventTime | None = Field(
        None,
        description="Rows before this time belong to the event, and all of the day if it is a date; null: no end.",
    )
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS, pattern=PRINTED_TEXT)] = Field(
        description="English or Chinese, such as: the road is closed."
    )


Events = Annotated[list[ForecastEvent], Field(max_length=MAX_EVENTS)]


class PredictItem(StrictModel):
    """One forecast. At most one of dataset and values; the data of the model if both are absent."""

    model: Id
    name: Name | None = Field(None, description="What the result calls the item.")
    dataset: Id | None = Field(None, description="Another dataset with the same columns.")
    values: Rows | None = Field(None, description="Rows with the time column and the channels of the model.")
    events: Events | None = Field(None, description="As of the request.")


class PredictRequest(StrictModel):
    """One of `models`, `method`, `training` and `items`. The first two share events, and one of dataset or values."""

    method: Literal[tuple(untrained_methods())] | None = Field(  # type: ignore[valid-type]  # a tuple, which pydantic accepts  # the models declare the names
        None, description="A forecaster that needs no training, in place of models; with dataset or values."
    )
    target: Annotated[list[ChannelName], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Channels that method forecasts; all of them if absent."
    )
    models: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    training: Id | None = Field(
        None, description="The task of a training run of auto or ensemble, whose best combination so far forecasts."
    )
    dataset: Id | None = Field(None, description="Another dataset with the same columns; the model's own if absent.")
    values: Rows | None = Field(None, description="Rows with the time column and the channels of the model.")
    items: Annotated[list[PredictItem], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    kind: Literal["future", "backtest"] = Field(
        "future", description="Forecast the rows after the last value, or the last rows as if they were not known."
    )
    horizon: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        None,
        description="Rows, at most as many as the model was trained to forecast, which is the default. A method "
        "forecasts any number, by default one that suits the frequency of the data.",
    )

    known: Known | None = Field(
        None,
        description="Known covariates in the rows of the forecast in place of the values of the data: name to "
        "values, for all series alike; null keeps the value.",
    )
    events: Events | None = Field(
        None,
        description="Events in words that are known ahead of time, in addition to those of a run; read by "
        f"{', '.join(event_readers())}, and by models of its kind that were not tuned. Experimental.",
    )
    dry_run: bool = Field(False, description="Check the request, and answer with commands that do the same.")

    @model_validator(mode="after")
    def _one_form(self) -> PredictRequest:
        if sum(given is not None for given in (self.models, self.method, self.training, self.items)) != 1:
            raise ValueError(Text("give one of models, method, training and items"))
        if self.training is not None and (self.dataset is not None or self.values is not None):
            raise ValueError(Text("a training run forecasts its own data"))
        if self.method is not None and self.dataset is None and self.values is None:
            raise ValueError(Text("with method, give a dataset or values"))
        if self.method is None and self.target is not None:
            raise ValueError(Text("target belongs to method; a model has channels of its own"))
        if self.items is not None and any(given is not None for given in (self.dataset, self.values, self.events)):
            raise ValueError(Text("with items, dataset, values and events belong to each item"))
        return self


class ForecastDryRun(BaseModel):
    """A forecast that would be accepted."""

    commands: Commands


class CompareRequest(StrictModel):
    models: Annotated[list[Id], Field(min_length=1, max_length=100)]
    reference: Id | None = Field(None, description="One of the models; seasonal naive if absent.")


class ReadEvent(ForecastEvent):
    """An event, and how the model reads its text."""

    kind: Literal[KINDS]  # type: ignore[valid-type]
    value: Number = Field(description="The factor of the kind factor, or the number of the kind limit.")
    probability: float = Field(description="Of the kind, as the model sees it.")
    unknown_words: list[str] = Field(description="Words that were in no sentence of its training.")
    sure: bool = Field(description="Whether kind and words are clear; if false, the model may misread the text.")
    rows: int = Field(description="Rows of the forecast that lie in the event.")


class ForecastItem(BaseModel):
    """The forecast of one channel of one item, or the reason why an item failed."""

    model: Id | None = Field(description="null for a method without a training.")
    name: str | None
    dataset: Id | None
    item_index: int = Field(description="Position of the item in the request, from 0.")
    item_name: str | None = Field(description="The name that the request gave the item.")
    item: str | None = Field(description="The data, and the series of data with several.")
    channel: str | None
    unit: str
    history: Context = Field(description="The recent past.")
    time: list[str]
    point: list[Number]
    levels: list[float]
    quantiles: list[list[Number]] = Field(description="A row for each level, a column for each step.")
    truth: list[Number] | None = Field(description="What a back-test hides, or what newer rows have shown since.")
    known: dict[str, list[Number]] = Field(
        description="The known covariates that the model reads, in the rows of the forecast."
    )
    events: list[ReadEvent] | None = Field(
        description="The events of the request as the model reads them; null for a model that reads no events."
    )
    scored: bool | None = Field(
        description="False for a series that was too short for the model to be scored on it; null without a model "
        "or a forecast."
    )
    error: str | None
    error_code: TextCode | None = Field(description="The error by its code, if it is a text of the library.")
    advice: str | None
    advice_code: TextCode | None


class ForecastResult(BaseModel):
    items: list[ForecastItem]


class ComparedModel(BaseModel):
    model: str = Field(description="Identifier of the model, or seasonal_naive.")
    name: str
    kind: str
    metrics: dict[str, Interval]
    cost: Cost | None = Field(description="null for seasonal naive.")


class ComparedPair(BaseModel):
    """Metric of a minus metric of b on the same windows; negative where a is lower."""

    a: str
    b: str
    metric: str
    difference: Number
    low: Number
    high: Number
    percent: Number = Field(description="The difference in percent of the metric of b.")
    percent_low: Number
    percent_high: Number
    p_value: Number = Field(description="Two-sided p-value of the hypothesis that the two metrics are equal.")
    p_holm: Number = Field(description="With the correction of Holm for all pairs of this metric.")


class CurvePoint(BaseModel):
    step: int
    train_loss: Number
    tuning: Number = Field(description="WQL on the tuning windows.")


class ConfigDifference(BaseModel):
    key: str
    values: dict[str, Any] = Field(description="Model to value.")


class ComparisonResult(BaseModel):
    """Models are named by their identifier, and seasonal naive by ``seasonal_naive``."""

    data: str
    window_set: str = Field(description="Hash of the windows.")
    notes: list[CodedText]
    reference: str
    models: list[ComparedModel]
    pairs: list[ComparedPair]
    by_horizon: dict[str, list[Number]] = Field(description="Model to the WQL of each step.")
    curves: dict[str, list[CurvePoint]]
    config_differences: list[ConfigDifference]


PREDICT_EXAMPLE: dict[str, Any] = {
    "items": [
        {"model": EXAMPLE_MODELS[0]},
        {"model": EXAMPLE_MODELS[1], "dataset": EXAMPLE_DATASET, "name": "Plant B"},
    ],
    "kind": "future",
    "horizon": 12,
}
PREDICT_EXAMPLES: dict[str, Any] = {
    "items": {"summary": "Several forecasts, each with data of its own", "value": PREDICT_EXAMPLE},
    "values": {
        "summary": "Rows in the request",
        "value": {
            "models": [EXAMPLE_MODELS[0]],
            "values": [
                {"time": "2026-03-01 00:00", "load": 51.2},
                {"time": "2026-03-01 01:00", "load": 48.7},
                {"time": "2026-03-01 02:00", "load": None},
            ],
        },
    },
    "method": {
        "summary": "A dataset for which nothing was trained",
        "value": {"method": "seasonal_naive", "dataset": EXAMPLE_DATASET, "horizon": 24},
    },
    "events": {
        "summary": "What if the road is closed tomorrow",
        "value": {
            "method": "nano-patch",
            "dataset": EXAMPLE_DATASET,
            "events": [{"from": "2026-03-02 07:00", "to": "2026-03-02 15:00", "text": "the road is closed"}],
        },
    },
}
COMPARE_EXAMPLE: dict[str, Any] = {"models": list(EXAMPLE_MODELS), "reference": EXAMPLE_MODELS[0]}
