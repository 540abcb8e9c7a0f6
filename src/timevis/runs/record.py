"""A run as it was recorded: config, results, history."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from timevis.config.stored import load_values
from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day
from timevis.runs.explanation import Explanation
from timevis.runs.folder import RunFolder
from timevis.runs.results import Results
from timevis.utils.files import damaged_file_error
from timevis.utils.phrases import WEEKDAYS

METRICS_CSV = "metrics.csv"
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


@dataclass
class RunRecord:
    """The files of a run folder that evaluation reads. Those that have not been used are not read.

    Attributes
    ----------
    folder : Path
    results : Results
    data_report : dict
        data_report.json.
    config : dict
        config.yaml.
    overrides : list of str
        Overrides of the command line that started the run.
    windows : DataFrame
        windows.parquet.
    naive_windows : DataFrame
        windows_seasonal_naive.parquet: the same windows for seasonal naive.
    predictions : DataFrame
        predictions.parquet.
    samples : DataFrame or None
        samples.parquet, if the model draws sample paths.
    history : History
        The logged steps of metrics.csv.
    """

    folder: Path
    results: Results

    @classmethod
    def load(cls, folder: Path | str) -> RunRecord:
        """Read the results of a run folder.

        Raises
        ------
        RunFolderError
            The folder is not a run folder, the run has not been scored, or another version of TimeVis scored it. The
            other attributes raise it if their file is absent or damaged.
        """
        run = RunFolder(folder)
        return cls(run.path, run.results)

    @cached_property
    def _files(self) -> RunFolder:
        return RunFolder(self.folder)

    @cached_property
    def data_report(self) -> dict[str, Any]:
        return self._files.data_report

    @cached_property
    def config(self) -> dict[str, Any]:
        return load_values(self.folder / "config.yaml")

    @cached_property
    def overrides(self) -> list[str]:
        return self._files.overrides

    @cached_property
    def windows(self) -> pd.DataFrame:
        return self._files.table("windows")

    @cached_property
    def naive_windows(self) -> pd.DataFrame:
        return self._files.table("windows_seasonal_naive")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        return self._files.table("predictions")

    @cached_property
    def samples(self) -> pd.DataFrame | None:
        path = self.folder / "samples.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    @cached_property
    def history(self) -> History:
        path = self.folder / METRICS_CSV
        return History.parse(path.read_bytes() if path.is_file() else b"", path)

    @cached_property
    def explanation(self) -> Explanation | None:
        """What `timevis explain` measured; None if it was not run."""
        return Explanation.read(self.folder)

    @property
    def horizon(self) -> int:
        return self.results.window_set.horizon

    @property
    def channels(self) -> list[str]:
        return self.results.window_set.channels

    @property
    def channels_not_scored(self) -> list[str]:
        """Channels without a window, as their series are too short; none for a split on the common axis."""
        if self.results.window_set.borders is not None:
            return []
        scored = set(self.windows["channel"].unique())
        return [channel for channel in self.channels if channel not in scored]

    @property
    def timezone(self) -> str | None:
        """Time zone of the hours and weekdays of the data; None if times have none."""
        return self.data_report["timezone"]

    def time_text(self, time: pd.Timestamp) -> str:
        """A time without the time of day for daily or slower data, and without the weekday for slower data."""
        per_day = steps_per_day(self.results.window_set.freq)
        if per_day < MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
            return time.strftime("%Y-%m-%d")
        clock = "" if per_day <= 1 else " %H:%M" + ":%S" * (per_day > 1440)
        return f"{WEEKDAYS[time.weekday()]} {time.strftime(f'%Y-%m-%d{clock}')}"

    def unit_of(self, channel: str) -> str:
        """Unit of a channel; empty if it is not known."""
        card = self.data_report["card"]
        return card["units"].get(channel) or card["unit"]

    @property
    def label(self) -> str:
        """Name of the model, with its backbone if it has one."""
        return self.results.run.label


IGNORED_OVERRIDES = ("seed=", "logger", "hydra.", "trainer.enable_progress_bar=")
"""Prefixes of overrides that do not change the model, or that tables show in a column of their own."""


def differing_overrides(runs: Sequence[Sequence[str]]) -> list[str]:
    """For each run, the overrides that not all runs share, without `IGNORED_OVERRIDES`, as one text.

    Parameters
    ----------
    runs : sequence of sequences of str
        Overrides of each run.
    """
    relevant = [[o for o in overrides if not o.startswith(IGNORED_OVERRIDES)] for overrides in runs]
    shared = set.intersection(*map(set, relevant)) if len(relevant) > 1 else set()
    return [" ".join(o.removeprefix("experiment=") for o in overrides if o not in shared) for overrides in relevant]


def without_data_and_model(setting: str) -> str:
    """The overrides in a text of `differing_overrides` that choose neither the data nor the model."""
    return " ".join(part for part in setting.split() if not part.startswith(("data=", "model=")))
