from __future__ import annotations

from pathlib import Path

import pytest

from timevis.data.read_options import ReadOptions
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("cp1252", "Größe"), ("gb18030", "流量值"), ("cp1252", "°C"), ("cp1252", "Umspannwerk Süd – „Netz“")],
)
def test_an_encoding_that_is_detected_with_little_doubt_is_read_and_named(
    encoding: str, word: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"time,load\n2024-01-01,1\n2024-01-02,{word}\n".encode(encoding))
    table = read_table(path)
    assert table.frame["load"].tolist() == ["1", word]
    assert any(f"is read as {encoding}" in note for note in map(str, table.notes))
    assert read_table(path, ReadOptions(encoding=encoding)).frame["load"].tolist() == ["1", word]


@pytest.mark.parametrize(
    ("encoding", "word", "likely"),
    [("cp1250", "zatížení", "cp1252"), ("cp1251", "нагрузка", "cp1252"), ("euc-kr", "부하", "gb18030")],
)
def test_a_doubtful_encoding_is_an_error_with_byte_row_and_a_likely_encoding(
    encoding: str, word: str, likely: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"time,load\n2024-01-01,1\n2024-01-02,{word}\n".encode(encoding))
    with pytest.raises(DataError, match=r"row 3 is not UTF-8 text \(byte \d+ of the file is 0x") as error:
        read_table(path)
    assert f"data.encoding={likely}" in str(error.value.advice)


@pytest.mark.parametrize(("mark", "encoding"), [("utf-16-le", "utf-16-le"), ("utf-8", "cp1252"), ("utf-8", "utf-8")])
def test_a_byte_order_mark_is_not_part_of_a_column_name(mark: str, encoding: str, tmp_path: Path) -> None:
    text = "time,Größe\n2024-01-01,1\n"
    (tmp_path / "t.csv").write_bytes("\ufeff".encode(mark) + text.encode(encoding))
    assert list(read_table(tmp_path / "t.csv", ReadOptions(encoding=encoding)).frame.columns) == ["time", "Größe"]
