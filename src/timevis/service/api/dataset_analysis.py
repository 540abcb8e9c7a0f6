"""What is in a dataset: its series, seasons, first rows, and how a split would fall."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from timevis.data.quality.statistics import MAX_ROWS, describe_seasonality
from timevis.data.split.spec import parse_numbers
from timevis.errors import ConfigError, DataError
from timevis.service.context import context, find, unknown_channel
from timevis.service.db.tables import Dataset
from timevis.service.problems import wrong_field
from timevis.service.profiling import PREVIEW_FILE
from timevis.service.schemas.analysis import ChannelQuery
from timevis.service.schemas.datasets import (
    Preview,
    PreviewQuery,
    Seasonality,
    Series,
    SeriesQuery,
    SplitQuery,
    SplitView,
)
from timevis.service.series import StoredSeries, read_series, split_parts
from timevis.service.tasks.estimate import lengths_of
from timevis.utils.files import read_json

blueprint = APIBlueprint("dataset_analysis", __name__, tag="Datasets")


@blueprint.get("/datasets/<dataset_id>/series")
@blueprint.input(SeriesQuery, location="query", arg_name="query")
@blueprint.output(Series)
@blueprint.doc(summary="A downsampled channel")
def get_series(dataset_id: str, query: SeriesQuery) -> Any:
    """Return one channel in a range, with mean, minimum and maximum of each bucket, gaps and outliers."""
    _, channel, series = _open(dataset_id, query.channel)
    return {"channel": channel, **read_series(series, query.start, query.end, query.points)}


@blueprint.get("/datasets/<dataset_id>/seasonality")
@blueprint.input(ChannelQuery, location="query", arg_name="query")
@blueprint.output(Seasonality)
@blueprint.doc(summary="Average day and week")
def get_seasonality(dataset_id: str, query: ChannelQuery) -> Any:
    """Return the average day and week of a channel, its autocorrelation and its strongest season."""
    dataset, channel, series = _open(dataset_id, query.channel)
    report = dataset.report
    seasonality = describe_seasonality(
        series.values[-MAX_ROWS:],
        series.index(slice(-MAX_ROWS, None)),
        report["frequency"],
        report["channels"][channel]["seasonality"],
    )
    return {"channel": channel, **seasonality}


@blueprint.get("/datasets/<dataset_id>/preview")
@blueprint.input(PreviewQuery, location="query", arg_name="query")
@blueprint.output(Preview)
@blueprint.doc(summary="The first rows of the file")
def get_preview(dataset_id: str, query: PreviewQuery) -> Any:
    """Return the first rows of the file, and the role of each column."""
    with context().sessions() as session:
        dataset = find(session, Dataset, dataset_id)
    preview = read_json(context().storage.fetched_dataset(dataset.id) / PREVIEW_FILE)
    roles = {**dataset.report["roles"], **dict.fromkeys(dataset.report.get("series_columns", ()), "id")}
    columns = [{"name": name, "role": roles.get(name, "unused")} for name in preview["columns"]]
    return {"columns": columns, "rows": preview["rows"][: query.rows]}


@blueprint.get("/datasets/<dataset_id>/split")
@blueprint.input(SplitQuery, location="query", arg_name="query")
@blueprint.output(SplitView)
@blueprint.doc(summary="How a split falls")
def get_split(dataset_id: str, query: SplitQuery) -> Any:
    """Return rows, times and number of windows of the training, validation and test part."""
    dataset, _, series = _open(dataset_id, None)
    try:
        spec = parse_numbers((query.train, query.val, query.test))
        lengths = lengths_of(dataset.report, spec, query.context_length, query.horizon)
        parts = split_parts(series, spec, lengths.context_length, lengths.horizon)
    except (ConfigError, DataError) as error:
        raise wrong_field("/train", error.message, error.advice) from None
    return {"horizon": lengths.horizon, "context_length": lengths.context_length, "parts": parts}


def _open(dataset_id: str, channel: str | None) -> tuple[Dataset, str, StoredSeries]:
    """A dataset, one of its channels (the first one when None) and the series of the channel."""
    with context().sessions() as session:
        dataset = find(session, Dataset, dataset_id)
    channels = list(dataset.report["channels"])
    chosen = channels[0] if channel is None else channel
    if chosen not in channels:
        raise unknown_channel("/channel", chosen, channels)
    folder = context().storage.fetched_dataset(dataset.id)
    return dataset, chosen, StoredSeries.open(folder, channels.index(chosen), dataset.report)
