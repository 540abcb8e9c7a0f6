"""Measure which inputs a run uses: timevis explain RUN [FILE]

For each group of inputs (the parts of the context, each covariate that the model reads, and the calendar), prints by
how much the WQL on validation windows rises, with its 95 % interval, and how far the forecast moves when the group is
hidden from the model or replaced by its values at another time. The forecast is the forecast of the rows after the
data of the run, or after the data of a new FILE. Without a FILE, the explanation is stored in RUN/explanation.json,
and RUN/report.html shows it.

The cost is two passes over at most --windows windows for each group.

    timevis explain outputs/traffic/lstm/2026-01-01_12-00-00-1a2b
    timevis explain RUN this_week.csv --out why.csv
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from timevis.cli.predict import check_inputs
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.files import atomic_write, require_absent, require_writable
from timevis.utils.machine import without_garbage_collection
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis explain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="new data (default: the data of the run)")
    parser.add_argument(
        "--windows", type=int, default=100, metavar="N", help="largest number of windows in a pass (default: 100)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as a .csv file")
    args = parser.parse_intermixed_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return run_script(lambda: explain_run(args.run, args.file, args.windows, args.out))


def explain_run(run: Path, file: Path | None, windows: int, out: Path | None) -> int:
    """Explain, print the table, and write it if `out` is given."""
    check_inputs(run, [] if file is None else [file])
    if out is not None:
        if out.suffix != ".csv":
            message = Text("--out {path} is not a .csv file", path=str(out))
            raise ConfigError(message, Text("give a name that ends with .csv"))
        require_absent(out, Text("choose another --out"))
        require_writable(out.parent, "--out")
    with without_garbage_collection():
        from timevis.inference.explain import explain
        from timevis.report.console import print_explanation
        from timevis.utils.logs import silence_libraries
        from timevis.utils.spreadsheets import to_csv

    silence_libraries()
    explanation = explain(run, file, windows=windows)
    print_explanation(explanation)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(out) as path:
            to_csv(explanation.table, path, index=False)
        print(f"written: {out}")
    if file is None:
        print(f"report: {run / 'report.html'}")
    return 0
