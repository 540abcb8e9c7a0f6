from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.readers.number_format import ambiguous_number
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError

COUNTS = ["803", "904", "1.019", "1.094"]


def write(path: Path, cells: list[str]) -> None:
    frame = pd.DataFrame({"Zeit": pd.date_range("2024-01-01", periods=len(cells), freq="min"), "Kfz": cells})
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, sep=";")
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True, date_format="iso")


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.jsonl"])
@pytest.mark.parametrize("zeros", [0, 400])
def test_a_point_that_may_separate_thousands_is_an_error_that_asks_for_the_mark(
    name: str, zeros: int, tmp_path: Path
) -> None:
    write(tmp_path / name, ["0"] * zeros + COUNTS)
    with pytest.raises(DataError, match=r"point in numbers such as '1\.019' may be a decimal mark") as error:
        read_table(tmp_path / name)
    assert "data.cleaning.decimal=comma" in error.value.advice
    for decimal, values in (("comma", [803, 904, 1019, 1094]), ("point", [803, 904, 1.019, 1.094])):
        read = read_table(tmp_path / name, decimal=decimal).frame["Kfz"]
        assert pd.to_numeric(read).tolist()[zeros:] == values


@pytest.mark.parametrize(
    "cells",
    [
        ["12", "803", "1.02", "1.094"],
        ["803", "0.123", "1.094"],
        ["803.000", "1.019"],
        ["1.019", "1.094", "2.500"],
        ["0", "1.019", "99", "2.805"],
        ["1803", "904", "1.019"],
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_unambiguous_decimals_are_read(name: str, cells: list[str], tmp_path: Path) -> None:
    write(tmp_path / name, cells)
    assert pd.to_numeric(read_table(tmp_path / name).frame["Kfz"]).tolist() == [float(c) for c in cells]


@pytest.mark.parametrize(("cells", "found"), [(["-803", "-1.019"], "-1.019"), (["12", "1,019"], "1,019"), ([], None)])
def test_an_ambiguous_number_is_found(cells: list[str], found: str | None) -> None:
    assert ambiguous_number(cells) == found


def test_an_ambiguous_comma_below_the_first_rows_is_an_error_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path, ["0"] * 400 + ["2,805", "", "2,911"])
    with pytest.raises(DataError, match="comma in numbers such as '2,805' may be"):
        read_table(path)
    assert read_table(path, decimal="comma").frame["Kfz"].dropna().tolist()[400:] == [2.805, 2.911]


@pytest.mark.parametrize(
    ("late", "value"), [("12,5", 12.5), ("12.5", 12.5), ("1.250,5", 1250.5), ("1.250.000", 1.25e6)]
)
def test_the_decimal_mark_is_found_below_the_first_rows(late: str, value: float, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ["7"] * 400 + [late])
    assert read_table(tmp_path / "t.csv").frame["Kfz"].tolist() == [7] * 400 + [value]


@pytest.mark.parametrize(("mark", "encoding"), [("utf-16-le", "utf-16-le"), ("utf-8", "cp1252"), ("utf-8", "utf-8")])
def test_a_byte_order_mark_is_not_part_of_a_column_name(mark: str, encoding: str, tmp_path: Path) -> None:
    text = "time,Größe\n2024-01-01,1\n"
    (tmp_path / "t.csv").write_bytes("\ufeff".encode(mark) + text.encode(encoding))
    assert list(read_table(tmp_path / "t.csv", encoding=encoding).frame.columns) == ["time", "Größe"]


@pytest.mark.parametrize("count", [10, 400])
def test_text_among_decimal_comma_numbers_is_an_error_with_its_row(count: int, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path, ["10,5", "1.250", "803"] * count + ["k.A."])
    cfg = {"path": str(path), "frequency": "min"}
    with pytest.raises(DataError, match=rf"row {3 * count + 2}, column 'Kfz' holds text: 'k.A.'"):
        load_panel(cfg)
    panel, _ = load_panel(cfg | {"cleaning": {"missing": "k.A."}})
    assert panel.values[:, 0].tolist() == [10.5, 1250, 803] * count


@pytest.mark.parametrize("cells", [["101", "102", "103A"], ["1,5", "10.5", "2,5", "k.A."], ["1,5", "Rome", "Oslo"]])
def test_names_and_columns_with_both_marks_stay_text(cells: list[str], tmp_path: Path) -> None:
    write(tmp_path / "t.csv", cells * 10)
    assert read_table(tmp_path / "t.csv", decimal="comma").frame["Kfz"].tolist() == cells * 10
