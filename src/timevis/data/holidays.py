"""Public holidays as a covariate of zeros and ones, known for all future times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.errors import ConfigError
from timevis.messages import Setting, Text


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
            "country-without-holidays",
            "{setting} is not a country or subdivision with known holidays",
            setting=Setting(key, repr(country)),
        )
        advice = Text("give-country-code", "give an ISO 3166 code such as DE, CN or US-MN")
        raise ConfigError(message, advice, key) from error
    dates = index.tz_localize(None).normalize()  # in this order: a local midnight may not exist
    return dates.isin(pd.to_datetime(list(days))).astype(np.float32)
