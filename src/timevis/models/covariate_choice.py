"""Which covariates a model reads: a screen with small boosted trees on validation."""

from __future__ import annotations

import logging
from typing import Literal, TypeAlias

import numpy as np

from timevis.data.datamodule import WindowDataModule
from timevis.data.known_values import shifts_of, with_shifted_covariates
from timevis.intervals.conformal import independent_horizons

log = logging.getLogger(__name__)

SCREEN_ROWS, SCREEN_ROUNDS = 24_000, 100
"""Training rows and boosting rounds of a fit that only tells whether covariates help."""
MIN_SCREEN_GAIN = 0.01
"""Smallest share by which covariates must lower the validation error."""
MIN_OBSERVED_GAIN_OF_NETWORKS = 0.1
"""Smallest share by which observed covariates must lower the error of the trees, so that a network reads them."""
MIN_SCREEN_HORIZONS = 10
"""Independent horizons of the tuning windows below which this share is larger, in inverse proportion."""
MAX_CHECKED_HORIZONS = 20
"""Independent horizons of the tuning windows from which covariates are not compared to shifted copies."""
SHIFTED_COPIES = 8
"""Fits with covariates that are shifted in time, to which covariates that seem to help are compared."""
MAX_SHIFTED_DEVIATIONS = 2.0
"""The error must be lower than the mean error of these fits by more than so many standard deviations."""


CovariateChoice: TypeAlias = Literal["auto", "known", "all", "none"]


def covariates_to_read(
    datamodule: WindowDataModule,
    choice: CovariateChoice,
    can_read_observed: bool = True,
    min_observed_gain: float = MIN_SCREEN_GAIN,
) -> list[int]:
    """Column numbers of the covariates that a model reads.

    For ``auto``, small boosted models are fitted without covariates, with the covariates that are known ahead, and
    with all. The covariates that give the lowest absolute error on the tuning windows are read, if it is lower than
    the error of fewer covariates by at least `MIN_SCREEN_GAIN` (more if there are few windows), and, unless
    there are many windows, clearly lower than with the same covariates shifted in time: noise often lowers the error
    of few windows, too.

    Parameters
    ----------
    datamodule : WindowDataModule
    choice : {"auto", "known", "all", "none"}
    can_read_observed : bool
        Whether the model can read covariates that are only observed.
    min_observed_gain : float
        Smallest share by which these must lower the error. Networks overfit to them where trees do not, and have
        `MIN_OBSERVED_GAIN_OF_NETWORKS`.
    """
    is_known = datamodule.series.covariate_known.tolist()
    choices: dict[str, list[int]] = {"none": [], "known": [i for i, known in enumerate(is_known) if known]}
    if can_read_observed:
        choices["all"] = list(range(len(is_known)))
    if choice != "auto":
        return choices[choice]
    distinct = {name: columns for name, columns in choices.items() if columns or name == "none"}
    if "known" in distinct and distinct.get("all") == distinct["known"]:
        del distinct["all"]
    if len(distinct) == 1:
        return []
    errors = {name: _screening_error(datamodule, columns) for name, columns in distinct.items()}
    origin, channel = datamodule.windows["tuning"].pairs
    horizons = independent_horizons(channel, origin, datamodule.num_channels, datamodule.horizon)
    min_gain, best = MIN_SCREEN_GAIN * max(1.0, MIN_SCREEN_HORIZONS / max(1.0, horizons)), "none"
    for name, error in errors.items():
        gain = max(min_gain, min_observed_gain) if name == "all" else min_gain
        if error < (1 - gain) * errors[best]:
            added = [column for column in distinct[name] if column not in distinct[best]]
            is_certain = horizons >= MAX_CHECKED_HORIZONS
            if is_certain or _is_lower_than_by_chance(error, datamodule, distinct[name], added):
                best = name
    described = ", ".join(f"{name} {error:.4g}" for name, error in errors.items())
    log.info("covariates=auto reads %s; validation errors of small boosted models: %s", best, described)
    return distinct[best]


def _is_lower_than_by_chance(
    error: float, datamodule: WindowDataModule, columns: list[int], shifted: list[int]
) -> bool:
    """Whether a `_screening_error` is clearly lower than the errors of fits in which some covariates are shifted."""
    errors: list[float] = []
    for shift in shifts_of(datamodule.split.training_rows, datamodule.seasons, SHIFTED_COPIES):
        errors.append(_screening_error(with_shifted_covariates(datamodule, shifted, shift), columns))
        if error >= (1 - MIN_SCREEN_GAIN) * errors[-1]:
            return False
    return len(errors) > 1 and error < float(np.mean(errors) - MAX_SHIFTED_DEVIATIONS * np.std(errors, ddof=1))


def _screening_error(datamodule: WindowDataModule, columns: list[int]) -> float:
    """Mean absolute error on the tuning windows of a small boosted model that reads these covariates, in stds."""
    from timevis.models.boosted import Boosted  # which selects its covariates with this module, too

    model = Boosted.from_data(
        datamodule, covariate_columns=columns, max_rows=SCREEN_ROWS, patience=10, feature_fraction=1.0
    )
    model.prepare_features(datamodule)
    train, val = (model.table(datamodule, part) for part in ("train", "tuning"))
    booster = model.fit_trees(train, val, SCREEN_ROUNDS)
    return float(np.abs(val[1] - booster.predict(val[0], num_threads=1)).mean())
