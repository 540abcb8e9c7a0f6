"""Compare rules for the weights of an ensemble on finished runs of `model=auto`: ``compare_weights.py RUN RUN ...``

The members of each run forecast the test windows, without recalibration. For each rule the table has the WQL of the
combination relative to seasonal naive, and the rule's geometric mean over the runs. Weights follow from validation.
See docs/experiments/weights-of-few-windows.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from omegaconf import OmegaConf
from torch import Tensor

from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.models.ensemble import Ensemble
from timevis.models.ensemble_weights import ScoredWindows, combined, selected_weights, shrunk_weights
from timevis.models.scoring import new_metrics
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.models.serialization import load
from timevis.runs.config import RunConfig
from timevis.utils.formatting import markdown_table
from timevis.utils.stdout import run_script

SHARES = (0.0, 0.3, 0.5, 0.7, 1.0)


class TestReference:
    """Seasonal naive on the test windows, for `ScoredWindows`."""

    def __init__(self, datamodule: WindowDataModule) -> None:
        self.naive = SeasonalNaive.fitted(datamodule)

    def losses(self, batch: Any) -> Tensor:
        return new_metrics(self.naive).quantile_losses(self.naive.forecast(batch), batch)


@torch.no_grad()
def score(folder: Path) -> dict[str, Any]:
    """Relative WQL of each rule on the test part of a run."""
    config: Any = OmegaConf.load(folder / "config.yaml")
    run = RunConfig.from_config(config)
    panel, _ = load_panel(run.data)
    data = run.datamodule(panel)
    ensemble: Any = load(folder / "model")
    assert isinstance(ensemble, Ensemble)
    windows = ensemble.scored_windows(data) | {"test": ScoredWindows(data, "test", TestReference(data))}
    ensemble._windows = windows  # so that validate_member forecasts the test windows, too
    members = {path.parent.name: load(path) for path in sorted(folder.glob("members/*/model"))}
    forecasts = {name: ensemble.validate_member(data, member) for name, member in members.items()}
    names = list(forecasts)
    of = {part: [forecasts[name][part] for name in names] for part in windows}
    errors = {part: [windows[part].relative_wql(q) for q in of[part]] for part in windows}
    pairs = zip(of["tuning"], of["val"], strict=True)
    whole = [windows["tuning"].relative_wql_with(a, windows["val"], b) for a, b in pairs]
    naive = names.index("seasonal_naive")
    selected = selected_weights(windows, of, [naive], ensemble.hparams["rounds"])
    has_better = any(min(errors["tuning"][i], errors["val"][i]) < 1 for i in range(len(names)) if i != naive)
    row: dict[str, Any] = {"run": folder.name if not folder.name.startswith("seed") else folder.parts[-3]}
    for share in SHARES:
        weights = shrunk_weights(selected, whole, share) if has_better else selected
        row[f"{share:.0%} inverse"] = windows["test"].relative_wql(combined(of["test"], weights))
    equal = torch.full((len(names),), 1 / len(names))
    return row | {
        "equal": windows["test"].relative_wql(combined(of["test"], equal)),
        "best single": min(errors["test"]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    torch.set_num_threads(1)
    table = pd.DataFrame([score(run) for run in parser.parse_args().runs])
    print(markdown_table(table.round(3)))
    rules = [column for column in table if column != "run"]
    now = table["0% inverse"]
    summary = [
        {
            "rule": rule,
            "geometric mean": round(statistics.geometric_mean(table[rule]), 3),
            "against 0%": round(statistics.geometric_mean(table[rule] / now), 3),
            "better": int((table[rule] < now - 1e-6).sum()),
            "worse": int((table[rule] > now + 1e-6).sum()),
            "largest": round(table[rule].max(), 2),
        }
        for rule in rules
    ]
    print(f"\n{markdown_table(pd.DataFrame(summary))}")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
