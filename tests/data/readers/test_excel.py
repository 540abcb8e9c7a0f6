from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from timevis.data.options import DataOptions
from timevis.data.readers.read_table import read_table
from timevis.data.schema.columns import find_columns
from timevis.data.schema.timestamps.parse_times import parse_times
from timevis.errors import DataError


def test_a_first_sheet_without_times_is_an_error_that_lists_the_sheets(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        facts = pd.DataFrame({"Report": ["Author", "Unit"], "2024": ["x", "MW"]})
        facts.to_excel(book, sheet_name="info", index=False)
        pd.DataFrame({"time": pd.date_range("2024-01-01", periods=3), "load": [1.5, 2, 4]}).to_excel(
            book, sheet_name="data", index=False
        )
    options = DataOptions.from_config({"name": "t", "path": str(path)})
    with pytest.raises(
        DataError, match=r"sheet 'info' of 2 \(info, data\), data\.sheet selects another one: there is no"
    ):
        find_columns(read_table(path), options)
    assert read_table(path).source == "t.xlsx"
    table = read_table(path, sheet="data")
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
