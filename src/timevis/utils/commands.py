"""The commands that messages tell the user to type."""

from __future__ import annotations

import sys
from pathlib import Path


def train_command() -> str:
    """The command that trains: ``python train.py`` where that script is running, and ``timevis train`` elsewhere."""
    return "python train.py" if Path(sys.argv[0]).name == "train.py" else "timevis train"


def resume_command(folder: Path | str) -> str:
    """The command that resumes the run in a folder."""
    return f"{train_command()} resume={folder}"
