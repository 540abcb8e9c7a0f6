"""Tasks of fev with models of TimeVis: as data sets, and as entries of the leaderboard.

    pip install 'timevis[fev]'
    python scripts/fev_tasks.py prepare TASKS                    data sets data=fev/NAME for train.py
    python scripts/fev_tasks.py evaluate TASKS --model lstm      rows for the leaderboard, in outputs/fev/lstm.csv

TASKS is a YAML file or URL with a list of tasks, such as benchmarks/fev_bench/tasks.yaml of the repository of fev.
Both commands can be stopped and started again. A model is fitted on the rows before the first cutoff of a task and
forecasts all its windows; further arguments are settings as for train.py, such as model.tune=none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from timevis.leaderboards.fev_tasks import evaluate_tasks, read_tasks, write_data_set
from timevis.utils.stdout import run_script


def prepare(args: argparse.Namespace) -> int:
    """Write a config and a Parquet file for each task."""
    for name, task in read_tasks(args.tasks, args.names).items():
        if (Path("conf/data/fev") / f"{name}.yaml").is_file():
            print(f"data=fev/{name} exists already")
            continue
        write_data_set(name, task, Path("conf"), Path("outputs/fev/series"))
        print(f"data=fev/{name}")
    return 0


def evaluate(args: argparse.Namespace) -> int:
    """Score a model on each task; the exit code is 1 if a task has no row."""
    out = args.out or Path("outputs/fev") / f"{args.model.replace('/', '_')}.csv"
    tasks = read_tasks(args.tasks, args.names)
    failures = evaluate_tasks(tasks, args.model, args.overrides, out, Path("outputs/fev/runs"))
    for name, error in failures.items():
        print(f"{name}: {error}", file=sys.stderr)
    print(f"{len(tasks) - len(failures)} of {len(tasks)} tasks are in {out}")
    return int(bool(failures))


def main() -> int:
    """Read the arguments and run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function in (prepare, evaluate):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        command.add_argument("tasks", metavar="TASKS", help="YAML file or URL")
        command.add_argument(
            "--names", type=lambda text: text.split(","), help="tasks, separated by commas (default: all)"
        )
        command.set_defaults(function=function)
    command.add_argument("--model", required=True, help="a choice of conf/model")
    command.add_argument("--out", type=Path, metavar="FILE", help="CSV file (default: outputs/fev/MODEL.csv)")
    command.add_argument("overrides", nargs="*", metavar="key=value", help="settings as for train.py")
    args = parser.parse_args()
    return int(args.function(args))


if __name__ == "__main__":
    sys.exit(run_script(main))
