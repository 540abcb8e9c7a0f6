"""Log a run to Weights & Biases, online if the user is logged in and offline otherwise; never ask for a login."""

from __future__ import annotations

import html
import logging
import os
import re
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

from timevis.runs.reload import git_commit
from timevis.runs.results import Results
from timevis.training.loggers.privacy import shown_folder
from timevis.utils.files import display_path

log = logging.getLogger(__name__)

MAX_TABLE_ROWS = 500
MAX_TAG_LENGTH = 64
MAX_GROUP_LENGTH = 128
"""W&B refuses longer tags and groups."""
VALIDATION_METRICS = ("relative_wql", "wql", "mase", "coverage_80")
"""Metrics of the validation windows in the table of runs; curves have all of them."""
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
            "group": None if group is None else _shorten(group, MAX_GROUP_LENGTH),
            "job_type": "train",
            "tags": [_shorten(tag, MAX_TAG_LENGTH) for tag in tags],
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
        (self.folder / "wandb" / "run_id.txt").write_text(self.experiment.id)  # an agent of a sweep sets its own
        self._define_metrics()

    def _define_metrics(self) -> None:
        """Name the x-axis, and say what of a curve stands in the table of runs.

        The lowest value of the score that selects the weights does; scores of the finished run are written by
        `log_results`.
        """
        define = self.experiment.define_metric
        define("global_step")
        define("*", step_metric="global_step")
        for name in ("tuning/*", "val/*", "validation/*", "test/*", "plots/*", "epoch"):
            define(name, step_metric="global_step", summary="none")
        define("tuning/relative_wql", step_metric="global_step", summary="min")

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
        """Write scores, skills and costs into the summary, and facts of the backbone into the config.

        The names are the same for all models.
        """
        self.experiment.summary.update(flat_summary(results))
        if results.run.backbone:
            self.experiment.config.update({"backbone": hide_paths(results.run.backbone)})

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

    def log_artifacts(self, results: Results, overrides: Sequence[str]) -> None:
        """Store the run's outputs (model, report, predictions), and the card of its data as its input.

        W&B draws the lineage of a model from them: runs on the same rows share one version of the card. The commands
        of the report name files and the run folder without the folders that contain them.

        Parameters
        ----------
        results : Results
        overrides : sequence of str
            Of the command line of the run.
        """
        data, model = results.run.data, results.run.model
        scores = {f"{results.window_set.part}/relative_wql": results.metrics["relative_wql"].value}
        try:
            card = wandb.Artifact(
                _artifact_name(data),
                type="dataset",
                description="The rows that were read, their cleaning, split and statistics.",
                metadata={"data_hash": results.run.data_hash, "frequency": results.window_set.freq},
            )
            card.add_file(str(self.folder / "data_report.json"), policy="immutable")
            # use_artifact waits for the server, and refuses offline runs
            self.experiment._log_artifact(card, is_user_created=True, use_after_commit=True)
            outputs = {
                kind: wandb.Artifact(_artifact_name(data, model, kind), type=kind, metadata=scores)
                for kind in ("model", "predictions", "report")
            }
            outputs["model"].add_dir(str(self.folder / "model"), policy="immutable")
            outputs["predictions"].add_file(str(self.folder / "predictions.parquet"), policy="immutable")
            with outputs["report"].new_file("report.html", encoding="utf-8") as file:
                file.write(_without_folders((self.folder / "report.html").read_text("utf-8"), self.folder, overrides))
            for artifact in outputs.values():
                self.experiment.log_artifact(artifact)
        except OSError as error:  # W&B keeps artifacts in a folder in HOME
            log.warning("artifacts are not stored in Weights & Biases: %s", error)

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


def _artifact_name(*words: str) -> str:
    """A name of characters that W&B accepts."""
    return re.sub(r"[^a-zA-Z0-9_.-]+", "-", "-".join(words))[:MAX_GROUP_LENGTH]


def _without_folders(text: str, run: Path, overrides: Sequence[str]) -> str:
    """A text in which the paths of a run folder and of the overrides are replaced by names."""
    names = {str(run): shown_folder(run.name), str(display_path(run)): shown_folder(run.name)}
    for value in (override.partition("=")[2].strip("'\"") for override in overrides):
        if "/" in value and Path(value).expanduser().exists():
            names[value] = Path(value).name
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(html.escape(path), html.escape(names[path])).replace(path, names[path])
    return text


def hide_paths(value: Any) -> Any:
    """A config in which each absolute path is replaced by the name of its file or folder."""
    if isinstance(value, dict):
        return {name: hide_paths(part) for name, part in value.items()}
    if isinstance(value, list):
        return [hide_paths(part) for part in value]
    return (Path(value).name or value) if isinstance(value, str) and Path(value).is_absolute() else value


def flat_summary(results: Results) -> dict[str, Any]:
    """Scores and costs as one flat dict with the prefixes val/, test/ (or validation/, if that part was scored),
    naive/, skill/ and cost/."""
    part = results.window_set.part
    out: dict[str, Any] = {f"val/{name}": results.validation.get(name) for name in VALIDATION_METRICS}
    out |= {f"{part}/{name}": interval.value for name, interval in results.metrics.items()}
    intervals = {f"{part}/relative_wql": results.metrics["relative_wql"]}
    intervals |= {f"skill/{name}": interval for name, interval in vars(results.skill).items()}
    for name, interval in intervals.items():
        out |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    out |= {f"naive/{name}": results.seasonal_naive[name].value for name in ("wql", "mase")}
    return out | {f"cost/{name}": value for name, value in vars(results.cost).items()}


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
