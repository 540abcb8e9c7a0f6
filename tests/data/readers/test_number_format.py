from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.read_options import ReadOptions
from timevis.data.readers.numbers import ambiguous_number
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError


def test_a_comma_that_may_separate_thousands_is_an_error_that_asks_for_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time;load\n2024-01-01;1,250\n2024-01-02;2,500\n")
    with pytest.raises(DataError, match="decimal mark or a thousands separator"):
        read_table(path)
    assert read_table(path, ReadOptions(decimal="comma")).frame["load"].tolist() == [1.25, 2.5]
    path.write_text("time;load\n2024-01-01;0,250\n2024-01-02;2,500\n")
    assert read_table(path).frame["load"].tolist() == [0.25, 2.5]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,250.5", "2,500"), (1250.5, 2500)),
        (("1.250,5", "2.500"), (1250.5, 2500)),
        (("12,5", "3"), (12.5, 3)),
        (("1,250,000", "999"), (1250000, 999)),
        (("1 250", "-2 500,5"), (1250, -2500.5)),
        (("1'250.5", "\u22122"), (1250.5, -2)),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "semicolon.csv", "t.xlsx", "t.jsonl"])
def test_numbers_with_separators_are_read_and_noted(
    cells: tuple[str, ...], values: tuple[float, ...], name: str, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"time": ["2024-01-01", "2024-01-02"], "note": ["a", "b"], "load": cells})
    if name == "t.xlsx":
        frame.to_excel(tmp_path / name, index=False)
    elif name == "t.jsonl":
        frame.to_json(tmp_path / name, orient="records", lines=True)
    else:
        frame.to_csv(tmp_path / name, index=False, sep=";" if name == "semicolon.csv" else ",")
    table = read_table(tmp_path / name)
    assert table.frame["load"].tolist() == list(values)
    assert any("decimal comma" in note or "are read as" in note for note in map(str, table.notes))


def test_numbers_that_show_another_mark_than_the_setting_are_read_with_their_own_and_noted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("time;load\n2024-01-01;55.92\n2024-01-02;60.5\n")
    table = read_table(tmp_path / "t.csv", ReadOptions(decimal="comma"))
    assert table.frame["load"].astype(float).tolist() == [55.92, 60.5]
    note = str(table.notes[0])
    assert note.startswith("numbers such as 55.92 have another decimal mark than data.decimal")
    assert not any("decimal comma" in note for note in map(str, table.notes))


def test_points_separate_thousands_if_other_numbers_have_a_decimal_comma(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time;load;price\n2024-01-01;1.250;3,5\n2024-01-02;2.500;4,5\n")
    assert read_table(path).frame["load"].tolist() == [1250, 2500]


def test_ambiguous_numbers_of_a_workbook_stay_text_until_the_mark_is_given(tmp_path: Path) -> None:
    pd.DataFrame({"time": ["2024-01-01"], "load": ["1,250"]}).to_excel(tmp_path / "t.xlsx", index=False)
    assert read_table(tmp_path / "t.xlsx").frame["load"].tolist() == ["1,250"]
    assert read_table(tmp_path / "t.xlsx", ReadOptions(decimal="comma")).frame["load"].tolist() == [1.25]
    assert read_table(tmp_path / "t.xlsx", ReadOptions(decimal="point")).frame["load"].tolist() == [1250]


@pytest.mark.parametrize("cell", ["１２", "١٢"])
def test_digits_of_other_scripts_are_an_error_that_names_row_and_column(cell: str, tmp_path: Path) -> None:
    cells = [f"{hour}.5" for hour in range(300)]
    cells[7] = cell
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=300, freq="h"), "load": cells})
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=rf"t.csv: row 9, column 'load' contains text: '{cell}'"):
        load_panel({"path": str(tmp_path / "t.csv")})


def test_names_and_dates_with_separators_stay_text(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": ["01.02.2020", "02.02.2020"], "id": ["007", "1 b"], "load": [1.5, 2.5]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert read_table(tmp_path / "t.csv").frame[["time", "id"]].equals(frame[["time", "id"]])


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
    assert "data.decimal to comma" in str(error.value.advice)
    for decimal, values in (("comma", [803, 904, 1019, 1094]), ("point", [803, 904, 1.019, 1.094])):
        numbers = read_table(tmp_path / name, ReadOptions(decimal=decimal)).frame["Kfz"]
        assert pd.to_numeric(numbers).tolist()[zeros:] == values


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


@pytest.mark.parametrize(
    ("cells", "expected"), [(["-803", "-1.019"], "-1.019"), (["12", "1,019"], "1,019"), ([], None)]
)
def test_an_ambiguous_number_is_found(cells: list[str], expected: str | None) -> None:
    assert ambiguous_number(cells) == expected


def test_an_ambiguous_comma_below_the_first_rows_is_an_error_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path, ["0"] * 400 + ["2,805", "", "2,911"])
    with pytest.raises(DataError, match="comma in numbers such as '2,805' may be"):
        read_table(path)
    assert read_table(path, ReadOptions(decimal="comma")).frame["Kfz"].dropna().tolist()[400:] == [2.805, 2.911]


@pytest.mark.parametrize(
    ("last_cell", "value"), [("12,5", 12.5), ("12.5", 12.5), ("1.250,5", 1250.5), ("1.250.000", 1.25e6)]
)
def test_the_decimal_mark_is_found_below_the_first_rows(last_cell: str, value: float, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ["7"] * 400 + [last_cell])
    assert read_table(tmp_path / "t.csv").frame["Kfz"].tolist() == [7] * 400 + [value]


@pytest.mark.parametrize("count", [10, 400])
def test_text_among_decimal_comma_numbers_is_an_error_with_its_row(count: int, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path, ["10,5", "1.250", "803"] * count + ["k.A."])
    cfg = {"path": str(path), "frequency": "min"}
    with pytest.raises(DataError, match=rf"row {3 * count + 2}, column 'Kfz' contains text: 'k.A.'"):
        load_panel(cfg)
    panel, _ = load_panel(cfg | {"missing_values": "k.A."})
    assert panel.values[:, 0].tolist() == [10.5, 1250, 803] * count


@pytest.mark.parametrize("cells", [["101", "102", "103A"], ["1,5", "10.5", "2,5", "k.A."], ["1,5", "Rome", "Oslo"]])
def test_names_and_columns_with_both_marks_stay_text(cells: list[str], tmp_path: Path) -> None:
    write(tmp_path / "t.csv", cells * 10)
    assert read_table(tmp_path / "t.csv", ReadOptions(decimal="comma")).frame["Kfz"].tolist() == cells * 10
