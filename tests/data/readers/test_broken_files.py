from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from timevis.data.catalog import load_panel
from timevis.data.readers.read_table import raise_as_data_error, read_table
from timevis.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=4).astype(str).tolist()
LATE = pa.array([9223372036854775] * 4, pa.timestamp("s"))


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
        ('{"time": [1, 2], "id": [1, [2]]}', "record 2, column 'id' holds a nested value"),
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


def parquet(columns: dict[str, Any], about: str | None = None) -> Callable[[Path], None]:
    table = pa.Table.from_arrays([pa.array(c) for c in columns.values()], names=[n.strip() for n in columns])
    return lambda path: pq.write_table(table.replace_schema_metadata(about and {"pandas": about}), path)


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        (parquet({"time": DAYS, "load": range(4), "load ": range(4)}), "several columns are named 'load'"),
        (parquet({"time": DAYS, "load": range(4)}, '{"index_columns": [{}], "columns": [{}]}'), "cannot be read"),
        (parquet({"time": LATE, "load": range(4)}), "record 1, column 'time': the time '292278994-08-17 07:12:55'"),
    ],
)
def test_parquet_that_cannot_become_a_table_is_an_error(
    writer: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    writer(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=rf"t\.parquet.*{message}"):
        load_panel({"path": str(tmp_path / "t.parquet")})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("name"), r"the file cannot be read \(KeyError: 'name'\)"),
        (MemoryError(), "more memory than is free"),
    ],
)
def test_any_error_of_a_reader_becomes_a_data_error_that_names_the_file(error: Exception, message: str) -> None:
    with pytest.raises(DataError, match=rf"t\.csv: .*{message}") as caught, raise_as_data_error(Path("data/t.csv")):
        raise error
    assert caught.value.__cause__ is error


def test_a_cell_of_several_megabytes_is_read(tmp_path: Path) -> None:
    rows = [f"{day},{i},{'x' * 3_000_000 if i == 2 else ''}" for i, day in enumerate(DAYS)]
    (tmp_path / "t.csv").write_text("\n".join(["time,load,remark", *rows]))
    assert read_table(tmp_path / "t.csv").frame["load"].tolist() == [0, 1, 2, 3]


def formulas(path: Path, rows: int) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["time", "load", "price"])
    for i, day in enumerate(DAYS):
        price = f"=B{i + 2}*2" if i < rows else 1
        book.active.append([day, i, price] if rows < len(DAYS) else [day, f"={i}*2", price])
    book.save(path)
    return path


def test_formulas_without_saved_values_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.xlsx: row 2, column 'load' .*formula") as error:
        read_table(formulas(tmp_path / "t.xlsx", 4))
    assert "save it" in error.value.advice
    table = read_table(formulas(tmp_path / "t.xlsx", 1))
    assert table.frame["price"].isna().tolist() == [True, False, False, False]
    assert any("1 cells of 'price'" in note for note in table.notes)


@pytest.mark.parametrize(("rows", "at"), [(100, 50), (40_000, 20_000), (40_000, 100)])
def test_a_quote_that_is_never_closed_is_an_error_with_its_row(tmp_path: Path, rows: int, at: int) -> None:
    lines = [f"2024-01-01,{i},{'x' * 60}" for i in range(rows)]
    lines[at] = '2024-01-01,1,"open'
    (tmp_path / "t.csv").write_text("\n".join(["time,load,remark", *lines]))
    with pytest.raises(DataError, match=rf"t\.csv: row {at + 2}: a double quote"):
        read_table(tmp_path / "t.csv")


def test_a_quote_inside_a_cell_is_part_of_its_text(tmp_path: Path) -> None:
    lines = [f'2024-01-01,{i},3" pipe' for i in range(101)]
    (tmp_path / "t.csv").write_text("\n".join(["time,load,remark", *lines, '2024-01-02,5,"two\nlines"']))
    assert read_table(tmp_path / "t.csv").frame["remark"].tolist() == ['3" pipe'] * 101 + ["two\nlines"]


def test_a_series_column_without_any_name_is_an_error(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"time": pd.date_range("2024", periods=400, freq="h"), "site": np.nan, "load": np.arange(400.0)}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'site' is empty"):
        load_panel({"path": str(tmp_path / "t.parquet"), "id": ["site"]})
