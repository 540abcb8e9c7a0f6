"""The token of a home folder."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from timevis.errors import ConfigError
from timevis.service.settings import stored_token


def test_a_full_disk_leaves_no_empty_token(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no file can be written, as on a full disk
    try:
        with pytest.raises(OSError, match="File too large"):
            stored_token(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    assert len(stored_token(tmp_path)) >= 24
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_an_empty_token_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigError, match="token contains no token"):
        stored_token(tmp_path)


def test_a_token_that_another_process_has_just_made_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert stored_token(tmp_path) == stored_token(tmp_path)
