"""Write metrics.csv, which has one row per step with all metrics logged at that step."""

from __future__ import annotations

import csv
import io
import math
from argparse import Namespace
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from timevis.utils.files import write_text

NAME = "metrics.csv"


class MetricsCsv(Logger):
    """Writes metrics.csv of a run folder; a resumed run continues the file.

    Parameters
    ----------
    folder : Path
    last_step : int, optional
        The last step of the file that is kept; a resumed run logs the later ones again. None starts a new file.
    """

    def __init__(self, folder: Path, last_step: int | None = None) -> None:
        super().__init__()
        self.path = Path(folder) / NAME
        self._rows: dict[int, dict[str, Any]] = {}
        self._columns: list[str] = ["step"]
        self._written = 0
        if last_step is not None and self.path.is_file():
            self._load(last_step)

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> str:
        return ""

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        pass  # they are in config.yaml

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        step = step or 0
        new = [name for name in metrics if name not in self._columns]
        self._columns += new
        if new or step in self._rows:
            self._written = 0
        self._rows.setdefault(step, {"step": step}).update({k: v for k, v in metrics.items() if math.isfinite(v)})

    @rank_zero_only
    def save(self) -> None:
        """Append the new rows; if there is a new column or a row has changed, rewrite the file."""
        if self._written == 0:
            text = io.StringIO()
            writer = csv.DictWriter(text, self._columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows[step] for step in sorted(self._rows))
            write_text(self.path, text.getvalue())
        else:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                rows = list(self._rows.values())[self._written :]
                csv.DictWriter(file, self._columns, lineterminator="\n").writerows(rows)
        self._written = len(self._rows)

    def finalize(self, status: str) -> None:
        self.save()

    def _load(self, last_step: int) -> None:
        with self.path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            self._columns = list(reader.fieldnames or ["step"])
            for row in reader:
                step = int(row["step"])
                if step <= last_step:
                    self._rows[step] = {**{name: value for name, value in row.items() if value}, "step": step}
