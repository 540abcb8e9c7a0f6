"""Restore a backup of the service: timevis restore FILE.tar

Needs an empty TIMEVIS_HOME and an empty TIMEVIS_DATABASE_URL, and a stopped service. Tasks that were running are
queued again and resume from their checkpoints.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from timevis.cli.backup import summary
from timevis.cli.serve import require_packages
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis restore", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="a file that timevis backup wrote")
    args = parser.parse_args(arguments)
    return run_script(lambda: restore(args.file))


def restore(path: Path) -> int:
    """Restore a backup and say what was in it."""
    require_packages()
    from timevis.service.operations import backup
    from timevis.service.settings import Settings

    settings = Settings.from_environment()
    counts = backup.restore(settings, path)
    print(f"restored into {settings.home}: {summary(counts)}")
    return 0
