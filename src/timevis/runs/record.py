"""What a finished run left in its folder, read once for report, comparison and plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day
from timevis.errors import RunFolderError
from timevis.runs.folder import RunFolder
from timevis.utils.formatting import format_number

SCHEMA_VERSION = 2
"""Of the keys of results.json, and of how seasonal naive and the intervals in it are made."""


@dataclass(frozen=True)
class RunRecord:
    """The files of a run folder that evaluation reads.

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
        Of the command line.
    windows : DataFrame
        windows.parquet.
    naive_windows : DataFrame
        windows_seasonal_naive.parquet, the same rows for seasonal naive.
    predictions : DataFrame
    samples : DataFrame or None
    history : DataFrame or None
        metrics.csv, every logged step.
    """

    folder: Path
    results: dict[str, Any]
    data_report: dict[str, Any]
    config: dict[str, Any]
    overrides: list[str]
    windows: pd.DataFrame
    naive_windows: pd.DataFrame
    predictions: pd.DataFrame
    samples: pd.DataFrame | None
    history: pd.DataFrame | None

    @classmethod
    def load(cls, folder: Path | str) -> RunRecord:
        """Read a run folder.

        Raises
        ------
        RunFolderError
            It is no run folder, its run has not been scored, or not by the rules of this version.
        """
        run = RunFolder(folder)
        version = run.results.get("schema_version")
        if version != SCHEMA_VERSION:
            raise RunFolderError(
                f"{folder}: results.json has schema_version {version}, and this TimeVis writes {SCHEMA_VERSION}: "
                "seasonal naive or the intervals were made by other rules",
                "run it again, or read it with the TimeVis that made it",
            )
        config: Any = OmegaConf.to_container(run.config)
        return cls(
            folder=run.path,
            results=run.results,
            data_report=run.data_report,
            config=config,
            overrides=run.overrides,
            windows=run.table("windows"),
            naive_windows=run.table("windows_seasonal_naive"),
            predictions=run.table("predictions"),
            samples=_parquet(run.path / "samples.parquet"),
            history=_csv(run.path / "metrics.csv"),
        )

    @property
    def horizon(self) -> int:
        return int(self.results["window_set"]["horizon"])

    @property
    def channels(self) -> list[str]:
        return list(self.results["window_set"]["channels"])

    @property
    def timezone(self) -> str | None:
        """Zone in which hours and weekdays are read."""
        return self.data_report["timezone"]

    @property
    def time_format(self) -> str:
        """How a time is shown: without a clock where rows are days or longer, nor a weekday where they are longer."""
        per_day = steps_per_day(self.results["window_set"]["freq"])
        if per_day < MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
            return "%Y-%m-%d"
        return "%a %Y-%m-%d" if per_day <= 1 else "%a %Y-%m-%d %H:%M" + ":%S" * (per_day > 1440)

    def unit_of(self, channel: str) -> str:
        """Unit of a channel, or nothing where it is not known."""
        card = self.data_report["card"]
        return card["units"].get(channel) or card["unit"]

    @property
    def label(self) -> str:
        """Name of the model, with its backbone where it has one."""
        return model_label(self.results["run"])


def model_label(run: dict[str, Any]) -> str:
    """``lstm``, or ``qwen [nano]``: a model with a backbone is never named without it."""
    name = backbone_name(run)
    return f"{run['model']} [{name}]" if name else str(run["model"])


def scored_channels(results: dict[str, Any], metric: str = "mae") -> list[str]:
    """Channels on which a metric is defined, which it is an average over; MAE is on those with a truth."""
    return [channel for channel, metrics in results["by_channel"].items() if metrics[metric] is not None]


def backbone_name(run: dict[str, Any]) -> str | None:
    """Name of the backbone in the ``run`` of results.json, None for a model that has none."""
    return run["backbone"]["name"] if run["backbone"] else None


def backbone_facts(run: dict[str, Any]) -> str:
    """The backbone with its size and fingerprint, never its name alone; empty for a model that has none."""
    about = run["backbone"] or {}
    known = {"name": "{}", "parameters": "{} parameters", "trainable": "{} trained", "fingerprint": "fingerprint {}"}
    words = [text.format(format_number(about[key])) for key, text in known.items() if about.get(key) is not None]
    return ", ".join(
        words + [format_number(value) for key, value in about.items() if key not in (*known, "id") and value]
    )


NO_SETTING = ("seed=", "logger", "hydra.", "trainer.enable_progress_bar=")
"""What starts overrides that change no model, or that every table has a column for."""


def settings(runs: Sequence[Sequence[str]]) -> list[str]:
    """What tells runs apart, from the overrides of each: those that not all of them share and that may matter."""
    typed = [[o for o in overrides if not o.startswith(NO_SETTING)] for overrides in runs]
    common = set.intersection(*map(set, typed)) if len(typed) > 1 else set()
    return [" ".join(o.removeprefix("experiment=") for o in overrides if o not in common) for overrides in typed]


def beside_names(setting: str) -> str:
    """A setting for where data set and model are named already."""
    return " ".join(part for part in setting.split() if not part.startswith(("data=", "model=")))


def _parquet(path: Path) -> pd.DataFrame | None:
    return pd.read_parquet(path) if path.is_file() else None


def _csv(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.is_file() and path.stat().st_size else None
