"""Which row of a text file or a workbook holds the names, and which one units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.read_options import ReadOptions
from timevis.data.readers.header import unit_of_name
from timevis.data.readers.read_table import read_table
from timevis.errors import ConfigError, DataError

ROWS = [[f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00", str(10 + i % 24), str(5 + i % 7)] for i in range(72)]
NAMES, UNITS = ["time", "load", "temp"], ["", "MW", "°C"]
BLANK = ["", "", ""]


def write(folder: Path, suffix: str, rows: list[list[str]]) -> Path:
    path = folder / f"t{suffix}"
    if suffix == ".csv":
        path.write_text("".join(",".join(row) + "\n" for row in rows))
        return path
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([float(cell) if cell.isdigit() else cell or None for cell in row])
    book.save(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize(
    ("above", "units"),
    [
        ([], UNITS),
        ([["Load of plant X", "", ""], BLANK], UNITS),
        ([["Load of", "plant X", ""], ["Created:", "2024-02-01", ""], BLANK], UNITS),
        ([["Load of plant X", "", ""]], None),
        ([["a", "b", "c"]], UNITS),
    ],
)
def test_names_are_found_below_title_rows_and_units_below_the_names(
    tmp_path: Path, suffix: str, above: list[list[str]], units: list[str] | None
) -> None:
    rows = [*above, NAMES, *([units] if units else []), *ROWS]
    table = read_table(write(tmp_path, suffix, rows))
    assert list(table.frame.columns) == NAMES
    assert len(table.frame) == len(ROWS)
    assert table.units == ({"load": "MW", "temp": "°C"} if units else {})
    assert str(table.row_label(0)) == f"row {len(rows) - len(ROWS) + 1}"
    if units:
        assert any("contains units: load (MW), temp (°C)" in note for note in map(str, table.notes))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_units_of_a_file_become_those_of_its_channels_unless_the_options_name_others(
    tmp_path: Path, suffix: str
) -> None:
    data = {"name": "file", "path": str(write(tmp_path, suffix, [NAMES, ["UTC", "[MW]", "(°C)"], *ROWS]))}
    card = load_panel(data)[0].card
    assert (card.unit_of("load"), card.unit_of("temp")) == ("MW", "°C")
    card = load_panel(data | {"unit": {"load": "kW"}})[0].card
    assert (card.unit_of("load"), card.unit_of("temp")) == ("kW", "°C")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_option_header_names_the_row_of_the_names(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix, [["x", "y", "z"], ["p", "q", "r"], *ROWS])
    assert list(read_table(path, ReadOptions(header=2)).frame.columns) == ["p", "q", "r"]
    assert list(read_table(path, ReadOptions(header=1)).frame.columns) == ["x", "y", "z"]
    with pytest.raises(ConfigError, match=r"data\.header=900, but t"):
        read_table(path, ReadOptions(header=900))


@pytest.mark.parametrize("first", [["Jan-01", "n/m"], ["Jan-01", "NA"]])
def test_a_first_row_without_a_number_is_a_row_of_values_and_not_of_units(tmp_path: Path, first: list[str]) -> None:
    months = [[f"{month}-{year:02d}", "5"] for year in range(2, 9) for month in ("Jan", "Feb", "Mar")]
    table = read_table(write(tmp_path, ".csv", [["month", "sales"], first, *months]))
    assert list(table.frame.columns) == ["month", "sales"]
    assert len(table.frame) == len(months) + 1


def test_a_row_of_remarks_far_below_is_not_taken_for_the_header(tmp_path: Path) -> None:
    rows = [["time", "2019", "2020"], *ROWS[:30], ["remark", "plant stopped", "plant stopped"], *ROWS[30:]]
    table = read_table(write(tmp_path, ".csv", rows))
    assert list(table.frame.columns) == ["time", "2019", "2020"]
    with pytest.raises(DataError, match="row 32"):
        load_panel({"name": "file", "path": str(tmp_path / "t.csv")})


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("power (kW)", "kW"),
        ("Durchfluss [l/s]", "l/s"),
        ("irradiance (kWh/m²)", "kWh/m²"),
        ("temp (°C) ", "°C"),
        ("humidity (%)", "%"),
        ("speed (m s-1)", "m s-1"),
        ("load (max)", ""),
        ("sales (2024)", ""),
        ("flow [3]", ""),
        ("(kW)", ""),
        ("load", ""),
    ],
)
def test_a_unit_in_brackets_at_the_end_of_a_name_is_the_unit_of_the_column(name: str, unit: str) -> None:
    assert unit_of_name(name) == unit


def test_each_channel_has_the_unit_of_its_column(tmp_path: Path) -> None:
    times = pd.date_range("2026-01-01", periods=200, freq="h")
    wide = pd.DataFrame({"time": times, "power (kW)": range(200), "flow [l/s]": np.sin(range(200))})
    long = pd.concat([wide[["time", "power (kW)"]].assign(site=site) for site in ("a", "b")])
    for name, frame, units in (
        ("wide.csv", wide, {"power (kW)": "kW", "flow [l/s]": "l/s"}),
        ("long.csv", long, {"a": "kW", "b": "kW"}),
    ):
        frame.to_csv(tmp_path / name, index=False)
        panel, _ = load_panel({"name": "file", "path": str(tmp_path / name)})
        assert {channel: panel.card.unit_of(channel) for channel in panel.channels} == units
