"""Compare runs that forecast the same windows: timevis compare RUN RUN ... [--reference RUN]

Prints and writes: every metric side by side with seasonal naive; the difference of each run from a reference, paired
window by window, with a 95 % moving-block bootstrap interval and the Diebold-Mariano test; the error by step ahead;
the cost. RUN is a run folder. Runs with different window sets are refused, since their numbers don't compare. Runs
that failed, were stopped, or still run or train on are left out and named; so is whatever else lies in a folder of
runs.

    timevis compare outputs/traffic/lstm/2026-01-01_12-00-00-1a2b outputs/traffic/qwen/...
    timevis compare outputs/traffic/*/* --reference outputs/traffic/lstm/2026-01-01_12-00-00-1a2b
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from timevis.errors import RunFolderError
from timevis.utils.commands import resume_command
from timevis.utils.stdout import run_script

if TYPE_CHECKING:
    from timevis.evaluation.comparison import Comparison

NO_RUN = "no run folder"
EXAMPLE = "outputs/traffic/lstm/2026-01-01_12-00-00-1a2b"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    parser.add_argument(
        "--reference",
        metavar="RUN",
        help="the run that the others are measured against, or `seasonal_naive` (default: the first RUN, or seasonal "
        "naive when there is only one)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="new folder (default: outputs/comparisons/<time>)")
    args = parser.parse_intermixed_args(arguments)
    return run_script(lambda: compare_runs(args.runs, args.reference, args.out))


def compare_runs(runs: list[Path], reference: str | None, out: Path | None) -> int:
    from timevis.evaluation.comparison import compare
    from timevis.evaluation.report.comparison_report import write_comparison
    from timevis.runs.record import RunRecord

    different: dict[Path, Path] = {}
    for run in runs:
        different.setdefault(run.resolve(), run)
    finished = leave_out(list(different.values()))
    records = [RunRecord.load(run) for run in finished]
    if reference is None:
        chosen = records[0] if len(records) > 1 else None
    else:
        if reference != "seasonal_naive" and (why := unfinished(Path(reference))):
            raise RunFolderError(f"--reference {reference}: {why}", "give another one")
        chosen = None if reference == "seasonal_naive" else RunRecord.load(reference)
    comparison = compare(records, chosen)
    folder = out or Path("outputs/comparisons") / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    written = write_comparison(comparison, folder)
    show(comparison)
    print(f"written: {', '.join(p.name for p in written)} in {folder}")
    return 0


def leave_out(runs: list[Path]) -> list[Path]:
    """Those that can be compared; says which cannot, and why.

    Raises
    ------
    RunFolderError
        None can.
    """
    from timevis.utils.formatting import join_names

    why = {run: unfinished(run) for run in runs}
    for reason in dict.fromkeys(filter(None, why.values())):
        names = [str(run) for run in runs if why[run] == reason]
        print(f"left out ({reason}): {join_names(names)}", file=sys.stderr)
    rest = [run for run in runs if why[run] is None]
    begun = [run for run in runs if why[run] != NO_RUN]
    if not begun:
        below = next((path.parent for run in runs for path in sorted(run.rglob("results.json"))), None)
        raise RunFolderError("none of these is a run folder", f"give run folders, such as {below or EXAMPLE}")
    if not rest:
        raise RunFolderError(
            "none of these runs has completed", f"wait for it, or continue it with {resume_command(begun[0])}"
        )
    return rest


def unfinished(run: Path) -> str | None:
    """Why a run cannot be compared: it failed, was stopped or still goes on, or a path is of no run."""
    from timevis.runs.status import read_status

    if run.exists() and not (run / "config.yaml").is_file():
        return NO_RUN
    state = (read_status(run) or {}).get("state")
    return None if state in (None, "completed") else state


def show(comparison: Comparison) -> None:
    """Print the tables."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from timevis.evaluation.report.comparison_report import (
        cost_table,
        differences_table,
        has_many_runs,
        metrics_table,
        overview,
        sentences,
    )

    console = Console(width=max(Console().width, 108))
    if has_many_runs(comparison):
        frames = {
            f"WQL on {comparison.data}, and the difference from {comparison.reference}": overview(comparison)
            .rename_axis("run")
            .reset_index()
        }
    else:
        frames = {
            f"Metrics on {comparison.data}": metrics_table(comparison).T.rename_axis("metric").reset_index(),
            f"Difference from {comparison.reference}; below zero the run is better": differences_table(comparison),
            "Cost": cost_table(comparison).T.rename_axis("").reset_index(),
        }
    for title, frame in frames.items():
        if frame.empty:
            continue
        columns = [Column(escape(str(name)), overflow="fold") for name in frame.columns]
        columns[0].min_width = 24 * has_many_runs(comparison)
        table = Table(*columns, title=escape(title), title_justify="left", box=SIMPLE_HEAD)
        for row in frame.itertuples(index=False):
            table.add_row(*(escape(str(cell)).replace(" (", "\n(") for cell in row))
        console.print(table)
    for sentence in sentences(comparison):
        console.print(sentence, highlight=False, markup=False)
