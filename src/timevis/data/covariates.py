"""Covariates that are constant within a series, and public holidays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.api import types

from timevis.errors import ConfigError
from timevis.messages import Setting, Text

MAX_CATEGORIES = 1000
"""Texts of a static covariate; a column with more names things rather than groups of them."""


@dataclass(frozen=True)
class StaticCovariates:
    """Values of columns that are constant within each series.

    Attributes
    ----------
    names : tuple of S names
    values : float32 [C, S]
        For each channel: a number, or the position of its text among the categories; NaN where missing.
    categories : tuple of S tuples of str
        The texts of each column, ascending; empty for a column of numbers.
    """

    names: tuple[str, ...]
    values: np.ndarray
    categories: tuple[tuple[str, ...], ...]

    def select(self, channels: Sequence[int]) -> Self:
        """The values of some channels, in the given order."""
        return replace(self, values=self.values[list(channels)])

    @property
    def sizes(self) -> list[int]:
        """Number of categories of each column; 0 for numbers."""
        return [len(texts) for texts in self.categories]

    def varying(self) -> Self | None:
        """Without columns that are equal in all channels; None if no column is left."""
        low, high = np.fmin.reduce(self.values, axis=0), np.fmax.reduce(self.values, axis=0)
        kept = np.flatnonzero(low < high).tolist()
        if not kept:
            return None
        names = tuple(self.names[k] for k in kept)
        categories = tuple(self.categories[k] for k in kept)
        return replace(self, names=names, values=self.values[:, kept], categories=categories)

    def describe(self) -> dict[str, dict[str, Any]]:
        """For each column the number of its ``categories``, or its smallest and largest number."""
        described: dict[str, dict[str, Any]] = {}
        for name, texts, column in zip(self.names, self.categories, self.values.T, strict=True):
            numbers = {"min": float(np.nanmin(column)), "max": float(np.nanmax(column))}
            described[name] = {"categories": len(texts)} if texts else numbers
        return described


def find_static_columns(frame: pd.DataFrame, candidates: Sequence[str], series: str) -> list[str]:
    """The columns that are constant within each series of a long table, of numbers, booleans or text."""
    code, names = pd.factorize(frame[series])
    if not len(names):
        return []
    has_name = code >= 0
    static = []
    for name in candidates:
        column = frame[name]
        if types.is_datetime64_any_dtype(column) or column.isna().all():
            continue
        value, texts = pd.factorize(column)
        is_filled = has_name & (value >= 0)
        value_of_series = np.full(len(names), -1)
        value_of_series[code[is_filled][::-1]] = value[is_filled][::-1]
        is_number = types.is_numeric_dtype(column)
        if (value_of_series[code] == value)[is_filled].all() and (is_number or len(texts) <= MAX_CATEGORIES):
            static.append(name)
    return static


def read_static_covariates(
    frame: pd.DataFrame, names: Sequence[str], series_code: np.ndarray, num_series: int
) -> StaticCovariates:
    """The static covariates of each series, as values of one channel of it.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
        From `find_static_columns`.
    series_code : int64 [rows]
        Number of the series of each row.
    num_series : int
    """
    values = np.full((num_series, len(names)), np.nan, np.float32)
    categories: list[tuple[str, ...]] = []
    for k, name in enumerate(names):
        column = frame[name]
        filled = np.flatnonzero(column.notna())[::-1]  # the first row of each series is written last
        if types.is_numeric_dtype(column) and not types.is_bool_dtype(column):
            values[series_code[filled], k] = column.to_numpy(np.float64, na_value=np.nan)[filled]
            categories.append(())
            continue
        codes, texts = pd.factorize(column.map(str, na_action="ignore"), sort=True)
        values[series_code[filled], k] = codes[filled]
        categories.append(tuple(map(str, texts)))
    return StaticCovariates(tuple(names), values, tuple(categories))


def holiday_flags(index: pd.DatetimeIndex, country: str, key: str = "data.covariates.holiday") -> np.ndarray:
    """1 on the public holidays of a country, by local date, and 0 on other days.

    Parameters
    ----------
    index : DatetimeIndex [T]
        Local time.
    country : str
        ISO 3166 code, with an optional subdivision: ``PT``, ``US-MN``.
    key : str
        The config key that names the country, for the error.

    Returns
    -------
    float32 [T]

    Raises
    ------
    ConfigError
        The `holidays` package has no such country or subdivision.
    """
    import holidays

    code, _, subdivision = country.partition("-")
    years = range(int(index.year.min()), int(index.year.max()) + 1)
    try:
        days = holidays.country_holidays(code.upper(), subdiv=subdivision.upper() or None, years=years)
    except NotImplementedError as error:
        message = Text(
            "{setting} is not a country or subdivision with known holidays", setting=Setting(key, repr(country))
        )
        advice = Text("give an ISO 3166 code such as DE, CN or US-MN")
        raise ConfigError(message, advice, key) from error
    dates = index.tz_localize(None).normalize()  # in this order: a local midnight may not exist
    return dates.isin(pd.to_datetime(list(days))).astype(np.float32)
