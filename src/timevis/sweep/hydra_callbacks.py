"""Which folders this process runs in, or a run lies in, and which sweeps cannot be; Hydra tells its callbacks."""

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
from timevis.utils.stdout import print_error

_folders: list[Path] = []
_new: list[Path] = []


def current_sweep() -> Path | None:
    """The sweep folder of this process, None outside a multirun."""
    return _folders[-1] if _folders else None


def sweep_of(run: Path) -> Path | None:
    """The sweep folder that a run folder lies in, None where no sweep made it."""
    folder = run.absolute().parent
    return folder if (folder / "leaderboard_settings.csv").is_file() else None


def remove_unused() -> None:
    """Remove the folders that Hydra made for this process, where no run has written into them."""
    for folder in _new:
        with suppress(OSError):
            if os.listdir(folder) == ["multirun.yaml"]:  # Hydra's own
                (folder / "multirun.yaml").unlink()
            folder.rmdir()


class FolderWatch(Callback):
    """Remembers the sweep folder, for its leaderboard however the sweep ends, and which folders Hydra will make.

    It leaves where a sweep is asked for that cannot be; by SystemExit, as of other exceptions Hydra only warns.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        sweep = config.hydra.runtime.choices.get("sweep")
        if sweep not in (None, "grid") and not config.resume:
            raise SystemExit(
                print_error(
                    ConfigError(f"sweep={sweep} is for many jobs", f"put -m first: train.py -m sweep={sweep} ...")
                )
            )
        _remember(config, "run")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        if "optuna" in config.hydra.sweeper.get("_target_", ""):
            import optuna

            optuna.logging.set_verbosity(optuna.logging.WARNING)  # what goes wrong is reported once, by us
            if not _searches(config):
                error = ConfigError(
                    "an Optuna sweep has nothing to search: all its trials would be the same",
                    "add for example 'model.learning_rate=tag(log,interval(1e-4,1e-2))' or "
                    "'model.dropout=choice(0,0.1)'",
                )
                raise SystemExit(print_error(error))
        _folders.append(_remember(config, "sweep"))


def _searches(config: DictConfig) -> bool:
    """Whether the command line or a file gives a sweeper something to choose from."""
    sweeper = config.hydra.sweeper
    swept = [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]
    overrides = OverridesParser.create().parse_overrides([*swept, *config.hydra.overrides.task])
    own = sweeper.get("search_space") or sweeper.get("custom_search_space")
    return bool(own) or any(override.is_sweep_override() for override in overrides)


def _remember(config: DictConfig, kind: str) -> Path:
    HydraConfig.instance().set_config(config)  # the folder's name may ask it
    folder = Path(config.hydra[kind].dir)
    _new[:] = [path for path in (folder, *folder.parents) if not os.path.exists(path)]
    return folder
