"""The commands that messages tell the user to type."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any


def train_command() -> str:
    """The command that trains: ``python train.py`` where that script is running, and ``timevis train`` elsewhere."""
    return "python train.py" if Path(sys.argv[0]).name == "train.py" else "timevis train"


def command_line(command: str, *arguments: str, **overrides: Any) -> str:
    """A command with its arguments and ``key=value`` overrides, quoted for a shell."""
    pairs = [f"{key}={value}" for key, value in overrides.items()]
    return " ".join([command, *map(shlex.quote, [*arguments, *pairs])])


def resume_command(folder: Path | str) -> str:
    """The command that resumes the run in a folder."""
    return f"{train_command()} resume={folder}"
