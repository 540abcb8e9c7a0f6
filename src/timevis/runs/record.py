"""Read the files of a finished run for the report and for comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from timevis.config.stored import load_values
from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day
from timevis.errors import RunFolderError
from timevis.messages import Text
from timevis.runs.folder import RunFolder
from timevis.utils.formatting import format_number

SCHEMA_VERSION = 3
"""Version of the keys of results.json, and of the methods for its seasonal naive and its intervals."""


@dataclass
class RunRecord:
    """The files of a run folder that evaluation reads. Those that have not been used are not read.

    Attributes
    ----------
    folder : Path
    results : dict
        results.json.
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
    history : DataFrame or None
        metrics.csv with the logged steps, if the model was trained.
    """

    folder: Path
    results: dict[str, Any]

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
        results = run.results
        version = results.get("schema_version")
        if version != SCHEMA_VERSION:
            raise RunFolderError(
                Text(
                    "results-of-other-version",
                    "{path}: results.json has schema_version {version}, but this version of TimeVis reads "
                    "{expected}, with other intervals or another use of validation",
                    path=str(folder),
                    version=version,
                    expected=SCHEMA_VERSION,
                ),
                Text(
                    "run-again-or-old-version",
                    "run it again, or read it with the version of TimeVis that wrote it",
                ),
            )
        return cls(run.path, results)

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
        return _read_parquet(self.folder / "samples.parquet")

    @cached_property
    def history(self) -> pd.DataFrame | None:
        return _read_csv(self.folder / "metrics.csv")

    @property
    def horizon(self) -> int:
        return int(self.results["window_set"]["horizon"])

    @property
    def channels(self) -> list[str]:
        return list(self.results["window_set"]["channels"])

    @property
    def channels_not_scored(self) -> list[str]:
        """Channels without a window, as their series are too short; none for a split on the common axis."""
        if self.results["window_set"]["borders"] is not None:
            return []
        scored = set(self.windows["channel"].unique())
        return [channel for channel in self.channels if channel not in scored]

    @property
    def timezone(self) -> str | None:
        """Time zone of the hours and weekdays of the data; None if times have none."""
        return self.data_report["timezone"]

    @property
    def time_format(self) -> str:
        """Format of times: without the time of day for daily or slower data, without the weekday for slower data."""
        per_day = steps_per_day(self.results["window_set"]["freq"])
        if per_day < MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
            return "%Y-%m-%d"
        return "%a %Y-%m-%d" if per_day <= 1 else "%a %Y-%m-%d %H:%M" + ":%S" * (per_day > 1440)

    def unit_of(self, channel: str) -> str:
        """Unit of a channel; empty if it is not known."""
        card = self.data_report["card"]
        return card["units"].get(channel) or card["unit"]

    @property
    def label(self) -> str:
        """Name of the model, with its backbone if it has one."""
        return model_label(self.results["run"])


def model_label(run: dict[str, Any]) -> str:
    """Name of the model in the ``run`` of results.json, with any backbone: ``lstm`` or ``qwen [nano]``."""
    name = backbone_name(run)
    return f"{run['model']} [{name}]" if name else str(run["model"])


def scored_channels(results: dict[str, Any], metric: str = "mae") -> list[str]:
    """Channels on which a metric is defined, which it is averaged over; MAE is defined on channels with a truth."""
    return [channel for channel, metrics in results["by_channel"].items() if metrics[metric] is not None]


def backbone_name(run: dict[str, Any]) -> str | None:
    """Name of the backbone in the ``run`` of results.json; None for a model without a backbone."""
    return run["backbone"]["name"] if run["backbone"] else None


def describe_backbone(run: dict[str, Any]) -> str:
    """Name, size and fingerprint of the backbone; empty for a model without a backbone."""
    backbone = run["backbone"] or {}
    formats = {
        "name": "{}",
        "parameters": "{} parameters",
        "trainable": "{} trained",
        "fingerprint": "fingerprint {}",
    }
    parts = [
        text.format(format_number(backbone[key])) for key, text in formats.items() if backbone.get(key) is not None
    ]
    others = (value for key, value in backbone.items() if key not in (*formats, "id") and value)
    return ", ".join([*parts, *map(format_number, others)])


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


def _read_parquet(path: Path) -> pd.DataFrame | None:
    return pd.read_parquet(path) if path.is_file() else None


def _read_csv(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.is_file() and path.stat().st_size else None
