"""The loggers of a run, opened together and always finished."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf
from pytorch_lightning.loggers import Logger

from timevis.loggers.table import MetricsTable
from timevis.run_folder import RunFolder

log = logging.getLogger(__name__)


class Tracking:
    """metrics.csv, and what `logger=` adds to it.

    Parameters
    ----------
    folder : RunFolder
    tags : sequence of str
        Data, model and backbone.
    group : str, optional
        The sweep.
    resume_at : int, optional
        Step of the checkpoint that the run goes on from.
    """

    def __init__(self, folder: RunFolder, tags: Sequence[str], group: str | None, resume_at: int | None) -> None:
        section = folder.config.logger
        self.log_data = bool(section.get("log_data"))
        self.loggers: list[Logger] = [MetricsTable(folder.path, None if resume_at is None else resume_at - 1)]
        self.wandb: Any = None
        if not folder.writes:
            return
        for name, options in section.items():
            if name == "wandb" and options is not None:
                from timevis.loggers.wandb_run import WandbRun

                config: Any = OmegaConf.to_container(folder.config, resolve=True)
                given: Any = OmegaConf.to_container(options)
                given["tags"] = [*tags, *given["tags"]]
                self.wandb = WandbRun(folder.path, config, group=group, **given)
                self.loggers.append(self.wandb)
            elif name != "log_data" and options is not None:
                self.loggers.append(instantiate(options, save_dir=str(folder.path)))

    def conclude(self, results: dict[str, Any]) -> None:
        """Hand over the results; plots and windows go along for public data, else only if asked for."""
        if self.wandb is not None:
            self.wandb.log_results(results)
            if results["run"]["public"] or self.log_data:
                self.wandb.log_forecasts()

    def finish(self, failed: bool) -> None:
        for logger in self.loggers:
            logger.finalize("failed" if failed else "success")
        if self.wandb is not None:
            log.info("Weights & Biases: %s", self.wandb.finish(failed))


@contextmanager
def tracking(folder: RunFolder, tags: Sequence[str], group: str | None, resume_at: int | None) -> Iterator[Tracking]:
    """Open the loggers and finish them however the block ends."""
    opened = Tracking(folder, tags, group, resume_at)
    try:
        yield opened
    except BaseException:
        opened.finish(failed=True)
        raise
    opened.finish(failed=False)
