"""Log a run to Weights & Biases, online if the user is logged in and offline otherwise; never ask for a login."""

from __future__ import annotations

import logging
import os
import secrets
import shlex
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd
import wandb
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only
from wandb.errors import AuthenticationError
from wandb.sdk.lib.wbauth import read_netrc_auth  # W&B's public functions ask for a key if they find none

from timevis.runs.metadata import git_commit
from timevis.runs.results import Results
from timevis.utils.files import display_path

log = logging.getLogger(__name__)

MAX_TABLE_ROWS = 500
MAX_TAG_LENGTH = 64
"""W&B refuses longer tags."""
INIT_TIMEOUT_SECONDS = 30
PRIVACY_SETTINGS: dict[str, Any] = {"x_disable_meta": True, "host": "", "disable_git": True}
"""With these, W&B does not receive the command line, the program, names of user and machine, or the git remote."""


def is_logged_in() -> bool:
    """Whether the environment, the settings of W&B or a netrc file have a key for the W&B server."""
    settings = wandb.setup().settings
    try:
        return bool(os.environ.get("WANDB_API_KEY") or settings.api_key or read_netrc_auth(host=settings.base_url))
    except AuthenticationError as error:
        log.warning("Weights & Biases: %s", error)
        return False


class WandbRun(Logger):
    """A W&B run for a run folder.

    W&B receives no paths, host name, user name or command line, and from git only the commit.

    Parameters
    ----------
    folder : Path
        The run folder; its folder wandb/ has the files of an offline run.
    config : dict
        The resolved config; see `hide_paths`.
    title : str
        Name of the run in W&B.
    project, entity : str
    mode : {"auto", "online", "offline"}
        The environment variable WANDB_MODE takes precedence.
    tags : sequence of str
        Cut to 64 characters each.
    group : str, optional
        The sweep that the run belongs to.
    """

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        *,
        title: str,
        project: str,
        entity: str | None = None,
        mode: str = "auto",
        tags: Sequence[str] = (),
        group: str | None = None,
    ) -> None:
        super().__init__()
        self.folder = Path(folder)
        if mode == "auto":
            mode = "online" if is_logged_in() else "offline"
        options: dict[str, Any] = {
            "project": project,
            "entity": entity,
            "group": group,
            "tags": [tag if len(tag) <= MAX_TAG_LENGTH else f"{tag[: MAX_TAG_LENGTH - 1]}…" for tag in tags],
            "config": hide_paths(config),
            "name": title,
            "dir": str(self.folder),
            "id": self._id(),
            "settings": wandb.Settings(
                console="off",
                silent=True,
                init_timeout=INIT_TIMEOUT_SECONDS,
                save_code=False,
                git_commit=git_commit(),
                **PRIVACY_SETTINGS,
            ),
        }
        mode = os.environ.get("WANDB_MODE", mode)
        if mode == "online":
            options["resume"] = "allow"
        try:
            self.experiment = wandb.init(mode=cast(Any, mode), reinit="create_new", **options)
        except wandb.errors.Error as error:
            log.warning("Weights & Biases cannot be reached (%s): logging offline", str(error).splitlines()[0])
            options.pop("resume", None)
            options["id"] = self._id(new=True)  # the service of W&B still uses the first id
            self.experiment = wandb.init(mode="offline", reinit="create_new", **options)
        self.experiment.define_metric("global_step")
        self.experiment.define_metric("*", step_metric="global_step")

    def _id(self, new: bool = False) -> str:
        """The W&B id of the run, which is stored for the case that the run is resumed."""
        path = self.folder / "wandb" / "run_id.txt"
        if new or not path.is_file():
            path.parent.mkdir(exist_ok=True)
            path.write_text(secrets.token_hex(4))
        return path.read_text()

    @property
    def name(self) -> str:
        return "wandb"

    @property
    def version(self) -> str:
        return self.experiment.id

    @property
    def offline(self) -> bool:
        return bool(self.experiment.settings._offline)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        pass  # W&B has received the whole config at the start

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.experiment.log({**metrics, "global_step": step})

    def log_results(self, results: Results) -> None:
        """Write all metrics, skills and costs into the summary; the names are the same for all models."""
        self.experiment.summary.update(flat_summary(results))

    def log_forecasts(self) -> None:
        """Send plots and the table of scored windows."""
        pictures = {path.stem: wandb.Image(str(path)) for path in sorted((self.folder / "plots").glob("*.png"))}
        windows = pd.read_parquet(self.folder / "windows.parquet").head(MAX_TABLE_ROWS)
        windows["timestamp"] = windows["timestamp"].astype(str)
        self.experiment.log({f"plots/{name}": picture for name, picture in pictures.items()})
        try:
            self.experiment.log({"windows": wandb.Table(dataframe=windows)})
        except PermissionError as error:  # W&B first writes the table to a folder in HOME
            log.warning("the table of windows is not logged to Weights & Biases: %s", error)

    def finish(self, failed: bool) -> str:
        """End the run; returns its URL, or the command that uploads it."""
        location = self._upload_command() if self.offline else self.experiment.url or "disabled"
        self.experiment.finish(exit_code=int(failed))
        return location

    def _upload_command(self) -> str:
        """The command that uploads all offline folders of the run; each resume creates a further one."""
        latest = Path(self.experiment.settings.sync_dir)
        folders = sorted({*latest.parent.glob(f"offline-run-*-{self.experiment.id}"), latest})
        return shlex.join(["wandb", "sync", *(str(display_path(folder)) for folder in folders)])


def hide_paths(value: Any) -> Any:
    """A config in which each absolute path is replaced by the name of its file or folder."""
    if isinstance(value, dict):
        return {name: hide_paths(part) for name, part in value.items()}
    if isinstance(value, list):
        return [hide_paths(part) for part in value]
    return (Path(value).name or value) if isinstance(value, str) and Path(value).is_absolute() else value


def flat_summary(results: Results) -> dict[str, Any]:
    """The results as one flat dict with the prefixes val/, test/ (or validation/, if that part was scored), naive/,
    skill/, cost/ and backbone/."""
    out: dict[str, Any] = {f"val/{name}": value for name, value in results.validation.items()}
    for prefix, values in ((results.window_set.part, results.metrics), ("skill", vars(results.skill))):
        for name, interval in values.items():
            out[f"{prefix}/{name}"] = interval.value
            out |= {f"{prefix}/{name}_low": interval.low, f"{prefix}/{name}_high": interval.high}
    out |= {f"naive/{name}": interval.value for name, interval in results.seasonal_naive.items()}
    out |= {f"backbone/{name}": value for name, value in hide_paths(results.run.backbone or {}).items()}
    return out | {f"cost/{name}": value for name, value in vars(results.cost).items()}
