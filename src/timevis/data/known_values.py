"""Known covariates in the rows of a forecast: read them, and put other values in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from timevis.config.suggestions import did_you_mean
from timevis.data.panel import Panel
from timevis.errors import ConfigError
from timevis.messages import Text

KnownValues: TypeAlias = Mapping[str, Sequence[float | None]]
"""Name of a known covariate to its values in the rows of a forecast; None keeps the value of the data."""

KNOWN_PREFIX = "known:"
"""Begins the names of columns of a table that has known covariates beside a forecast."""


def known_values(
    panel: Panel, origins: np.ndarray, horizon: int, covariates_read: Sequence[int]
) -> dict[str, np.ndarray]:
    """The known covariates that a model reads, in the rows of the forecast of each channel.

    Parameters
    ----------
    panel : Panel
        With the rows of the forecast; see `timevis.inference.predict.extend_to_horizon`.
    origins : int64 [C]
        Row of the first forecast of each channel.
    horizon : int
        Rows of the forecast.
    covariates_read : sequence of int
        Numbers of the covariates that the model reads.

    Returns
    -------
    dict
        Name to values, float32 [C, horizon]; NaN where the data have none.
    """
    rows, columns = origins[:, None] + np.arange(horizon), panel.channel_covariate_columns
    known = [k for k in covariates_read if panel.covariate_known[k]]
    return {panel.covariate_names[k]: panel.covariates[rows, columns[k][:, None]] for k in known}


def with_known_values(
    panel: Panel, origins: np.ndarray, horizon: int, covariates_read: Sequence[int], values: KnownValues
) -> Panel:
    """The panel with other values of known covariates in the rows of the forecast, for all series alike.

    Parameters
    ----------
    panel, origins, horizon, covariates_read
        As of `known_values`.
    values : mapping
        See `KnownValues`; a shorter sequence keeps the values of later rows.

    Raises
    ------
    ConfigError
        The model reads no such known covariate, or there are more values than rows.
    """
    known = {panel.covariate_names[k]: k for k in covariates_read if panel.covariate_known[k]}
    covariates = panel.covariates.copy()
    for name, given in values.items():
        if name not in known:
            message = Text("the model reads no known covariate {column!r}", column=name)
            raise ConfigError(message, did_you_mean(name, known), "known")
        if len(given) > horizon:
            message = Text(
                "{column} has {count} values, and the forecast has {rows} rows",
                column=name,
                count=len(given),
                rows=horizon,
            )
            raise ConfigError(message, Text("give one value for each row"), "known")
        changed = np.asarray([np.nan if value is None else value for value in given], np.float32)
        columns = panel.channel_covariate_columns[known[name]]
        for column, origin in np.unique(np.stack([columns, origins]), axis=1).T.tolist():
            rows = slice(origin, origin + len(changed))
            covariates[rows, column] = np.where(np.isnan(changed), covariates[rows, column], changed)
    return replace(panel, covariates=covariates)
