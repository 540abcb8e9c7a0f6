"""Public holidays as a 0/1 series, known any time ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.errors import ConfigError


def holiday_flags(index: pd.DatetimeIndex, country: str) -> np.ndarray:
    """1 on public holidays of a country, read by local date.

    Parameters
    ----------
    index : DatetimeIndex [T]
        Local clock time.
    country : str
        ISO 3166 code, with an optional subdivision: ``PT``, ``US-MN``.

    Returns
    -------
    float32 [T]

    Raises
    ------
    ConfigError
        The `holidays` package knows no such country or subdivision.
    """
    import holidays

    code, _, subdivision = country.partition("-")
    years = range(int(index.year.min()), int(index.year.max()) + 1)
    try:
        days = holidays.country_holidays(code.upper(), subdiv=subdivision.upper() or None, years=years)
    except NotImplementedError as error:
        raise ConfigError(
            f"data.covariates.holiday={country!r} is not a country with known holidays",
            "give an ISO 3166 code such as DE, CN or US-MN",
        ) from error
    dates = index.tz_localize(None).normalize()  # in this order: where clocks change at midnight, a day has none
    return dates.isin(pd.to_datetime(list(days))).astype(np.float32)
