from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from timevis.data.readers import compression
from timevis.data.readers.read_table import read_table
from timevis.errors import DataError

CSV = "time,load\n2024-01-01,1\n2024-01-02,2\n"


def zipped(path: Path, *names: str, content: str = CSV) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def gzipped(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()))
    return path


@pytest.mark.parametrize("pack", [gzipped, lambda path, content: zipped(path, "a.csv", content=content)])
def test_what_unpacks_to_more_than_half_the_free_memory_is_refused(
    pack: Callable[[Path, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / ("t.csv.gz" if pack is gzipped else "t.zip"), CSV + "\n" * 2_000_000)
    assert len(read_table(path).frame) == 2
    monkeypatch.setattr(compression, "PIECE", 1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3_000_000))
    with pytest.raises(DataError, match=rf"{path.name}: 0\.0 MB unpack to more than 1\.5 MB"):
        read_table(path)


@pytest.mark.parametrize("names", [("../../etc/a.csv",), ("./a.csv",), ("x/.DS_Store", "x/a.csv")])
def test_the_one_file_of_an_archive_is_read_wherever_it_lies(names: tuple[str, ...], tmp_path: Path) -> None:
    assert read_table(zipped(tmp_path / "t.zip", *names)).frame["load"].tolist() == [1, 2]


def test_hidden_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.zip: the archive holds only hidden files: __MACOSX/a\.csv, \.b\.csv"):
        read_table(zipped(tmp_path / "t.zip", "__MACOSX/a.csv", ".b.csv"))
