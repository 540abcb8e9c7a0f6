"""Parse a column of times without a file."""

from __future__ import annotations

import pandas as pd

from timevis.data.table import Table
from timevis.data.timestamps.parse_times import parse_times


def parse_index(values: object, **options: bool | None) -> pd.DatetimeIndex:
    """The times that `parse_times` reads from a column with these cells."""
    return parse_times(Table(pd.DataFrame({"time": values}), "t.csv"), ("time",), **options).index
