"""What the stages of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import pytorch_lightning as pl
from omegaconf import DictConfig

from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.intervals.conformal import ForecastWindows
from timevis.intervals.recalibration_facts import Recalibration
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.results import Results, RunFacts
from timevis.runs.status import Status
from timevis.training.callbacks.step_hooks import FitClock
from timevis.training.loggers.open_loggers import OpenLoggers
from timevis.utils.interrupts import StopRequest


class MemberConfig(NamedTuple):
    """The config of a member of an ensemble, as it is stored and as typed objects in which no length is missing."""

    cfg: DictConfig
    config: RunConfig


@dataclass(kw_only=True)
class RunContext:
    """A run between its stages. A stage reads and writes this and the run folder, nothing else.

    It is a context manager, which closes the loggers.

    Attributes
    ----------
    folder : RunFolder
    config : RunConfig
        Complete after the stage `read`.
    status : Status
        Is kept up to date; a member of an ensemble writes into the status of the ensemble.
    stop : StopRequest
    group : str, optional
        The sweep that the run belongs to.
    resumed : bool
        Whether the run goes on with what earlier processes left in its folder.
    is_member : bool
        Whether the run is a member of an ensemble.
    fit_end : float, optional
        Monotonic time at which the fit ends with its best weights so far.
    clock : FitClock
        Counts the seconds of `prepare` and `fit`.
    step : int, optional
        Optimizer steps of the last checkpoint of a resumed run; None fits from the start.
    numbers_left_out : mapping
        See `timevis.data.quality.quality_report.QualityReport`.
    members : mapping
        The configs of the members of an ensemble by their names; empty for other models.
    panel, datamodule, forecaster, facts, loggers, trainer
        Set by the stages `read`, `prepare` and `fit`.
    recalibration : Recalibration
    recalibration_windows : ForecastWindows, optional
        Forecasts of both halves of validation; see `timevis.training.recalibrate.recalibrate`.
    seconds : dict
        ``fit_seconds``, ``calibrate_seconds`` and ``test_seconds``.
    validation : dict
        The headline metrics on validation.
    results : Results
    """

    folder: RunFolder
    config: RunConfig
    status: Status
    stop: StopRequest
    group: str | None = None
    resumed: bool = False
    is_member: bool = False
    fit_end: float | None = None
    clock: FitClock = field(default_factory=FitClock)
    step: int | None = None
    numbers_left_out: Mapping[str, Text] = field(default_factory=dict)
    members: Mapping[str, MemberConfig] = field(default_factory=dict)
    panel: Panel = field(init=False)
    datamodule: WindowDataModule = field(init=False)
    forecaster: Forecaster = field(init=False)
    facts: RunFacts = field(init=False)
    loggers: OpenLoggers = field(init=False)
    trainer: pl.Trainer = field(init=False)
    recalibration: Recalibration = field(init=False)
    recalibration_windows: ForecastWindows | None = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)
    validation: dict[str, float] = field(init=False)
    results: Results = field(init=False)
    open_files: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.open_files.__exit__(*error)  # type: ignore[arg-type]
