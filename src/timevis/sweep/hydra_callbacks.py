"""Track the folders that Hydra creates, and refuse sweeps that cannot run, with a Hydra callback."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.stdout import print_error

_sweep_folders: list[Path] = []
_new_folders: list[Path] = []


def current_sweep_folder() -> Path | None:
    """The sweep folder of this process, or None without a multirun."""
    return _sweep_folders[-1] if _sweep_folders else None


def forget_folders() -> None:
    """Forget the folders of an earlier run of Hydra in this process."""
    _sweep_folders.clear()
    _new_folders.clear()


def sweep_folder_of(run: Path) -> Path | None:
    """The sweep folder that contains a run folder, or None if the run is not part of a sweep."""
    folder = run.absolute().parent
    return folder if (folder / "leaderboard_settings.csv").is_file() else None


def remove_unused_folders() -> None:
    """Remove the folders that Hydra created for this process and that no run has written into."""
    for folder in _new_folders:
        with suppress(OSError):
            if os.listdir(folder) == ["multirun.yaml"]:  # written by Hydra itself
                (folder / "multirun.yaml").unlink()
            folder.rmdir()


class SweepCallback(Callback):
    """Record the folders of a run or sweep before Hydra creates them, and refuse invalid sweeps.

    A refused sweep ends with SystemExit, because Hydra reports any other exception of a callback as a warning only.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        choices = config.hydra.runtime.choices
        for group in ("sweep", "hparams_search"):
            if choices.get(group) in (None, "grid") or config.resume:
                continue
            choice = f"{group}={choices[group]}"
            error = ConfigError(
                Text("{choice} needs a multirun", choice=choice),
                Text("put -m first: train.py -m {choice} ...", choice=choice),
            )
            raise SystemExit(print_error(error))
        _record_folder(config, "run")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        if "optuna" in config.hydra.sweeper.get("_target_", ""):
            import optuna

            optuna.logging.set_verbosity(optuna.logging.WARNING)  # TimeVis logs failed trials itself
            if not _has_search_space(config):
                error = ConfigError(
                    Text("the Optuna sweep has nothing to search: all its trials would be the same"),
                    Text(
                        "add for example 'model.learning_rate=tag(log,interval(1e-4,1e-2))' or "
                        "'model.dropout=choice(0,0.1)'"
                    ),
                )
                raise SystemExit(print_error(error))
        _sweep_folders.append(_record_folder(config, "sweep"))


def _has_search_space(config: DictConfig) -> bool:
    """Whether the command line or a config file defines a search space for the sweeper."""
    sweeper = config.hydra.sweeper
    params = [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]
    overrides = OverridesParser.create().parse_overrides([*params, *config.hydra.overrides.task])
    search_space = sweeper.get("search_space") or sweeper.get("custom_search_space")
    return bool(search_space) or any(override.is_sweep_override() for override in overrides)


def _record_folder(config: DictConfig, kind: str) -> Path:
    HydraConfig.instance().set_config(config)  # the folder's name may contain ${hydra:...}
    folder = Path(config.hydra[kind].dir)
    _new_folders[:] = [path for path in (folder, *folder.parents) if not os.path.exists(path)]
    return folder
