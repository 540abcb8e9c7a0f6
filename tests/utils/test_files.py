"""Paths and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from timevis.utils.files import absolute_if_folder


def test_only_an_existing_folder_that_is_not_reserved_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("qwen", "nano"):
        Path(name).mkdir()
    assert absolute_if_folder("qwen") == str(tmp_path / "qwen")
    assert absolute_if_folder("nano", reserved_names=("nano",)) == "nano"
    assert absolute_if_folder("Qwen/Qwen2.5-0.5B") == "Qwen/Qwen2.5-0.5B"
