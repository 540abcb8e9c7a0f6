from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import TINY_WITHOUT_HORIZON


@pytest.fixture
def sweep(train_in_process: Callable[..., int], tmp_path: Path, no_report: None) -> Callable[..., tuple[int, Path]]:
    """Run a sweep in this process; returns the exit code and the sweep folder."""

    def run(*arguments: str) -> tuple[int, Path]:
        folder = tmp_path / "sweep"
        return train_in_process("-m", *TINY_WITHOUT_HORIZON, f"hydra.sweep.dir={folder}", *arguments), folder

    return run
