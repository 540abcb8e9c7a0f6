"""Resume a run with its stored config, of which only `minutes` and the sections `trainer` and `logger` may change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from timevis.config.compose import RESUMABLE_SECTIONS, cannot_change_on_resume
from timevis.config.paths import CONF
from timevis.config.stored import escape, to_yaml
from timevis.data.catalog import load_panel
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.errors import ConfigError, RunFolderError
from timevis.messages import Setting, Text
from timevis.models.member_record import MEMBERS_FOLDER
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder, remove_temporary_files
from timevis.runs.reload import load_data_to_resume
from timevis.training.fit import checkpoint_step, completed_epochs, mark_unfinished
from timevis.training.trainer import Devices
from timevis.utils.files import write_text

LENGTHS_OF_TRAINING = ("minutes", "trainer.max_epochs", "trainer.max_steps", "trainer.max_time")


def reopen(cfg: DictConfig, overrides: Sequence[str]) -> tuple[RunFolder, RunConfig]:
    """Open the run folder of ``cfg.resume``, and write the overrides of trainer and logger into its config.

    If an error is raised, nothing was written.

    Parameters
    ----------
    cfg : DictConfig
        The config that the overrides compose.
    overrides : sequence of str
        The overrides of the command line.

    Returns
    -------
    folder : RunFolder
    config : RunConfig

    Raises
    ------
    ConfigError
        An override belongs to another section, or `trainer.max_epochs` is less than the completed epochs.
    DataError
        The run has completed, and its data have changed since.
    RunFolderError
        The folder is not a run folder, or the run is still running, or it has completed and no option of the trainer
        is changed.
    """
    folder = RunFolder(cfg.resume)
    changed = [o for o in overrides if not o.startswith(("resume=", "hydra"))]
    parsed = OverridesParser.create().parse_overrides(list(changed))
    for override in parsed:
        section = override.key_or_group.split(".")[0].split("/")[0].split("@")[0]
        if section not in RESUMABLE_SECTIONS:
            raise cannot_change_on_resume(override.input_line)
    remove_temporary_files(folder.path)
    status = folder.status
    state = status.state if status else None
    if status is not None and state == "running":
        message = Text(
            "{path} is still running (pid {pid} on {host})",
            path=str(folder.path),
            pid=str(status.pid),
            host=status.host,
        )
        raise RunFolderError(message)
    if state == "completed" and not any(o.key_or_group.startswith(("trainer", "minutes")) for o in parsed):
        has_members = any((folder.path / MEMBERS_FOLDER).glob("*"))
        has_epochs = folder.checkpoints.is_dir() and any(folder.checkpoints.iterdir())
        raise RunFolderError(
            Text("{path} has completed", path=str(folder.path)),
            Text("increase {minutes} to fit further members", minutes=Setting("minutes"))
            if has_members
            else Text(
                "increase {max_epochs} to train it further, or start a new run",
                max_epochs=Setting("trainer.max_epochs"),
            )
            if has_epochs
            else Text("start a new run"),
        )
    stored = folder.config
    for key in (key for override in parsed for key in _keys_set_by(override)):
        value = OmegaConf.select(cfg, key, throw_on_missing=True)
        if OmegaConf.is_config(value):
            value = OmegaConf.to_container(value, resolve=True)
        OmegaConf.update(stored, key, escape(value), merge=False, force_add=True)
    config = RunConfig.from_config(stored)
    if changed:
        _check_epochs(folder, config)
        if state == "completed":  # checked here, because state and config must not change if the data have changed
            load_data_to_resume(folder, config)
        write_text(folder.path / "config.yaml", to_yaml(stored))
        write_text(folder.path / "overrides.yaml", to_yaml([*folder.overrides, *changed]))
        if state == "completed" or any(o.key_or_group in LENGTHS_OF_TRAINING for o in parsed):
            mark_unfinished(folder)
    return RunFolder(folder.path), config


class ResumedRun(NamedTuple):
    """What a resumed run goes on with.

    Attributes
    ----------
    config : RunConfig
        The split is in rows if rows were appended to the file.
    panel : Panel
    quality : QualityReport
    step : int, optional
        Optimizer steps of the last checkpoint; None without one: the fit then starts anew.
    """

    config: RunConfig
    panel: Panel
    quality: QualityReport
    step: int | None


def load_resumed_run(folder: RunFolder, config: RunConfig) -> ResumedRun:
    """Load the data and the progress of a run that is resumed; see `timevis.runs.reload.load_data_to_resume`.

    Raises
    ------
    DataError
        The run has a checkpoint, and its data have changed since.
    """
    step = checkpoint_step(folder)
    if step is None and not any((folder.path / MEMBERS_FOLDER).glob("*/model/model.json")):
        return ResumedRun(config, *load_panel(config.data), step)
    return ResumedRun(*load_data_to_resume(folder, config), step)


def _keys_set_by(override: Override) -> list[str]:
    """The keys that an override sets in the config of a run; ``trainer=NAME`` sets only the keys of that file."""
    if override.is_delete():
        message = Text("{override}: a key cannot be deleted with resume=", override=str(override.input_line))
        raise ConfigError(message)
    if override.key_or_group != "trainer" or not isinstance(override.value(), str):
        return [override.key_or_group]
    return [f"trainer.{key}" for key in _keys_of_trainer_config(str(override.value()))]


def _keys_of_trainer_config(name: str) -> list[str]:
    """The keys of conf/trainer/<name>.yaml, without the keys of default.yaml and without interpolations."""
    file = OmegaConf.load(CONF / "trainer" / f"{name}.yaml")
    assert isinstance(file, DictConfig)
    keys = [key for key in map(str, file) if key != "defaults" and not OmegaConf.is_interpolation(file, key)]
    parents = [parent for parent in file.get("defaults", []) if parent not in ("default", "_self_")]
    return [*keys, *(key for parent in parents for key in _keys_of_trainer_config(parent))]


def _check_epochs(folder: RunFolder, config: RunConfig) -> None:
    """Check the devices, and that `trainer.max_epochs` is not less than the completed epochs."""
    Devices.from_options(config.trainer)
    epochs, completed = config.trainer.max_epochs, completed_epochs(folder)
    if epochs not in (None, -1) and epochs < completed:
        message = Text(
            "{max_epochs}, but {path} has been trained for {completed} epochs",
            max_epochs=Setting("trainer.max_epochs", epochs),
            path=str(folder.path),
            completed=completed,
        )
        advice = Text("leave it out, or give a number above {completed}", completed=completed)
        raise ConfigError(message, advice, "trainer.max_epochs")
