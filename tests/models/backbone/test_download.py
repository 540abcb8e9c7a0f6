"""Downloads from a small hub on this machine: their progress, cancelling and continuing them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_server import serve_hub, write_qwen

from timevis.errors import Cancelled, TimeVisError
from timevis.models.backbone.files import find_or_download
from timevis.models.backbone.load import load_backbone
from timevis.utils.interrupts import StopRequest


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_qwen(tmp_path_factory.mktemp("qwen"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, for this process and for child processes."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_cancelled_download_stops_at_once_and_can_be_done_again(
    checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(file.stat().st_size for file in checkpoint.iterdir())
    reports: list[tuple[int, int]] = []

    def cancel(done: int, total: int) -> None:
        reports.append((done, total))
        if done > size // 5:
            raise StopRequest().to_error()

    with serve_hub(checkpoint, seconds_per_piece=0.1) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(Cancelled):
            find_or_download("tiny/qwen", cancel)
        assert 0 < reports[-1][0] < reports[-1][1] <= size
        assert hub.sent < size
        assert list(cache.rglob("*.incomplete")) == []
        hub.seconds_per_piece = 0.0
        folder = find_or_download("tiny/qwen")
        requests = hub.requests
        assert find_or_download("tiny/qwen") == folder
        assert hub.requests == requests
    assert {file.name for file in folder.iterdir()} == {file.name for file in checkpoint.iterdir()}
    assert load_backbone(str(folder)).fingerprint == load_backbone(str(checkpoint)).fingerprint


def test_a_hub_that_cannot_be_reached_is_named_with_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(TimeVisError, match=r"http://127\.0\.0\.1:1 cannot be reached") as caught:
        find_or_download("tiny/qwen")
    for advice in ("HF_ENDPOINT", "HF_HOME", "model.backbone.path", "nano"):
        assert advice in str(caught.value.advice)
