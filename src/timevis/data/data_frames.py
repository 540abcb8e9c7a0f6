"""Data frames that a user passes instead of a file, stored as a Parquet file so that they are read like one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api.types import infer_dtype

from timevis.data.readers.table import check_unique_names
from timevis.errors import DataError


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a data frame as Parquet; a `DatetimeIndex` becomes the column ``time`` or keeps its own name.

    Raises
    ------
    DataError
        The frame has no columns, or columns without names or with the same name.
    """
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.rename_axis(frame.index.name or "time").reset_index()
    if not len(frame.columns):
        raise DataError("the data frame has no columns", "give a time column and at least one numeric column")
    if unnamed := [str(c) for c in frame.columns if not isinstance(c, str)]:
        raise DataError(
            f"the data frame has columns whose names are not text: {', '.join(unnamed[:5])}",
            "name them, for example with frame.columns = ['time', 'load']",
        )
    check_unique_names(list(frame.columns), "the data frame")
    mixed = [c for c, cells in frame.items() if cells.dtype == object and "mixed" in infer_dtype(cells)]
    frame.astype(dict.fromkeys(mixed, str)).to_parquet(path)  # mixed cells become text, as a file would hold them
