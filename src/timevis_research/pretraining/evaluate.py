"""Score a checkpoint on the development sets: ``python -m timevis_research.pretraining.evaluate FILE --series S``.

The windows, the metrics and seasonal naive are those of the product, as for a model that is not trained. The scores
are of the second half of the validation parts of the sets of scripts/suite.yaml, whose files are in the folder S; the
test parts and the unseen lists are not read. With ``--packages P``, a folder with the packages that
`timevis_research.experiments.stretch_contexts` names, the test parts of its months and quarters are scored as
well. ``nano-patch`` in place of a checkpoint scores the first network.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch
import yaml
from torch import Tensor

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.windows import Batch
from timevis.errors import TimeVisError
from timevis.models.forecaster import Forecast
from timevis.models.patches.network import PatchNetwork, stretch_of
from timevis.models.patches.weights import load_patch_network
from timevis.utils.levels import QUANTILE_LEVELS
from timevis.utils.stdout import run_script
from timevis_research.experiments.stretch_contexts import open_data, tables
from timevis_research.nano.zero_shot import forecast_patches, score_zero_shot
from timevis_research.pretraining.first_network import load_network

ROOT = Path(__file__).resolve().parents[3]
SUITE = ROOT / "scripts/suite.yaml"
NetworkFunction: TypeAlias = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
DEFAULT_HORIZON = 24


def development_set(overrides: list[str], series: Path, context_length: int, origins: int) -> WindowDataModule:
    """A development set; its context is at most a quarter of the training part, as for an untrained model."""
    cfg = compose([text.replace("SERIES", str(series)) for text in overrides])
    options = DataOptions.from_config(cfg.data)
    panel, _ = load_panel(options)
    longest = max(48, len(panel.values) * 7 // 10 // 4)
    return WindowDataModule(
        panel,
        split=options.split,
        context_length=min(context_length, longest),
        horizon=cfg.horizon or DEFAULT_HORIZON,
        val_windows=origins,
        max_windows=origins,
        eval_batch_size=32,
    )


def flipped(network: NetworkFunction) -> NetworkFunction:
    """The mean of the forecast and of the negated forecast of the negated series."""

    def forecast(context: Tensor, mask: Tensor, calendar: Tensor) -> tuple[Tensor, Tensor]:
        _, first = network(context, mask, calendar)
        _, second = network(-context, mask, calendar)
        quantiles = (first - second.flip(1)) / 2
        return quantiles[:, len(QUANTILE_LEVELS) // 2], quantiles

    return forecast


def forecast_function(network: NetworkFunction, bf16: bool) -> Callable[[Batch, Tensor], Forecast]:
    def forecast(batch: Batch, deviation: Tensor) -> Forecast:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return forecast_patches(network, batch, deviation)  # type: ignore[arg-type]

    return forecast


def slow_sets(packages: Path) -> list[tuple[str, WindowDataModule]]:
    """Months and quarters of `stretch_contexts`, with contexts of at most 110 and 60 rows."""
    out = []
    for name, table, step in tables(packages):
        for length in {"QS": (60, 40, 24), "MS": (110, 60, 40)}[step]:
            if (data := open_data(name, table, step, length)) is not None:
                out.append((name, data))
                break
    return out


def score_all(
    network: NetworkFunction,
    series: Path,
    context_length: int,
    origins: int = 100,
    packages: Path | None = None,
    bf16: bool = True,
    first_network: PatchNetwork | None = None,
) -> dict[str, dict[str, float]]:
    """Scores of each set, and of the means ``ten`` (the suite without ETTh1), ``months`` and ``quarters``.

    `first_network` is the first nano-patch if `network` forecasts with it; months and quarters are stretched for it.
    """
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["data"]
    forecast = forecast_function(network, bf16)
    scores: dict[str, dict[str, float]] = {}
    groups: dict[str, list[str]] = {"ten": []}
    for name, overrides in suite.items():
        data = development_set(overrides, series, context_length, origins)
        scores[name] = score_zero_shot(forecast, data, "val")
        if name != "etth1":
            groups["ten"].append(name)
    for name, data in slow_sets(packages) if packages else []:
        if first_network is not None:  # as the product does
            rows = first_network.settings.patch_length
            first_network.stretch = stretch_of(data.context_length, data.season, rows)
        try:
            scores[name] = score_zero_shot(forecast, data, "test")
        except TimeVisError as error:  # a set that is too short for this context
            print(f"{name}: {error}", file=sys.stderr)
            continue
        groups.setdefault("quarters" if data.horizon == 8 else "months", []).append(name)
    for group, names in groups.items():
        scores[group] = {
            "wql_ratio": statistics.geometric_mean(scores[n]["wql_ratio"] for n in names),
            "coverage_80": statistics.mean(scores[n]["coverage_80"] for n in names),
        }
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="a .pt file of a run, or nano-patch")
    parser.add_argument("--series", type=Path, required=True)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--context-length", type=int, nargs="*", default=[528])
    parser.add_argument("--origins", type=int, default=100)
    parser.add_argument("--flip", action="store_true", help="mean with the forecast of the negated series")
    parser.add_argument("--last", action="store_true", help="weights of the last step in place of averaged ones")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="print a line for each set")
    parser.add_argument("--to", type=Path, metavar="FILE", help="append a line of JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    network: Any
    if args.checkpoint == "nano-patch":
        network = load_patch_network("nano-patch").model.eval()
    else:
        network = load_network(Path(args.checkpoint), averaged=not args.last)
    begin = time.process_time()
    for context_length in args.context_length:
        with torch.inference_mode():
            scores = score_all(
                flipped(network) if args.flip else network,
                args.series,
                context_length,
                args.origins,
                args.packages,
                not args.float32,
                network if isinstance(network, PatchNetwork) else None,
            )
        means = {name: score for name, score in scores.items() if name in ("ten", "months", "quarters")}
        for name, score in (scores if args.each else means).items():
            print(f"context {context_length} {name:20s} " + "  ".join(f"{k} {v:.4f}" for k, v in score.items()))
        if args.to:
            rounded = {n: {k: round(v, 4) for k, v in s.items() if math.isfinite(v)} for n, s in scores.items()}
            line = {"checkpoint": args.checkpoint, "context": context_length, "flip": args.flip, "scores": rounded}
            with args.to.open("a", encoding="utf-8") as file:
                print(json.dumps(line), file=file)
    print(f"{time.process_time() - begin:.0f} processor seconds")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
