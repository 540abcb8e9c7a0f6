from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.options import DataOptions
from timevis.data.readers.read_table import read_table
from timevis.data.schema.to_rows import to_rows
from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import DataError


def test_json_columns_keyed_by_row_are_joined_by_key(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(
        '{"time": {"b": "2024", "a": "2023"}, "v": {"a": 3, "b": 4}, "w": {"b": 2, "a": 1}}'
    )
    assert read_table(tmp_path / "t.json").frame.to_dict("list") == {
        "time": ["2024", "2023"],
        "v": [4, 3],
        "w": [2, 1],
    }


DAYS = pd.date_range("2024-01-01", periods=4).astype(str).tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        (
            '{"time": "2024-01-01", "load": 1}\n{"time": "2024-01-02", "load": ' + "9" * 5000 + "}",
            "row 2: a number is",
        ),
        ('{"columns": 3, "data": 4}', "'columns' is not a list"),
        ('{"columns": ["a"], "data": null}', "'columns' is not a list"),
        ('{"columns": [["a"], "b"], "data": [[1, 2]]}', "'columns' is not a list"),
        ('{"columns": ["a"], "data": [[1]], "index": 3}', "'columns' is not a list"),
        ('{"columns": ["a", "b"], "data": [1, 2]}', "record 1 of 'data' is not a list of 2 values"),
        ('{"columns": ["a", "b"], "data": [[1, 2], [1, 2, 3]]}', "record 2 of 'data' is not a list of 2 values"),
        ('{"columns": ["a", "a"], "data": [[1, 2]]}', "several columns are named 'a'"),
        ('[{"time": 1,\n"lo\\ud800ad": 1}]', r"row 2, column 4: \\ud800 is only half"),
        ('[{"time": 1, "load": "\\\\\\udc00\\ud83d\\ude00"}]', r"row 1, column 25: \\udc00 is only half"),
        ('{"time": [1, 2], "id": [1, [2]]}', "record 2, column 'id' contains a nested value"),
        ('[{"time": 5, "load": 1, "load": 2}]', "2 values are named 'load' in the object that begins with 'time': 5"),
    ],
)
def test_json_without_the_shape_of_a_table_is_an_error(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(DataError, match=rf"t\.json.*{message}"):
        read_table(tmp_path / "t.json")


def test_surrogate_pairs_in_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"time": DAYS[0], "\U0001f600": 1, "\\ud800": 2}]))
    assert list(read_table(tmp_path / "t.json").frame.columns) == ["time", "\U0001f600", "\\ud800"]


def test_json_with_orient_split_may_have_numbers_as_column_names(tmp_path: Path) -> None:
    pd.DataFrame({0: DAYS, 1: [1.5, 2, 4, 3]}).to_json(tmp_path / "t.json", orient="split")
    assert load_panel({"path": str(tmp_path / "t.json")})[0].channels == ("1",)


FRAME = pd.DataFrame(
    {"load": [300.6, 301.2, None, 303.0], "temp": [1, 2, 3, 4]},
    index=pd.date_range("2023-01-01", periods=4, freq="h"),
)


RECORDS = [{"time": str(t), "load": v} for t, v in FRAME["load"].items()]


def read(path: Path, content: str) -> Table:
    path.write_text(content)
    return read_table(path)


@pytest.mark.filterwarnings("ignore:'epoch' date format")
@pytest.mark.parametrize("dates", ["iso", "epoch"])
@pytest.mark.parametrize("orient", ["columns", "index"])
@pytest.mark.parametrize("names", [["load", "temp"], ["load"]])
def test_row_keys_that_are_times_become_the_time_column(
    names: list[str], orient: Any, dates: Any, tmp_path: Path
) -> None:
    table = read(tmp_path / "t.json", FRAME[names].to_json(orient=orient, date_format=dates))
    assert list(table.frame.columns) == ["time", *names]
    assert "the keys of the rows are the column 'time'" in map(str, table.notes)
    options = DataOptions.from_config({"name": "t", "path": "t.json"})
    rows, _ = to_rows(table, options)
    assert (rows.grid.index.tz_localize(None) == FRAME.index).all()
    pd.testing.assert_series_equal(table.frame["load"], FRAME["load"].reset_index(drop=True), check_dtype=False)


@pytest.mark.filterwarnings("ignore:'epoch' date format")
@pytest.mark.parametrize("dates", ["iso", "epoch"])
def test_values_keyed_by_times_become_a_column(dates: Any, tmp_path: Path) -> None:
    frame = read(tmp_path / "t.json", FRAME["temp"].to_json(date_format=dates)).frame
    assert list(frame.columns) == ["time", "value"]
    assert frame["value"].tolist() == [1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore:'epoch' date format")
@pytest.mark.parametrize("dates", ["iso", "epoch"])
def test_the_index_of_orient_split_becomes_a_column(dates: Any, tmp_path: Path) -> None:
    table = read(tmp_path / "t.json", FRAME.to_json(orient="split", date_format=dates))
    assert list(table.frame.columns) == ["time", "load", "temp"]
    assert list(map(str, table.notes)) == ["the index is the column 'time'"]
    assert (parse_times(table, ("time",)).index.tz_localize(None) == FRAME.index).all()
    by_name = FRAME.set_axis(["a", "b", "c", "d"])
    assert list(read(tmp_path / "t.json", by_name.to_json(orient="split")).frame["index"]) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("orient", ["columns", "index", "split"])
def test_row_numbers_are_not_read_as_times(orient: Any, tmp_path: Path) -> None:
    frame = FRAME.rename_axis("when").reset_index().set_axis(range(1000, 1004))
    read_back = read(tmp_path / "t.json", frame.to_json(orient=orient, date_format="iso")).frame
    assert list(read_back.columns) == ["when", "load", "temp"]


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ({"data": {"records": RECORDS}}, "'data' > 'records'"),
        ({"status": "ok", "data": {"count": 4, "records": RECORDS}}, "'data' > 'records'"),
        ({"a": {"b": {"c": RECORDS}}}, "'a' > 'b' > 'c'"),
        ({"data": json.loads(FRAME.to_json(date_format="iso"))}, "'data'"),
    ],
)
def test_a_nested_table_is_found_at_any_depth(content: dict[str, Any], keys: str, tmp_path: Path) -> None:
    table = read(tmp_path / "t.json", json.dumps(content))
    assert list(table.frame.columns)[:2] == ["time", "load"]
    assert f"the table is read from the key {keys}" in map(str, table.notes)
