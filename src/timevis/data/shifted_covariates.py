"""Covariates shifted in time, as a reference without relation to the targets."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from timevis.data.datamodule import WindowDataModule


def shifts_of(rows: int, seasons: Sequence[int], number: int) -> list[int]:
    """At most `number` shifts, in rows, evenly spaced over `rows`.

    They are multiples of the longest season that fits often enough, so that a covariate keeps its values of each hour
    or month.
    """
    season = max((s for s in seasons if rows // s > number), default=1)
    whole = rows // season
    places = np.unique(np.linspace(0, whole, number + 2).round().astype(int)[1:-1])
    return [int(place) * season for place in places if 0 < place < whole]


def with_shifted_covariates(datamodule: WindowDataModule, covariates: Sequence[int], shift: int) -> WindowDataModule:
    """A copy of a data module in which some covariates are shifted in time, the last values to the front.

    Only observed values move, so that missing ones stay where they are.

    Parameters
    ----------
    datamodule : WindowDataModule
    covariates : sequence of int
        Numbers of the covariates.
    shift : int
        In rows.
    """
    series = copy.copy(datamodule.series)
    series.covariates = series.covariates.clone()
    columns = datamodule.panel.channel_covariate_columns
    for column in np.unique(columns[list(covariates)]).tolist():
        observed = series.covariate_observed[:, column]
        values = series.covariates[observed, column]
        series.covariates[observed, column] = torch.roll(values, shift)
    shifted = copy.copy(datamodule)
    shifted.series = series
    return shifted
