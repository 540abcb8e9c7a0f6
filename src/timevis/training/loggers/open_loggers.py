"""The loggers of a run: metrics.csv, Weights & Biases and other loggers of Lightning."""

from __future__ import annotations

import csv
import io
import logging
import math
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from matplotlib.image import imread
from omegaconf import OmegaConf
from pytorch_lightning.loggers import Logger, TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only

from timevis.config.instantiate import instantiate_section
from timevis.config.sections import LoggerOptions
from timevis.runs.folder import RunFolder
from timevis.runs.results import Results
from timevis.training.loggers.privacy import (
    has_user_texts,
    shown_backbone,
    shown_folder,
    shown_tags,
    sweep_title,
    without_user_texts,
)
from timevis.utils.files import write_text

log = logging.getLogger(__name__)

NAME = "metrics.csv"


class MetricsCsv(Logger):
    """Writes metrics.csv of a run folder; a resumed run continues the file.

    Parameters
    ----------
    folder : Path
    last_step : int, optional
        The last step of the file that is kept; a resumed run logs the later ones again. None starts a new file.
    """

    def __init__(self, folder: Path, last_step: int | None = None) -> None:
        super().__init__()
        self.path = Path(folder) / NAME
        self._rows: dict[int, dict[str, Any]] = {}
        self._columns: list[str] = ["step"]
        self._written = 0
        if last_step is not None and self.path.is_file():
            self._load(last_step)

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> str:
        return ""

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        pass  # they are in config.yaml

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        step = step or 0
        new = [name for name in metrics if name not in self._columns]
        self._columns += new
        if new or step in self._rows:
            self._written = 0
        self._rows.setdefault(step, {"step": step}).update({k: v for k, v in metrics.items() if math.isfinite(v)})

    @rank_zero_only
    def save(self) -> None:
        """Append the new rows; if there is a new column or a row has changed, rewrite the file."""
        if self._written == 0:
            text = io.StringIO()
            writer = csv.DictWriter(text, self._columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows[step] for step in sorted(self._rows))
            write_text(self.path, text.getvalue())
        else:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                rows = list(self._rows.values())[self._written :]
                csv.DictWriter(file, self._columns, lineterminator="\n").writerows(rows)
        self._written = len(self._rows)

    def finalize(self, status: str) -> None:
        self.save()

    def _load(self, last_step: int) -> None:
        with self.path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            self._columns = list(reader.fieldnames or ["step"])
            for row in reader:
                step = int(row["step"])
                if step <= last_step:
                    self._rows[step] = {**{name: value for name, value in row.items() if value}, "step": step}


class OpenLoggers:
    """Context with the loggers of a run, which are finished at its end, also after an exception.

    metrics.csv is always written; the section `logger` can add Weights & Biases and other Lightning loggers.

    Parameters
    ----------
    folder : RunFolder
    options : LoggerOptions
    tags : sequence of str
        The first three (data, model, backbone) form the title of the run.
    group : str, optional
        The sweep that the run belongs to.
    resume_step : int, optional
        Step of the checkpoint from which the run is resumed.
    """

    def __init__(
        self,
        folder: RunFolder,
        options: LoggerOptions,
        tags: Sequence[str],
        group: str | None,
        resume_step: int | None,
    ) -> None:
        self.folder, self.log_data = folder.path, options.log_data
        last_logged_step = None if resume_step is None else resume_step - 1
        self.loggers: list[Logger] = [MetricsCsv(folder.path, last_logged_step)]
        self.wandb: Any = None
        if not folder.writes:
            return
        if options.wandb is not None:
            from timevis.training.loggers.wandb_run import WandbRun

            config: Any = OmegaConf.to_container(folder.config, resolve=True)
            self._has_user_texts = has_user_texts(config, folder.overrides)
            name = folder.path.name
            if not self.log_data:
                config, tags, name = without_user_texts(config), shown_tags(tags, config), shown_folder(name)
            self.wandb = WandbRun(
                folder.path,
                config,
                title="-".join([*tags[:3], name]),
                group=options.wandb.group or (None if group is None else self._group(group)),
                project=options.wandb.project,
                entity=options.wandb.entity,
                mode=options.wandb.mode or "auto",
                tags=[*tags, *(options.wandb.tags or ())],
            )
            self._logs_artifacts = options.wandb.artifacts
            self._overrides = folder.overrides
            self.loggers.append(self.wandb)
        for name, section in options.others.items():
            if section is not None:
                key, save_dir = f"logger.{name}", str(folder.path)
                logger = instantiate_section(section, Logger, key, folder.path, save_dir=save_dir)
                self.loggers.append(logger)

    def log_results(self, results: Results) -> None:
        """Log the results, and for public data or if `logger.log_data` is set also plots, forecasts and artifacts."""
        if self.wandb is not None:
            backbone = results.run.backbone
            if backbone and not self.log_data:
                about = shown_backbone(backbone, backbone.get("id"))
                results = replace(results, run=replace(results.run, backbone=about))
            self.wandb.log_results(results)
        if not (results.run.public or self.log_data):
            return
        if self.wandb is not None:
            self.wandb.log_forecasts()
            if self._logs_artifacts and (self.log_data or not self._has_user_texts):
                self.wandb.log_artifacts(results, self._overrides)
        for logger in (logger for logger in self.loggers if isinstance(logger, TensorBoardLogger)):
            for path in sorted((self.folder / "plots").glob("*.png")):
                logger.experiment.add_image(f"plots/{path.stem}", imread(path)[..., :3], dataformats="HWC")

    def _group(self, sweep: str) -> str:
        """The name of a sweep in W&B: what it varies, and the name of its folder, by which it is unique."""
        title = sweep_title(self.folder, sweep)
        name = sweep if self.log_data else shown_folder(sweep)
        return f"{title}, {name}" if title else name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        failed = kind is not None
        for logger in self.loggers:
            logger.finalize("failed" if failed else "success")
        if self.wandb is not None:
            log.info("Weights & Biases: %s", self.wandb.finish(failed))
