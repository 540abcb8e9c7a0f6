"""Run the rows of a table of results again, and compare what comes out with what is printed.

    python scripts/reproduce.py readme --series FOLDER      both tables of README, but the last column of the first
    python scripts/reproduce.py suite --series FOLDER       every row of the suite
    python scripts/reproduce.py unseen --series FOLDER --code ../frozen     the 23 sets, with the code of their rows
    python scripts/reproduce.py readme --plan               what would run, and for how long
    python scripts/reproduce.py readme --check              only compare what is there
    python scripts/reproduce.py readme --check --recalibration    writes into the rows how their intervals were made
    python scripts/reproduce.py suite --models lstm,nano --data traffic --series FOLDER

docs/results/README.md says where the series come from. Each row there has the command that made it, and its commit.
A run is a process of its own in outputs/reproduced, with one thread like the recorded runs; an interrupted run is
resumed, and a finished one is not run again. A row is reproduced if its relative WQL differs by at most 2 %
(--tolerance): other processors and versions round differently, which early stopping and sampling amplify. The exit
code is 1 if a row differs or has no scores.

Rows from before 3 December 2026 do not say how their intervals were recalibrated. --recalibration writes it into the
files of the rows where it is certain: the command of the row sets it, or the new run has the same WQL to nine digits,
or validation of the data set has too few windows to select a method, so that every model has the default.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from timevis.intervals.recalibration_facts import Recalibration
from timevis.runs.results import Results
from timevis.utils.files import write_json
from timevis.utils.formatting import markdown_table
from timevis.utils.phrases import format_duration
from timevis.utils.stdout import run_script
from timevis_research.suites.suite import ROOT, read_rows
from timevis_research.suites.tables import title_of

TABLES = {
    "readme": ["unseen2", "bundled"],
    **{name: [name] for name in ("suite", "unseen2", "bundled", "unseen")},
}
"""The files in docs/results with the rows of each table."""
RUNS = ROOT / "outputs" / "reproduced"
SAME_WQL = 1e-9
"""Relative difference of the WQL up to which a run has made the forecasts of its row."""
START_SECONDS = 10.0
"""Imports, reading of the data and the report, which are not in the times of the parts of a run."""


def files_of(args: argparse.Namespace) -> list[Path]:
    """The files with the rows of the table."""
    return [args.rows] if args.rows else [ROOT / "docs" / "results" / f"{name}.json" for name in TABLES[args.table]]


def chosen_rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of the table that have scores, without those that --models, --data and --seeds leave out.

    Each row gets the key `table`, the name of its file.
    """
    files = files_of(args)
    rows = [row | {"table": file.stem} for file in files for row in read_rows(file) if "failure" not in row]
    for key in ("model", "data", "seed"):
        if wanted := getattr(args, f"{key}s" if key != "data" else key):
            if unknown := sorted(set(wanted) - {str(row[key]) for row in rows}):
                names = " and ".join(file.name for file in files)
                sys.exit(f"reproduce.py: no row of {names} has the {key} {unknown[0]}")
            rows = [row for row in rows if str(row[key]) in wanted]
    if any("SERIES" in row["command"] for row in rows) and args.series is None and not args.check and not args.plan:
        sys.exit("reproduce.py: --series FOLDER is needed, the folder with the series; see docs/results/README.md")
    return rows


def folder_of(args: argparse.Namespace, row: dict[str, Any]) -> Path:
    """The run folder of a row."""
    return Path(args.runs) / row["table"] / row["data"] / row["model"] / f"seed{row['seed']}"


def seconds_of(row: dict[str, Any]) -> float:
    """The processor time of a recorded row, or the time of its parts and of the start if that was not measured."""
    if measured := row.get("measured"):
        return float(measured["processor_seconds"])
    cost = row["cost"]
    return START_SECONDS + sum(cost[f"{stage}_seconds"] or 0.0 for stage in ("fit", "calibrate", "test"))


def run_row(folder: Path, row: dict[str, Any], args: argparse.Namespace) -> str | None:
    """Run or resume a row; returns why it failed, if it did."""
    words = [word.replace("SERIES", str(args.series)) for word in shlex.split(row["command"])[2:]]
    if not any(word.startswith("logger=") for word in words):
        words.append("logger=none")
    command = [*words, f"hydra.run.dir={folder}"]
    if (folder / "config.yaml").exists():
        command = [f"resume={folder}"]
    code = args.code.resolve()
    environment = {**os.environ, "OMP_NUM_THREADS": str(row["cost"]["threads"]), "PYTHONPATH": str(code / "src")}
    ended = subprocess.run(
        [sys.executable, str(code / "train.py"), *command], capture_output=True, text=True, env=environment
    )
    if not ended.returncode:
        return None
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    return errors[-1] if errors else f"ended with exit code {ended.returncode}"


def compare_row(folder: Path, row: dict[str, Any], tolerance: float) -> dict[str, str]:
    """A row of the table of the check."""
    line = {"data": row["data"], "model": title_of(row["model"]), "seed": str(row["seed"])}
    line["printed"] = f"{row['relative_wql']:.4f}"
    if not (folder / "results.json").is_file():
        return line | {"now": "", "difference": "", "check": "not run"}
    results = Results.read(folder / "results.json")
    value = results.metrics["relative_wql"].value
    if results.window_set.hash != row["windows"]:
        return line | {"now": "", "difference": "", "check": "other windows: the data or the split differ"}
    if value is None:
        return line | {"now": "", "difference": "", "check": "no relative WQL"}
    difference = value / row["relative_wql"] - 1
    check = "reproduced" if abs(difference) <= tolerance else "differs"
    return line | {"now": f"{value:.4f}", "difference": f"{difference:+.2%}", "check": check}


def store_recalibration(file: Path, rows: list[dict[str, Any]], args: argparse.Namespace) -> str:
    """Write the method into the rows of a file that lack it and whose method is certain; returns what was written."""
    stored, from_runs, too_few = read_rows(file), dict[tuple[Any, ...], str](), dict[str, str]()
    for row in rows:
        if not (folder_of(args, row) / "results.json").is_file():
            continue
        results = Results.read(folder_of(args, row) / "results.json")
        chosen, wql = results.recalibration, results.metrics["wql"].value
        if not isinstance(chosen, Recalibration) or wql is None or results.window_set.hash != row["windows"]:
            continue
        if abs(wql / row["wql"] - 1) <= SAME_WQL:
            from_runs[row["data"], row["model"], row["seed"]] = chosen.method
        if chosen.reason == "few-windows":
            too_few[row["data"]] = chosen.method
    written = 0
    for row in stored:
        if "failure" in row or row.get("recalibration"):
            continue
        option = re.search(r"\bconformal=(\w+)", row["command"])
        method = from_runs.get((row["data"], row["model"], row["seed"]))
        if option and option[1] != "auto":
            method = option[1]
        if method := method or too_few.get(row["data"]):
            row["recalibration"] = method
            written += 1
    write_json(file, stored)
    missing = sum("failure" not in row and not row.get("recalibration") for row in stored)
    return f"{file.name}: recalibration written into {written} rows, not known of {missing} of {len(stored)}"


def main() -> int:
    """Read the arguments, run what is missing, and print the check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def names(text: str) -> list[str]:
        return text.split(",")

    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--series", type=Path, metavar="FOLDER", help="folder with the series that are not bundled")
    parser.add_argument(
        "--code",
        type=Path,
        default=ROOT,
        metavar="FOLDER",
        help="a checkout of another commit, to run its code",
    )
    parser.add_argument("--models", type=names, help="models, separated by commas (default: all)")
    parser.add_argument("--data", type=names, help="data sets, separated by commas (default: all)")
    parser.add_argument("--seeds", type=names, help="seeds, separated by commas (default: all)")
    parser.add_argument("--plan", action="store_true", help="print what would run, with an estimate of the time")
    parser.add_argument("--check", action="store_true", help="run nothing, compare what has run")
    parser.add_argument("--tolerance", type=float, default=0.02, help="relative difference (default: 0.02)")
    parser.add_argument(
        "--recalibration", action="store_true", help="write into the rows how their intervals were recalibrated"
    )
    parser.add_argument("--rows", type=Path, metavar="FILE", help="another file with rows")
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="FOLDER", help="default: outputs/reproduced")
    args = parser.parse_args()
    if not (args.code / "train.py").is_file():
        parser.error(f"--code {args.code}: there is no train.py; give a checkout of TimeVis")
    rows = chosen_rows(args)
    missing = [row for row in rows if not (folder_of(args, row) / "results.json").is_file()]
    if not args.check:
        total = sum(map(seconds_of, missing))
        print(
            f"{len(missing)} of {len(rows)} rows to run: about {format_duration(total)} on a core like the recorded"
        )
        failures = 0
        for number, row in enumerate([] if args.plan else missing, 1):
            label = f"[{number}/{len(missing)}] {row['model']} on {row['data']}, seed {row['seed']}"
            print(f"{label}, about {format_duration(seconds_of(row))}", flush=True)
            started = time.monotonic()
            failure = run_row(folder_of(args, row), row, args)
            failures += failure is not None
            print(f"    {failure or 'done'} after {format_duration(time.monotonic() - started)}", flush=True)
        if args.plan:
            for row in missing:
                print(f"  {row['model']} on {row['data']}, seed {row['seed']}: {format_duration(seconds_of(row))}")
            return 0
    if args.recalibration:
        for file in files_of(args):
            print(store_recalibration(file, [row for row in rows if row["table"] == file.stem], args))
    lines = pd.DataFrame([compare_row(folder_of(args, row), row, args.tolerance) for row in rows])
    print(f"\nRelative WQL\n\n{markdown_table(lines)}\n")
    reproduced = int((lines["check"] == "reproduced").sum())
    print(f"{reproduced} of {len(lines)} rows are reproduced within {args.tolerance:.0%}")
    return int(reproduced < len(lines))


if __name__ == "__main__":
    sys.exit(run_script(main))
