"""What a task says of a training process that failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from running_service import command_of, wait_until

from timevis.service.tasks.runner import _die_with_parent, _printed_error, child_options


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
    found = _printed_error(tmp_path / "task.log", 3)
    assert (str(found.message), str(found.advice)) == (error, advice)


SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = """
import subprocess, sys
from timevis.service.tasks.runner import child_options
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **child_options()).pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a child that its parent has ended")
def test_a_child_ends_with_its_parent_also_if_the_parent_ended_first() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    wait_until(lambda: "sleep" not in command_of(child))

    orphan = subprocess.Popen(SLEEP, preexec_fn=partial(_die_with_parent, parent.pid))
    assert orphan.wait(30) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory in other ways")
def test_a_child_gets_no_more_memory_than_its_limit() -> None:
    def run(megabytes: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-S", "-c", f"bytearray({megabytes} * 2**20)"]
        return subprocess.run(command, capture_output=True, text=True, check=False, **child_options(300))

    assert run(200).returncode == 0
    refused = run(400)
    assert (refused.returncode, refused.stderr.strip().splitlines()[-1]) == (1, "MemoryError")
