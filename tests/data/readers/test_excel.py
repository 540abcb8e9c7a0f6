from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from table_files import FRAME, write_workbook

from timevis.data.options import DataOptions
from timevis.data.read_options import ReadOptions
from timevis.data.readers.read_table import read_table
from timevis.data.schema.columns import find_columns
from timevis.data.timestamps.parse_times import parse_times
from timevis.errors import ConfigError, DataError


def test_the_first_sheet_with_data_is_read_and_named(tmp_path: Path) -> None:
    write_workbook(tmp_path / "book.xlsx")
    assert any("'data'" in note for note in map(str, read_table(tmp_path / "book.xlsx").notes))
    assert "other" in read_table(tmp_path / "book.xlsx", ReadOptions(sheet="more")).frame
    assert "other" in read_table(tmp_path / "book.xlsx", ReadOptions(sheet=2)).frame
    with pytest.raises(ConfigError, match="did you mean 'more'"):
        read_table(tmp_path / "book.xlsx", ReadOptions(sheet="mroe"))
    with pytest.raises(DataError, match="'cover' contains no table"):
        read_table(tmp_path / "book.xlsx", ReadOptions(sheet="cover"))


def test_an_old_workbook_is_read_with_its_times_and_booleans() -> None:
    table = read_table(Path(__file__).parents[1] / "files/old.xls")
    pd.testing.assert_frame_equal(table.frame[["time", "load"]], FRAME[["time", "load"]], check_dtype=False)
    assert table.frame["flag"].tolist() == [True, False, True, False, True]
    assert any("'data'" in note for note in map(str, table.notes))


def test_a_workbook_may_leave_the_name_of_the_time_column_empty(tmp_path: Path) -> None:
    FRAME.set_index("time")[["load"]].rename_axis(None).to_excel(tmp_path / "t.xlsx")
    assert list(read_table(tmp_path / "t.xlsx").frame.columns) == ["column 1", "load"]


def test_a_row_of_groups_above_the_names_of_a_workbook_is_skipped(tmp_path: Path) -> None:
    groups = pd.DataFrame([["", "Plant A", "Plant B"], FRAME.columns, *FRAME.astype(object).to_numpy()])
    groups.to_excel(tmp_path / "t.xlsx", index=False, header=False)
    table = read_table(tmp_path / "t.xlsx")
    assert list(table.frame.columns) == list(FRAME.columns)
    assert str(table.row_label(0)) == "row 3"


DAYS = pd.date_range("2024-01-01", periods=4).astype(str).tolist()


def write_formulas(path: Path, rows: int) -> Path:
    """Write a workbook with formulas without values in one column of the first rows; in two columns of all rows."""
    book = openpyxl.Workbook()
    book.active.append(["time", "load", "price"])
    for i, day in enumerate(DAYS):
        price = f"=B{i + 2}*2" if i < rows else 1
        book.active.append([day, i, price] if rows < len(DAYS) else [day, f"={i}*2", price])
    book.save(path)
    return path


def test_formulas_without_saved_values_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.xlsx: row 2, column 'load' .*formula") as error:
        read_table(write_formulas(tmp_path / "t.xlsx", 4))
    assert "save it" in str(error.value.advice)
    table = read_table(write_formulas(tmp_path / "t.xlsx", 1))
    assert table.frame["price"].isna().tolist() == [True, False, False, False]
    assert any("1 cells of 'price'" in note for note in map(str, table.notes))


def test_a_first_sheet_without_times_is_an_error_that_lists_the_sheets(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        metadata = pd.DataFrame({"Report": ["Author", "Unit"], "2024": ["x", "MW"]})
        metadata.to_excel(book, sheet_name="info", index=False)
        pd.DataFrame({"time": pd.date_range("2024-01-01", periods=3), "load": [1.5, 2, 4]}).to_excel(
            book, sheet_name="data", index=False
        )
    options = DataOptions.from_config({"name": "t", "path": str(path)})
    with pytest.raises(
        DataError, match=r"sheet 'info' of 2 \(info, data\), data\.sheet selects another one: there is no"
    ):
        find_columns(read_table(path), options)
    assert read_table(path).source == "t.xlsx"
    table = read_table(path, ReadOptions(sheet="data"))
    assert table.source == "t.xlsx"
    assert find_columns(table, options)[1].targets == ("load",)


@pytest.mark.parametrize("title", [[], [["Werk Nord 2023", None]]])
def test_a_row_of_totals_is_an_error_with_its_row_below_any_title(
    title: list[list[str | None]], tmp_path: Path
) -> None:
    hours = pd.date_range("2023-01-01", periods=1500, freq="h")
    rows = [*title, ["Zeit", "Leistung"], *([t, 50.5] for t in hours.to_pydatetime()), ["Summe", 9999]]
    pd.DataFrame(rows).to_excel(tmp_path / "t.xlsx", header=False, index=False)
    table = read_table(tmp_path / "t.xlsx")
    (time,) = find_columns(table, DataOptions())[1].time
    with pytest.raises(DataError, match=rf"row {len(rows)}, column 'Zeit': the time 'Summe' is not a date or time"):
        parse_times(table, (time,))
