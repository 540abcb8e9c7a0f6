"""Tasks of fev with models of TimeVis: as data sets, and as entries of the leaderboard.

    pip install 'timevis[fev]'
    python scripts/fev_tasks.py prepare TASKS                    data sets data=fev/NAME for train.py
    python scripts/fev_tasks.py evaluate TASKS --model lstm      rows for the leaderboard, in outputs/fev/lstm.csv
    python scripts/fev_tasks.py evaluate TASKS --model qwen_patch model.tune=none

TASKS is a YAML file or URL with a list of tasks, such as benchmarks/fev_bench/tasks.yaml of the repository of fev.
Both commands can be stopped and started again. A model is fitted on the rows before the first cutoff of a task and
forecasts all its windows; further arguments of `evaluate` are settings as for train.py, such as model.tune=none.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from timevis.errors import TimeVisError
from timevis.utils.explain import explain
from timevis.utils.stdout import run_script
from timevis_research.leaderboards.fev_tasks import evaluate_tasks, read_tasks, write_data_set


def prepare(args: argparse.Namespace) -> int:
    """Write a config and a Parquet file for each task; the exit code is 1 if a task has none."""
    failures = 0
    for name, task in read_tasks(args.tasks, args.names).items():
        try:
            is_new = write_data_set(name, task, Path("conf"), Path("outputs/fev/series"))
        except Exception as error:  # the other tasks continue
            failures += 1
            print(f"{name}: {reason(error)}", file=sys.stderr)
        else:
            print(f"data=fev/{name}" if is_new else f"data=fev/{name} exists already")
    return int(failures > 0)


def evaluate(args: argparse.Namespace) -> int:
    """Score a model on each task; the exit code is 1 if a task has no row."""
    name = re.sub(r"[^\w.=-]+", "_", "_".join([args.model, *args.overrides]))
    out = args.out or Path("outputs/fev") / f"{name}.csv"
    tasks = read_tasks(args.tasks, args.names)
    failures = evaluate_tasks(tasks, args.model, args.overrides, out, Path("outputs/fev/runs"))
    for name, error in failures.items():
        print(f"{name}: {reason(error)}", file=sys.stderr)
    print(f"{len(tasks) - len(failures)} of {len(tasks)} tasks are in {out}")
    return int(bool(failures))


def reason(error: Exception) -> str:
    """The text that says why a task failed. If another error caused an unexpected one, it is named, too."""
    if isinstance(error, TimeVisError):
        return str(error)
    cause: BaseException = error
    while before := cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__):
        cause = before
    return ", caused by ".join(dict.fromkeys(str(explain(e).message) for e in (error, cause)))


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
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="CSV file (default: outputs/fev/MODEL.csv, with its settings)"
    )
    command.usage = f"{parser.prog} evaluate [-h] [--names NAMES] --model MODEL [--out FILE] TASKS [key=value ...]"
    command.epilog = "key=value: settings as for train.py"
    # In Python 3.11 argparse does not accept key=value after the options of a command
    args, overrides = parser.parse_known_args()
    if any(word.startswith("-") or args.function is prepare for word in overrides):
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    args.overrides = overrides
    return int(args.function(args))


if __name__ == "__main__":
    sys.exit(run_script(main))
