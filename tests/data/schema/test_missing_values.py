from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, wide_frame

from timevis.data.catalog import load_panel
from timevis.data.clean import clean
from timevis.data.new_files import load_files
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard
from timevis.data.quality.findings import data_findings
from timevis.data.table import Table
from timevis.errors import ConfigError, DataError

MISSING = ["Bad Input", -9999]


def frame_with_missing_values() -> pd.DataFrame:
    """The text "Bad Input" and the number -9999 in the column load, and -9999 in the column temp."""
    frame = wide_frame().assign(temp=VALUES[::-1])
    frame["load"] = frame["load"].astype(object)
    frame.loc[[3, 9], "load"] = ["Bad Input", " Bad Input "]
    frame.loc[20, "load"] = -9999
    frame.loc[[5, 6], "temp"] = -9999.0
    return frame


def write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, sep=";", decimal="," if path.stem == "comma" else ".")
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_json(path, orient="records", date_format="iso")


@pytest.mark.parametrize("name", ["point.csv", "comma.csv", "table.xlsx", "table.json"])
def test_cells_with_these_words_become_missing_and_are_counted_and_located(name: str, tmp_path: Path) -> None:
    frame = frame_with_missing_values()
    if name == "comma.csv":
        frame["load"] = [f"{x:.3f}".replace(".", ",") if isinstance(x, float) else x for x in frame["load"]]
    write(frame, tmp_path / name)
    cfg = {"path": str(tmp_path / name), "covariates": {"temp": "known"}, "missing_values": MISSING}
    panel, report = load_panel(cfg)
    row = (lambda i: f"record {i + 1}") if name == "table.json" else (lambda i: f"row {i + 2}")
    assert report.to_dict()["sentinels"] == {
        "load": {"count": 3, "cells": {"Bad Input": 2, "-9999": 1}, "places": [row(3), row(9), row(20)]},
        "temp": {"count": 2, "cells": {"-9999": 2}, "places": [row(5), row(6)]},
    }
    expected = VALUES.copy()
    expected[[3, 9, 20]] = np.nan
    np.testing.assert_allclose(panel.values[:, 0], expected, rtol=1e-6)
    assert np.flatnonzero(np.isnan(panel.covariates[:, 0])).tolist() == [5, 6]
    assert "5 cells read as missing" in report.summary()
    sentences = [f.text for f in data_findings(report.to_dict()) if f.message.code == "cells-read-as-missing"]
    load_rows, temp_rows = f"{row(3)}, {row(9)}, {row(20)}", f"{row(5)}, {row(6)}"
    assert sentences == [
        f"Cells of load that data.missing_values lists as missing: 'Bad Input' (2), '-9999' (1), in {load_rows}.",
        f"Cells of temp that data.missing_values lists as missing: '-9999' (2), in {temp_rows}.",
    ]


def test_text_without_the_option_is_an_error_that_names_the_option() -> None:
    with pytest.raises(DataError, match="row 4, column 'load' contains text") as error:
        clean_frame(frame_with_missing_values())
    assert """'data.missing_values=["Bad Input",-9999]'""" in str(error.value.advice)


def test_the_decimal_mark_of_a_column_with_missing_values_is_noted_and_the_table_is_not_changed() -> None:
    frame = wide_frame().assign(load=[f"{x:.2f}".replace(".", ",") for x in 10 + VALUES])
    frame.loc[3, "load"] = "Bad Input"
    table = Table(frame.copy(), "t.xlsx")
    options = DataOptions.from_config({"path": "t.xlsx", "missing_values": MISSING})
    panel, report = clean(table, options, DatasetCard("t"))
    assert panel.values[0, 0] == pytest.approx(10 + VALUES[0], abs=0.01)
    assert any(f"such as {frame['load'][0]!r} in 'load' are read as" in note for note in map(str, report.notes))
    assert (table.notes, table.frame.equals(frame)) == ([], True)


@pytest.mark.parametrize("options", [{"target": ["load"]}, {"covariates": ["load"]}])
def test_a_column_of_mostly_missing_values_needs_the_option(options: dict[str, Any]) -> None:
    frame = frame_with_missing_values()
    frame.loc[frame.index % 3 > 0, "load"] = "Bad Input"
    with pytest.raises(DataError, match=r"'load'.* contains text") as error:
        clean_frame(frame, **options)
    assert "data.missing_values" in str(error.value.advice)
    panel, _ = clean_frame(frame, **options, missing_values=MISSING)
    load = panel.values[:, 0] if "target" in options else panel.covariates[:, 0]
    assert np.isfinite(load).sum() == np.isfinite(load[::3]).sum() > 100


def test_only_targets_and_covariates_are_changed() -> None:
    hours = pd.DataFrame({"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour, "load": VALUES})
    hours.loc[[2, 50], "load"] = 0
    long = pd.concat([hours.assign(sensor=s) for s in (0, 1)])
    panel, report = clean_frame(long, id="sensor", missing_values=[0])
    assert panel.channels == ("0", "1")
    assert np.argwhere(np.isnan(panel.values)).tolist() == [[2, 0], [2, 1], [50, 0], [50, 1]]
    assert report.sentinels["load"]["count"] == 4


def test_a_missing_value_in_a_32_bit_column_is_found(tmp_path: Path) -> None:
    values = VALUES.astype(np.float32)
    values[7] = -99.9
    wide_frame(values=values).to_parquet(tmp_path / "t.parquet")
    panel, _ = load_panel({"path": str(tmp_path / "t.parquet"), "missing_values": -99.9})
    assert np.flatnonzero(np.isnan(panel.values[:, 0])).tolist() == [7]


def test_a_missing_value_that_does_not_occur_is_noted() -> None:
    _, report = clean_frame(wide_frame(), missing_values=["oops", "NA"])
    assert "no cell is 'oops', which data.missing_values names" in map(str, report.notes)


@pytest.mark.parametrize("given", [[True], [None], [["x"]], {"a": 1}])
def test_a_missing_value_that_is_neither_text_nor_number_is_an_error(given: Any) -> None:
    with pytest.raises(ConfigError, match=r"data\.missing_values: .* is neither a word nor a number"):
        DataOptions.from_config({"missing_values": given})


def test_new_files_of_a_run_are_read_with_its_missing_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frame_with_missing_values().to_csv(tmp_path / "new.csv", index=False)
    (item,) = load_files(
        [tmp_path / "new.csv"], DataOptions.from_config({"path": "old.csv", "missing_values": MISSING}), ("load",)
    ).values()
    assert np.flatnonzero(np.isnan(item.values[:, 0])).tolist() == [3, 9, 20]
    assert "3 cells read as missing" in caplog.text
