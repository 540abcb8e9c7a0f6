"""Run a list of models on a list of data sets, and print win rates and skill scores.

    python scripts/suite.py run --series FOLDER                      all that is missing
    python scripts/suite.py run --series FOLDER --models linear,fracast --data traffic,solar_power
    python scripts/suite.py table                                    win rates, skill, and every relative WQL
    python scripts/suite.py table --against nano                     one model against each other one
    python scripts/suite.py table --data traffic,weather             the scores and costs on single data sets
    python scripts/suite.py compare nano lstm                        their paired differences on each data set
    python scripts/suite.py record outputs/traffic/*/* --rows FILE   adds the rows of run folders to a file
    python scripts/suite.py record outputs/sweeps/*/* --rows FILE --reference RUN    and the differences from a run
    python scripts/suite.py record RUN RUN --rows FILE --model NAME --by-horizon     rows with horizon and MSE
    python scripts/suite.py merge FILE FILE --rows FILE              adds the rows of other files, with their losses
    python scripts/suite.py table --data traffic --rows FILE         the scores of that file

Data sets and models are listed in scripts/suite.yaml. Each run is a process of its own in outputs/suite. Its row is
written to docs/results/suite.json as soon as it ends, so that the suite can be stopped at any time and continued. The
losses of its windows go to suite.losses.parquet beside it, from which `compare` tests differences, over windows and
seeds if both models have several. Tables name a model by its title, such as "nano-patch"; commands take the title or
the key of the model in scripts/suite.yaml, such as nano_patch.

Another list is given by --suite, with rows in docs/results and runs in outputs of the same name. scripts/unseen.yaml
lists data sets that may be scored once: it has a key `commit`, which `freeze` writes, together with the weights.

    python scripts/suite.py freeze --suite scripts/unseen.yaml
    python scripts/suite.py run --suite scripts/unseen.yaml --series FOLDER
    python scripts/suite.py table --suite scripts/unseen.yaml
    python scripts/suite.py run --suite scripts/unseen.yaml --series FOLDER --later --rows FILE    newer code
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from timevis.evaluation.bootstrap import holm
from timevis.evaluation.comparison import compare, unique_labels
from timevis.evaluation.scored_part import MIN_FOR_INTERVALS
from timevis.models.backbone.files import PACKAGED_WEIGHTS, find_backbone_folder, weights_fingerprint
from timevis.runs.record import RunRecord
from timevis.runs.reload import git_commit
from timevis.utils.files import read_json, write_json
from timevis.utils.formatting import markdown_table
from timevis.utils.stdout import run_script
from timevis_research.machine import Measured, machine
from timevis_research.suites.stored_losses import add_losses, merge_losses, stored_differences
from timevis_research.suites.tables import (
    data_table,
    difference_text,
    key_of,
    print_single_sets,
    print_summaries,
    title_of,
    with_costs,
    with_titles,
)

ROOT = Path(__file__).resolve().parents[3]
SUITE, ROWS = ROOT / "scripts" / "suite.yaml", ROOT / "docs" / "results" / "suite.json"
SCORED_CODE = ("src", "conf", "train.py")
"""Files and folders that must not change between `freeze` and the scores."""
METRICS = ("relative_wql", "wql", "mase", "coverage_80")


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The rows that exist; none if the file does not exist."""
    return list(read_json(file)) if file.exists() else []


def write_row(row: dict[str, Any], file: Path) -> None:
    """Write a row in place of an earlier one of the same data set, model, seed and, if it has one, horizon."""

    def key(row: dict[str, Any]) -> list[str]:
        return [str(row[k]) for k in ("data", "model", "seed")] + [f"{row.get('horizon', 0):05}"]

    rows = [other for other in read_rows(file) if key(other) != key(row)]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, sorted([*rows, row], key=key))


def scores(folder: Path) -> dict[str, Any]:
    """The part of a row that comes from the results of a run."""
    results = read_json(folder / "results.json")
    row = {name: results["metrics"][name]["value"] for name in METRICS}
    coverage = results["metrics"]["coverage_80"]
    row["coverage_80_interval"] = [coverage["low"], coverage["high"]]  # excludes 0.8: differs at 5 %
    row |= {"skill": results["skill"]["wql"], "cost": results["cost"], "windows": results["window_set"]["hash"]}
    row["context_length"] = results["window_set"]["context_length"]
    row["recalibration"] = results["recalibration"]["method"]
    return row | {"versions": results["run"]["description"], "libraries": results["run"]["versions"]}


def read_suite(file: Path) -> dict[str, Any]:
    """The data sets, models and other keys of a suite."""
    suite: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return suite


def rows_of(args: argparse.Namespace) -> Path:
    """The file with the rows: `--rows`, or the one of the suite in docs/results."""
    return args.rows or ROWS.with_name(f"{args.suite.stem}.json")


def frozen_fingerprints(args: argparse.Namespace) -> dict[str, str]:
    """The fingerprints that the suite is frozen to; ends the program if the package has other weights."""
    frozen: dict[str, str] = read_suite(args.suite)["fingerprints"]
    for name, fingerprint in frozen.items():
        if (present := weights_fingerprint(find_backbone_folder(name))) != fingerprint:
            sys.exit(
                f"suite.py: {name} has the fingerprint {present}, but {args.suite.name} was frozen to {fingerprint}. "
                f"If it was trained again, write the new one there, delete its rows in {rows_of(args).name} and run "
                "it again"
            )
    return frozen


def require_frozen_code(suite: dict[str, Any], file: Path) -> None:
    """End the program if a suite that is scored once is not frozen, or if the code has changed since."""
    if "commit" not in suite:
        return
    if suite["commit"] is None:
        sys.exit(f"suite.py: {file.name} is not frozen; `suite.py freeze --suite {file}` writes what is scored")
    command = ["git", "diff", "--stat", suite["commit"], "--", *SCORED_CODE]
    if changed := subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout:
        sys.exit(f"suite.py: these files have changed since {file.name} was frozen:\n{changed}")


def freeze(args: argparse.Namespace) -> int:
    """Write the commit and the fingerprints of the packaged weights into a suite that is scored once."""
    suite, commit = read_suite(args.suite), git_commit()
    if "commit" not in suite or suite["commit"] is not None:
        sys.exit(f"suite.py: {args.suite.name} is frozen already, or has no key `commit`")
    if commit is None or commit.endswith("+"):
        sys.exit("suite.py: commit all files first, so that the commit is the code that is scored")
    weights = {name: weights_fingerprint(find_backbone_folder(name)) for name in PACKAGED_WEIGHTS}
    text = args.suite.read_text(encoding="utf-8")
    for key, value in (("commit", commit), ("fingerprints", weights)):
        line = f"{key}: {json.dumps(value)}"  # a JSON value is a YAML value
        text = re.sub(rf"(?m)^{key}: [^#\n]*(?= #)", line, text)
    args.suite.write_text(text, encoding="utf-8")
    print(f"{args.suite.name} is frozen to {commit}; commit it before the first score")
    return 0


def losses_file(rows: Path) -> Path:
    """The file with the losses of each window, beside the file with the rows."""
    return rows.with_suffix(".losses.parquet")


def run_one(
    folder: Path, data: str, model: str, overrides: Sequence[str], seed: int, minutes: float
) -> dict[str, Any]:
    """Run one model on one data set in a folder; returns its row, with the reason if it has no scores."""
    arguments = [*overrides, f"seed={seed}"]
    command = [sys.executable, str(ROOT / "train.py"), *arguments, f"hydra.run.dir={folder}"]
    if (folder / "config.yaml").exists():
        command = [sys.executable, str(ROOT / "train.py"), f"resume={folder}"]
    row: dict[str, Any] = {"data": data, "model": model, "seed": seed, "commit": git_commit()}
    row["command"] = shlex.join(["python", "train.py", *arguments])
    if not (folder / "results.json").exists():
        measured = Measured()
        try:
            finished = subprocess.run(command, timeout=minutes * 60, capture_output=True, text=True, check=False)
        except subprocess.TimeoutExpired:
            return row | {"failure": f"timeout after {minutes:g} minutes"}
        if finished.returncode:
            errors = [line for line in finished.stderr.splitlines() if line.startswith("Error: ")]
            return row | {"failure": errors[-1] if errors else f"ended with exit code {finished.returncode}"}
        if "resume" not in command[2]:
            row |= {"machine": machine(), "measured": measured.to_dict()}
    return row | scores(folder)


def record(args: argparse.Namespace) -> int:
    """Add the rows of finished run folders to a file; a run of an experiment has the name of the experiment."""
    records = [RunRecord.load(folder) for folder in args.folders]
    differences, recorded = None, dict[tuple[Any, ...], Path]()
    if args.reference:
        reference = RunRecord.load(args.reference)
        found = compare(records, reference).differences.query("metric == 'relative_wql'")
        differences = {label: row.to_dict() for label, row in found.set_index("run").iterrows()}
    for record, label in zip(records, unique_labels(records), strict=True):
        run, arguments = record.results.run, [t for t in record.overrides if not t.startswith("hydra.")]
        experiments = [re.split("[=/]", t)[-1] for t in arguments if t.startswith("experiment=")]
        model: str = args.model or [run.model, *experiments][-1]
        row: dict[str, Any] = {"data": run.data, "model": model, "seed": run.seed}
        row |= {"commit": run.git_commit, "command": shlex.join(["python", "train.py", *arguments])}
        if args.by_horizon:
            row["horizon"] = record.results.window_set.horizon
            row["mse_scaled"] = record.results.metrics["mse_scaled"].value
        key = row["data"], row["model"], row["seed"], row.get("horizon")
        if (other := recorded.setdefault(key, record.folder)) != record.folder:
            sys.exit(f"suite.py: {other} and {record.folder} have one data set, model and seed; record one of them")
        if differences is not None and label in differences:
            columns = ("percent", "percent_low", "percent_high", "p_holm")
            row["against_reference"] = {name: differences[label][name] for name in columns}
        write_row(row | {"zero_shot": False} | scores(record.folder), args.rows)
        add_losses(losses_file(args.rows), run.data, model, run.seed, record)
    return 0


def merge(args: argparse.Namespace) -> int:
    """Add the rows and losses of other files, for example of runs on several machines, to a file."""
    for file in args.files:
        if not (losses := losses_file(file)).is_file() and not all("failure" in row for row in read_rows(file)):
            sys.exit(f"suite.py: {file} has no {losses.name} beside it")
    for file in args.files:
        for row in read_rows(file):
            write_row(row, args.rows)
        if losses_file(file).is_file():
            merge_losses(losses_file(args.rows), losses_file(file))
    return 0


def paired(args: argparse.Namespace) -> int:
    """Print the paired differences of two models on each data set, from the stored losses."""
    file, lines = losses_file(args.rows), []
    if not file.is_file():
        sys.exit(f"suite.py: there is no {file}; `run` and `record` write it")
    for data in sorted({row["data"] for row in read_rows(args.rows)}):
        stored = stored_differences(file, data, args.model, args.other, args.seed)
        if len(stored):
            lines += stored.query("metric == 'relative_wql'").assign(data=data).to_dict("records")
    if not lines:
        of_seed = "" if args.seed is None else f" of seed {args.seed}"
        sys.exit(f"suite.py: no data set in {file} has runs of {args.model} and {args.other}{of_seed}")
    table = pd.DataFrame(lines)
    text = {
        "data": table["data"],
        f"WQL of {title_of(args.model)} against {title_of(args.other)}": [difference_text(line) for line in lines],
    }
    if table["horizon"].nunique() > 1 and table["data"].duplicated().any():
        text["horizon"] = table["horizon"]
    if table[["seeds", "seeds_of_other"]].max(axis=None) > 1:
        text["seeds"] = [f"{line['seeds']} and {line['seeds_of_other']}" for line in lines]
    if (table["horizons"] < MIN_FOR_INTERVALS).any():
        text["horizons scored"] = table["horizons"]  # the fewer, the less reliable are interval and p
    text |= {"p": table["p"].map("{:.3f}".format), "p, Holm": pd.Series(holm(table["p"])).map("{:.3f}".format)}
    print(markdown_table(pd.DataFrame(text)))
    return 0


def run(args: argparse.Namespace) -> int:
    """Run what is missing; returns the number of runs without scores."""
    suite, file, runs = read_suite(args.suite), rows_of(args), ROOT / "outputs" / args.suite.stem
    frozen_fingerprints(args)
    if args.later:
        if file.stem == args.suite.stem:
            sys.exit("suite.py: --later needs --rows with a name of its own, since these rows are not of frozen code")
        runs = ROOT / "outputs" / file.stem
    else:
        require_frozen_code(suite, args.suite)
    chosen_data, chosen_models = args.data or list(suite["data"]), args.models or list(suite["models"])
    for kind, names in (("data", chosen_data), ("models", chosen_models)):
        if unknown := sorted(set(names) - set(suite[kind])):
            sys.exit(
                f"suite.py: --{kind}={','.join(unknown)} is not in {args.suite.name}; it has {', '.join(suite[kind])}"
            )
    read_from_folder = [data for data in chosen_data if "SERIES" in str(suite["data"][data])]
    if read_from_folder and args.series is None:
        sys.exit(f"suite.py: --series must name the folder with the files of {', '.join(read_from_folder)}")
    done = {(r["data"], r["model"], r["seed"]) for r in read_rows(file) if "failure" not in r or not args.again}
    jobs = [(m, d, s) for s in args.seeds for m in chosen_models for d in chosen_data if (d, m, s) not in done]
    failures = 0
    for number, (model, data, seed) in enumerate(jobs, 1):
        texts = [*suite["data"][data], *suite["common"], *suite["models"][model]["overrides"]]
        print(f"[{number}/{len(jobs)}] {model} on {data}, seed {seed}", flush=True)
        folder = runs / data / model / f"seed{seed}"
        row = run_one(folder, data, model, [t.replace("SERIES", str(args.series)) for t in texts], seed, args.minutes)
        failures += "failure" in row
        print("   ", row.get("failure") or f"WQL {row['wql']:.4g}, relative {row['relative_wql']:.3f}", flush=True)
        row["zero_shot"] = bool(suite["models"][model].get("zero_shot"))
        row["command"] = row["command"].replace(str(args.series), "SERIES")
        write_row(row, file)
        if "failure" not in row:
            add_losses(losses_file(file), data, model, seed, RunRecord.load(folder))
    return failures


def check_have_rows(option: str, names: list[str], known: pd.Series, args: argparse.Namespace) -> None:
    """End with a message if an option names a model or a data set without rows."""
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"suite.py: {option}: {','.join(unknown) or 'an empty name'} has no rows in {rows_of(args).name}")


def table(args: argparse.Namespace) -> int:
    """Print the summary of the rows and the relative WQL of each model and data set, or the scores on single sets."""
    frozen = frozen_fingerprints(args)
    rows = pd.DataFrame([r for r in read_rows(rows_of(args)) if "failure" not in r])
    if rows.empty:
        sys.exit("suite.py: there is no row yet; run `python scripts/suite.py run`")
    if args.models:
        check_have_rows("--models", args.models, rows["model"], args)
        rows = rows[rows["model"].isin(args.models)]
    if args.without:
        check_have_rows("--without", args.without, rows["data"], args)
        rows = rows[~rows["data"].isin(args.without)]
        if rows.empty:
            sys.exit("suite.py: --without names every data set, so none is left")
    same_windows = ["data", "horizon"] if "horizon" in rows else ["data"]
    if different := [str(d) for (d, *_), group in rows.groupby(same_windows) if group["windows"].nunique() > 1]:
        sys.exit(f"suite.py: the models were scored on different windows of {', '.join(different)}; run them again")
    for _, row in rows.iterrows():
        backbone = row["versions"].get("backbone") or {"name": None}
        name = backbone["name"]  # another one where the weights are random
        if name in frozen and backbone["fingerprint"] != frozen[name]:
            sys.exit(f"suite.py: {row['model']} on {row['data']} was run with other weights of {name}; run it again")
    rows = with_costs(with_titles(rows))
    if args.data:
        for data in args.data:
            print(f"\n{data}\n\n{data_table(rows[rows['data'] == data], losses_file(rows_of(args)))}")
        return 0
    print_summaries(rows, args.against and title_of(args.against))
    if args.against:
        return 0
    print_single_sets(rows)
    for row in read_rows(rows_of(args)):
        if "failure" in row:
            print(f"no scores: {title_of(row['model'])} on {row['data']}, seed {row['seed']}: {row['failure']}")
    return 0


def main() -> int:
    """Read the arguments and run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def models(text: str) -> list[str]:
        return [key_of(name) for name in text.split(",")]

    commands = parser.add_subparsers(required=True)
    runner = commands.add_parser("run", help="run what is missing")
    runner.add_argument(
        "--series", type=Path, metavar="FOLDER", help="folder with the files of the series that are not bundled"
    )
    runner.add_argument("--models", type=models, help="models, separated by commas (default: all)")
    runner.add_argument(
        "--data", type=lambda text: text.split(","), help="data sets, separated by commas (default: all)"
    )
    runner.add_argument("--seeds", type=lambda text: [int(s) for s in text.split(",")], default=[0], metavar="SEEDS")
    runner.add_argument("--minutes", type=float, default=60.0, help="time limit of a run (default: 60)")
    runner.add_argument("--again", action="store_true", help="run those again that failed before")
    runner.add_argument("--later", action="store_true", help="score code that has changed since a suite was frozen")
    runner.set_defaults(function=run)
    printer = commands.add_parser("table", help="print the tables")
    printer.add_argument("--data", type=lambda text: text.split(","), help="print the scores on these data sets")
    printer.add_argument("--models", type=models, help="only these models (default: all)")
    printer.add_argument("--without", type=lambda text: text.split(","), help="leave these data sets out", default=[])
    printer.add_argument("--against", type=key_of, metavar="MODEL", help="print this model against each other one")
    printer.set_defaults(function=table)
    recorder = commands.add_parser("record", help="add the rows of run folders to a file")
    recorder.add_argument("folders", type=Path, nargs="+", metavar="RUN")
    recorder.set_defaults(function=record)
    recorder.add_argument("--reference", type=Path, metavar="RUN", help="one of the runs, to compare the others with")
    recorder.add_argument("--model", metavar="NAME", help="name of the model in the rows (default: from the run)")
    recorder.add_argument("--by-horizon", action="store_true", help="a row for each horizon, with its MSE")
    merger = commands.add_parser("merge", help="add the rows and losses of other files to a file")
    merger.add_argument("files", type=Path, nargs="+", metavar="FILE")
    merger.set_defaults(function=merge)
    pairs = commands.add_parser("compare", help="print the paired differences of two models on each data set")
    pairs.add_argument("model", type=key_of)
    pairs.add_argument("other", type=key_of)
    pairs.add_argument("--seed", type=int, help="of both runs (default: the means over all seeds of each model)")
    pairs.set_defaults(function=paired)
    freezer = commands.add_parser("freeze", help="write the commit and the weights into a suite that is scored once")
    freezer.set_defaults(function=freeze)
    for command in (runner, printer, freezer):
        command.add_argument("--suite", type=Path, default=SUITE, metavar="FILE", help=f"default: {SUITE.name}")
    for command in (recorder, merger, pairs):
        command.add_argument(
            "--rows", type=Path, default=ROWS, metavar="FILE", help=f"default: {ROWS.relative_to(ROOT)}"
        )
    for command in (runner, printer):
        command.add_argument(
            "--rows", type=Path, metavar="FILE", help="default: docs/results/<name of the suite>.json"
        )
    args = parser.parse_args()
    return int(args.function(args))


if __name__ == "__main__":
    sys.exit(run_script(main))
