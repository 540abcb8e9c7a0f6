from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from timevis.data.readers.file_checks import decompressed_bytes
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError

CSV = "time,load\n2024-01-01,1\n2024-01-02,2\n"


def write_zip(path: Path, *names: str, content: str = CSV) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def write_gzip(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()))
    return path


@pytest.mark.parametrize("write", [write_gzip, lambda path, content: write_zip(path, "a.csv", content=content)])
def test_a_file_that_decompresses_to_more_than_half_of_the_free_memory_is_refused(
    write: Callable[[Path, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / ("t.csv.gz" if write is write_gzip else "t.zip"), CSV + "\n" * 2_000_000)
    assert len(read_table(path).frame) == 2
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3_000_000))
    message = rf"{path.name}: the file has 0\.0 MB and decompresses to more than 1\.5 MB"
    with pytest.raises(DataError, match=message):
        read_table(path)
    with pytest.raises(DataError, match=message):
        decompressed_bytes(path, chunk_bytes=1000)


@pytest.mark.parametrize("names", [("../../etc/a.csv",), ("./a.csv",), ("x/.DS_Store", "x/a.csv")])
def test_the_only_file_of_an_archive_is_read_from_any_folder(names: tuple[str, ...], tmp_path: Path) -> None:
    assert read_table(write_zip(tmp_path / "t.zip", *names)).frame["load"].tolist() == [1, 2]


def test_an_archive_with_only_hidden_files_is_an_error_that_lists_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.zip: the archive contains only hidden files: __MACOSX/a\.csv, \.b\.csv"):
        read_table(write_zip(tmp_path / "t.zip", "__MACOSX/a.csv", ".b.csv"))
