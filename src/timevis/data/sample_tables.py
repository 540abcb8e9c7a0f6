"""Tables to try TimeVis on: synthetic ones with typical defects, and the bundled ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from timevis.data.catalog import BUNDLED, read_card
from timevis.data.synthetic import synthetic_panel

SAMPLE_DOMAINS = ("traffic", "electricity", "weather")
DEFAULT_ROWS = 24 * 180


def synthetic_table(
    domain: str,
    rows: int = DEFAULT_ROWS,
    series: int = 1,
    *,
    frequency: str = "h",
    start: str = "2024-01-01",
    layout: Literal["wide", "long"] = "wide",
    clean: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """A table of a domain from a seed: wide (one column for each series) or long (columns time, series and value).

    Parameters
    ----------
    domain : str
        One of `SAMPLE_DOMAINS`.
    rows, series : int
    frequency, start : str
    layout : {"wide", "long"}
    clean : bool
        Without a gap, a duplicate row and an outlier.
    seed : int
    """
    panel = synthetic_panel(rows, series, domain=domain, freq=frequency, seed=seed, start=start)
    table = pd.DataFrame(panel.values.round(2), columns=list(panel.channels)).astype("float64").round(2)
    table.insert(0, "time", panel.index)
    if layout == "long":
        table = table.melt("time", var_name="series", value_name="value")
    return table if clean else add_defects(table, seed)


def add_defects(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add a gap, a duplicate row and an outlier to a table; a table of less than 100 rows is not changed."""
    if len(table) < 100:
        return table
    rng = np.random.default_rng(seed)
    gap, duplicate, outlier = (int(r) for r in rng.integers(10, len(table) - 20, 3))
    value = table.columns[-1]
    table.loc[outlier, value] = table[value].mean() + 12 * table[value].std()
    table = pd.concat([table, table.iloc[[duplicate]]]).sort_index(kind="stable")
    return table.drop(index=range(gap, gap + 6)).reset_index(drop=True)


def bundled_table(domain: str, rows: int | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The newest rows of the bundled table of a domain, and the options with which a file of it is read.

    Parameters
    ----------
    domain : str
        One of `SAMPLE_DOMAINS`.
    rows : int, optional
        None takes all rows.

    Returns
    -------
    table : DataFrame
    options : dict
        Keys of the config section `data`.
    """
    card, _ = read_card(domain)
    table = pd.read_csv(Path(str(BUNDLED / f"{domain}.csv.gz")))
    covariates = {name: kind for name, kind in card.covariates.items() if name in table}
    if card.country:
        covariates["holiday"] = card.country
    options: dict[str, Any] = {
        "domain": card.domain,
        "unit": card.units or card.unit,
        "description": card.description,
    }
    options |= {"frequency": card.frequency, "covariates": covariates}
    return table if rows is None else table.tail(rows), {key: value for key, value in options.items() if value}
