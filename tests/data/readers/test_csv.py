from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.readers.csv import read_csv
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    table = read_csv(b'# note\n\ntime,load,note\n2024-01-01,1,"two\nlines"\n\n2024-01-02,2,x\n', "t.csv")
    assert str(table.row_label(0)) == "row 4"
    assert str(table.row_label(1)) == "row 6"


def test_long_cells_are_read_after_a_small_table() -> None:
    assert str(read_csv(b"time,load\n2024-01-01,1\n", "small.csv").row_label(0)) == "row 2"
    long_cell = "x" * 100
    assert read_csv(f"time,note\n2024-01-01,{long_cell}\n".encode(), "long.csv").frame["note"][0] == long_cell


def test_a_long_cell_in_the_first_rows_is_read() -> None:
    csv.field_size_limit(131_072)  # Python's default, which reading a larger table raises
    text = f"time,remark,load\n2024-01-01,{'x' * 140_000},1\n2024-01-02,y,2\n"
    assert read_csv(text.encode(), "t.csv").frame["load"].tolist() == [1, 2]


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)


@settings(max_examples=200)
@given(st.lists(CELLS, min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_quoted_text_survives_any_delimiter(column: list[str], delimiter: str) -> None:
    frame = pd.DataFrame({"time": ["2024-01-01"] * len(column), "note": [f"x{c}" for c in column]})
    raw = frame.to_csv(index=False, sep=delimiter, quoting=1).encode()
    assert read_csv(raw, "t.csv").frame["note"].tolist() == frame["note"].tolist()


DAYS = pd.date_range("2024-01-01", periods=4).astype(str).tolist()


def test_a_cell_of_several_megabytes_is_read(tmp_path: Path) -> None:
    rows = [f"{day},{i},{'x' * 3_000_000 if i == 2 else ''}" for i, day in enumerate(DAYS)]
    (tmp_path / "t.csv").write_text("\n".join(["time,load,remark", *rows]))
    assert read_table(tmp_path / "t.csv").frame["load"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("rows", "quote_row"), [(100, 50), (40_000, 20_000), (40_000, 100)])
def test_a_quote_that_is_never_closed_is_an_error_with_its_row(tmp_path: Path, rows: int, quote_row: int) -> None:
    lines = [f"2024-01-01,{i},{'x' * 60}" for i in range(rows)]
    lines[quote_row] = '2024-01-01,1,"open'
    (tmp_path / "t.csv").write_text("\n".join(["time,load,remark", *lines]))
    with pytest.raises(DataError, match=rf"t\.csv: row {quote_row + 2}: a double quote"):
        read_table(tmp_path / "t.csv")


def test_a_quote_inside_a_cell_is_part_of_its_text(tmp_path: Path) -> None:
    lines = [f'2024-01-01,{i},3" pipe' for i in range(101)]
    (tmp_path / "t.csv").write_text("\n".join(["time,load,remark", *lines, '2024-01-02,5,"two\nlines"']))
    assert read_table(tmp_path / "t.csv").frame["remark"].tolist() == ['3" pipe'] * 101 + ["two\nlines"]


@pytest.mark.parametrize("last", ["3", "2.5", "x", "2020-01-01 00:00:00", ""])
def test_a_large_file_has_the_types_of_all_its_rows(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"2020-01-01 00:00:00,{number % 7},,{number}.5,a" for number in range(60_000)]  # more than one block
    raw = "\n".join(["time,a,b,c,d", *rows, f"2020-01-02 00:00:00,{last},{last},{last},{last}"]).encode()
    expected = read_csv(raw, "file").frame
    monkeypatch.setattr("timevis.data.readers.csv.LARGE_BYTES", 0)
    pd.testing.assert_frame_equal(read_csv(raw, "file").frame, expected)
