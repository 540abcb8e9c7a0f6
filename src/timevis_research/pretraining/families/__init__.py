"""Families of synthetic series: what real series of a kind have in common, drawn with random parameters.

A family is a module with `STEPS`, the steps of its series and their shares, and `draw(rng, clock, length)`, which
returns float32 [B, length]; for series of thousands of rows, `LONG_STEPS` takes the place of `STEPS`, or months are
left out.
A new family is a module that stands in `FAMILIES`; all families have equal shares of the pretraining.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import Clock
from timevis_research.pretraining.families import (
    business,
    causal_chains,
    counts,
    drifting_waves,
    flows,
    kernels,
    meters,
    regimes,
    saw_teeth,
    slow,
    spikes,
    steps,
    trend_season,
    vibrations,
    wandering,
    weather,
)

FAMILIES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        kernels,
        trend_season,
        saw_teeth,
        drifting_waves,
        steps,
        spikes,
        regimes,
        counts,
        causal_chains,
        vibrations,
        business,
        slow,
        meters,
        weather,
        flows,
        wandering,
    )
}
LONG_SERIES = 2000
"""Rows from which a series is long."""


def draw_family(name: str, rng: Generator, size: int, length: int) -> tuple[np.ndarray, Clock]:
    """Draw `size` series of a family: float32 [size, length], and their times."""
    family = FAMILIES[name]
    steps = family.STEPS
    if length >= LONG_SERIES:
        steps = getattr(family, "LONG_STEPS", {step: share for step, share in steps.items() if step > 0})
    clock = Clock.draw(rng, size, steps)
    values = np.asarray(family.draw(rng, clock, length), np.float32)
    return np.nan_to_num(values, nan=0.0, posinf=1e6, neginf=-1e6), clock


def draw_families(
    rng: Generator, size: int, length: int, names: Iterable[str] = tuple(FAMILIES)
) -> tuple[np.ndarray, Clock]:
    """Draw series with equal shares of the families: float32 [size, length], and their times."""
    chosen = list(names)
    counts_of_families = [len(part) for part in np.array_split(np.arange(size), len(chosen))]
    rng.shuffle(counts_of_families)
    parts = [draw_family(n, rng, c, length) for n, c in zip(chosen, counts_of_families, strict=True) if c]
    return np.concatenate([values for values, _ in parts]), Clock.join([clock for _, clock in parts])
