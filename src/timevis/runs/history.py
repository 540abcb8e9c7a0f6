"""metrics.csv as a typed object, which is read here only."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from timevis.utils.files import damaged_file_error

NAME = "metrics.csv"
WHOLE_NUMBER_COLUMNS = ("step", "epoch")


@dataclass(frozen=True)
class History:
    """The logged steps of a run.

    Attributes
    ----------
    rows : list of dict
        Rows of metrics.csv: ``step``, and the columns that have a value, such as ``train/loss`` and ``val/wql``.
    """

    rows: list[dict[str, float]]

    @classmethod
    def parse(cls, content: bytes, path: Path) -> History:
        """Parse the content of metrics.csv; a line that the run has not written to its end yet is left out.

        Raises
        ------
        RunFolderError
            The file is damaged; `path` names it.
        """
        complete = content[: content.rfind(b"\n") + 1].decode("utf-8", errors="replace")
        try:
            rows = [
                {name: int(float(v)) if name in WHOLE_NUMBER_COLUMNS else float(v) for name, v in row.items() if v}
                for row in csv.DictReader(io.StringIO(complete))
            ]
            return cls([row for row in rows if row["step"] >= 0])  # KeyError: no column of steps
        except (ValueError, TypeError, KeyError) as error:
            raise damaged_file_error(path, error) from error

    def since(self, step: int) -> History:
        """The rows from a step on."""
        return History([row for row in self.rows if row["step"] >= step])

    def curve(self, column: str) -> tuple[list[float], list[float]]:
        """The steps at which a column has a value, and its values."""
        points = [(row["step"], row[column]) for row in self.rows if column in row]
        return [step for step, _ in points], [value for _, value in points]
