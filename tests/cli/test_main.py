"""The command `timevis` checks what is cheap to check before it imports large libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = (
    "import sys; from timevis.cli.main import main; code = main(sys.argv[1:]); "
    "print(code, [m for m in ('torch', 'pandas', 'matplotlib') if m in sys.modules])"
)


def assert_refused_early(message: str, *arguments: object) -> None:
    """Assert that a command ends with 1 and a message, and has imported no large library."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip() == "1 []"
    assert message in ended.stderr


@pytest.mark.parametrize("command", ["train", "predict", "rescore"])
def test_a_missing_file_is_refused_before_large_libraries_are_imported(
    finished_run: Callable[..., Path], tmp_path: Path, command: str
) -> None:
    missing = tmp_path / "missing.csv"
    if command == "train":
        arguments: tuple[object, ...] = (
            "train",
            "data=file",
            f"data.path={missing}",
            f"hydra.run.dir={tmp_path / 'run'}",
        )
    else:
        arguments = ("predict", finished_run("model=linear"), missing, *(["--rescore"] * (command == "rescore")))
    assert_refused_early(f"there is no file {missing}", *arguments)
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_run_is_refused_before_large_libraries_are_imported(tmp_path: Path) -> None:
    for command in ("predict", "compare"):
        assert_refused_early(f"{tmp_path / 'no'} is not a run folder", command, tmp_path / "no")


def test_runs_of_other_windows_are_refused_before_large_libraries_are_imported(
    finished_run: Callable[..., Path], tmp_path: Path
) -> None:
    runs = finished_run("model=linear"), finished_run("model=seasonal_naive", "horizon=4")
    copies = [shutil.copytree(run, tmp_path / str(i)) for i, run in enumerate(runs)]
    assert_refused_early("these runs cannot be compared", "compare", *copies, "--out", tmp_path / "no")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_completion_that_bash_installs_offers_commands_keys_and_choices() -> None:
    script = """
    eval "$(timevis train -sc install=bash)"
    complete_line() { COMP_LINE=$1; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
      COMPREPLY=(); hydra_bash_completion; echo "${COMPREPLY[*]}"; }
    complete_line "timevis tr"
    complete_line "timevis train model=ls"
    """
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, env=environment)
    assert ended.stdout.splitlines() == ["train", "model=lstm"], ended.stderr
