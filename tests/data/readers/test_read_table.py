from __future__ import annotations

import csv
import gzip
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.readers.csv import read_csv
from timevis.data.readers.read_table import read_table
from timevis.errors import ConfigError, DataError

FRAME = pd.DataFrame(
    {"time": pd.date_range("2024-01-01", periods=5, freq="h"), "load": [1.5, 2.0, np.nan, 4.0, 5.25], "n": range(5)}
)
CSV = FRAME.to_csv(index=False)


def excel(path: Path) -> None:
    with pd.ExcelWriter(path) as book:
        pd.DataFrame().to_excel(book, sheet_name="cover")
        FRAME.to_excel(book, sheet_name="data", index=False, startrow=2)
        FRAME.rename(columns={"load": "other"}).to_excel(book, sheet_name="more", index=False)


def cut(path: Path) -> None:
    excel(path)
    path.write_bytes(path.read_bytes()[:3000])


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content.encode(encoding)) and None


def zipped(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def locked(path: Path) -> None:
    """As if it were encrypted: the bit that says so, in both headers."""
    zipped(path, {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)


def exotic(path: Path) -> None:
    """As if it were compressed by a method that has no number."""
    zipped(path, {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[8] = raw[raw.index(b"PK\x01\x02") + 10] = 77
    path.write_bytes(raw)


def spoilt(path: Path) -> None:
    zipped(path, {"a.csv": CSV})
    raw = bytearray(path.read_bytes())
    raw[50:60] = bytes(10)
    path.write_bytes(raw)


WRITERS: dict[str, Callable[[Path], None]] = {
    "plain.csv": text(CSV),
    "windows.csv": text(CSV.replace("\n", "\r\n")),
    "old_mac.csv": text(CSV.replace("\n", "\r")),
    "marked.csv": text(CSV, "utf-8-sig"),
    "wide.csv": text(CSV, "utf-16"),
    "tab.tsv": text(CSV.replace(",", "\t")),
    "bars.txt": text(CSV.replace(",", "|")),
    "german.csv": text(CSV.replace(",", ";").replace(".", ",")),
    "titled.csv": text("My report\nof January\n\n" + CSV),
    "excel_export.csv": text("sep=;\n" + CSV.replace(",", ";")),
    "facts.csv": text("latitude,longitude,zone,height\n52.5,13.4,GMT,38\n\n" + CSV),
    "comment.csv": text("# exported by a tool\n\n" + CSV),
    "packed.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())) and None,
    "archive.zip": lambda path: zipped(path, {"plain.csv": CSV, "__MACOSX/._plain.csv": "x"}),
    "pandas.zip": lambda path: FRAME.to_csv(path, index=False),
    "book.xlsx": excel,
    "records.json": lambda path: FRAME.to_json(path, orient="records", date_format="iso"),
    "columns.json": lambda path: FRAME.to_json(path, orient="columns", date_format="iso"),
    "split.json": lambda path: FRAME.to_json(path, orient="split", date_format="iso"),
    "facts.json": lambda path: (
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
    "put_together.parquet": lambda path: FRAME.set_axis([0, *range(len(FRAME) - 1)]).to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_table(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    table = read_table(tmp_path / name)
    assert list(table.frame.columns) == ["time", "load", "n"]
    np.testing.assert_allclose(pd.to_numeric(table.frame["load"], errors="coerce"), FRAME["load"])
    times = pd.to_datetime(table.frame["time"]).dt.tz_localize(None)
    assert (times.dt.as_unit("us").array == FRAME["time"].dt.as_unit("us").array).all()


def test_the_first_sheet_with_data_is_read_and_named(tmp_path: Path) -> None:
    excel(tmp_path / "book.xlsx")
    assert any("'data'" in note for note in read_table(tmp_path / "book.xlsx").notes)
    assert "other" in read_table(tmp_path / "book.xlsx", sheet="more").frame
    assert "other" in read_table(tmp_path / "book.xlsx", sheet=2).frame
    with pytest.raises(ConfigError, match="did you mean 'more'"):
        read_table(tmp_path / "book.xlsx", sheet="mroe")
    with pytest.raises(DataError, match="'cover' holds no table"):
        read_table(tmp_path / "book.xlsx", sheet="cover")


@pytest.mark.parametrize(
    ("name", "writer", "message"),
    [
        ("pretends.csv", excel, "is an Excel workbook"),
        ("pretends.xlsx", text(CSV), "is a text table"),
        ("pretends.parquet", text(CSV), "is a text table"),
        (
            "pretends.csv",
            lambda p: FRAME.to_parquet(p.with_suffix(".parquet")) or p.with_suffix(".parquet").rename(p),
            "Parquet",
        ),
        ("pretends.json", text(CSV), "is a text table"),
        ("pretends.csv", text('[{"time": 1}]'), "is JSON"),
        ("pretends.xls", text("<html><table></table></html>"), "HTML"),
        ("pretends.csv", text("%PDF-1.7"), "PDF"),
        ("packed.csv.gz", text(CSV), "not compressed"),
        ("packed.zip", text(CSV), "not a ZIP archive"),
        ("table.foo", text(CSV), "is not that of a format"),
        ("empty.csv", text(" \n\n"), "empty"),
        ("header.csv", text("time,load\n"), "no rows"),
        ("single.csv", text("load\n1\n2\n"), "only one column"),
        ("headless.csv", text(CSV.split("\n", 1)[1]), "row 1 should hold the column names"),
        ("twice.csv", text("time,a,a\n2024-01-01,1,2\n"), "several columns are named 'a'"),
        ("ragged.csv", text("time,a\n2024-01-01,1\n\n2024-01-02,1,2\n"), "row 4 has 3 columns"),
        ("short.json", text('{"time": ["2024-01-01"], "a": [1, 2]}'), "'a' has 2 values"),
        (
            "keys.json",
            text('{"time": {"0": "2024"}, "a": {"0": 1, "1": 2}}'),
            "'a' has a row '1', but column 'time' does not",
        ),
        (
            "keys.json",
            text('{"time": {"0": "2024", "1": "2025"}, "a": {"1": 2}}'),
            "'time' has a row '0', but column 'a'",
        ),
        ("nested.json", text('[{"time": "2024", "a": {"b": 1}}]'), "record 1, column 'a' holds a nested value"),
        ("broken.json", text('{"time": [1,'), "not JSON at row 1"),
        ("broken.jsonl", text('{"a": 1}\n{"a": 2}\n{"a"\n'), "row 3 is not JSON"),
        ("broken.xlsx", lambda p: cut(p), "damaged"),
        ("broken.csv.gz", lambda p: p.write_bytes(gzip.compress(CSV.encode())[:40]) and None, "damaged"),
        ("cut.zip", lambda p: zipped(p, {"a.csv": CSV}) or (p.write_bytes(p.read_bytes()[:60]) and None), "damaged"),
        ("several.zip", lambda p: zipped(p, {"a.csv": CSV, "b.csv": CSV}), "holds 2 files: a.csv, b.csv"),
        ("nothing.zip", lambda p: zipped(p, {}), "holds 0 files"),
        ("picture.zip", lambda p: zipped(p, {"a.png": CSV}), "the suffix .png is not that of a format"),
        ("locked.zip", lambda p: locked(p), "needs a password"),
        ("exotic.zip", lambda p: exotic(p), "unknown compression method"),
        ("spoilt.zip", lambda p: spoilt(p), "damaged"),
        ("broken.parquet", lambda p: p.write_bytes(b"PAR1" + bytes(100)) and None, "damaged"),
    ],
)
def test_a_bad_file_is_an_error_that_names_it(
    name: str, writer: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    writer(tmp_path / name)
    with pytest.raises(DataError, match=message) as error:
        read_table(tmp_path / name)
    assert name in error.value.message


@pytest.mark.parametrize(("name", "content"), [("t.csv", ""), ("t.csv", "time,load\n"), ("t.json", "[]")])
def test_a_file_without_rows_is_an_error_that_describes_a_table(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=name) as error:
        read_table(tmp_path / name)
    assert "a row of column names" in error.value.advice


def test_json_columns_keyed_by_row_are_joined_by_key(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(
        '{"time": {"b": "2024", "a": "2023"}, "v": {"a": 3, "b": 4}, "w": {"b": 2, "a": 1}}'
    )
    assert read_table(tmp_path / "t.json").frame.to_dict("list") == {
        "time": ["2024", "2023"],
        "v": [4, 3],
        "w": [2, 1],
    }


def test_an_old_workbook_is_read_with_its_times_and_booleans() -> None:
    table = read_table(Path(__file__).parents[1] / "files/old.xls")
    pd.testing.assert_frame_equal(table.frame[["time", "load"]], FRAME[["time", "load"]], check_dtype=False)
    assert table.frame["flag"].tolist() == [True, False, True, False, True]
    assert any("'data'" in note for note in table.notes)


def test_a_comma_that_may_separate_thousands_is_an_error_that_asks_for_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time;load\n2024-01-01;1,250\n2024-01-02;2,500\n")
    with pytest.raises(DataError, match="decimal mark or a thousands separator"):
        read_table(path)
    assert read_table(path, decimal="comma").frame["load"].tolist() == [1.25, 2.5]
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
    assert any("decimal comma" in note or "are read as" in note for note in table.notes)


def test_points_separate_thousands_if_other_numbers_have_a_decimal_comma(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time;load;price\n2024-01-01;1.250;3,5\n2024-01-02;2.500;4,5\n")
    assert read_table(path).frame["load"].tolist() == [1250, 2500]


def test_ambiguous_numbers_of_a_workbook_stay_text_until_the_mark_is_given(tmp_path: Path) -> None:
    pd.DataFrame({"time": ["2024-01-01"], "load": ["1,250"]}).to_excel(tmp_path / "t.xlsx", index=False)
    assert read_table(tmp_path / "t.xlsx").frame["load"].tolist() == ["1,250"]
    assert read_table(tmp_path / "t.xlsx", decimal="comma").frame["load"].tolist() == [1.25]
    assert read_table(tmp_path / "t.xlsx", decimal="point").frame["load"].tolist() == [1250]


def test_names_and_dates_with_separators_stay_text(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": ["01.02.2020", "02.02.2020"], "id": ["007", "1 b"], "load": [1.5, 2.5]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert read_table(tmp_path / "t.csv").frame[["time", "id"]].equals(frame[["time", "id"]])


def test_a_workbook_may_leave_the_name_of_the_time_column_empty(tmp_path: Path) -> None:
    FRAME.set_index("time")[["load"]].rename_axis(None).to_excel(tmp_path / "t.xlsx")
    assert list(read_table(tmp_path / "t.xlsx").frame.columns) == ["column 1", "load"]


def test_a_row_of_groups_above_the_names_of_a_workbook_is_skipped(tmp_path: Path) -> None:
    groups = pd.DataFrame([["", "Plant A", "Plant B"], FRAME.columns, *FRAME.astype(object).to_numpy()])
    groups.to_excel(tmp_path / "t.xlsx", index=False, header=False)
    table = read_table(tmp_path / "t.xlsx")
    assert list(table.frame.columns) == list(FRAME.columns)
    assert table.row_label(0) == "row 3"


def test_a_missing_file_is_an_error_that_lists_the_tables_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "here.csv").write_text(CSV)
    with pytest.raises(DataError, match="there is no file") as error:
        read_table(tmp_path / "there.csv")
    assert "here.csv" in error.value.advice


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is a pipe or a device"):
        read_table(tmp_path / "pipe.csv")


@pytest.mark.parametrize(("encoding", "word"), [("cp1252", "Größe"), ("gb18030", "流量值")])
def test_a_wrong_encoding_is_an_error_with_byte_row_and_likely_encoding(
    encoding: str, word: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"time,load\n2024-01-01,1\n2024-01-02,{word}\n".encode(encoding))
    with pytest.raises(DataError, match=r"row 3 is not UTF-8 text \(byte 3"):
        read_table(path)
    with pytest.raises(DataError) as error:
        read_table(path)
    assert encoding in error.value.advice
    assert word in error.value.advice
    assert read_table(path, encoding=encoding).frame["load"].tolist() == ["1", word]


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    table = read_csv(b'# note\n\ntime,load,note\n2024-01-01,1,"two\nlines"\n\n2024-01-02,2,x\n', "t.csv")
    assert table.row_label(0) == "row 4"
    assert table.row_label(1) == "row 6"


def test_long_cells_are_read_after_a_small_table() -> None:
    assert read_csv(b"time,load\n2024-01-01,1\n", "small.csv").row_label(0) == "row 2"
    long = "x" * 100
    assert read_csv(f"time,note\n2024-01-01,{long}\n".encode(), "long.csv").frame["note"][0] == long


def test_a_long_cell_in_the_first_rows_is_read() -> None:
    csv.field_size_limit(131_072)  # as Python starts with, which a larger table before may have raised
    text = f"time,remark,load\n2024-01-01,{'x' * 140_000},1\n2024-01-02,y,2\n"
    assert read_csv(text.encode(), "t.csv").frame["load"].tolist() == [1, 2]


def test_records_are_numbered_from_one(tmp_path: Path) -> None:
    WRITERS["records.json"](tmp_path / "records.json")
    assert read_table(tmp_path / "records.json").row_label(0) == "record 1"


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)


@settings(max_examples=200)
@given(st.lists(cells, min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_quoted_text_survives_any_delimiter(column: list[str], delimiter: str) -> None:
    frame = pd.DataFrame({"time": ["2024-01-01"] * len(column), "note": [f"x{c}" for c in column]})
    raw = frame.to_csv(index=False, sep=delimiter, quoting=1).encode()
    assert read_csv(raw, "t.csv").frame["note"].tolist() == frame["note"].tolist()
