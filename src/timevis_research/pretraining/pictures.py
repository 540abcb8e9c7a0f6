"""Draw a sheet of series of each family: ``python -m timevis_research.pretraining.pictures FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np

from timevis_research.pretraining.families import FAMILIES, draw_family

COLUMNS, ROWS = 4, 7
STEP_NAMES = {-1: "month", -3: "quarter", -12: "year", 60: "hour", 1440: "day", 10_080: "week"}


def draw_sheet(name: str, path: Path, seed: int = 0) -> None:
    """Write a PNG with series of a family: four rows of short series, three of pieces of long ones."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(ROWS, COLUMNS, figsize=(15, 11), layout="constrained")
    rng = np.random.default_rng([seed, len(name)])
    short, short_clock = draw_family(name, rng, 4 * COLUMNS, 640)
    long, long_clock = draw_family(name, rng, 3 * COLUMNS, 6144)
    for number, axis in enumerate(axes.flat):
        is_short = number < len(short)
        clock, index = (short_clock, number) if is_short else (long_clock, number - len(short))
        shown = (160 if clock.step[index] < 0 else (336, 640)[number % 2]) if is_short else (1344, 6144)[number % 2]
        series = (short if is_short else long)[index][:shown]
        axis.plot(series, linewidth=0.6)
        step = int(clock.step[index])
        axis.set_title(f"{shown} rows of {STEP_NAMES.get(step, f'{step} min')}", fontsize=7, pad=2)
        axis.tick_params(labelsize=6)
    figure.suptitle(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75)
    pyplot.close(figure)


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
