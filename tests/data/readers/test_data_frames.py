"""Tables in memory: what cannot be read ends in words that say what to change, not in a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from timevis.api import train
from timevis.data.readers.parquet import write_frame
from timevis.errors import DataError

TIMES = pd.date_range("2024-01-01", periods=5, freq="h")
VALUES = np.arange(10.0).reshape(5, 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pd.DataFrame(VALUES), "columns whose names are not text: 0, 1"),
        (pd.DataFrame(VALUES, TIMES, [None, "a"]), "columns whose names are not text"),
        (pd.DataFrame(VALUES, TIMES, ["time", "a"]), "times in its index and also a column 'time'"),
        (pd.DataFrame(VALUES, TIMES, ["a", "a"]), "several columns are named 'a'"),
        (pd.DataFrame(index=range(3)), "no columns"),
        (pd.DataFrame({"time": TIMES, "a": 1j * VALUES[:, 0]}), "cells that a table cannot contain"),
        (VALUES, "the data are a ndarray"),
        (VALUES.tolist(), "the data are a list"),
        (7, "the data are a int"),
    ],
)
def test_data_that_are_no_table_with_names_are_refused_in_words(
    data: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message):
        write_frame(data, tmp_path / "data.parquet")
    assert not (tmp_path / "data.parquet").exists()
    with pytest.raises(DataError, match=message):
        train(data, "linear")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (pd.Series(VALUES[:, 0], TIMES), ["time", "value"]),
        (pd.Series(VALUES[:, 0], TIMES, name="load"), ["time", "load"]),
        (pd.DataFrame(VALUES, TIMES.to_period("h"), ["a", "b"]), ["time", "a", "b"]),
        (pd.DataFrame(VALUES, TIMES.rename("hour"), ["a", "b"]), ["hour", "a", "b"]),
    ],
)
def test_an_index_of_times_becomes_a_column(data: pd.Series | pd.DataFrame, names: list[str], tmp_path: Path) -> None:
    write_frame(data, tmp_path / "data.parquet")
    frame = pd.read_parquet(tmp_path / "data.parquet")
    assert list(frame.columns) == names
    assert frame[names[0]].tolist() == TIMES.tolist()
