"""Going on with a run: its own config, plus what may change about how it is trained and logged."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from timevis.config.validate import CONF
from timevis.errors import ConfigError, RunFolderError
from timevis.runs.folder import RunFolder
from timevis.utils.files import write_text

SECTIONS = ("trainer", "logger")


def added_keys(overrides: Sequence[str]) -> list[str]:
    """Keys that overrides add with ``+`` or ``++``."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return [o.key_or_group for o in parsed if o.is_add() or o.is_force_add()]


def kept(override: str | None) -> ConfigError:
    """What is said of an override that `resume` does not take."""
    return ConfigError(
        f"{override} cannot change with resume=: the run keeps its own config",
        "leave it out, start a new run, or override trainer.* or logger.* only",
    )


def reopen(cfg: DictConfig, overrides: Sequence[str]) -> RunFolder:
    """The folder of ``cfg.resume`` with the trainer and logger overrides written into its config.

    Parameters
    ----------
    cfg : DictConfig
        As composed from the overrides.
    overrides : sequence of str
        As typed.

    Raises
    ------
    ConfigError
        An override is neither of the trainer nor of the logger, or asks for fewer epochs than are done; nothing was
        written.
    DataError
        The run has completed, and its data have changed since; nothing was written.
    RunFolderError
        There is no run in the folder, or it is still running, or it has completed and nothing about the trainer
        was changed.
    """
    folder = RunFolder(cfg.resume)
    changed = [o for o in overrides if not o.startswith(("resume=", "hydra"))]
    parsed = OverridesParser.create().parse_overrides(list(changed))
    for override in parsed:
        section = override.key_or_group.split(".")[0].split("/")[0].split("@")[0]
        if section not in SECTIONS:
            raise kept(override.input_line)
    status = folder.status
    state = status["state"] if status else None
    if state == "running":
        assert status is not None
        raise RunFolderError(f"{folder.path} is still running (pid {status['pid']} on {status['host']})")
    if state == "completed" and not any(o.key_or_group.startswith("trainer") for o in parsed):
        trained = folder.checkpoints.is_dir() and any(folder.checkpoints.iterdir())
        advice = "raise trainer.max_epochs to train on, or start" if trained else "its model has no epochs; start"
        raise RunFolderError(f"{folder.path} has completed", f"{advice} a new run")
    config = folder.config
    for key in (key for override in parsed for key in _keys(override)):
        OmegaConf.update(config, key, OmegaConf.select(cfg, key, throw_on_missing=True), merge=False, force_add=True)
    if changed:
        _check_trainer(folder)
        if state == "completed":  # and stays it, with its config, if its data have changed
            from timevis.runs.reload import check_data

            check_data(folder)
        write_text(folder.path / "config.yaml", OmegaConf.to_yaml(config, resolve=True))
        write_text(folder.path / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create([*folder.overrides, *changed])))
    return RunFolder(folder.path)


def _keys(override: Override) -> list[str]:
    """The keys that an override sets in the config of a run; of a trainer's file only those that it sets itself."""
    if override.is_delete():
        raise ConfigError(f"{override.input_line}: nothing can be deleted with resume=")
    if override.key_or_group != "trainer" or not isinstance(override.value(), str):
        return [override.key_or_group]
    return [f"trainer.{key}" for key in _own_keys(str(override.value()))]


def _own_keys(name: str) -> list[str]:
    """Keys of conf/trainer/<name>.yaml without those of the default, and of the default those of no model."""
    file = OmegaConf.load(CONF / "trainer" / f"{name}.yaml")
    assert isinstance(file, DictConfig)
    keys = [key for key in map(str, file) if key != "defaults" and not OmegaConf.is_interpolation(file, key)]
    parents = [parent for parent in file.get("defaults", []) if parent not in ("default", "_self_")]
    return [*keys, *(key for parent in parents for key in _own_keys(parent))]


def _check_trainer(folder: RunFolder) -> None:
    """Check the trainer's new options in the config of a run."""
    from timevis.training.distributed import process_count
    from timevis.training.fit import epochs_done

    options = folder.config.trainer
    process_count(options)
    epochs, done = options.max_epochs, epochs_done(folder)
    if epochs not in (None, -1) and epochs < done:
        raise ConfigError(
            f"trainer.max_epochs={epochs}, but {folder.path} has been trained for {done} epochs",
            f"leave it out, or give more than {done}",
        )
