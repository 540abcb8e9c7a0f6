"""The loggers of a run, opened together and always finished."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Self

from matplotlib.image import imread
from omegaconf import OmegaConf
from pytorch_lightning.loggers import Logger, TensorBoardLogger

from timevis.config.instantiate import made
from timevis.runs.folder import RunFolder
from timevis.training.loggers.metrics_csv import MetricsTable

log = logging.getLogger(__name__)


class Tracking:
    """metrics.csv, and what `logger=` adds to it, finished however the block that it is opened for ends.

    Parameters
    ----------
    folder : RunFolder
    tags : sequence of str
        Data, model and backbone, after which the run is called, and what else is to be found by.
    group : str, optional
        The sweep.
    resume_at : int, optional
        Step of the checkpoint that the run goes on from.
    """

    def __init__(self, folder: RunFolder, tags: Sequence[str], group: str | None, resume_at: int | None) -> None:
        section, self.folder = folder.config.logger, folder.path
        self.log_data = bool(section.get("log_data"))
        self.loggers: list[Logger] = [MetricsTable(folder.path, None if resume_at is None else resume_at - 1)]
        self.wandb: Any = None
        if not folder.writes:
            return
        for name, options in section.items():
            if name == "wandb" and options is not None:
                from timevis.training.loggers.wandb_run import WandbRun

                config: Any = OmegaConf.to_container(folder.config, resolve=True)
                given: Any = OmegaConf.to_container(options)
                given["tags"] = [*tags, *(given["tags"] or ())]
                title = "-".join([*tags[:3], folder.path.name])
                self.wandb = WandbRun(folder.path, config, title=title, group=group, **given)
                self.loggers.append(self.wandb)
            elif name != "log_data" and options is not None:
                self.loggers.append(made(options, Logger, f"logger.{name}", save_dir=str(folder.path)))

    def conclude(self, results: dict[str, Any]) -> None:
        """Hand over the results; plots and windows go along for public data, else only if asked for."""
        if self.wandb is not None:
            self.wandb.log_results(results)
        if not (results["run"]["public"] or self.log_data):
            return
        if self.wandb is not None:
            self.wandb.log_forecasts()
        for board in (one for one in self.loggers if isinstance(one, TensorBoardLogger)):
            for path in sorted((self.folder / "plots").glob("*.png")):
                board.experiment.add_image(f"plots/{path.stem}", imread(path)[..., :3], dataformats="HWC")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        failed = kind is not None
        for logger in self.loggers:
            logger.finalize("failed" if failed else "success")
        if self.wandb is not None:
            log.info("Weights & Biases: %s", self.wandb.finish(failed))
