"""How a file is read: each option is declared here once, and every interface derives what it offers from it.

The section `data` of the config, the upload of a dataset and its correction, the training request, the forms of the
page and ``timevis predict`` with new files accept these options.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from timevis.config.options import PositiveInt


@dataclass(frozen=True)
class ReadOptions:
    """How the cells of a file are read; what is not given is found from the file.

    Attributes
    ----------
    sheet : str or int, optional
        Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
    header : int, optional
        Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
    encoding : str, optional
        Encoding of a text file, for example cp1252 or gb18030; null finds it.
    decimal : {"point", "comma"}, optional
        Decimal mark of numbers written as text; null finds it.
    day_first : bool, optional
        Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
    missing_values : list of str
        Further words and numbers that mark a missing value in cells of targets and covariates.
    duplicates : {"mean", "sum", "first", "last"}, optional
        How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
    """

    sheet: str | int | None = None
    header: PositiveInt | None = None
    encoding: str | None = None
    decimal: Literal["point", "comma"] | None = None
    day_first: bool | None = None
    missing_values: Sequence[str] = ()
    duplicates: Literal["mean", "sum", "first", "last"] | None = None


DEFAULT_READ_OPTIONS = ReadOptions()
"""All options are found from the file."""
