"""Back up the service: timevis backup FILE.tar

Writes the rows of the database and the files of TIMEVIS_HOME into one file. The service may run meanwhile.
`timevis restore FILE.tar` restores it into an empty TIMEVIS_HOME and an empty TIMEVIS_DATABASE_URL.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from timevis.cli.serve import require_packages
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis backup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="the new file")
    args = parser.parse_args(arguments)
    return run_script(lambda: back_up(args.file))


def back_up(path: Path) -> int:
    """Write a backup and say what is in it."""
    require_packages()
    from timevis.service.operations import backup
    from timevis.service.settings import Settings

    counts = backup.back_up(Settings.from_environment(), path)
    print(f"{path}: {path.stat().st_size:,} bytes, {summary(counts)}")
    return 0


def summary(counts: dict[str, int]) -> str:
    """The number of rows of each table in words."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no rows"
