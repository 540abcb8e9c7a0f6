"""One experiment: seed, data, model, fit, calibrate, test, and all of it in a run folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.errors import Cancelled
from timevis.evaluation import cost
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.report.run_console import print_results
from timevis.evaluation.report.run_report import write_report
from timevis.evaluation.report.verdict import summary_line
from timevis.evaluation.results import build_results
from timevis.models.forecaster import Forecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs import metadata
from timevis.runs.folder import RunFolder
from timevis.runs.record import model_label
from timevis.runs.reload import require_unchanged
from timevis.runs.status import Status
from timevis.training import factory, fit
from timevis.training.callbacks.step_hooks import FitClock
from timevis.training.distributed import process_count, supervise
from timevis.training.loggers.open_loggers import Tracking
from timevis.training.resume import reopen
from timevis.utils.explain import explain
from timevis.utils.formatting import format_count, join_names
from timevis.utils.interrupts import StopRequest, handle_signals
from timevis.utils.logs import log_to_file, silence_libraries
from timevis.utils.threads import available_cores, threads_per_job

log = logging.getLogger(__name__)


def run(cfg: DictConfig, folder: Path, overrides: Sequence[str] = (), group: str | None = None) -> float:
    """Run an experiment from its config to its report.

    Parameters
    ----------
    cfg : DictConfig
        As composed from conf/train.yaml and passed by `timevis.config.validate.check`.
    folder : Path
        Of the run; new or empty.
    overrides : sequence of str
        As typed, kept for the record.
    group : str, optional
        The sweep that the run belongs to.

    Returns
    -------
    float
        `val/wql` of the best checkpoint.

    Raises
    ------
    TimeVisError
        What went wrong and what to do; `Cancelled` when asked to stop.
    """
    factory.check_names(cfg)
    if cfg.resume:
        run_folder = reopen(cfg, overrides)
    else:
        named_by = "hydra.sweep.dir" if group else "hydra.run.dir"
        run_folder = RunFolder.create(folder, cfg, overrides, named_by)
    processes = process_count(run_folder.config.trainer)
    if (run_folder.status or {}).get("state") == "completed":  # and shall be trained further
        fit.forget_end(run_folder)
    return supervise(run_folder, processes, group) if processes > 1 else execute(run_folder, group)


def execute(folder: RunFolder, group: str | None = None, pid: int | None = None) -> float:
    """Go through the stages of an open run folder in this process; returns `val/wql`.

    Parameters
    ----------
    folder : RunFolder
    group : str, optional
        The sweep that the run belongs to.
    pid : int, optional
        See `timevis.runs.status.Status`.
    """
    silence_libraries()
    with handle_signals() as stop:
        status = Status(folder.path, elapsed=(folder.status or {}).get("elapsed", 0.0), pid=pid)
        if not folder.writes:
            return _stages(folder, status, stop, group)
        with log_to_file(folder.path / "train.log"), status:
            try:
                value = _stages(folder, status, stop, group)
            except BaseException as error:
                # Lightning and Arrow may notice the signal first, and raise errors of their own
                if stop.signal is not None:
                    cancelled = stop.to_error()
                    cancelled.advice = f"go on with python train.py resume={folder.shown}"
                    status.finish("cancelled", cancelled.message, cancelled.advice)
                    raise cancelled from None if isinstance(error, Cancelled) else error
                failure = explain(error, folder.config)
                status.finish("failed", failure.message, failure.advice)
                if failure is error or not isinstance(error, Exception):
                    raise
                raise failure from error
            status.finish("completed")
            return value


def _stages(folder: RunFolder, status: Status, stop: StopRequest, group: str | None) -> float:
    cfg = folder.config
    torch.set_num_threads(_threads())
    log.info("running on %s", factory.describe_device(cfg.trainer, process_count(cfg.trainer)))
    pl.seed_everything(cfg.seed, verbose=False)
    cost.reset_peak_memory()

    status.update(stage="data")
    step = fit.resume_step(folder)
    with stop.raise_immediately():
        panel, quality = load_panel(cfg.data)
    rows = quality.split_rows
    if step is not None:
        require_unchanged(folder, panel, rows)
    folder.write_json("data_report.json", quality.to_dict() | {"data_hash": metadata.data_hash(panel, rows)})
    stop.raise_if_requested()

    status.update(stage="prepare")
    clock = FitClock()
    with stop.raise_immediately():
        datamodule = factory.datamodule(cfg, panel)
        forecaster = factory.forecaster(cfg, datamodule)
        run_identity = metadata.run_metadata(cfg, datamodule, forecaster)
        width = format_count(datamodule.num_channels, "channel")
        log.info("%s on %s, %s", model_label(run_identity), run_identity["data"], width)
        _warn_about_task(datamodule, forecaster)
        with clock.running():
            forecaster.prepare(datamodule)

    with Tracking(folder, metadata.tags(run_identity), group, step) as trackers:
        trainer = factory.trainer(cfg, folder, status, stop, clock, trackers.loggers)
        if forecaster.trainable:
            status.update(stage="fit")
            fit.fit(trainer, forecaster, datamodule, folder, clock)
        stop.raise_if_requested()

        status.update(stage="calibrate")
        forecaster.to(trainer.strategy.root_device)
        started = time.monotonic()
        with stop.raise_immediately():
            forecaster.calibrate(datamodule)
        spent = {"fit_seconds": clock.seconds, "calibrate_seconds": time.monotonic() - started}
        status.update(stage="validate")
        trainer.validate(forecaster, datamodule=datamodule, verbose=False)
        validation = forecaster.val_metrics.summary()
        folder.save_forecaster(forecaster)

        status.update(stage="test")
        results = _test(trainer, forecaster, datamodule, folder, spent, run_identity, validation)
        status.update(stage="report")
        if folder.writes:
            write_report(folder.path)
            trackers.conclude(results)
            if group is None:
                print_results(results)
    log.info("%s", summary_line(results))
    log.info("report: %s", folder.shown / "report.html")
    return validation["wql"]


def _warn_about_task(datamodule: WindowDataModule, forecaster: Forecaster) -> None:
    """Log the covariates that the model ignores, and warn about unsuitable values of context_length and horizon."""
    names = datamodule.panel.covariate_names
    if unread := [name for j, name in enumerate(names) if j not in forecaster.covariates_read]:
        log.info("covariates that this model does not read: %s", join_names(unread))
    season, length = datamodule.season, datamodule.context_length
    if length < season:
        log.warning(
            "context_length=%d is less than a season of %d rows, which seasonal naive looks back on: "
            "try context_length=%d",
            length,
            season,
            season,
        )
    rows = datamodule.split.train_end
    origins = rows - length - datamodule.horizon + 1
    if origins < rows / 10:
        log.warning(
            "context_length=%d and horizon=%d leave %d of the %d training rows to forecast from: try shorter ones",
            length,
            datamodule.horizon,
            origins,
            rows,
        )


def _test(
    trainer: pl.Trainer,
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    folder: RunFolder,
    spent: dict[str, float],
    run_identity: dict[str, Any],
    validation: dict[str, float],
) -> dict[str, Any]:
    """Score the windows that the config asks for once, seasonal naive beside, and write what was found."""
    naive = SeasonalNaive.fitted(datamodule)
    started = time.monotonic()
    save = folder.config.evaluation.save_windows
    scored = factory.scored_windows(folder.config, datamodule)
    backtest = evaluate(trainer, forecaster, scored, reference=naive, save_windows=save)
    spent = spent | {"test_seconds": time.monotonic() - started}
    results = build_results(
        run=run_identity | {"description": forecaster.describe()},  # with what calibration learnt
        datamodule=scored,
        part=factory.scored_part(folder.config),
        backtest=backtest,
        naive=naive,
        validation=validation,
        cost=cost.run_cost(forecaster, backtest, trainer.strategy.root_device, **spent),
    )
    folder.write_evaluation(backtest, results)
    return results


def _threads() -> int:
    """Threads of this job: the cores of this machine, shared with the jobs of the sweep that run beside it."""
    if not HydraConfig.initialized():
        return threads_per_job()
    launcher = HydraConfig.get().launcher
    if launcher.get("cpus_per_task"):
        return int(launcher.cpus_per_task)
    jobs = launcher.get("n_jobs", 1)
    if "submitit" in launcher.get("_target_", "") and "Local" in launcher._target_:
        jobs = -1  # all start at once; hydra.launcher.cpus_per_task says otherwise
    return threads_per_job(available_cores() if jobs < 0 else jobs)
