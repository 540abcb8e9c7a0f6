"""Make an ensemble of finished runs, without training them again: timevis ensemble RUN RUN ...

The quantiles of the runs are averaged level by level. The weights are selected on validation by the error of the
combination, so that a run that does not help gets none. The runs must have scored the same windows; their models are
copied into the new run folder, which `timevis predict` and `timevis compare` take like any other.

    timevis ensemble outputs/traffic/lstm/2026-01-01_12-00-00-1a2b outputs/traffic/boosted/...
    timevis ensemble outputs/traffic/*/* --out outputs/traffic/best
"""

from __future__ import annotations

import argparse
import logging
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from timevis.errors import Cancelled
from timevis.utils.logs import ConsoleHandler
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis ensemble", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="new run folder (default: outputs/<data>/ensemble/<time>-<token>)"
    )
    args = parser.parse_intermixed_args(arguments)
    return run_script(lambda: combine_runs(args.runs, args.out))


def combine_runs(runs: list[Path], out: Path | None) -> int:
    """Make the ensemble; prints its scores as a training run does."""
    from timevis.inference.combine import combine
    from timevis.runs.folder import RunFolder

    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[ConsoleHandler()])
    try:
        combine(runs, out or _new_folder(RunFolder(runs[0]).config.data.name))
    except Cancelled as error:
        print(error)
        return error.exit_code
    return 0


def _new_folder(data: str) -> Path:
    return Path("outputs") / data / "ensemble" / f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{secrets.token_hex(2)}"
