"""A small table with a missing value, and a workbook that holds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FRAME = pd.DataFrame(
    {"time": pd.date_range("2024-01-01", periods=5, freq="h"), "load": [1.5, 2.0, np.nan, 4.0, 5.25], "n": range(5)}
)
CSV = FRAME.to_csv(index=False)


def write_workbook(path: Path) -> None:
    """Write an XLSX workbook with an empty sheet, the table in its second sheet, and another column in its third."""
    with pd.ExcelWriter(path) as book:
        pd.DataFrame().to_excel(book, sheet_name="cover")
        FRAME.to_excel(book, sheet_name="data", index=False, startrow=2)
        FRAME.rename(columns={"load": "other"}).to_excel(book, sheet_name="more", index=False)
