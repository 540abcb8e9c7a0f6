"""Small files that would decompress to huge tables are refused before they are parsed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_files import FRAME

from timevis.data.readers.file_checks import MAX_COLUMNS, MAX_WORKBOOK_CELLS, check_parquet_size, check_workbook_size
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError


def workbook_with_sheet(path: Path, rows: str, repeats: int = 1) -> Path:
    """A workbook whose only sheet has the given rows, as XML, repeated."""
    FRAME.to_excel(path, index=False)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    start, end = (
        parts["xl/worksheets/sheet1.xml"].split(b"<sheetData>")[0] + b"<sheetData>",
        b"</sheetData></worksheet>",
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(start)
            for _ in range(repeats):
                sheet.write(rows.encode())
            sheet.write(end)
    return path


@pytest.mark.parametrize("cell", ["<c/>", "<x:c />"])
def test_a_workbook_of_too_many_cells_is_refused_before_it_is_parsed(tmp_path: Path, cell: str) -> None:
    repeats = MAX_WORKBOOK_CELLS // 10_000 + 1
    path = workbook_with_sheet(tmp_path / "cells.xlsx", f"<row>{cell * 10_000}</row>", repeats)
    assert path.stat().st_size < 1e6
    with pytest.raises(DataError, match=r"cells\.xlsx: the file has sheets of more than 20,000,000 cells") as caught:
        read_table(path)
    assert "as CSV or Parquet" in str(caught.value.advice)


def test_a_few_cells_far_away_are_counted_with_the_empty_cells_before_them(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{i}"><c r="XFD{i}"><v>1</v></c></row>' for i in range(1, 1300))
    path = workbook_with_sheet(tmp_path / "far.xlsx", rows)
    with pytest.raises(DataError, match=r"more than 20,000,000 cells, empty ones included"):
        read_table(path)


def test_empty_rows_before_a_far_row_are_counted(tmp_path: Path) -> None:
    path = workbook_with_sheet(tmp_path / "far.xlsx", '<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>')
    with pytest.raises(DataError, match=r"a sheet of more than 1,048,576 rows, empty ones included"):
        read_table(path)


def test_the_declared_size_of_a_workbook_is_checked(tmp_path: Path) -> None:
    FRAME.to_excel(tmp_path / "t.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        check_workbook_size(archive, "t.xlsx")
        with pytest.raises(DataError, match=r"t\.xlsx: the file decompresses to more than 0 MB"):
            check_workbook_size(archive, "t.xlsx", max_bytes=1000)


def test_a_comment_of_unfinished_tags_in_a_workbook_does_not_slow_down_the_search_for_formulas(
    tmp_path: Path,
) -> None:
    FRAME.to_excel(tmp_path / "t.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "t.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/other.xml", "<!--" + "<c " * 1_000_000 + "-->")
    assert len(read_table(tmp_path / "t.xlsx").frame) == len(FRAME)  # in seconds, not hours


def test_a_parquet_file_of_too_many_rows_is_refused_by_its_metadata(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": np.zeros(100_000), "b": np.zeros(100_000)}), tmp_path / "rows.parquet")
    check_parquet_size(pq.read_metadata(tmp_path / "rows.parquet"), "rows.parquet", max_cells=200_000)
    with pytest.raises(DataError, match=r"rows\.parquet: the file has 100,000 rows and 2 columns, more than 199,999"):
        check_parquet_size(pq.read_metadata(tmp_path / "rows.parquet"), "rows.parquet", max_cells=199_999)


def test_a_parquet_file_that_needs_more_than_the_free_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"a": np.zeros(1_000_000), "b": np.zeros(1_000_000)}), tmp_path / "rows.parquet")
    monkeypatch.setattr("timevis.utils.machine.available_bytes", lambda: 20_000_000)
    with pytest.raises(DataError, match=r"1,000,000 rows and 2 columns, which need about 16 MB of the 10 MB"):
        read_table(tmp_path / "rows.parquet")


def test_the_memory_of_a_parquet_file_is_estimated_by_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    texts = [str(i) * 100 for i in range(100)]
    pd.DataFrame({"a": np.zeros(100_000), "text": np.resize(texts, 100_000)}).to_parquet(path)
    check_parquet_size(pq.read_metadata(path), "t.parquet", max_bytes=3_000_000)
    with pytest.raises(DataError, match=r"has 100,000 rows and 2 columns, which need about 2 MB of the 2 MB"):
        check_parquet_size(pq.read_metadata(path), "t.parquet", max_bytes=2_000_000)


def test_values_of_lists_count_in_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "lists.parquet"
    pq.write_table(pa.table({"a": pa.array([np.zeros(1_000_000)])}), path)
    with pytest.raises(DataError, match="1 rows and 1 columns, which need about 8 MB"):
        check_parquet_size(pq.read_metadata(path), "lists.parquet", max_bytes=1_000_000)


def test_a_table_of_too_many_columns_is_refused_before_its_rows_are_parsed(tmp_path: Path) -> None:
    count = MAX_COLUMNS + 1
    (tmp_path / "wide.csv").write_text("time," + ",".join(map(str, range(count))) + "\n2024-01-01" + ",1" * count)
    pq.write_table(pa.table({f"c{j}": pa.nulls(1, pa.int64()) for j in range(count)}), tmp_path / "wide.parquet")
    for name in ("wide.csv", "wide.parquet"):
        with pytest.raises(DataError, match=rf"{name}: the table has 50,00\d columns, more than 50,000"):
            read_table(tmp_path / name)
