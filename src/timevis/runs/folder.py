"""The run folder: its files, and the lock of the process that writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from timevis.config.paths import BUILT_IN_BACKBONES
from timevis.config.stored import escape, load_config, load_list, to_yaml
from timevis.errors import RunFolderError
from timevis.messages import Text
from timevis.metrics.specs import COUNT, terms
from timevis.runs.results import Results
from timevis.runs.status import NAME as STATUS
from timevis.runs.status import STATE_TEXTS, RunStatus, continue_advice, read_status, state_of
from timevis.utils.commands import resume_command
from timevis.utils.files import (
    absolute_if_folder,
    atomic_write,
    choose_another,
    damaged_file_error,
    display_path,
    read_json_object,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    import pandas as pd

    from timevis.models.forecaster import Forecaster

LOCK_FILE = ".lock"


@contextmanager
def lock_run_folder(folder: Path) -> Iterator[None]:
    """Context that holds the lock of a run folder. The system releases it also if the process is killed.

    Raises
    ------
    RunFolderError
        Another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_FILE, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise RunFolderError(
            Text("{path} is in use: another process is running or resuming this run", path=str(folder)),
            Text("wait until it has ended, or stop it first"),
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether another process holds the lock of a run folder."""
    try:
        with lock_run_folder(folder):
            return False
    except RunFolderError:
        return True


CHECKPOINTS = "checkpoints"
BEST_CHECKPOINT, LAST_CHECKPOINT, FIT_FINISHED = "best.ckpt", "last.ckpt", "fit.json"
"""Files in the folder of checkpoints; ``fit.json`` exists only after the end of the fit."""
DATA_REPORT_KEYS = {"frequency": str, "split": dict, "channels": dict, "covariates": dict, "card": dict}
"""Keys that readers need, and the types of their values."""
TABLE_COLUMNS = {
    "windows": ("origin", "timestamp", "channel", "std", "mase_scale"),
    "windows_seasonal_naive": ("origin", "timestamp", "channel", "std", "mase_scale"),
    "predictions": ("origin", "timestamp", "channel", "truth", "context", "point", "quantiles"),
    "splits": ("channel", "start", "train_end", "val_end", "test_end", "scored"),
}
"""Columns of each table that readers need, in addition to the sums of the windows."""
TEXT_OR_LIST_COLUMNS = ("timestamp", "channel", "truth", "context", "point", "quantiles")
FILES_OF_A_KILLED_START = re.compile(r"\.lock|\.(overrides|config|status)-.*")
"""Files that remain if a process is killed before it has written config.yaml."""


class RunFolder:
    """The files of a run.

    Parameters
    ----------
    path : path
        An existing run folder.
    writes : bool
        If false, the methods that write do nothing, as in all but the first of several processes.

    Raises
    ------
    RunFolderError
        The folder is not a run folder.
    """

    def __init__(self, path: str | os.PathLike[str], writes: bool = True) -> None:
        self.path, self.writes = Path(path), writes
        if not (self.path / "config.yaml").is_file():
            raise RunFolderError(
                Text("{path} is not a run folder: it has no config.yaml", path=str(self.path)),
                Text("give the folder that the training named at its end, e.g. outputs/traffic/lstm/<time>-<token>"),
            )

    @classmethod
    def create(
        cls, path: Path, cfg: DictConfig, overrides: Sequence[str] = (), folder_option: str = "hydra.run.dir"
    ) -> RunFolder:
        """Create the folder of a new run.

        Parameters
        ----------
        path : Path
            A folder that is new, is empty, or contains only the status of a queued run.
        cfg : DictConfig
            Stored with its interpolations resolved, and with absolute paths of the data file and of the folder of a
            backbone, so that the run can be used from any working directory.
        overrides : sequence of str
            The overrides of the command line.
        folder_option : str
            The option that sets the folder, for error messages.

        Raises
        ------
        RunFolderError
            The folder contains other files; nothing was written.
        """
        path = Path(path)
        if path.exists() and not path.is_dir():
            message = Text("{path} is a file, not a folder", path=str(path))
            raise RunFolderError(message, choose_another(folder_option))
        if not is_unused(path):
            text = Text("{path} is not empty: it contains another run or other files", path=str(path))
            advice = Text(
                "choose another {option}, or continue that run with {command}",
                option=folder_option,
                command=resume_command(path),
            )
            raise RunFolderError(text, advice)
        remove_temporary_files(path)
        (path / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        try:
            write_text(path / "overrides.yaml", to_yaml(list(overrides)))
            write_text(path / "config.yaml", to_yaml(config_to_store(cfg)))
        except OSError:  # for example if the disk is full; the folder can then be used again
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
            The file is damaged or not written by TimeVis; see `timevis.config.stored.load_config`.
        """
        return load_config(self.path / "config.yaml")

    def require_links_inside(self) -> None:
        """Check, before files are written, that no symbolic link in the folder leads out of it.

        Raises
        ------
        RunFolderError
            Names the link.
        """
        root = self.path.resolve()
        for path in self.path.rglob("*"):
            # W&B links the logs of an earlier process to its cache, and never writes them again
            is_old_log = path.relative_to(self.path).match("wandb/*/logs/*")
            if path.is_symlink() and not is_old_log and not path.resolve().is_relative_to(root):
                message = Text(
                    "{path} is a symbolic link to {target}, outside the run folder",
                    path=str(path),
                    target=os.readlink(path),
                )
                advice = Text("TimeVis does not write through such a link; replace it by what it points to")
                raise RunFolderError(message, advice)

    @property
    def overrides(self) -> list[str]:
        """The overrides of the command line that started the run."""
        return read_overrides(self.path)

    @property
    def display_path(self) -> Path:
        """The path for messages: relative to the working directory if it lies inside it."""
        return display_path(self.path)

    @property
    def checkpoints(self) -> Path:
        return self.path / CHECKPOINTS

    @property
    def status(self) -> RunStatus | None:
        """See `timevis.runs.status.read_status`."""
        return read_status(self.path)

    @property
    def results(self) -> Results:
        """results.json.

        Raises
        ------
        RunFolderError
            The run has no results (yet), the file is damaged, or another version of TimeVis wrote it.
        """
        try:
            return Results.read(self.path / "results.json")
        except FileNotFoundError:
            state = state_of(self.path) or ""
            raise RunFolderError(
                Text(
                    "{path} has no results: the run is {state}",
                    path=str(self.path),
                    state=STATE_TEXTS.get(state) or Text("without a status"),
                ),
                Text("wait until it has completed") if state == "running" else continue_advice(self.path),
            ) from None

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
            raise self._absent_file_error(path)
        return read_json_object(path, DATA_REPORT_KEYS)

    def table(self, name: str) -> pd.DataFrame:
        """Read a table that `write_evaluation` wrote.

        Raises
        ------
        RunFolderError
            The run has not been scored, or the file is damaged.
        """
        import pandas as pd
        import pyarrow.parquet as pq

        from timevis.data.readers.file_checks import check_parquet_size

        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise self._absent_file_error(path)
        try:
            with pq.ParquetFile(path) as file:  # pandas.read_parquet takes three times as long for a small table
                check_parquet_size(file.metadata, str(path))
                table = file.read().to_pandas()
        except (ValueError, OSError) as error:
            raise damaged_file_error(path, error) from error
        needed = TABLE_COLUMNS[name]
        if name.startswith("windows"):
            needed = (*needed, *terms())
            newer = [term for term in terms() if term not in table and term != COUNT.name]
            table = table.assign(**dict.fromkeys(newer, float("nan")))  # terms of metrics that are newer than the run
        if absent := [column for column in needed if column not in table]:
            reason = Text("it has no column {column!r}", column=absent[0])
            raise damaged_file_error(path, reason)
        numbers = [column for column in needed if column not in TEXT_OR_LIST_COLUMNS]
        if texts := [column for column in numbers if not pd.api.types.is_numeric_dtype(table[column])]:
            reason = Text("column {column!r} does not contain numbers", column=texts[0])
            raise damaged_file_error(path, reason)
        return table

    def _absent_file_error(self, path: Path) -> RunFolderError:
        message = Text("{path} has no {file}", path=str(self.path), file=path.name)
        return RunFolderError(message, continue_advice(self.path))

    def channels_not_scored(self) -> list[str]:
        """Channels of the series that were too short for the run to score; read from splits.parquet."""
        if self.data_report.get("split_by") != "series":
            return []
        splits = self.table("splits")
        return [str(channel) for channel in splits["channel"][~splits["scored"].astype(bool)]]

    def update_config(self, values: Mapping[str, Any]) -> None:
        """Set keys of config.yaml, such as ``model.fit.batch_size``."""
        if self.writes and values:
            for key, value in values.items():
                OmegaConf.update(self.config, key, value)
            write_text(self.path / "config.yaml", to_yaml(self.config))

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as a JSON file."""
        if self.writes:
            write_json(self.path / name, value)

    def write_table(self, name: str, table: pd.DataFrame | None) -> None:
        """Write a table as a Parquet file; None writes nothing."""
        if self.writes and table is not None:
            with atomic_write(self.path / f"{name}.parquet") as path:
                table.to_parquet(path)

    def write_evaluation(self, tables: Mapping[str, pd.DataFrame | None], results: Results) -> None:
        """Write results.json and the tables of a backtest; see `timevis.evaluation.backtest.Backtest.tables`."""
        for name, table in tables.items():
            self.write_table(name, table)
        if self.writes:
            results.write(self.path / "results.json")

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
            The run has no model (yet), or its files are damaged.
        """
        from timevis.models.serialization import load

        return load(self.path / "model")


def config_to_store(cfg: DictConfig) -> DictConfig:
    """The config without references, and with absolute paths of the data file and of the folder of a backbone.

    With them the run can be used from any working directory.
    """
    values: Any = OmegaConf.to_container(cfg, resolve=True)
    if source := values["data"].get("path"):
        values["data"]["path"] = str(Path(source).expanduser().absolute())
    backbone = values["model"].get("backbone") or {}
    if backbone.get("path"):
        backbone["path"] = absolute_if_folder(backbone["path"], BUILT_IN_BACKBONES)
    return OmegaConf.create(escape(values))


def is_unused(folder: Path) -> bool:
    """Whether a new run may use a folder.

    The folder does not exist, is empty, or contains only the status of a queued run; or the process that started a
    run in it ended before it wrote config.yaml.
    """
    if not folder.is_dir():
        return not folder.exists()
    names = {entry.name for entry in folder.iterdir() if not FILES_OF_A_KILLED_START.fullmatch(entry.name)}
    checkpoints = folder / CHECKPOINTS
    has_checkpoints = checkpoints.is_dir() and any(checkpoints.iterdir())
    is_running = state_of(folder) == "running"
    return names <= {CHECKPOINTS, STATUS, "overrides.yaml"} and not has_checkpoints and not is_running


def remove_temporary_files(folder: Path) -> None:
    """Remove incomplete files of a killed process; the caller must hold the lock of the folder."""
    for subfolder in (folder, folder / CHECKPOINTS, folder / "model", folder / "plots"):
        for path in subfolder.glob(".*"):
            if path.is_file() and path.name != LOCK_FILE:
                path.unlink(missing_ok=True)


def read_overrides(folder: Path) -> list[str]:
    """The overrides of the command line that started the run in a folder; empty if the run was not created."""
    path = folder / "overrides.yaml"
    return [str(o) for o in load_list(path)] if path.is_file() else []
