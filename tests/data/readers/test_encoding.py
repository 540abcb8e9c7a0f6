from __future__ import annotations

from pathlib import Path

import pytest

from timevis.data.readers.read_table import read_table
from timevis.errors import DataError


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


@pytest.mark.parametrize(("mark", "encoding"), [("utf-16-le", "utf-16-le"), ("utf-8", "cp1252"), ("utf-8", "utf-8")])
def test_a_byte_order_mark_is_not_part_of_a_column_name(mark: str, encoding: str, tmp_path: Path) -> None:
    text = "time,Größe\n2024-01-01,1\n"
    (tmp_path / "t.csv").write_bytes("\ufeff".encode(mark) + text.encode(encoding))
    assert list(read_table(tmp_path / "t.csv", encoding=encoding).frame.columns) == ["time", "Größe"]
