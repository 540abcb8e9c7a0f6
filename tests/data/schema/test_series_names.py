from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.new_files import load_files
from timevis.data.options import DataOptions
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=300).astype(str)


def write(path: Path, names: Sequence[str], column: str = "plz", load: str = "{i}.5") -> Path:
    rows = (f"{day},{name},{load.format(i=i % 7 + k)}" for i, day in enumerate(DAYS) for k, name in enumerate(names))
    path.write_text("\n".join([f"time,{column},load", *rows]))
    return path


@pytest.mark.parametrize("column", ["plz", "station"])
@pytest.mark.parametrize(
    "names", [("01067", "10115"), ("01", "1"), ("1.1", "1.10"), ("1E5", "2E5"), ("false", "true"), ("1", "10")]
)
def test_series_names_are_the_text_of_the_file(names: tuple[str, str], column: str, tmp_path: Path) -> None:
    path = str(write(tmp_path / "t.csv", names, column))
    panel, _ = load_panel({"path": path} | ({"id": [column]} if column == "plz" else {}))
    assert panel.channels == names
    np.testing.assert_array_equal(panel.values[0], [0.5, 1.5])


def test_numbers_that_name_series_are_in_numeric_order(tmp_path: Path) -> None:
    path = str(write(tmp_path / "t.csv", ("10", "9")))
    assert load_panel({"path": path, "id": ["plz"]})[0].channels == ("9", "10")


def test_joined_series_names_are_the_text_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ("01067,007", "1067,7"), "plz,shop")
    assert load_panel({"path": str(path), "id": ["plz", "shop"]})[0].channels == ("01067 / 007", "1067 / 7")


@pytest.mark.parametrize("load", ["00{i}", "{i}.10"])
def test_measurements_with_leading_or_trailing_zeros_are_numbers(load: str, tmp_path: Path) -> None:
    path = str(write(tmp_path / "t.csv", ("01067", "10115"), load=load))
    panel, _ = load_panel({"path": path, "id": ["plz"]})
    np.testing.assert_allclose(panel.values[0], [float(load.format(i=k)) for k in (0, 1)])


@pytest.mark.parametrize("names", [("01067", "10115"), ("01067",)])
@pytest.mark.parametrize("cfg", [{}, {"id": ["plz"]}])
def test_a_new_file_has_the_series_of_the_run(
    names: tuple[str, ...], cfg: dict[str, list[str]], tmp_path: Path
) -> None:
    path = write(tmp_path / "new.csv", names, "plz" if cfg or len(names) == 1 else "station")
    (item,) = load_files([path], DataOptions.from_config({"name": "file", **cfg}), ("01067", "10115")).values()
    assert item.channels == ("01067", "10115")
    np.testing.assert_array_equal(item.values[0], [0.5, 1.5 if len(names) == 2 else np.nan])


def test_an_empty_series_name_is_an_error_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ("01067", "NA"))
    with pytest.raises(DataError, match="row 3, column 'plz' is empty"):
        load_panel({"path": str(path), "id": ["plz"]})


@pytest.mark.parametrize("name", ["t.xlsx", "t.json"])
def test_text_names_series_in_other_formats(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    frame = pd.read_csv(write(tmp_path / "t.csv", ("01 067", "10 115")), dtype={"plz": str})
    frame.to_excel(path, index=False) if name == "t.xlsx" else frame.to_json(path, orient="records")
    assert load_panel({"path": str(path), "id": ["plz"]})[0].channels == ("01 067", "10 115")


def test_integers_of_an_xls_workbook_have_no_decimal_point() -> None:
    assert read_table(Path(__file__).parents[1] / "files/old.xls").frame["n"].map(str).tolist() == list("01234")
