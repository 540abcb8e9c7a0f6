"""The best forecast within a time limit: an ensemble whose members are tried from the fastest to the slowest."""

from __future__ import annotations

from typing import ClassVar

from timevis.models.declaration import Declaration
from timevis.models.ensemble import Ensemble

DEFAULT_MINUTES = 10.0


class Auto(Ensemble):
    """Tries models from the fastest to the slowest within a time limit, and combines those that help.

    It is an ensemble whose members are fitted as long as the time lasts: a model is tried if its estimated time fits
    into what is left. After each model there is a forecast that can be used, and the end of the time, or Ctrl-C,
    gives the best one so far. Where no model is better than seasonal naive on validation, the forecast is seasonal
    naive.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    members : sequence of str
        Models that are tried, in this order, each with options of its own if there are any, such as lstm or "lstm
        hidden_size=64".
    rounds : int
        Steps of the greedy selection of the weights.
    """

    declaration = Declaration(
        title="Best within a time limit",
        rough_seconds=60 * DEFAULT_MINUTES,
        rough_memory_mb=1500.0,
        is_recommended=True,
        presets={"quick": {"minutes": 2.0}, "best": {"minutes": DEFAULT_MINUTES}},
        finishes_on_interrupt=True,
    )
    default_minutes: ClassVar[float | None] = DEFAULT_MINUTES
