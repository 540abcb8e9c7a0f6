"""Named benchmarks: ours, a peer's, and the limit, side by side in one run, quoted as ratios.

    python scripts/benchmark.py                      every benchmark
    python scripts/benchmark.py windows startup      some of them
    python scripts/benchmark.py windows --json out.json

Each contender runs in a process of its own with the same number of threads; rounds alternate between them, and the
median of the ratios round by round is quoted. Absolute numbers depend on the machine, ratios much less.
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

BENCHMARKS = {
    "windows": "preparing batches, against a DataLoader over per-sample slicing",
    "startup": "a whole seasonal-naive run, and the share of it that is imports",
    "time-to-accuracy": "the LSTM, until it is as good as the linear map and a tuned neuralforecast LSTM",
    "decode": "writing digits, against two ways to use generate, and against the products that it needs",
    "lora-train": "LoRA steps on a real Qwen (its folder in TIMEVIS_QWEN), against the plain way with peft",
    "attention": "causal attention on a CPU, against the fused kernel of PyTorch",
    "lstm-train": "LSTM training, against a bare loop and against neuralforecast",
}


def main() -> None:
    listing = "\n".join(f"  {name:<16} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"benchmarks:\n{listing}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each contender (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of each contender (default: all cores)"
    )
    args = parser.parse_args()
    if unknown := set(args.names) - set(BENCHMARKS):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}")
    machine = (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
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
