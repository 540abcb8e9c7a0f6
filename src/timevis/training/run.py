"""One run: data, model, fit, calibration, validation, test and report, all in a run folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig

from timevis.data.catalog import check_source
from timevis.errors import Cancelled, ConfigError
from timevis.evaluation.results import reset_peak_memory
from timevis.messages import Setting, Text
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder, is_unused, lock_run_folder
from timevis.runs.status import Status, continue_advice
from timevis.training.context import RunContext
from timevis.training.distributed import supervise
from timevis.training.members import check_members
from timevis.training.resume import reopen
from timevis.training.stages import RUN, run_stages
from timevis.training.trainer import Devices, check_class_names, check_trainer
from timevis.utils.explain import explain
from timevis.utils.interrupts import handle_signals
from timevis.utils.logs import log_to_file, silence_libraries
from timevis.utils.machine import threads_per_job

log = logging.getLogger(__name__)


def run(
    cfg: DictConfig, folder: Path, overrides: Sequence[str] = (), group: str | None = None, threads: int | None = None
) -> float:
    """Run one experiment from its config to its report.

    Parameters
    ----------
    cfg : DictConfig
        Composed from conf/train.yaml, and checked by `timevis.config.validate.check`.
    folder : Path
        The run folder, new or empty. It is not used if ``cfg.resume`` names the folder of a run to resume.
    overrides : sequence of str
        The overrides of the command line, which are stored in the run folder.
    group : str, optional
        The sweep that the run belongs to.
    threads : int, optional
        Threads of PyTorch; None uses all available cores.

    Returns
    -------
    float
        ``val/relative_wql`` of the best checkpoint.

    Raises
    ------
    TimeVisError
        The cause of a failure, and what to do. It is a `Cancelled` if a signal stopped the run.
    """
    if cfg.resume:
        stored = RunFolder(cfg.resume)
        stored.require_links_inside()
        with lock_run_folder(stored.path):
            run_folder, config = reopen(cfg, overrides)
            check_class_names(config)
            return _run_open_folder(run_folder, config, check_trainer(config.trainer), group, threads, resumed=True)
    config, devices = check_config(cfg)
    with lock_run_folder(folder) if is_unused(folder) else nullcontext():
        run_folder = RunFolder.create(folder, cfg, overrides, "hydra.sweep.dir" if group else "hydra.run.dir")
        return _run_open_folder(run_folder, config, devices, group, threads)


def _run_open_folder(
    folder: RunFolder,
    config: RunConfig,
    devices: Devices,
    group: str | None,
    threads: int | None,
    resumed: bool = False,
) -> float:
    if devices.processes > 1:
        return supervise(folder, devices.processes, group, resumed)
    return execute(folder, config, group, threads=threads, resumed=resumed)


def check_config(cfg: DictConfig) -> tuple[RunConfig, Devices]:
    """Check the config of a run as far as possible before data are read; returns it as typed objects.

    Raises
    ------
    ConfigError
        Names the key.
    DataError
        The file of the data does not exist.
    """
    config = RunConfig.from_config(cfg)
    check_class_names(config)
    check_members(cfg, config)
    check_source(config.data)
    devices = check_trainer(config.trainer)
    if config.run.conformal == "online" and devices.processes > 1:
        raise ConfigError(
            Text(
                "{conformal} reads the test windows in order, but {devices} share them",
                conformal=Setting("conformal", "online"),
                devices=Setting("trainer.devices", devices.processes),
            ),
            Text("use {conformal}, or one device", conformal=Setting("conformal", "split")),
            "conformal",
        )
    return config, devices


def execute(
    folder: RunFolder,
    config: RunConfig,
    group: str | None = None,
    pid: int | None = None,
    threads: int | None = None,
    resumed: bool = False,
) -> float:
    """Run all stages of a run in this process; returns ``val/relative_wql``.

    Parameters
    ----------
    folder : RunFolder
    config : RunConfig
    group : str, optional
        The sweep that the run belongs to.
    pid : int, optional
        See `timevis.runs.status.Status`.
    threads : int, optional
        Threads of PyTorch; None uses all available cores.
    resumed : bool
        Whether the run goes on with what earlier processes left in its folder.
    """
    silence_libraries()
    torch.set_num_threads(threads or threads_per_job())
    with handle_signals() as stop:
        earlier = folder.status if resumed else None
        status = Status(folder.path, elapsed=earlier.elapsed if earlier else 0.0, pid=pid)
        context = RunContext(folder=folder, config=config, status=status, stop=stop, group=group, resumed=resumed)
        if not folder.writes:
            return _run(context)
        with log_to_file(folder.path / "train.log"), status:
            try:
                value = _run(context)
            except BaseException as error:
                # Lightning and Arrow may handle the signal first, and raise other errors
                if stop.signal is not None:
                    cancelled = stop.to_error()
                    cancelled.advice = continue_advice(folder.path)
                    status.finish("cancelled", cancelled)
                    raise cancelled from None if isinstance(error, Cancelled) else error
                failure = explain(error, folder.config)
                status.finish("failed", failure)
                if failure is error or not isinstance(error, Exception):
                    raise
                raise failure from error
            status.finish("completed")
        if stop.signal is not None:  # it came while the report was written: the run is complete, but a sweep ends
            raise stop.to_error()
        return value


def _run(context: RunContext) -> float:
    log.info("running on %s", Devices.from_options(context.config.trainer))
    pl.seed_everything(context.config.run.seed, verbose=False)
    reset_peak_memory()
    run_stages(context, RUN)
    return context.validation["relative_wql"]
