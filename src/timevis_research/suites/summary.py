"""Summarise the scores of several models on several data sets: win rates and skill scores, as fev-bench does.

See Shchur et al. (2025), "fev-bench: A realistic benchmark for time series forecasting".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

RESAMPLES = 50_000
"""Bootstrap samples; with fewer, the ends of the intervals depend on the seed."""
RELATIVE_ERROR_RANGE = (1e-2, 1e2)
"""Relative errors are clipped to this range before they are averaged, as in fev-bench."""


@dataclass(frozen=True)
class Summary:
    """Scores over data sets.

    Attributes
    ----------
    models : DataFrame
        A row per model: `win_rate` (share of pairs of a data set and another model in which this model has the lower
        error; a tie is half a win), `skill` (1 minus the geometric mean of the error relative to the baseline), each
        with `_low` and `_high`, the 95 % bootstrap interval over data sets.
    pairs : DataFrame
        A row for each `model` and `other`: `win_rate` (share of data sets on which the model is better than the
        other) and `skill` (1 minus the geometric mean of its error relative to the other's), with intervals as above.
    """

    models: pd.DataFrame
    pairs: pd.DataFrame


def summarise(errors: pd.DataFrame, baseline: str, seed: int = 0) -> Summary:
    """Win rates and skill scores.

    Parameters
    ----------
    errors : DataFrame [D, M]
        An error per data set (row) and model (column), lower is better, no value missing.
    baseline : str
        The column whose skill is 0.
    seed : int
        Of the bootstrap.

    Raises
    ------
    ValueError
        A value is missing or not positive, or there are fewer than two models.
    """
    values = errors.to_numpy(dtype=np.float64)
    if values.shape[1] < 2 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("errors must be positive and complete for at least two models")
    wins = (values[:, :, None] < values[:, None, :]) + 0.5 * (values[:, :, None] == values[:, None, :])
    log_ratio = np.log(np.clip(values[:, :, None] / values[:, None, :], *RELATIVE_ERROR_RANGE))
    others = values.shape[1] - 1
    win_rate = (wins.sum(2) - 0.5) / others  # [D, M]; a model ties with itself
    against_baseline = log_ratio[:, :, errors.columns.get_loc(baseline)]
    sets = len(values)
    shares = np.random.default_rng(seed).multinomial(sets, np.full(sets, 1 / sets), RESAMPLES) / sets  # [R, D]

    def means(of_sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean over data sets, and the means of the bootstrap samples, of which the first axis is the sample."""
        return of_sets.mean(0), (shares @ of_sets.reshape(sets, -1)).reshape(RESAMPLES, *of_sets.shape[1:])

    def skills(log_ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, resampled = means(log_ratios)
        return 1 - np.exp(mean), 1 - np.exp(resampled)

    table = pd.DataFrame(
        {**_with_interval("win_rate", *means(win_rate)), **_with_interval("skill", *skills(against_baseline))},
        index=errors.columns,
    )
    pairwise = {**_with_interval("win_rate", *means(wins)), **_with_interval("skill", *skills(log_ratio))}
    names = pd.MultiIndex.from_product([errors.columns, errors.columns], names=["model", "other"])
    pairs = pd.DataFrame({name: values.ravel() for name, values in pairwise.items()}, index=names)
    is_pair = names.get_level_values(0) != names.get_level_values(1)
    return Summary(
        table.sort_values(["skill", "win_rate"], ascending=False, kind="stable"), pairs[is_pair].reset_index()
    )


def _with_interval(name: str, value: np.ndarray, resampled: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
