"""Nodes of structural causal chains, after CauKer (2025, arXiv:2508.02879): nonlinear functions of delayed drivers.

Root nodes are random processes and seasons of the clock. Every further node mixes earlier nodes, delayed, through a
random activation, and adds noise of its own. The series is the last node. The earlier nodes are what known covariates
would be; `draw_with_drivers` returns them for that purpose.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from timevis_research.pretraining.clock import ANY_STEP, Clock
from timevis_research.pretraining.families.drifting_waves import USUAL_PERIODS
from timevis_research.pretraining.processes import (
    autoregressive,
    heavy_noise,
    levels,
    log_uniform,
    profiles,
    read_profile,
    rough,
    smooth,
    some,
    standardise,
    trend,
    uniform,
)

STEPS = ANY_STEP
ROOTS, INNER_NODES, MAX_DELAY = 5, 4, 48
ACTIVATIONS = 7


def _roots(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Root nodes, float32 [ROOTS, B, length + MAX_DELAY]; the season of the clock is the first."""
    size, total = len(clock), length + MAX_DELAY
    early = clock.cropped(np.full(size, -MAX_DELAY), np.ones(size, np.int64))
    usual = rng.choice([p for p in USUAL_PERIODS if p < length / 3], (size, 1))
    phase = np.where(clock.rows_per(1440) > 3, early.day(total), np.arange(total) / usual % 1).astype(np.float32)
    season = read_profile(profiles(rng, size), phase)
    free = (early.weekday(total) >= 5).astype(np.float32) * (clock.rows_per(10_080) >= 3)
    flags = levels(rng, size, total, log_uniform(rng, 3, total / 4, size)) > 0.8
    drifting = np.where(
        rng.random((size, 1)) < 0.5,
        smooth(rng, size, total, log_uniform(rng, 5, total / 2, size)),
        rough(rng, size, total, uniform(rng, 0.8, 2.4, size)),
    )
    memory = autoregressive(rng, size, total, log_uniform(rng, 1, 200, size))
    events = np.where(rng.random((size, 1)) < 0.5, flags, trend(rng, size, total, 1.0))
    return np.stack([season, free * rng.normal(0, 2, (size, 1)), drifting, memory, 1.5 * events]).astype(np.float32)


def _activate(kind: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One of seven functions for each series."""
    out = x.copy()
    functions: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
        np.tanh,
        lambda v: np.maximum(v, 0),
        lambda v: np.sin(1.5 * v),
        lambda v: np.exp(np.clip(0.7 * v, -4, 3)),
        lambda v: (np.abs(v) ** 1.5) * np.sign(v),
        lambda v: np.where(v > 0.3, v, 0.2 * v),
    )
    for number, function in enumerate(functions, 1):
        rows = np.flatnonzero(kind == number)
        if len(rows):
            out[rows] = function(x[rows])
    return out


def draw_with_drivers(rng: Generator, clock: Clock, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Series [B, length], and the nodes that drive them [ROOTS + INNER_NODES - 1, B, length], standardised."""
    size = len(clock)
    nodes = list(_roots(rng, clock, length))
    row, time = np.arange(size)[:, None], np.arange(length)
    usable = clock.rows_per(1440) <= 3  # the first root of these has no meaning in hours, but a usual period
    for _ in range(INNER_NODES):
        parents = np.stack(nodes)
        total = np.zeros((size, length), np.float32)
        for number in range(3):
            parent = rng.integers(0, len(nodes), size)
            # the newest node is always a parent, so that chains are long
            parent = np.full(size, len(nodes) - 1) if number == 0 and len(nodes) > ROOTS else parent
            delay = np.where(rng.random(size) < 0.5, 0, rng.integers(0, np.where(usable, 6, MAX_DELAY).ravel()))
            source = parents[parent[:, None], row, MAX_DELAY - delay[:, None] + time]
            total += rng.normal(0, 1, (size, 1)).astype(np.float32) * some(rng, size, 0.9) * source
        value = standardise(_activate(rng.integers(0, ACTIVATIONS, size), standardise(total)))
        value += log_uniform(rng, 0.005, 0.3, size) * heavy_noise(rng, size, length)
        nodes.append(np.concatenate([value[:, :1].repeat(MAX_DELAY, 1), value], 1))
    *drivers, last = (node[:, MAX_DELAY:] for node in nodes)
    return last, np.stack(drivers)


def draw(rng: Generator, clock: Clock, length: int) -> np.ndarray:
    """Series [B, length]."""
    return draw_with_drivers(rng, clock, length)[0]
