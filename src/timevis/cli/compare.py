"""Compare runs that forecast the same windows: timevis compare RUN RUN ... [--reference RUN]

Prints and writes the metrics of all runs and of seasonal naive, the paired difference of each run from a reference
with its 95 % interval and the Diebold-Mariano test, the error by step ahead, and the cost. Runs that differ only in
their seed are also compared as one model, with intervals over windows and seeds. Each RUN is a run folder. Only runs
that scored the same windows can be compared: the largest group of them is compared, or the group of the reference.
Other runs, runs that have not completed, and files and folders that are not runs are left out and named.

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
from timevis.messages import Text
from timevis.utils.commands import resume_command
from timevis.utils.phrases import join_names
from timevis.utils.stdout import run_script

if TYPE_CHECKING:
    from timevis.evaluation.comparison import Comparison

NOT_A_RUN_FOLDER = Text("not a run folder")
EXAMPLE_RUN = "outputs/traffic/lstm/2026-01-01_12-00-00-1a2b"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    parser.add_argument(
        "--reference",
        metavar="RUN",
        help="the run that the others are compared with, or `seasonal_naive` (default: the first RUN, or seasonal "
        "naive if there is only one RUN)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="new folder (default: outputs/comparisons/<time>)")
    args = parser.parse_intermixed_args(arguments)
    return run_script(lambda: compare_runs(args.runs, args.reference, args.out))


def compare_runs(runs: list[Path], reference: str | None, out: Path | None) -> int:
    """Compare the completed runs that scored the same windows; print the tables and write the comparison."""
    distinct_runs: dict[Path, Path] = {}
    for run in runs:
        distinct_runs.setdefault(run.resolve(), run)
    reference_run = None if reference in (None, "seasonal_naive") else Path(reference)
    if reference_run is not None and (reason := reason_not_comparable(reference_run)):
        message = Text("--reference {run}: {reason}", run=reference, reason=reason)
        raise RunFolderError(message, Text("give another run"))
    chosen = comparable_runs(completed_runs(list(distinct_runs.values())), reference_run)
    from timevis.evaluation.comparison import compare
    from timevis.report.comparison import latex_table, write_comparison
    from timevis.runs.record import RunRecord

    records = [RunRecord.load(run) for run in chosen]
    if reference is None:
        reference_record = records[0] if len(records) > 1 else None
    else:
        reference_record = None if reference_run is None else RunRecord.load(reference_run)
    comparison = compare(records, reference_record)
    folder = out or Path("outputs/comparisons") / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    written = [*write_comparison(comparison, folder), folder / "comparison.tex"]
    written[-1].write_text(latex_table(comparison), encoding="utf-8")
    print_comparison(comparison)
    print(f"written: {', '.join(p.name for p in written)} in {folder}")
    return 0


def completed_runs(runs: list[Path]) -> list[Path]:
    """The runs that can be compared; prints which ones are left out, and why.

    Raises
    ------
    RunFolderError
        No run can be compared.
    """
    reasons = {run: reason_not_comparable(run) for run in runs}
    for reason in dict.fromkeys(filter(None, reasons.values())):
        names = [str(run) for run in runs if reasons[run] == reason]
        print(f"left out ({reason}): {join_names(names)}", file=sys.stderr)
    completed = [run for run in runs if reasons[run] is None]
    run_folders = [run for run in runs if reasons[run] != NOT_A_RUN_FOLDER]
    if not run_folders:
        inner_run = next((path.parent for run in runs for path in sorted(run.rglob("results.json"))), None)
        raise RunFolderError(
            Text("none of these is a run folder"),
            Text("give run folders, such as {example}", example=str(inner_run or EXAMPLE_RUN)),
        )
    if not completed:
        advice = Text("wait until one has, or continue one with {command}", command=resume_command(run_folders[0]))
        raise RunFolderError(Text("none of these runs has completed"), advice)
    return completed


def comparable_runs(runs: list[Path], reference: Path | None = None) -> list[Path]:
    """The largest group of runs that scored the same windows, or the group of the reference.

    Prints which runs are left out, and why.

    Raises
    ------
    RunFolderError
        No two runs scored the same windows.
    """
    from timevis.evaluation.window_sets import differences, largest_comparable_group, not_comparable_error
    from timevis.runs.folder import RunFolder

    folders = runs if reference is None else [*runs, reference]
    results = [RunFolder(folder).results for folder in folders]
    group = largest_comparable_group(results, None if reference is None else len(runs))
    others = [position for position in range(len(runs)) if position not in group]
    if others and len(group) == 1:
        raise not_comparable_error(*((folders[i], results[i]) for i in (group[0], others[0])))
    reasons = {i: str(differences(results[group[0]], results[i])) for i in others}
    for reason in dict.fromkeys(reasons.values()):
        names = join_names([str(runs[i]) for i in others if reasons[i] == reason])
        print(f"left out (other windows than the compared runs: {reason}): {names}", file=sys.stderr)
    return [runs[i] for i in group if i < len(runs)]


def reason_not_comparable(run: Path) -> Text | None:
    """Why a run cannot be compared: its state if it has not completed, or that it is not a run folder."""
    from timevis.runs.status import STATE_TEXTS, state_of

    if run.exists() and not (run / "config.yaml").is_file():
        return NOT_A_RUN_FOLDER
    state = state_of(run)
    return None if state in (None, "completed") else STATE_TEXTS[state]


def print_comparison(comparison: Comparison) -> None:
    """Print the tables and the sentences of a comparison."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from timevis.report.comparison import (
        cost_table,
        differences_table,
        has_many_runs,
        metrics_table,
        over_seeds_table,
        overview,
        sentences,
    )

    console = Console(width=max(Console().width, 108))
    if has_many_runs(comparison):
        frames = {
            f"Relative WQL on {comparison.data}, and the difference from {comparison.reference}": overview(comparison)
            .rename_axis("run")
            .reset_index()
        }
    else:
        frames = {
            f"Metrics on {comparison.data}": metrics_table(comparison).T.rename_axis("metric").reset_index(),
            f"Difference from {comparison.reference}; below zero the run is better": differences_table(comparison),
            "Cost": cost_table(comparison).T.rename_axis("").reset_index(),
        }
    if len(comparison.over_seeds):
        title = f"Mean over seeds, and the difference from {comparison.reference_over_seeds} over windows and seeds"
        frames[title] = over_seeds_table(comparison, ["relative_wql", "mase"])
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
