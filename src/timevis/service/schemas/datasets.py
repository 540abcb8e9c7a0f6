"""Datasets: requests, lists, the report of one, its series and its annotations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from apiflask.fields import UploadFile
from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from timevis.data.options import DESCRIPTION_LIMIT, DOMAINS
from timevis.data.quality.findings import DataSeverity
from timevis.messages import Text
from timevis.service.db.tables import MAX_ANNOTATION_CHARACTERS
from timevis.service.schemas.common import (
    MAX_CHANNELS,
    PRINTED_TEXT,
    ChannelName,
    CodedText,
    DataTime,
    DeletableQuery,
    Id,
    Name,
    Number,
    Page,
    PageQuery,
    SearchText,
    StrictModel,
)
from timevis.service.schemas.models import Autocorrelation
from timevis.service.schemas.option_fields import read_fields
from timevis.service.series import NewestValues

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
ColumnNames = Annotated[list[ColumnName], Field(max_length=MAX_CHANNELS)]
FormOfReading: Any = create_model("FormOfReading", **read_fields(in_form=True))
ChangeOfReading: Any = create_model("ChangeOfReading", __base__=StrictModel, **read_fields())
AnnotationText = Annotated[str, Field(min_length=1, max_length=MAX_ANNOTATION_CHARACTERS, pattern=PRINTED_TEXT)]


class UploadRequest(FormOfReading):  # its fields are the options of reading
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


class DatasetChange(ChangeOfReading):
    """New texts of a dataset, or another reading of its file; null returns to what is inferred."""

    name: Name | None = None
    domain: Literal[DOMAINS] | None = None  # type: ignore[valid-type]
    unit: Annotated[str, Field(max_length=50)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION_LIMIT)] | None = None
    time: ColumnNames | None = None
    id: ColumnNames | None = None
    target: ColumnNames | None = None
    covariates: Annotated[dict[ColumnName, ColumnName], Field(max_length=MAX_CHANNELS)] | None = None
    frequency: Annotated[str, Field(max_length=20)] | None = None
    timezone: Annotated[str, Field(max_length=50)] | None = None


class DatasetQuery(DeletableQuery):
    sort: Literal["created", "name", "size"] = "created"


class SeriesQuery(BaseModel):
    channel: ChannelName | None = Field(None, description="The first channel if absent.")
    start: Annotated[str, Field(max_length=40)] | None = None
    end: Annotated[str, Field(max_length=40)] | None = None
    points: Annotated[int, Field(ge=10, le=10_000)] = 2000


class DatasetSummary(BaseModel):
    id: Id
    name: str
    file_name: str
    size: int = Field(description="Bytes of the file.")
    rows: int
    channel_count: int
    first_channels: list[str] = Field(description="Names of the first channels; GET /api/datasets/{id} has all.")
    frequency: str
    start: str
    end: str
    line: NewestValues | None = Field(
        description="For a small picture; null for a dataset of an earlier version, or without values."
    )
    champion: Id | None = Field(description="The preferred model.")
    version: int = Field(description="Counts how often newer rows were added.")
    parent: Id | None = Field(description="The dataset that this one extends by newer rows.")
    created_by: str | None = Field(description="Name of the user who made it.")
    created: float
    deleted: float | None


class DataFindingView(CodedText):
    """A remark on the data of a dataset."""

    severity: DataSeverity
    channel: str | None = Field(description="The channel that the remark is about; null for all, or for several.")


class DatasetDetail(DatasetSummary):
    channels: list[str]
    options: dict[str, Any] = Field(description="How the file is read: keys of the config section `data`.")
    report: dict[str, Any] = Field(description="The quality report, as data_report.json of a run.")
    findings: list[DataFindingView] = Field(description="What the quality report says, in words.")


class RowsRequest(BaseModel):
    """A file with newer rows and the same columns."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    file: UploadFile = Field(description="CSV, TSV, XLSX, XLS, JSON or Parquet.")


class DatasetVersion(DatasetDetail):
    added: int = Field(description="Rows of the new file.")


class DatasetPage(Page):
    items: list[DatasetSummary]


class Stretch(BaseModel):
    start: str
    end: str = Field(description="Time of the last missing row.")
    rows: int


class TimedValue(BaseModel):
    time: str
    value: float


class Series(BaseModel):
    """A channel in a range, in at most `points` buckets of rows; each row is a bucket if they fit."""

    channel: str
    rows: int = Field(description="Rows in the range.")
    time: list[str] = Field(description="Time of the first row of each bucket.")
    value: list[Number] = Field(description="Mean of each bucket; null where it has no value.")
    low: list[Number] = Field(description="Smallest value of each bucket.")
    high: list[Number] = Field(description="Largest value of each bucket.")
    missing: list[Stretch] = Field(description="The longest missing stretches in the range, in time order.")
    missing_count: int
    outliers: list[TimedValue] = Field(description="The first outliers in the range.")
    outlier_count: int


class ChannelAverage(BaseModel):
    labels: list[str] = Field(
        description="Times of day such as 07:00, hours of a week such as Mon 07:00, weekdays, months or quarters."
    )
    mean: list[Number]
    low: list[Number] = Field(description="10 % quantile.")
    high: list[Number] = Field(description="90 % quantile.")


class Seasonality(BaseModel):
    channel: str
    season_rows: int | None = Field(description="Rows of the strongest season; null if none is strong.")
    average_day: ChannelAverage | None
    average_week: ChannelAverage | None
    average_year: ChannelAverage | None
    autocorrelation: Autocorrelation


class PreviewQuery(BaseModel):
    rows: Annotated[int, Field(ge=1, le=100)] = 20


class PreviewColumn(BaseModel):
    name: str
    role: Literal["time", "id", "target", "covariate", "static", "unused"]


class Preview(BaseModel):
    """The first rows of the file."""

    columns: list[PreviewColumn]
    rows: list[list[str | float | bool | None]]


class SplitQuery(BaseModel):
    horizon: Annotated[int, Field(ge=1, le=10**6)] | None = Field(None, description="By the frequency if absent.")
    context_length: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        None, description="By the frequency if absent."
    )
    train: float = Field(0.7, description="Share of the rows, or the row at which the part ends.")
    val: float = 0.1
    test: float = 0.2


class SplitPart(BaseModel):
    name: Literal["train", "val", "test"]
    rows: int
    start: str
    end: str
    share: float
    windows: int


class SplitView(BaseModel):
    horizon: int
    context_length: int
    parts: list[SplitPart]


class SampleRequest(StrictModel):
    """A sample dataset: real and bundled, or synthetic with typical defects."""

    domain: Literal["traffic", "electricity", "weather"]
    source: Literal["bundled", "synthetic"] = "bundled"
    rows: Annotated[int, Field(ge=100, le=200_000)] | None = Field(
        None, description="The newest rows; null takes all."
    )
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0


class SeriesListQuery(PageQuery):
    model: Id | None = Field(None, description="Also list the errors of this model.")
    sort: Literal["position", "channel", "missing", "outliers", "mean", "mae", "wql", "skill"] = Field(
        "position", description="The order of the file, or a number; series without a value come last."
    )
    order: Literal["asc", "desc"] = "asc"
    search: SearchText | None = Field(None, description="Words that the name contains.")
    points: Annotated[int, Field(ge=10, le=200)] = Field(60, description="Largest number of points of a line.")


class SeriesItem(BaseModel):
    """A series with its defects, and with the errors of the model if one was named."""

    position: int = Field(description="In the order of the file, from 0 on.")
    channel: str
    unit: str = Field(description="Empty if it is not known.")
    observed: int
    missing: int
    outliers: int
    mean: Number
    min: Number
    max: Number
    mae: Number = Field(description="Mean absolute error in the unit of the series; null without a model.")
    naive_mae: Number = Field(description="MAE of seasonal naive on the same windows.")
    wql: Number
    skill: Number = Field(description="1 minus the WQL divided by the WQL of seasonal naive.")
    line: list[Number] = Field(
        description="Means of equally long stretches from the first to the last value; null where values are missing."
    )


class SeriesPage(Page):
    items: list[SeriesItem]


class AnnotationRequest(StrictModel):
    """What happened at a time of the data, or over a range of times."""

    start: DataTime = Field(description="A time of the data, ISO 8601; a local one if it has no offset.")
    end: DataTime | None = Field(None, description="The end of a range; null: one time.")
    text: AnnotationText


class AnnotationChange(StrictModel):
    """What is left out stays as it is; an `end` of null makes it an annotation of one time."""

    start: DataTime | None = None
    end: DataTime | None = None
    text: AnnotationText | None = None

    @model_validator(mode="after")
    def _no_null(self) -> AnnotationChange:
        if any(name in self.model_fields_set and getattr(self, name) is None for name in ("start", "text")):
            raise ValueError(Text("an annotation needs a start and a text"))
        return self


class AnnotationView(BaseModel):
    id: Id
    start: str = Field(description="A local time of the data, without an offset.")
    end: str | None
    text: str
    created: float
    created_by: str | None


class Annotations(BaseModel):
    items: list[AnnotationView] = Field(description="In the order of time.")


SAMPLE_EXAMPLE: dict[str, Any] = {"domain": "traffic", "source": "synthetic", "rows": 4320, "seed": 0}
DATASET_CHANGE_EXAMPLE: dict[str, Any] = {"unit": "MW", "target": ["load"], "covariates": {"temperature": "observed"}}
ANNOTATION_EXAMPLE: dict[str, Any] = {
    "start": "2026-03-14T08:00",
    "end": "2026-03-14T11:30",
    "text": "Meter replaced.",
}
ANNOTATION_CHANGE_EXAMPLE: dict[str, Any] = {"end": None, "text": "Meter replaced by one of another kind."}
