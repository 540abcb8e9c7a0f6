"""What a task says of a training process that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from timevis.service.tasks.runner import _printed_error


@pytest.mark.parametrize(
    ("log", "error", "advice"),
    [
        ("resuming run\nError: no space left\n  free some\n", "no space left", "free some"),
        ("resuming run\n", "the training process ended with exit code 3", "retry the task when the cause is mended"),
        ("", "the training process ended with exit code 3", "retry the task when the cause is mended"),
    ],
)
def test_the_error_is_the_one_that_was_printed_and_never_another_line(
    log: str, error: str, advice: str, tmp_path: Path
) -> None:
    (tmp_path / "task.log").write_text(log)
    assert _printed_error(tmp_path / "task.log", 3) == (error, advice)
