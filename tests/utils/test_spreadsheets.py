"""CSV files in which a spreadsheet program evaluates no text."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from timevis.utils.spreadsheets import neutralise, to_csv


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_would_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize("value", ["load (MW)", "a=b", "-0.12", "+1e5", "", " =1", -3, -0.5, None])
def test_other_texts_and_numbers_are_unchanged(value: object) -> None:
    assert neutralise(value) == value


def test_texts_of_cells_index_and_column_names_are_neutralised_and_numbers_are_not() -> None:
    table = pd.DataFrame(
        {"item": pd.Categorical(["=a", "b"]), "@channel": ["-c", "-1.5"], "point": [-1.5, 2.0], "count": [-1, 2]},
        index=pd.MultiIndex.from_tuples([("+x", 1), ("y", 2)], names=["run", "step"]),
    )
    read = pd.read_csv(io.StringIO(to_csv(table)), dtype=str)
    assert read.columns.tolist() == ["run", "step", "item", "'@channel", "point", "count"]
    assert read.iloc[0].tolist() == ["'+x", "1", "'=a", "'-c", "-1.5", "-1"]
    assert read["'@channel"].tolist() == ["'-c", "-1.5"]


def test_a_table_without_such_texts_is_written_as_pandas_writes_it() -> None:
    table = pd.DataFrame(
        {
            "a": ["x", None],
            "t": pd.date_range("2024-01-01", periods=2, tz="UTC"),
            "n": [0.1, float("nan")],
            "b": [1, 2],
        }
    )
    assert to_csv(table, index=False) == table.to_csv(index=False)
    assert to_csv(table.set_index("a")) == table.set_index("a").to_csv()
    empty = table.iloc[:0].set_index("a")
    assert to_csv(empty) == empty.to_csv()
