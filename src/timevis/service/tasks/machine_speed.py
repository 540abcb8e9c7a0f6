"""How fast this machine computes, compared with the one on which the rough times of the models were measured."""

from __future__ import annotations

import time
from functools import cache

import numpy as np

SIZE = 384
MEASURE_SECONDS = 0.2
REFERENCE_SECONDS = 0.001
"""Time of one product of two matrices of `SIZE` rows on one core of the reference machine (AMD EPYC)."""


@cache
def slowness() -> float:
    """Time of a computation on this machine, divided by its time on the reference machine; between 0.1 and 20."""
    matrix = np.random.default_rng(0).random((SIZE, SIZE), dtype=np.float32)
    fastest, deadline = np.inf, time.perf_counter() + MEASURE_SECONDS
    while (started := time.perf_counter()) < deadline:
        matrix @ matrix
        fastest = min(fastest, time.perf_counter() - started)
    return float(min(20.0, max(0.1, fastest / REFERENCE_SECONDS)))
