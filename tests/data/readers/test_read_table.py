from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from table_files import CSV, FRAME, write_workbook

from timevis.data.readers.read_table import raise_as_data_error, read_table
from timevis.errors import DataError


def write_truncated_workbook(path: Path) -> None:
    write_workbook(path)
    path.write_bytes(path.read_bytes()[:3000])


def text_writer(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content.encode(encoding)) and None


def write_zip(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_encrypted_zip(path: Path) -> None:
    """Set the bits of both headers that mark a ZIP archive as encrypted."""
    write_zip(path, {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)


def write_zip_of_unknown_method(path: Path) -> None:
    """Set both headers of a ZIP archive to a compression method that does not exist."""
    write_zip(path, {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[8] = raw[raw.index(b"PK\x01\x02") + 10] = 77
    path.write_bytes(raw)


def write_corrupt_zip(path: Path) -> None:
    write_zip(path, {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[50:60] = bytes(10)
    path.write_bytes(raw)


WRITERS: dict[str, Callable[[Path], None]] = {
    "plain.csv": text_writer(CSV),
    "windows.csv": text_writer(CSV.replace("\n", "\r\n")),
    "old_mac.csv": text_writer(CSV.replace("\n", "\r")),
    "byte_order_mark.csv": text_writer(CSV, "utf-8-sig"),
    "utf_16.csv": text_writer(CSV, "utf-16"),
    "tab.tsv": text_writer(CSV.replace(",", "\t")),
    "bars.txt": text_writer(CSV.replace(",", "|")),
    "german.csv": text_writer(CSV.replace(",", ";").replace(".", ",")),
    "titled.csv": text_writer("My report\nof January\n\n" + CSV),
    "excel_export.csv": text_writer("sep=;\n" + CSV.replace(",", ";")),
    "metadata_above.csv": text_writer("latitude,longitude,zone,height\n52.5,13.4,GMT,38\n\n" + CSV),
    "comment.csv": text_writer("# exported by a tool\n\n" + CSV),
    "compressed.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())) and None,
    "archive.zip": lambda path: write_zip(path, {"plain.csv": CSV, "__MACOSX/._plain.csv": "x"}),
    "pandas.zip": lambda path: FRAME.to_csv(path, index=False),
    "book.xlsx": write_workbook,
    "records.json": lambda path: FRAME.to_json(path, orient="records", date_format="iso"),
    "columns.json": lambda path: FRAME.to_json(path, orient="columns", date_format="iso"),
    "split.json": lambda path: FRAME.to_json(path, orient="split", date_format="iso"),
    "metadata.json": lambda path: (
        path.write_text(
            json.dumps(
                {"place": {"lat": 1}, "hourly": json.loads(FRAME.to_json(orient="records", date_format="iso"))}
            )
        )
        and None
    ),
    "weather.json": lambda path: (
        path.write_text(
            json.dumps(
                {
                    "lat": 52.5,
                    "units": {"load": "MW"},
                    "hourly": {c: v.astype(str).tolist() for c, v in FRAME.items()},
                }
            )
        )
        and None
    ),
    "lines.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True, date_format="iso"),
    "lists.json": lambda path: (
        path.write_text(json.dumps({c: v.astype(str).tolist() for c, v in FRAME.items()})) and None
    ),
    "table.parquet": lambda path: FRAME.to_parquet(path),
    "indexed.parquet": lambda path: FRAME.set_index("time").to_parquet(path),
    "concatenated.parquet": lambda path: FRAME.set_axis([0, *range(len(FRAME) - 1)]).to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_table(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    table = read_table(tmp_path / name)
    assert list(table.frame.columns) == ["time", "load", "n"]
    np.testing.assert_allclose(pd.to_numeric(table.frame["load"], errors="coerce"), FRAME["load"])
    times = pd.to_datetime(table.frame["time"]).dt.tz_localize(None)
    assert (times.dt.as_unit("us").array == FRAME["time"].dt.as_unit("us").array).all()


@pytest.mark.parametrize(
    ("name", "writer", "message"),
    [
        ("wrong_name.csv", write_workbook, "is an Excel workbook"),
        ("wrong_name.xlsx", text_writer(CSV), "is a text table"),
        ("wrong_name.parquet", text_writer(CSV), "is a text table"),
        (
            "wrong_name.csv",
            lambda p: FRAME.to_parquet(p.with_suffix(".parquet")) or p.with_suffix(".parquet").rename(p),
            "Parquet",
        ),
        ("wrong_name.json", text_writer(CSV), "is a text table"),
        ("wrong_name.csv", text_writer('[{"time": 1}]'), "is JSON"),
        ("wrong_name.xls", text_writer("<html><table></table></html>"), "HTML"),
        ("wrong_name.csv", text_writer("%PDF-1.7"), "PDF"),
        ("compressed.csv.gz", text_writer(CSV), "not compressed"),
        ("not_a_zip.zip", text_writer(CSV), "not a ZIP archive"),
        ("table.foo", text_writer(CSV), "does not read files with the suffix .foo"),
        ("empty.csv", text_writer(" \n\n"), "empty"),
        ("header.csv", text_writer("time,load\n"), "no rows"),
        ("single.csv", text_writer("load\n1\n2\n"), "only one column"),
        ("headless.csv", text_writer(CSV.split("\n", 1)[1]), "row 1 should contain the column names"),
        ("repeated_name.csv", text_writer("time,a,a\n2024-01-01,1,2\n"), "several columns are named 'a'"),
        ("ragged.csv", text_writer("time,a\n2024-01-01,1\n\n2024-01-02,1,2\n"), "row 4 has 3 columns"),
        ("short.json", text_writer('{"time": ["2024-01-01"], "a": [1, 2]}'), "'a' has 2 values"),
        (
            "keys.json",
            text_writer('{"time": {"0": "2024"}, "a": {"0": 1, "1": 2}}'),
            "'a' has a row '1', but column 'time' does not",
        ),
        (
            "keys.json",
            text_writer('{"time": {"0": "2024", "1": "2025"}, "a": {"1": 2}}'),
            "'time' has a row '0', but column 'a'",
        ),
        (
            "nested.json",
            text_writer('[{"time": "2024", "a": {"b": 1}}]'),
            "record 1, column 'a' contains a nested value",
        ),
        ("broken.json", text_writer('{"time": [1,'), "not JSON at row 1"),
        ("broken.jsonl", text_writer('{"a": 1}\n{"a": 2}\n{"a"\n'), "row 3 is not JSON"),
        ("broken.xlsx", write_truncated_workbook, "damaged"),
        ("broken.csv.gz", lambda p: p.write_bytes(gzip.compress(CSV.encode())[:40]) and None, "damaged"),
        (
            "truncated.zip",
            lambda p: write_zip(p, {"a.csv": CSV}) or (p.write_bytes(p.read_bytes()[:60]) and None),
            "damaged",
        ),
        ("two_files.zip", lambda p: write_zip(p, {"a.csv": CSV, "b.csv": CSV}), "contains 2 files: a.csv, b.csv"),
        ("no_files.zip", lambda p: write_zip(p, {}), "contains no file"),
        ("image.zip", lambda p: write_zip(p, {"a.png": CSV}), "does not read files with the suffix .png"),
        ("encrypted.zip", write_encrypted_zip, "needs a password"),
        ("unknown_method.zip", write_zip_of_unknown_method, "unknown compression method"),
        ("corrupt.zip", write_corrupt_zip, "damaged"),
        ("broken.parquet", lambda p: p.write_bytes(b"PAR1" + bytes(100)) and None, "damaged"),
    ],
)
def test_a_bad_file_is_an_error_that_names_it(
    name: str, writer: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    writer(tmp_path / name)
    with pytest.raises(DataError, match=message) as error:
        read_table(tmp_path / name)
    assert name in str(error.value.message)


@pytest.mark.parametrize(("name", "content"), [("t.csv", ""), ("t.csv", "time,load\n"), ("t.json", "[]")])
def test_a_file_without_rows_is_an_error_that_describes_a_table(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=name) as error:
        read_table(tmp_path / name)
    assert "a row of column names" in str(error.value.advice)


def test_a_missing_file_is_an_error_that_lists_the_tables_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "present.csv").write_text(CSV)
    with pytest.raises(DataError, match="there is no file") as error:
        read_table(tmp_path / "missing.csv")
    assert "present.csv" in str(error.value.advice)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is a pipe or a device"):
        read_table(tmp_path / "pipe.csv")


def test_records_are_numbered_from_one(tmp_path: Path) -> None:
    WRITERS["records.json"](tmp_path / "records.json")
    assert str(read_table(tmp_path / "records.json").row_label(0)) == "record 1"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("name"), r"the file cannot be read \(KeyError: 'name'\)"),
        (MemoryError(), "more memory than is free"),
    ],
)
def test_any_error_of_a_reader_becomes_a_data_error_that_names_the_file(error: Exception, message: str) -> None:
    with pytest.raises(DataError, match=rf"t\.csv: .*{message}") as caught, raise_as_data_error(Path("data/t.csv")):
        raise error
    assert caught.value.__cause__ is error
