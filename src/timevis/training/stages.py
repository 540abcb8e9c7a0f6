"""The stages of a run; each reads and writes the context of the run and the run folder, nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from timevis.config.sections import duration_text
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.evaluation.backtest import evaluate, scores_of
from timevis.evaluation.results import build_results, run_cost
from timevis.evaluation.verdict import summary_line, unread_numbers
from timevis.intervals.recalibration_facts import Recalibration
from timevis.models.catalog import declared_models
from timevis.models.forecaster import Forecaster
from timevis.report.console import print_results
from timevis.report.page import write_report
from timevis.runs.default_lengths import frequency_name
from timevis.runs.reload import data_hash, run_metadata, run_tags, split_table
from timevis.training.context import RunContext
from timevis.training.fit import fit_in_steps
from timevis.training.loggers.open_loggers import OpenLoggers
from timevis.training.members import MIN_FIT_SECONDS, configure_members, fit_members
from timevis.training.recalibrate import recalibrate, recalibrate_on_all
from timevis.training.resume import load_resumed_run
from timevis.training.trainer import make_trainer
from timevis.utils.formatting import format_count
from timevis.utils.phrases import join_names

log = logging.getLogger(__name__)

Stage: TypeAlias = Callable[[RunContext], None]


def run_stages(context: RunContext, stages: Sequence[Stage]) -> None:
    """Run stages one after the other, and finish the loggers at the end, also after an exception."""
    with context:
        for stage in stages:
            stage(context)


def download(context: RunContext) -> None:
    """Download what the model needs; before the data, so that a hub that cannot be reached is known at once."""
    with context.stop.raise_immediately():
        context.config.model.forecaster_class.download_files(
            context.config.model.hyperparameters,
            lambda done, total: context.status.update(stage="download", downloaded_bytes=done, bytes_total=total),
        )


def read(context: RunContext) -> None:
    """Read the data, and derive from them the lengths that the config leaves open."""
    folder = context.folder
    context.status.update(stage="data")
    with context.stop.raise_immediately():
        if context.resumed:
            context.config, context.panel, quality, context.step = load_resumed_run(folder, context.config)
        else:
            context.panel, quality = load_panel(context.config.data)
    context.numbers_left_out = quality.numbers_left_out
    split = context.config.data.split_rows(context.panel)
    _complete_config(context)
    configure_members(context)
    known = data_hash(context.panel, split.borders[..., 2])
    folder.write_json("data_report.json", quality.to_dict() | {"data_hash": known})
    context.stop.raise_if_requested()


def prepare(context: RunContext) -> None:
    """Cut the windows, build the model, and fit what needs no gradients."""
    context.status.update(stage="prepare")
    with context.stop.raise_immediately():
        context.datamodule = context.config.datamodule(context.panel)
        context.folder.write_table("splits", split_table(context.datamodule))
        context.forecaster = context.config.forecaster(context.datamodule)
        _update_facts(context)
        if not context.is_member:
            channels = format_count(context.datamodule.num_channels, "channel")
            log.info("%s on %s, %s", context.facts.label, context.facts.data, channels)
            if not context.members:  # which read the covariates
                _log_task_notes(context.datamodule, context.forecaster)
        with context.clock.running():
            context.forecaster.prepare(context.datamodule)


def fit(context: RunContext) -> None:
    """Fit the members of an ensemble, and models with gradient steps."""
    config, end = context.config, context.fit_end
    if end is not None:
        seconds = max(MIN_FIT_SECONDS, end - time.monotonic())
        config = replace(config, trainer=replace(config.trainer, max_time=duration_text(seconds)))
    loggers = OpenLoggers(context.folder, config.logger, run_tags(context.facts), context.group, context.step)
    context.loggers = context.open_files.enter_context(loggers)
    context.trainer = make_trainer(
        config, context.folder, context.status, context.stop, context.clock, context.loggers.loggers
    )
    if context.members:
        fit_members(context, lambda member: run_stages(member, MEMBER))
        _update_facts(context)
    if context.forecaster.trainable:
        context.status.update(stage="fit")
        fit_in_steps(
            context.trainer, context.forecaster, context.datamodule, context.folder, context.clock, context.step
        )
    context.seconds["fit_seconds"] = context.clock.seconds
    context.stop.raise_if_requested()


def calibrate(context: RunContext) -> None:
    """Learn from the first half of validation what the fitted model cannot learn in training, such as intervals."""
    forecaster, datamodule, trainer = context.forecaster, context.datamodule, context.trainer
    context.status.update(stage="calibrate")
    forecaster.to(trainer.strategy.root_device)
    started = time.monotonic()
    with context.stop.raise_immediately():
        forecaster.calibrate(datamodule)
        context.recalibration, context.recalibration_windows = recalibrate(
            forecaster, datamodule, context.config.run.conformal, trainer.world_size
        )
    context.seconds["calibrate_seconds"] = time.monotonic() - started


def validate(context: RunContext) -> None:
    """Score the second half of validation, on which runs are compared, and save the model."""
    context.status.update(stage="validate")
    context.trainer.validate(context.forecaster, datamodule=context.datamodule, verbose=False)
    context.validation = scores_of(context.trainer).validation_scores()
    if context.config.evaluation.split == "test":
        context.recalibration = recalibrate_on_all(
            context.forecaster, context.recalibration, context.recalibration_windows
        )
    _log_recalibration(context.recalibration)
    context.folder.save_forecaster(context.forecaster)


def test(context: RunContext) -> None:
    """Score the split that the config names once, with seasonal naive on the same windows, and write the results."""
    forecaster, datamodule, options = context.forecaster, context.datamodule, context.config.evaluation
    context.status.update(stage="test")
    naive = scores_of(context.trainer).reference.naive
    started = time.monotonic()
    backtest = evaluate(
        context.trainer,
        forecaster,
        datamodule,
        split=options.split,
        reference=naive,
        save_windows=options.save_windows,
    )
    context.seconds["test_seconds"] = time.monotonic() - started
    of_members = forecaster.seconds_of_members
    seconds = {name: value + of_members.get(name, 0.0) for name, value in context.seconds.items()}
    context.results = build_results(
        run=replace(context.facts, description=forecaster.describe()),  # calibration may have changed the description
        datamodule=datamodule,
        backtest=backtest,
        naive=naive,
        validation=context.validation,
        recalibration=context.recalibration,
        cost=run_cost(forecaster, backtest, context.trainer.strategy.root_device, **seconds),
    )
    context.folder.write_evaluation(backtest.tables, context.results)
    if forecaster.conformal.is_online:  # forecasts beyond the data start from what the test part has shown
        forecaster.conformal.observe_all()
        context.folder.save_forecaster(forecaster)


def report(context: RunContext) -> None:
    """Write report.html and the pictures, and print the results of a run that belongs to no sweep."""
    context.status.update(stage="report")
    is_alone = context.group is None
    if context.folder.writes:
        write_report(context.folder.path)
        context.loggers.log_results(context.results)
        if is_alone:
            print_results(context.results)
    log.info("%s", summary_line(context.results))
    if not is_alone:  # else the verdict is printed
        for finding in unread_numbers(context.results):
            log.warning("%s", finding.text)
    log.info("report: %s", context.folder.display_path / "report.html")


RUN: tuple[Stage, ...] = (download, read, prepare, fit, calibrate, validate, test, report)
MEMBER: tuple[Stage, ...] = (download, prepare, fit, calibrate)
"""The stages of a member of an ensemble, whose data the ensemble has read."""


def _update_facts(context: RunContext) -> None:
    context.facts = run_metadata(context.config, context.datamodule, context.forecaster, context.numbers_left_out)


def _complete_config(context: RunContext) -> None:
    """Derive the lengths that the user did not set from the data, log them, and store them in config.yaml."""
    config, panel = context.config, context.panel
    context.config = completed = config.completed_for(panel)
    derived = {key: value for key, value in completed.lengths.items() if key in config.derived_keys}
    if derived:
        values = ", ".join(f"{key}={value}" for key, value in derived.items() if not key.startswith("trainer."))
        if steps := derived.get("model.fit.steps_per_epoch", derived.get("model.fit.min_steps_per_epoch")):
            values += f" (at most {steps * completed.fit.max_epochs} training steps)"
        name = frequency_name(panel.freq).capitalize()
        log.info("%s data of %d rows: %s; override any of them with key=value", name, len(panel), values)
        context.folder.update_config(derived)


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
