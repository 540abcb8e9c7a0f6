"""Tables as CSV files that a spreadsheet program opens without evaluating a text as a formula."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that spreadsheet programs evaluate (OWASP, CSV injection)."""


def neutralise(value: Any) -> Any:
    """A text with an apostrophe before it if a spreadsheet program would evaluate it; other values unchanged."""
    if not isinstance(value, str) or not value.startswith(FORMULA_STARTS) or _is_number(value):
        return value
    return f"'{value}"


def to_csv(table: pd.DataFrame, path: Path | IO[str] | None = None, *, index: bool = True) -> Any:
    """Write a table to a CSV file or an open text file, or return it as text if there is neither, as pandas does.

    Texts in cells, in names of columns and in the index are neutralised; numbers are unchanged.
    """
    import pandas as pd

    safe = table.reset_index() if index else table.copy()
    for position, dtype in enumerate(safe.dtypes):
        if (
            isinstance(dtype, pd.CategoricalDtype)
            or pd.api.types.is_object_dtype(dtype)
            or pd.api.types.is_string_dtype(dtype)
        ):
            safe.isetitem(position, safe.iloc[:, position].astype(object).map(neutralise))
    safe.columns = pd.Index([neutralise(name) for name in safe.columns])
    return safe.to_csv(path, index=False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
