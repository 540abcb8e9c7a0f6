"""One run: data, model, fit, calibration, validation, test and report, all in a run folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig

from timevis.data.catalog import check_source, load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.errors import Cancelled, ConfigError
from timevis.evaluation import cost
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.report.run_console import print_results
from timevis.evaluation.report.run_report import write_report
from timevis.evaluation.results import build_results
from timevis.evaluation.verdict import summary_line, unread_numbers
from timevis.messages import Setting, Text
from timevis.models.catalog import declared_models
from timevis.models.ensemble import Ensemble
from timevis.models.forecaster import Forecaster
from timevis.models.recalibration_facts import Recalibration
from timevis.runs.config import RunConfig
from timevis.runs.default_lengths import frequency_name
from timevis.runs.folder import RunFolder, is_unused
from timevis.runs.lock import lock_run_folder
from timevis.runs.metadata import data_hash, run_metadata, run_tags
from timevis.runs.reload import split_table
from timevis.runs.results import Results, RunFacts
from timevis.runs.status import Status, continue_advice
from timevis.training.callbacks.step_hooks import FitClock
from timevis.training.devices import Devices
from timevis.training.distributed import supervise
from timevis.training.loggers.open_loggers import OpenLoggers
from timevis.training.members import check_members, configs_of_members, fit_members, with_longest_context
from timevis.training.resume import load_resumed_run, reopen
from timevis.training.stages import fit_and_calibrate
from timevis.training.trainer import check_class_names, check_trainer, make_trainer
from timevis.utils.explain import explain
from timevis.utils.formatting import format_count
from timevis.utils.interrupts import StopRequest, handle_signals
from timevis.utils.logs import log_to_file, silence_libraries
from timevis.utils.phrases import join_names
from timevis.utils.threads import threads_per_job

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
    if issubclass(config.model.forecaster_class, Ensemble):
        check_members(cfg, config)
    check_source(config.data)
    devices = check_trainer(config.trainer)
    if config.run.conformal == "online" and devices.processes > 1:
        raise ConfigError(
            Text(
                "online-on-one-device",
                "{conformal} reads the test windows in order, but {devices} share them",
                conformal=Setting("conformal", "online"),
                devices=Setting("trainer.devices", devices.processes),
            ),
            Text("split-or-one-device", "use {conformal}, or one device", conformal=Setting("conformal", "split")),
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
        if not folder.writes:
            return _run_stages(folder, config, status, stop, group, resumed)
        with log_to_file(folder.path / "train.log"), status:
            try:
                value = _run_stages(folder, config, status, stop, group, resumed)
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


def _run_stages(
    folder: RunFolder, config: RunConfig, status: Status, stop: StopRequest, group: str | None, resumed: bool
) -> float:
    log.info("running on %s", Devices.from_options(config.trainer))
    pl.seed_everything(config.run.seed, verbose=False)
    cost.reset_peak_memory()

    with stop.raise_immediately():  # before the data, so that a hub that cannot be reached is known at once
        config.model.forecaster_class.download_files(
            config.model.hyperparameters,
            lambda done, total: status.update(stage="download", downloaded_bytes=done, bytes_total=total),
        )

    status.update(stage="data")
    step = None
    with stop.raise_immediately():
        if resumed:
            config, panel, quality, step = load_resumed_run(folder, config)
        else:
            panel, quality = load_panel(config.data)
    split = config.data.split_rows(panel)
    config, members = _complete_config(folder, config, panel), {}
    if issubclass(config.model.forecaster_class, Ensemble):
        members = configs_of_members(folder, config, panel)
        config = with_longest_context(folder, config, members)
    folder.write_json("data_report.json", quality.to_dict() | {"data_hash": data_hash(panel, split.borders[..., 2])})
    stop.raise_if_requested()

    status.update(stage="prepare")
    clock = FitClock()
    with stop.raise_immediately():
        datamodule = config.datamodule(panel)
        folder.write_table("splits", split_table(datamodule))
        forecaster = config.forecaster(datamodule)
        metadata = run_metadata(config, datamodule, forecaster, quality.numbers_left_out)
        channels = format_count(datamodule.num_channels, "channel")
        log.info("%s on %s, %s", metadata.label, metadata.data, channels)
        if not isinstance(forecaster, Ensemble):  # its members read the covariates
            _log_task_notes(datamodule, forecaster)
        with clock.running():
            forecaster.prepare(datamodule)

    with OpenLoggers(folder, config.logger, run_tags(metadata), group, step) as loggers:
        trainer = make_trainer(config, folder, status, stop, clock, loggers.loggers)
        if isinstance(forecaster, Ensemble):
            fit_members(folder, forecaster, members, datamodule, config.run.minutes, status, stop)
            metadata = run_metadata(config, datamodule, forecaster, quality.numbers_left_out)
        seconds, recalibration = fit_and_calibrate(
            trainer, forecaster, datamodule, folder, config, status, stop, clock, step
        )
        status.update(stage="validate")
        trainer.validate(forecaster, datamodule=datamodule, verbose=False)
        validation = forecaster.validation_scores()
        if config.evaluation.split == "test":
            recalibration = forecaster.calibrate_conformal_on_all(recalibration)
        _log_recalibration(recalibration)
        folder.save_forecaster(forecaster)

        status.update(stage="test")
        results = _score(
            trainer, forecaster, datamodule, folder, config, seconds, metadata, validation, recalibration
        )
        if forecaster.conformal.is_online:  # forecasts beyond the data start from what the test part has shown
            forecaster.conformal.observe_all()
            folder.save_forecaster(forecaster)
        status.update(stage="report")
        if folder.writes:
            write_report(folder.path)
            loggers.log_results(results)
            if group is None:
                print_results(results)
    log.info("%s", summary_line(results))
    if group is not None:  # else the verdict is printed
        for finding in unread_numbers(results):
            log.warning("%s", finding.text)
    log.info("report: %s", folder.display_path / "report.html")
    return validation["relative_wql"]


def _complete_config(folder: RunFolder, config: RunConfig, panel: Panel) -> RunConfig:
    """Derive the lengths that the user did not set from the data, log them, and store them in config.yaml."""
    completed = config.completed_for(panel)
    derived = {key: value for key, value in completed.lengths.items() if key in config.derived_keys}
    if derived:
        values = ", ".join(f"{key}={value}" for key, value in derived.items() if not key.startswith("trainer."))
        if steps := derived.get("model.fit.steps_per_epoch", derived.get("model.fit.min_steps_per_epoch")):
            values += f" (at most {steps * completed.fit.max_epochs} training steps)"
        name = frequency_name(panel.freq).capitalize()
        log.info("%s data of %d rows: %s; override any of them with key=value", name, len(panel), values)
        folder.update_config(derived)
    return completed


def _log_task_notes(datamodule: WindowDataModule, forecaster: Forecaster) -> None:
    """Log which covariates the model does not read, and warn about lengths that do not suit the data."""
    panel, read = datamodule.panel, forecaster.covariates_read
    for kind, is_known in (("known", True), ("observed", False)):
        columns = [j for j, known in enumerate(panel.covariate_known) if known == is_known and j not in read]
        if columns:
            names = join_names([panel.covariate_names[j] for j in columns])
            if value := forecaster.readable_covariates.get(kind):
                advice = f"model.covariates={value} reads them"
            else:
                readers = [name for name, model in declared_models().items() if kind in model.readable_covariates]
                advice = f"models that can read them: {join_names(readers)}"
            log.info("%s covariates that this model does not read: %s; %s", kind, names, advice)
    if panel.statics is not None and "static" not in forecaster.readable_covariates:
        readers = [name for name, model in declared_models().items() if "static" in model.readable_covariates]
        log.info(
            "static covariates that this model does not read: %s; models that can read them: %s",
            join_names(panel.statics.names),
            join_names(readers),
        )
    if panel.events and not forecaster.reads_events:
        log.warning(
            "this model does not read the %d events of data.events; model=qwen_patch with model.tune=none does",
            len(panel.events),
        )
    season, length = datamodule.season, datamodule.context_length
    if length < season:
        log.warning(
            "context_length=%d is shorter than a season of %d rows, which seasonal naive repeats: try "
            "context_length=%d",
            length,
            season,
            season,
        )
    rows = datamodule.split.training_rows
    origins = rows - length - datamodule.horizon + 1
    if origins < rows / 10:
        log.warning(
            "context_length=%d and horizon=%d leave only %d forecast origins in the %d training rows: try shorter "
            "ones",
            length,
            datamodule.horizon,
            origins,
            rows,
        )


def _log_recalibration(chosen: Recalibration) -> None:
    """Log which method recalibrates the intervals, and why."""
    compared = ", ".join(f"{method} {coverage:.0%}" for method, coverage in chosen.coverage_80.items())
    reason = {
        "set": "set by conformal",
        "few-windows": f"since validation has too few windows to select another method ({compared})",
        "validation": f"selected on validation, where the 80 % interval contains: {compared}",
    }[chosen.reason]
    log.info("recalibration of the intervals: %s, %s", chosen.method, reason)


def _score(
    trainer: pl.Trainer,
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    folder: RunFolder,
    config: RunConfig,
    seconds: dict[str, float],
    metadata: RunFacts,
    validation: dict[str, float],
    recalibration: Recalibration,
) -> Results:
    """Score the split that the config names once, with seasonal naive on the same windows, and write the results."""
    naive = forecaster.validation_reference.naive
    started = time.monotonic()
    backtest = evaluate(
        trainer,
        forecaster,
        datamodule,
        split=config.evaluation.split,
        reference=naive,
        save_windows=config.evaluation.save_windows,
    )
    seconds = seconds | {"test_seconds": time.monotonic() - started}
    if isinstance(forecaster, Ensemble):
        seconds = {name: value + forecaster.cost_of_members.get(name, 0.0) for name, value in seconds.items()}
    results = build_results(
        run=replace(metadata, description=forecaster.describe()),  # calibration may have changed the description
        datamodule=datamodule,
        backtest=backtest,
        naive=naive,
        validation=validation,
        recalibration=recalibration,
        cost=cost.run_cost(forecaster, backtest, trainer.strategy.root_device, **seconds),
    )
    folder.write_evaluation(backtest.tables, results)
    return results
