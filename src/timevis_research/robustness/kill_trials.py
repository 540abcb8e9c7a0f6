"""Kill training runs at random moments, continue them, and compare with runs that were not interrupted.

    python -m timevis_research.robustness.kill_trials --trials 40 --seed 0

Each trial starts a small run, sends SIGKILL, SIGTERM or SIGINT to it after a random time, continues it with
``resume=`` (or starts it again, where the signal came before there was a config), and checks that the run completes,
that its weights and its scores equal an uninterrupted run, bit for bit, and that no temporary file stays
behind. In every third trial two processes try to resume the same run at the same moment, and exactly one may do so.
Prints a table of what was tried and what survived, and exits with 1 if a trial failed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SMALL = (
    *("data=synthetic", "data.rows=600", "context_length=24", "horizon=6", "logger=none", "trainer=cpu"),
    *("evaluation.max_windows=8", "evaluation.val_windows=6", "trainer.enable_progress_bar=false"),
    *("model=lstm", "model.hidden_size=8", "model.segment_length=6", "model.fit.max_epochs=3"),
    *(
        "model.fit.steps_per_epoch=40",
        "model.fit.min_steps_per_epoch=40",
        "callbacks.last_checkpoint.every_seconds=0.2",
    ),
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MAX_RESTARTS = 4


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "timevis", "train", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def outcome(folder: Path) -> dict[str, object]:
    """Weights, scores and forecasts of a completed run; two equal runs have the same, bit for bit."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    files = ("model/model.safetensors", "windows.parquet")
    scores = {key: results[key] for key in ("metrics", "validation", "by_horizon")}
    return scores | {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}


def continue_run(folder: Path, twice: bool) -> str | None:
    """Start or resume a run until it completes; returns what went wrong, or None."""
    for _ in range(MAX_RESTARTS):
        has_config = (folder / "config.yaml").is_file()
        arguments = (f"resume={folder}",) if has_config else (*SMALL, f"hydra.run.dir={folder}")
        processes = [start(*arguments) for _ in range(2 if twice and has_config else 1)]
        codes, outputs = zip(*map(finish, processes), strict=True)
        if len(codes) == 2 and sorted(codes) != [0, 1]:
            return f"two processes that resumed one run ended with {codes}: {outputs[-1][-300:]}"
        if 0 in codes:
            return None
        if "Traceback" in outputs[0]:
            return f"a traceback: {outputs[0][-500:]}"
    return f"did not complete after {MAX_RESTARTS} restarts: {outputs[0][-300:]}"


def trial(
    folder: Path, number: int, delay: float, kind: signal.Signals, expected: dict[str, object]
) -> tuple[str, str]:
    """One trial; returns the stage in which the signal came, and what went wrong (empty if nothing did)."""
    while True:
        process = start(*SMALL, f"hydra.run.dir={folder}")
        time.sleep(delay)
        if process.poll() is None:
            break
        shutil.rmtree(folder)  # the run had ended before the signal
        delay *= 0.9
    process.send_signal(kind)
    finish(process)
    status = folder / "status.json"
    stage = json.loads(status.read_text(encoding="utf-8"))["stage"] if status.is_file() else "before status.json"
    if not (folder / "results.json").is_file() or json.loads(status.read_text())["state"] != "completed":
        problem = continue_run(folder, twice=number % 3 == 0)
        if problem is not None:
            return stage, problem
    if differing := [key for key, value in outcome(folder).items() if value != expected[key]]:
        return stage, f"differs from an uninterrupted run in {', '.join(differing)}"
    if temporary := [p.name for p in folder.rglob(".*") if p.is_file() and p.name != ".lock"]:
        return stage, f"temporary files stay behind: {temporary}"
    return stage, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40, help="how many runs are killed (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and signals (default: %(default)s)")
    args = parser.parse_args()
    rng, tried, survived = random.Random(args.seed), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory(prefix="kill-trials-") as scratch:
        reference = Path(scratch) / "reference"
        began = time.monotonic()
        code, output = finish(start(*SMALL, f"hydra.run.dir={reference}"))
        duration = time.monotonic() - began
        if code:
            print(output)
            return 1
        expected = outcome(reference)
        for number in range(args.trials):
            kind = rng.choice(SIGNALS)
            stage, problem = trial(
                Path(scratch) / str(number), number, rng.uniform(0.05, 1.0) * duration, kind, expected
            )
            tried[kind.name, stage] += 1
            survived[kind.name, stage] += not problem
            print(
                f"{number + 1:>3}/{args.trials} {kind.name:<8} during {stage:<20} {problem or 'survived'}", flush=True
            )
    print(f"\n{'signal':<8} {'stage':<20} {'tried':>6} {'survived':>9}")
    for key in sorted(tried):
        print(f"{key[0]:<8} {key[1]:<20} {tried[key]:>6} {survived[key]:>9}")
    print(f"{'all':<29} {sum(tried.values()):>6} {sum(survived.values()):>9}")
    return int(sum(tried.values()) != sum(survived.values()))


if __name__ == "__main__":
    sys.exit(main())
