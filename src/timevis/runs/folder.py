"""The run folder: the one contract between training, prediction, the service and the page.

Only the forecaster needs torch, and it is loaded when asked for.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import DictConfig, OmegaConf

from timevis.config.paths import BUILT_IN_BACKBONES
from timevis.config.validate import interpolated_key
from timevis.errors import ConfigError, RunFolderError
from timevis.runs.lock import LOCK_FILE
from timevis.runs.status import NAME as STATUS
from timevis.runs.status import read_status
from timevis.utils.commands import resume_command
from timevis.utils.files import (
    absolute_if_folder,
    atomic_write,
    damaged_file_error,
    display_path,
    read_json_object,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    import pandas as pd

    from timevis.models.forecaster import Forecaster


CHECKPOINTS = "checkpoints"
BEST_CHECKPOINT, LAST_CHECKPOINT, FIT_FINISHED = "best.ckpt", "last.ckpt", "fit.json"
"""Files in the folder of checkpoints; the last one marks a finished fit."""
RESULTS_KEYS = {
    "schema_version": int,
    **dict.fromkeys(("run", "window_set", "validation", "metrics", "seasonal_naive", "skill", "by_horizon"), dict),
    **dict.fromkeys(("by_channel", "cost"), dict),
}
DATA_REPORT_KEYS = {"frequency": str, **dict.fromkeys(("split", "channels", "covariates", "card"), dict)}
"""Keys that readers rely on, and the types of their values."""
LEFT_BY_A_KILL = re.compile(r"\.lock|\.(overrides|config|status)-.*")
"""Files that a process leaves which was killed before it wrote a config."""


class RunFolder:
    """A run on disk.

    Parameters
    ----------
    path : path
        Of an existing run folder.
    writes : bool
        False in all but the first of several processes: writing then does nothing.

    Raises
    ------
    RunFolderError
        There is no run in it.
    """

    def __init__(self, path: str | os.PathLike[str], writes: bool = True) -> None:
        self.path, self.writes = Path(path), writes
        if not (self.path / "config.yaml").is_file():
            raise RunFolderError(
                f"{self.path} is not a run folder: it has no config.yaml",
                "give the folder that train.py named at its end, e.g. outputs/traffic/lstm/<time>-<token>",
            )

    @classmethod
    def create(
        cls, path: Path, cfg: DictConfig, overrides: Sequence[str] = (), named_by: str = "hydra.run.dir"
    ) -> RunFolder:
        """Start a run in a folder that is new, empty or only queued; `named_by` is the option that chose it.

        `cfg` is written resolved, and the paths of the user's data and of a backbone's folder from the root, to be
        found from anywhere.

        Raises
        ------
        RunFolderError
            The folder holds another run; nothing was written.
        ConfigError
            A value holds ``${``.
        """
        path = Path(path)
        if key := interpolated_key(OmegaConf.to_container(cfg, resolve=True)):
            raise ConfigError(f"{key} holds ${{, which a stored config would evaluate", "write it without the brace")
        if path.exists() and not path.is_dir():
            raise RunFolderError(f"{path} is a file, not a folder", f"choose another {named_by}")
        if not is_unused(path):
            raise RunFolderError(
                f"{path} is not empty: it holds another run or other files",
                f"choose another {named_by}, or continue that run with {resume_command(path)}",
            )
        remove_temporary_files(path)
        (path / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        try:
            write_text(path / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(list(overrides))))
            write_text(path / "config.yaml", OmegaConf.to_yaml(config_to_store(cfg), resolve=True))
        except OSError:  # such as of a full disk: the folder can be used again
            (path / "overrides.yaml").unlink(missing_ok=True)
            (path / CHECKPOINTS).rmdir()
            raise
        return cls(path)

    @cached_property
    def config(self) -> DictConfig:
        """The resolved config of the run.

        Raises
        ------
        RunFolderError
            It is empty, or holds what would be evaluated, such as an environment variable.
        """
        cfg = OmegaConf.load(self.path / "config.yaml")
        if not cfg:
            raise damaged_file_error(self.path / "config.yaml", "it is empty")
        assert isinstance(cfg, DictConfig)
        if key := interpolated_key(OmegaConf.to_container(cfg)):
            raise RunFolderError(
                f"{self.path / 'config.yaml'}: {key} holds ${{, which would be evaluated",
                "TimeVis writes no such thing: take the run from who made it",
            )
        return cfg

    @property
    def overrides(self) -> list[str]:
        """What was typed on the command line."""
        return typed_overrides(self.path)

    @property
    def shown(self) -> Path:
        """The path as people like to read and type it."""
        return display_path(self.path)

    @property
    def checkpoints(self) -> Path:
        return self.path / CHECKPOINTS

    @property
    def status(self) -> dict[str, Any] | None:
        """See `timevis.runs.status.read_status`."""
        return read_status(self.path)

    @property
    def results(self) -> dict[str, Any]:
        """results.json.

        Raises
        ------
        RunFolderError
            The run has none (yet), and it says in which state it is; or they are damaged.
        """
        try:
            return read_json_object(self.path / "results.json", RESULTS_KEYS)
        except FileNotFoundError:
            state = (self.status or {}).get("state", "without a status")
            advice = "wait for it" if state == "running" else f"continue it with {resume_command(self.path)}"
            raise RunFolderError(f"{self.path} has no results: the run is {state}", advice) from None

    @property
    def data_report(self) -> dict[str, Any]:
        """data_report.json.

        Raises
        ------
        RunFolderError
            The run has not read its data yet, or the file is damaged.
        """
        path = self.path / "data_report.json"
        if not path.is_file():
            raise RunFolderError(f"{self.path} has no {path.name}", "the run has not read its data; use resume=")
        return read_json_object(path, DATA_REPORT_KEYS)

    def table(self, name: str) -> pd.DataFrame:
        """A table that `write_evaluation` wrote.

        Raises
        ------
        RunFolderError
            The run has not been tested, or the file is damaged.
        """
        import pandas as pd

        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise RunFolderError(f"{self.path} has no {path.name}", "the run has not been tested; use resume=")
        try:
            return pd.read_parquet(path)
        except (ValueError, OSError) as error:
            raise damaged_file_error(path, error) from error

    def write_json(self, name: str, value: Any) -> None:
        if self.writes:
            write_json(self.path / name, value)

    def write_table(self, name: str, table: pd.DataFrame | None) -> None:
        """Write a table as parquet; nothing if there is none."""
        if self.writes and table is not None:
            with atomic_write(self.path / f"{name}.parquet") as path:
                table.to_parquet(path)

    def write_evaluation(self, tables: Mapping[str, pd.DataFrame | None], results: dict[str, Any]) -> None:
        """Write results.json and the tables of a backtest; see `timevis.evaluation.backtest.Backtest.tables`."""
        for name, table in tables.items():
            self.write_table(name, table)
        self.write_json("results.json", results)

    def save_forecaster(self, forecaster: Forecaster) -> None:
        """Write model/: the weights as safetensors; class, hyperparameters and description as JSON."""
        from timevis.models.serialization import save

        if self.writes:
            save(forecaster, self.path / "model")

    def load_forecaster(self) -> Forecaster:
        """The fitted forecaster, on the CPU, ready to forecast raw values.

        Raises
        ------
        RunFolderError
            The run has not kept a model (yet), or its files are damaged.
        """
        from timevis.models.serialization import load

        return load(self.path / "model")


def config_to_store(cfg: DictConfig) -> DictConfig:
    """A config with absolute paths of the user's data and of a backbone's folder, so that they are found from
    anywhere."""
    stored = copy.deepcopy(cfg)
    if source := OmegaConf.select(cfg, "data.path"):
        stored.data.path = str(Path(source).expanduser().absolute())
    if backbone := OmegaConf.select(cfg, "model.backbone.path"):
        stored.model.backbone.path = absolute_if_folder(backbone, BUILT_IN_BACKBONES)
    return stored


def is_unused(folder: Path) -> bool:
    """Whether a run may start in a folder.

    The folder is absent, empty or only queued, or the process that started there ended before it wrote a config.
    """
    if not folder.is_dir():
        return not folder.exists()
    names = {entry.name for entry in folder.iterdir() if not LEFT_BY_A_KILL.fullmatch(entry.name)}
    checkpoints = folder / CHECKPOINTS
    has_checkpoints = checkpoints.is_dir() and any(checkpoints.iterdir())
    is_running = (read_status(folder) or {}).get("state") == "running"
    return names <= {CHECKPOINTS, STATUS, "overrides.yaml"} and not has_checkpoints and not is_running


def remove_temporary_files(folder: Path) -> None:
    """Remove what a killed process left of files that it was writing; the lock of the folder must be held."""
    for place in (folder, folder / CHECKPOINTS, folder / "model", folder / "plots"):
        for path in place.glob(".*"):
            if path.is_file() and path.name != LOCK_FILE:
                path.unlink(missing_ok=True)


def typed_overrides(folder: Path) -> list[str]:
    """The overrides of the command line that started the run in a folder; none where it was never created."""
    path = folder / "overrides.yaml"
    return [str(o) for o in yaml.safe_load(path.read_text(encoding="utf-8")) or ()] if path.is_file() else []
