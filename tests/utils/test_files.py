"""Paths and files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from timevis.errors import RunFolderError
from timevis.utils.explain import explain
from timevis.utils.files import absolute_if_folder, atomic_write, read_json_object, write_text


def test_only_an_existing_folder_that_is_not_reserved_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("qwen", "nano"):
        Path(name).mkdir()
    assert absolute_if_folder("qwen") == str(tmp_path / "qwen")
    assert absolute_if_folder("nano", reserved_names=("nano",)) == "nano"
    assert absolute_if_folder("Qwen/Qwen2.5-0.5B") == "Qwen/Qwen2.5-0.5B"


@pytest.mark.parametrize(
    "text",
    ["[]", "3", "{}", '{"metrics": []}', '{"metrics": null}', "not JSON", "[" * 10**5],
    ids=lambda text: text[:40],
)
def test_an_object_without_its_keys_is_a_damaged_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"results\.json is damaged"):
        read_json_object(tmp_path / "results.json", {"metrics": dict})


def test_a_number_that_no_float_can_hold_is_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"metrics": {"wql": 1' + "0" * 400 + "}}")
    with pytest.raises(RunFolderError, match=r"results\.json is damaged \(a whole number has 401 digits"):
        read_json_object(tmp_path / "results.json", {"metrics": dict})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EPERM, errno.EROFS])
def test_an_error_of_the_system_names_the_file_that_could_not_be_written(tmp_path: Path, number: int) -> None:
    with pytest.raises(OSError) as caught, atomic_write(tmp_path / "results.json"):  # noqa: PT011
        raise OSError(number, os.strerror(number))
    failure = explain(caught.value)
    assert f"{tmp_path / 'results.json'} could not be written" in str(failure.message)
    assert "resume=" in str(failure.advice)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_the_permissions_of_a_file_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == mode
    assert [*tmp_path.iterdir()] == [tmp_path / "file.txt"]
