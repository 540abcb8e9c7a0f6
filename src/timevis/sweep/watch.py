"""Which sweep this process runs; Hydra tells its callbacks at the start, and nobody when a job raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

_folders: list[Path] = []


def current_sweep() -> Path | None:
    """The sweep folder of this process, None outside a multirun."""
    return _folders[-1] if _folders else None


class SweepWatch(Callback):
    """Remembers the sweep folder, so that train.py can build the leaderboard however the sweep ends."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        _folders.append(Path(config.hydra.sweep.dir))
