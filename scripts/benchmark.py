"""Run benchmarks that compare TimeVis with other libraries and with lower limits, as ratios of time.

    python scripts/benchmark.py                      all benchmarks
    python scripts/benchmark.py windows startup      two of them
    python scripts/benchmark.py windows --json out.json

Each implementation runs in a separate process with the same number of threads. Their rounds alternate, and the median
over the rounds of each ratio is printed. Ratios depend much less on the machine than absolute numbers.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from benchmarks.timing import processor_name

BENCHMARKS = {
    "windows": "batches of windows, compared with a DataLoader over slices",
    "startup": "a run of seasonal naive, and the share of importing libraries",
    "time-to-accuracy": "training time of the LSTM to the error of the linear model and of neuralforecast's LSTM",
    "decode": "decoding digits, compared with three uses of transformers and with the matrix products alone",
    "patch-forecast": "forecasts of nano-patch, compared with PatchTST and with the matrix products alone",
    "first-forecast": "the first result of model=auto, and nano-patch for 100 series from a warm service",
    "lora-train": "LoRA steps of a real Qwen (folder in TIMEVIS_QWEN), compared with peft",
    "attention": "causal attention on a CPU, compared with the fused kernel of PyTorch",
    "service-load": "read requests to the service beside a training, compared with MLflow; a large upload",
    "service-slow": "read requests beside 500 clients that never finish theirs, directly and through nginx",
    "large-results": "requests for a model of 30,490 series, whose results.json has tens of megabytes",
    "monitors": "processor time of 1,000 monitors that forecast every hour, as a share of one core",
    "downsample": "a stored channel of 5 million rows as 2,000 points, compared with pandas",
    "page": "the web page: first view, zoom over 200,000 rows, a comparison of 100 runs, and MLflow's page",
    "lstm-train": "LSTM training, compared with a bare training loop and with neuralforecast",
}


def main() -> None:
    listing = "\n".join(f"  {name:<16} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"benchmarks:\n{listing}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to this file")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of each process (default: all cores)"
    )
    args = parser.parse_args()
    if unknown := set(args.names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}; choose from {', '.join(BENCHMARKS)}")
    machine = f"{processor_name()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; {args.threads} threads, {args.rounds} rounds")
    results = {"machine": machine, "threads": args.threads}
    for name in args.names or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name]}", flush=True)
        module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
        results[name] = module.main(rounds=args.rounds, threads=args.threads)
        if args.json:
            args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
