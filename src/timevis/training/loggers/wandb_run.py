"""Weights & Biases: online for who is logged in, else offline without a question."""

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
from wandb.sdk.lib.wbauth import read_netrc_auth  # wandb itself looks nowhere else, and knows its hosts' old names

from timevis.runs.metadata import git_commit
from timevis.utils.files import display_path

log = logging.getLogger(__name__)

TABLE_ROWS = 500
TAG_LENGTH = 64
"""W&B refuses longer tags."""
INIT_SECONDS = 30
UNTOLD: dict[str, Any] = {"x_disable_meta": True, "host": "", "disable_git": True}
"""Settings that keep command line, program, user and machine at home, and git's remote; W&B still sees the load."""


def logged_in() -> bool:
    """Whether a key for the W&B server is at hand: in the environment, the settings or a netrc file."""
    settings = wandb.setup().settings
    try:
        return bool(os.environ.get("WANDB_API_KEY") or settings.api_key or read_netrc_auth(host=settings.base_url))
    except AuthenticationError as error:
        log.warning("Weights & Biases: %s", error)
        return False


class WandbRun(Logger):
    """One W&B run beside one run folder.

    It is told nothing of who the user is: no folder, host, user name or command line, and of git only the commit.

    Parameters
    ----------
    folder : Path
        The run folder; offline runs lie in its wandb/ folder.
    config : dict
        The resolved config; see `shareable`.
    title : str
        What the run is called there.
    project, entity : str
    mode : {"auto", "online", "offline"}
        WANDB_MODE has the last word.
    tags : sequence of str
        Cut to 64 characters each.
    group : str, optional
        The sweep.
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
            mode = "online" if logged_in() else "offline"
        options: dict[str, Any] = {
            "project": project,
            "entity": entity,
            "group": group,
            "tags": [tag if len(tag) <= TAG_LENGTH else f"{tag[: TAG_LENGTH - 1]}…" for tag in tags],
            "config": shareable(config),
            "name": title,
            "dir": str(self.folder),
            "id": self._id(),
            "settings": wandb.Settings(
                console="off",
                silent=True,
                init_timeout=INIT_SECONDS,
                save_code=False,
                git_commit=git_commit(),
                **UNTOLD,
            ),
        }
        mode = os.environ.get("WANDB_MODE", mode)
        if mode == "online":
            options["resume"] = "allow"
        try:
            self.experiment = wandb.init(mode=cast(Any, mode), reinit="create_new", **options)
        except wandb.errors.Error as error:
            log.warning("Weights & Biases is out of reach (%s): logging offline", str(error).splitlines()[0])
            options.pop("resume", None)
            options["id"] = self._id(anew=True)  # its service still holds the first one
            self.experiment = wandb.init(mode="offline", reinit="create_new", **options)
        self.experiment.define_metric("global_step")
        self.experiment.define_metric("*", step_metric="global_step")

    def _id(self, anew: bool = False) -> str:
        """The id of the run, the same when it is resumed."""
        path = self.folder / "wandb" / "run_id.txt"
        if anew or not path.is_file():
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
        pass  # the whole config is there from the start

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.experiment.log({**metrics, "global_step": step})

    def log_results(self, results: dict[str, Any]) -> None:
        """Put every metric, skill and cost into the summary, under the same names for every model."""
        self.experiment.summary.update(summary_of(results))

    def log_forecasts(self) -> None:
        """Send plots and the table of scored windows; never called for a user's own data unasked."""
        pictures = {path.stem: wandb.Image(str(path)) for path in sorted((self.folder / "plots").glob("*.png"))}
        windows = pd.read_parquet(self.folder / "windows.parquet").head(TABLE_ROWS)
        windows["timestamp"] = windows["timestamp"].astype(str)
        self.experiment.log({f"plots/{name}": picture for name, picture in pictures.items()})
        try:
            self.experiment.log({"windows": wandb.Table(dataframe=windows)})
        except PermissionError as error:  # of a folder that it puts them into first, below HOME
            log.warning("Weights & Biases does not get the windows: %s", error)

    def finish(self, failed: bool) -> str:
        """End the run; returns where to find it: its address, or the command that uploads it."""
        where = self._sync() if self.offline else self.experiment.url or "disabled"
        self.experiment.finish(exit_code=int(failed))
        return where

    def _sync(self) -> str:
        """The command that uploads every offline part of the run: one for each process that went on with it."""
        last = Path(self.experiment.settings.sync_dir)
        parts = sorted({*last.parent.glob(f"offline-run-*-{self.experiment.id}"), last})
        return shlex.join(["wandb", "sync", *(str(display_path(part)) for part in parts)])


def shareable(value: Any) -> Any:
    """A config with the name of a file or folder in place of every path from the root."""
    if isinstance(value, dict):
        return {name: shareable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shareable(part) for part in value]
    return (Path(value).name or value) if isinstance(value, str) and Path(value).is_absolute() else value


def summary_of(results: dict[str, Any]) -> dict[str, Any]:
    """The flat summary: val/*, test/* (or validation/*, where that part was scored), naive/*, skill/* and cost/*, and
    who the backbone was, if any, as backbone/*."""
    out, part = {f"val/{name}": value for name, value in results["validation"].items()}, results["window_set"]["part"]
    for prefix, section in ((part, "metrics"), ("naive", "seasonal_naive"), ("skill", "skill")):
        for name, value in results[section].items():
            out[f"{prefix}/{name}"] = value["value"]
            if section != "seasonal_naive":
                out |= {f"{prefix}/{name}_{end}": value[end] for end in ("low", "high")}
    out |= {f"backbone/{name}": value for name, value in shareable(results["run"]["backbone"] or {}).items()}
    return out | {f"cost/{name}": value for name, value in results["cost"].items()}
