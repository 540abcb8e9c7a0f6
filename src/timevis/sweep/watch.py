"""Which sweep this process runs, or a run lies in; Hydra tells its callbacks, and nobody when a job raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

_folders: list[Path] = []


def current_sweep() -> Path | None:
    """The sweep folder of this process, None outside a multirun."""
    return _folders[-1] if _folders else None


def sweep_of(run: Path) -> Path | None:
    """The sweep folder that a run folder lies in, None where no sweep made it."""
    folder = run.absolute().parent
    return folder if (folder / "leaderboard_settings.csv").is_file() else None


class SweepWatch(Callback):
    """Remembers the sweep folder, so that train.py can build the leaderboard however the sweep ends."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        _folders.append(Path(config.hydra.sweep.dir))
