"""Data frames that a user passes instead of a file, stored as a Parquet file so that they are read like one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas.api.types import infer_dtype

from timevis.data.table import check_unique_names
from timevis.errors import DataError
from timevis.messages import Text, listed


def write_frame(data: object, path: Path) -> None:
    """Write a data frame or a series as Parquet; an index of times becomes the column ``time`` or keeps its own name.

    Parameters
    ----------
    data : DataFrame or Series
        A series without a name becomes the column ``value``.
    path : Path

    Raises
    ------
    DataError
        The data are no frame; or they have no columns, columns without names or with the same name, or cells that a
        table cannot contain.
    """
    if isinstance(data, pd.Series):
        data = data.to_frame(data.name if data.name is not None else "value")
    if not isinstance(data, pd.DataFrame):
        message = Text("the data are a {kind}, which has no names of columns and no times", kind=type(data).__name__)
        advice = Text("give a file, or a pandas.DataFrame with a time column or an index of times and named columns")
        raise DataError(message, advice)
    frame = data
    if isinstance(frame.index, pd.PeriodIndex):
        frame = frame.set_axis(frame.index.to_timestamp(), axis="index")
    if isinstance(frame.index, pd.DatetimeIndex):
        name = frame.index.name or "time"
        if name in frame.columns:
            message = Text("the data frame has times in its index and also a column {column!r}", column=name)
            advice = Text("rename the column, or drop the index with frame.reset_index(drop=True)")
            raise DataError(message, advice)
        frame = frame.rename_axis(name).reset_index()
    if not len(frame.columns):
        advice = Text("give a time column and at least one numeric column")
        raise DataError(Text("the data frame has no columns"), advice)
    if unnamed := [str(c) for c in frame.columns if not isinstance(c, str)]:
        message = Text("the data frame has columns whose names are not text: {columns}", columns=listed(unnamed, 5))
        raise DataError(message, Text("name them, for example with frame.columns = ['time', 'load']"))
    check_unique_names(list(frame.columns), "the data frame")
    mixed = [c for c, cells in frame.items() if cells.dtype == object and "mixed" in infer_dtype(cells)]
    try:
        frame.astype(dict.fromkeys(mixed, str)).to_parquet(path)  # mixed cells become text, as in a file
    except (pa.ArrowException, NotImplementedError) as error:
        message = Text("the data frame has cells that a table cannot contain ({reason})", reason=str(error.args[-1]))
        raise DataError(message, Text("use numbers, times and text")) from error
