"""Read a Parquet file into a table, and store a data frame that a user passes so that it is read like a file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas.api.types import infer_dtype

from timevis.data.readers.file_checks import check_parquet_size, damaged_file
from timevis.data.table import Table, check_unique_names
from timevis.errors import DataError
from timevis.messages import Text, listed


def read_parquet(raw: bytes, source: str) -> Table:
    """Read a Parquet file; a pandas index becomes columns, periods become their start, categories their values.

    The units of columns are those of ``attrs["units"]`` of the data frame, if it had any.

    Parameters
    ----------
    raw : bytes
    source : str
        Name of the file, for error messages.

    Raises
    ------
    DataError
        The file is damaged or too large, several columns have one name, or an index differs from the column of its
        name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        check_parquet_size(pq.read_metadata(BytesIO(raw)), source)
        check_unique_names(pq.read_schema(BytesIO(raw)).names, source)
        # dates as datetimes: an object for each date needs much memory, and is parsed as text
        frame = pd.read_parquet(BytesIO(raw), to_pandas_kwargs={"date_as_object": False})
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise DataError(damaged_file(source, error), Text("write it again")) from error
    if not isinstance(frame.index, pd.RangeIndex):
        frame = _index_to_columns(frame, source)
    frame.columns = pd.Index([str(c) for c in frame.columns])
    for column in frame.columns[[isinstance(t, pd.CategoricalDtype) for t in frame.dtypes]]:
        frame[column] = frame[column].astype(object)
    notes: list[Text] = []
    for column in frame.columns[[isinstance(t, pd.PeriodDtype) for t in frame.dtypes]]:
        frame[column] = frame[column].dt.start_time
        notes.append(
            Text("the periods of {column!r} are read as their start", code="note-periods-of-column", column=column)
        )
    stored = frame.attrs.get("units")  # of a data frame, or of rows that were appended
    units = {str(k): str(v) for k, v in stored.items() if k in frame} if isinstance(stored, dict) else {}
    return Table(frame, source, row_noun="record", notes=notes, units=units)


def _index_to_columns(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    for level in [n for n in frame.index.names if n in frame.columns]:
        if not pd.Index(frame.pop(level)).equals(frame.index.get_level_values(level)):
            raise DataError(
                Text(
                    "{source}: the index {name!r} and the column of the same name have different values",
                    source=source,
                    name=level,
                ),
                Text("rename one of them, or drop the index: frame.reset_index(drop=True)"),
            )
    # an integer index without a name contains row numbers of a filtered, shuffled or concatenated frame
    has_row_numbers = frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
    return frame.reset_index(drop=has_row_numbers)


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
