from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from timevis.data.catalog import load_panel
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=4).astype(str).tolist()
LATE_TIMES = pa.array([9223372036854775] * 4, pa.timestamp("s"))


def parquet_writer(columns: dict[str, Any], pandas_metadata: str | None = None) -> Callable[[Path], None]:
    table = pa.Table.from_arrays([pa.array(c) for c in columns.values()], names=[n.strip() for n in columns])
    return lambda path: pq.write_table(
        table.replace_schema_metadata(pandas_metadata and {"pandas": pandas_metadata}), path
    )


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        (parquet_writer({"time": DAYS, "load": range(4), "load ": range(4)}), "several columns are named 'load'"),
        (
            parquet_writer({"time": DAYS, "load": range(4)}, '{"index_columns": [{}], "columns": [{}]}'),
            "cannot be read",
        ),
        (
            parquet_writer({"time": LATE_TIMES, "load": range(4)}),
            "record 1, column 'time': the time '292278994-08-17 07:12:55'",
        ),
    ],
)
def test_parquet_that_cannot_become_a_table_is_an_error(
    writer: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    writer(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=rf"t\.parquet.*{message}"):
        load_panel({"path": str(tmp_path / "t.parquet")})


FRAME = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=3, freq="h"), "load": [1.5, 2.0, 4.0]})


def test_an_index_that_repeats_a_column_is_read_once(tmp_path: Path) -> None:
    FRAME.set_index("time", drop=False).to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet").frame, FRAME, check_dtype=False)


def test_an_index_that_differs_from_the_column_of_its_name_is_an_error(tmp_path: Path) -> None:
    FRAME.set_index(FRAME["load"].rename("time")).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: the index 'time' and the column of the same name"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("index", [False, True])
def test_periods_are_read_as_their_start(index: bool, tmp_path: Path) -> None:
    weeks = pd.period_range("2010-01-04", periods=3, freq="W")
    frame = pd.DataFrame({"week": weeks, "load": [1.5, 2.0, 4.0]})
    (frame.set_index("week") if index else frame).to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.frame["week"].tolist() == [w.start_time for w in weeks]
    assert list(map(str, table.notes)) == ["the periods of 'week' are read as their start"]


def test_dates_without_a_time_of_day_are_read_as_times(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=3)
    pd.DataFrame({"day": days.date, "load": [1.5, 2.0, 4.0]}).to_parquet(tmp_path / "t.parquet")
    column = read_table(tmp_path / "t.parquet").frame["day"]
    assert pd.api.types.is_datetime64_any_dtype(column)
    assert column.tolist() == days.tolist()
