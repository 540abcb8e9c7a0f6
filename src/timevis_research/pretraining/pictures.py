"""Draw a sheet of series of each family: ``python -m timevis_research.pretraining.pictures FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np

from timevis_research.pretraining.families import FAMILIES, draw_family

COLUMNS, SHORT_ROWS, LONG_ROWS = 4, 4, 3
"""Panels of a sheet; first rows of short series, then rows of parts of long ones."""
STEP_NAMES = {-1: "month", -3: "quarter", -12: "year", 60: "hour", 1440: "day", 10_080: "week"}


def draw_sheet(name: str, path: Path, seed: int = 0, columns: int = COLUMNS) -> list[str]:
    """Write a PNG with short series of a family, then long ones; returns the titles of the panels."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = SHORT_ROWS + LONG_ROWS
    figure, axes = pyplot.subplots(rows, columns, figsize=(3.75 * columns, 11), layout="constrained")
    rng = np.random.default_rng([seed, len(name)])
    pools = [draw_family(name, rng, SHORT_ROWS * columns, 640), draw_family(name, rng, LONG_ROWS * columns, 6144)]
    panels = [(is_long, number) for is_long, (values, _) in enumerate(pools) for number in range(len(values))]
    titles = []
    for axis, (is_long, number) in zip(axes.flat, panels, strict=True):
        values, clock = pools[is_long]
        step = int(clock.step[number])
        shown = 160 if step < 0 else ((336, 640), (1344, 6144))[is_long][number % 2]
        axis.plot(values[number, :shown], linewidth=0.6)
        titles.append(f"{shown} rows of {STEP_NAMES.get(step, f'{step} min')}")
        axis.set_title(titles[-1], fontsize=7, pad=2)
        axis.tick_params(labelsize=6)
    figure.suptitle(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75)
    pyplot.close(figure)
    return titles


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.families:
        draw_sheet(name, args.folder / f"{name}.png", args.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
