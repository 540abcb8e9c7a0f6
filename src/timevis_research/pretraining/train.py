"""Pretrain the second nano-patch: ``python -m timevis_research.pretraining.train --folder FOLDER [--minutes M]``.

The same command continues a run from its last checkpoint; it can be stopped at any time. ``--decay-values N`` instead
starts from the last checkpoint of FOLDER, lets the learning rates fall to zero over N values, and writes to
FOLDER/decayed-STEP; the run itself stays as it was and can go on. log.jsonl has a line for each of the last losses.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler

from timevis.models.patches.multiscale import MultiscaleSettings
from timevis.utils.stdout import run_script
from timevis_research.pretraining.batches import KIND_NAMES, Batch, BatchStream
from timevis_research.pretraining.families import FAMILIES
from timevis_research.pretraining.first_network import FirstNetworkRun
from timevis_research.pretraining.run import CHECKPOINT, PretrainingRun, RunOptions

DEFAULT_FOLDER = Path(os.environ.get("TIMEVIS_PRETRAINING", "outputs/pretraining")) / "nano-patch-2"


class _Groups(Sampler[int]):
    """Numbers of groups from one on."""

    def __init__(self, first: int) -> None:
        self.first = first

    def __iter__(self) -> Iterator[int]:
        number = self.first
        while True:
            yield number
            number += 1


def batches_from(stream: BatchStream, step: int, workers: int) -> Iterator[Batch]:
    """The batches from a step on; with `workers`, other processes generate groups ahead, in the same order."""
    if not workers:
        yield from stream.batches_from(step)
        return
    group, place = divmod(step, len(stream.kinds))
    data: Any = stream
    loader = DataLoader(data, batch_size=None, sampler=_Groups(group), num_workers=workers, prefetch_factor=2)
    for batches in loader:
        yield from batches[place:]
        place = 0


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    defaults = RunOptions()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="default: %(default)s")
    parser.add_argument("--processor-minutes", type=float, default=math.inf, help="of training steps, in total")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many minutes by the clock")
    parser.add_argument("--until-values", type=float, default=math.inf, help="stop when the run has seen so many")
    parser.add_argument("--decay-values", type=float, help="let the learning rates fall to zero over so many values")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (%(default)s)")
    parser.add_argument("--workers", type=int, default=0, help="processes that generate series ahead (%(default)s)")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 matrix products")
    parser.add_argument("--compile", action="store_true", help="compile the loss; takes minutes and a C++ compiler")
    parser.add_argument("--save-seconds", type=float, default=180, help="between checkpoints (%(default)s)")
    parser.add_argument("--snapshot-values", type=float, default=250e6, help="between kept checkpoints (%(default)s)")
    parser.add_argument("--log-steps", type=int, default=20, help="between lines of log.jsonl (%(default)s)")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--data-seed", type=int, default=defaults.data_seed, help="for another batch size: a new one")
    parser.add_argument("--tokens-per-batch", type=int, default=defaults.tokens_per_batch)
    parser.add_argument("--tokens-per-pass", type=int, default=defaults.tokens_per_pass)
    parser.add_argument("--muon-learning-rate", type=float, default=defaults.muon_learning_rate)
    parser.add_argument("--adamw-learning-rate", type=float, default=defaults.adamw_learning_rate)
    parser.add_argument("--warmup-steps", type=int, default=defaults.warmup_steps)
    parser.add_argument("--hidden-size", type=int, default=defaults.settings.hidden_size)
    parser.add_argument("--num-layers", type=int, default=defaults.settings.num_layers)
    parser.add_argument("--num-heads", type=int, default=defaults.settings.num_heads)
    parser.add_argument("--intermediate-size", type=int, default=defaults.settings.intermediate_size)
    parser.add_argument("--head-size", type=int, default=defaults.settings.head_size)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--kinds", nargs="*", default=list(KIND_NAMES), choices=KIND_NAMES, help="of the batches")
    parser.add_argument("--first-network", action="store_true", help="train the first nano-patch, to compare both")
    return parser.parse_args(arguments)


def options_from(args: argparse.Namespace) -> RunOptions:
    sizes = "hidden_size", "num_layers", "num_heads", "intermediate_size", "head_size"
    settings = replace(MultiscaleSettings(), **{name: getattr(args, name) for name in sizes})
    values: dict[str, Any] = {f.name: getattr(args, f.name) for f in fields(RunOptions) if hasattr(args, f.name)}
    lists = {"families": tuple(args.families), "kinds": tuple(args.kinds)}
    return RunOptions(**values | lists | {"settings": settings})


class StopRequest:
    """Turns SIGINT and SIGTERM into a flag, so that the step ends and a checkpoint is written."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = True


def train(args: argparse.Namespace) -> PretrainingRun:
    """Continue the run of the folder, or start it, until a limit is reached or a signal arrives."""
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    kind = FirstNetworkRun if args.first_network else PretrainingRun
    run = kind(options_from(args), args.folder, device, bf16=not args.float32, compiled=args.compile)
    if (args.folder / CHECKPOINT).exists():
        run.resume(args.folder / CHECKPOINT)
    first_values, limit = run.values, args.until_values
    if args.decay_values:
        run.folder, limit = args.folder / f"decayed-{run.step}", first_values + args.decay_values
        if (run.folder / CHECKPOINT).exists():
            run.resume(run.folder / CHECKPOINT)
    parameters = sum(p.numel() for p in run.network.parameters())
    print(
        f"{parameters / 1e6:.2f} M parameters on {device}, step {run.step}, {run.values / 1e6:.0f} M values",
        flush=True,
    )
    run.folder.mkdir(parents=True, exist_ok=True)
    stop, begin, last_save = StopRequest(), time.monotonic(), time.monotonic()
    smoothed, window = math.nan, (run.values, run.seconds, time.monotonic())
    stream = batches_from(run.stream, run.step, args.workers)
    with (run.folder / "log.jsonl").open("a", encoding="utf-8") as log:
        while (
            run.values < limit
            and run.seconds < 60 * args.processor_minutes
            and time.monotonic() - begin < 60 * args.minutes
            and not stop.received
        ):
            if time.monotonic() - begin > 60 * args.minutes:
                break
            seen = run.values
            factor = 1 - (run.values - first_values) / args.decay_values if args.decay_values else 1.0
            loss = run.train_step(next(stream), factor)
            smoothed = loss if math.isnan(smoothed) else 0.98 * smoothed + 0.02 * loss
            if run.step % args.log_steps == 0:
                values, seconds, clock = window
                window = run.values, run.seconds, time.monotonic()
                line = run.progress | {
                    "loss": round(smoothed, 5),
                    "values_per_second": round((window[0] - values) / max(window[2] - clock, 1e-6)),
                    "values_per_processor_second": round((window[0] - values) / max(window[1] - seconds, 1e-6)),
                }
                print(json.dumps(line), file=log, flush=True)
                if sys.stderr.isatty():
                    print(f"\r{line}", end="", file=sys.stderr, flush=True)
            number = int(run.values // args.snapshot_values)
            if number > seen // args.snapshot_values:
                run.save(f"{number:04d}.pt")
            if time.monotonic() - last_save > args.save_seconds:
                run.save()
                last_save = time.monotonic()
    run.save()
    print(f"stopped at step {run.step}, {run.values / 1e6:.1f} M values, loss {smoothed:.4f}", flush=True)
    return run


def main() -> int:
    train(parse_arguments())
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
