from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from timevis.data.table_io import read_table
from timevis.errors import DataError

FRAME = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=3, freq="h"), "load": [1.5, 2.0, 4.0]})


def test_an_index_that_repeats_a_column_is_read_once(tmp_path: Path) -> None:
    FRAME.set_index("time", drop=False).to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet").frame, FRAME, check_dtype=False)


def test_an_index_that_differs_from_the_column_of_its_name_is_an_error(tmp_path: Path) -> None:
    FRAME.set_index(FRAME["load"].rename("time")).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: the index 'time' and the column of that name"):
        read_table(tmp_path / "t.parquet")
