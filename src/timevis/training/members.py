"""Fit the members of an ensemble, each in a run folder of its own within the folder of the ensemble."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from omegaconf import DictConfig

from timevis.config.members import FINISHED_RUN, Member, member_config
from timevis.config.sections import duration_text
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.errors import Cancelled, ConfigError, RunFolderError, TimeLimitReached, TimeVisError
from timevis.messages import Setting, Text
from timevis.models.ensemble import Ensemble, load_forecasts, save_forecasts
from timevis.models.forecaster import Forecaster
from timevis.models.member_record import RECORD_FILE, MemberRecord, member_folder
from timevis.models.serialization import absent_model_error
from timevis.runs.config import RunConfig
from timevis.runs.folder import BEST_CHECKPOINT, CHECKPOINTS, FIT_FINISHED, RunFolder
from timevis.runs.metadata import run_metadata, run_tags
from timevis.runs.reload import split_table
from timevis.runs.status import Status
from timevis.training.callbacks.step_hooks import FitClock
from timevis.training.fit import checkpoint_step
from timevis.training.loggers.open_loggers import OpenLoggers
from timevis.training.stages import fit_and_calibrate
from timevis.training.time_plan import MIN_FIT_SECONDS, Sizes, TimePlan
from timevis.training.trainer import check_class_names, make_trainer
from timevis.utils.explain import explain
from timevis.utils.formatting import format_number
from timevis.utils.interrupts import StopRequest
from timevis.utils.phrases import format_duration

log = logging.getLogger(__name__)


class MemberConfig(NamedTuple):
    """The config of a member, as it is stored and as typed objects in which no length is missing."""

    cfg: DictConfig
    config: RunConfig


def check_members(cfg: DictConfig, config: RunConfig) -> None:
    """Check the configs of all members of an ensemble, before data are read.

    Parameters
    ----------
    cfg, config
        The config of the run, and the same as typed objects.

    Raises
    ------
    ConfigError
        Names the key.
    """
    if config.trainer.devices not in (1, "1", "auto"):
        message = Text(
            "ensemble-on-one-device",
            "{devices}: an ensemble fits its members on one device",
            devices=Setting("trainer.devices", config.trainer.devices),
        )
        raise ConfigError(message, Text("use-one-device", "use one device"), "trainer.devices")
    for member in _members_of(config):
        if member.model == FINISHED_RUN:
            message = Text("finished-run-as-member", "{member} stands for a finished run", member=FINISHED_RUN)
            raise ConfigError(message, Text("use-ensemble-command", "use timevis ensemble RUN RUN"), "model.members")
        check_class_names(RunConfig.from_config(member_config(cfg, member)))


def _members_of(config: RunConfig) -> list[Member]:
    cls = config.model.forecaster_class
    assert issubclass(cls, Ensemble)
    return cls.members_of(config.model.hyperparameters)


def configs_of_members(folder: RunFolder, config: RunConfig, panel: Panel) -> dict[str, MemberConfig]:
    """The complete config of each member: of its run folder if it has one, else made from the config of the ensemble.

    Parameters
    ----------
    folder : RunFolder
        Of the ensemble.
    config : RunConfig
        Of the ensemble.
    panel : Panel
    """
    configs = {}
    for member in _members_of(config):
        path = member_folder(folder.path, member.name)
        cfg = RunFolder(path).config if (path / "config.yaml").is_file() else member_config(folder.config, member)
        configs[member.name] = MemberConfig(cfg, RunConfig.from_config(cfg).completed_for(panel))
    return configs


def with_longest_context(folder: RunFolder, config: RunConfig, members: Mapping[str, MemberConfig]) -> RunConfig:
    """The config of an ensemble with the longest context of its members, which is stored in its folder."""
    longest = max(member.config.context_length for member in members.values())
    folder.update_config({"context_length": longest})
    return replace(config, run=replace(config.run, context_length=longest))


def fit_members(
    folder: RunFolder,
    ensemble: Ensemble,
    configs: Mapping[str, MemberConfig],
    datamodule: WindowDataModule,
    minutes: float | None,
    status: Status,
    stop: StopRequest,
) -> None:
    """Fit the members of an ensemble that have no model yet, one after the other, and select the weights.

    After each member the ensemble of the members so far is saved, so that it can forecast. A member that fails gets
    no weight; the log and the results name it. With a time limit, a member is only fitted if its estimated time fits
    into what is left; the first one always is.

    Parameters
    ----------
    folder : RunFolder
        Of the ensemble.
    ensemble : Ensemble
        Prepared.
    configs : mapping
        See `configs_of_members`.
    datamodule : WindowDataModule
    minutes : float, optional
        Time limit of the run; None takes the default of the model.
    status : Status
        Of the ensemble; shows which member is fitted.
    stop : StopRequest

    Raises
    ------
    TimeVisError
        Every member failed.
    Cancelled
        A signal stopped the run, and the model does not finish on Ctrl-C, or has no member yet.
    """
    ensemble.folder = folder.path
    minutes = minutes if minutes is not None else type(ensemble).default_minutes
    with stop.raise_immediately():
        windows = ensemble.scored_windows(datamodule)
    sizes = Sizes(
        train=len(datamodule.windows["train"]),
        horizon=datamodule.horizon,
        compared=sum(len(part.index) for part in windows.values()),
        scored=len(datamodule.windows["val"])
        + len(datamodule.windows["test"])
        + 2 * min(len(datamodule.windows["calibration"]), ensemble.max_conformal_origins * datamodule.num_channels),
    )
    plan = TimePlan(None if minutes is None else 60 * minutes, status.elapsed, sizes)
    fits = [
        MemberFit(folder, member, configs[name], ensemble, datamodule, status, stop)
        for name, member in ensemble.members.items()
    ]
    for number, fit in enumerate(fits, 1):
        estimated = plan.own_estimate(fit.member, fit.config)
        left = plan.left(ensemble.weighted_records) if ensemble.has_members else None
        needed = plan.least_seconds_of(fit.member, fit.config)
        if not fit.has_model and left is not None and needed > left:
            fit.skip(_no_time(needed, left))
            continue
        _show_progress(status, ensemble, plan, fits, number)
        log.info("member %d of %d: %s", number, len(fits), fit.member.name)
        try:
            record = fit.run(left, plan.fit_limit(fit.member, fit.config, left))
        except Cancelled:
            ends_search = ensemble.declaration.finishes_on_interrupt and stop.signal == signal.SIGINT
            if not ends_search or not ensemble.has_members:
                raise
            stop.withdraw()
            log.info("Ctrl-C: the run ends with the best forecast so far; press it again to cancel the run")
            fit.finish_early()
            for later in fits[number:]:
                if later.has_model:
                    later.run()
                else:
                    later.skip(Text("stopped-before", "the run was stopped before it"))
            break
        plan.add(estimated, record)
        others = [other for other in ensemble.weighted_records if other.name != record.name]
        if others and record.name in ensemble.weights_by_name and plan.is_too_slow(record, others):
            fit.drop(record, _no_time_for_forecasts(plan.seconds_of_scores(record), plan.left(others) or 0.0))
    if not ensemble.has_members:
        reasons = [f"{record.name}: {record.error}" for record in ensemble.records.values() if record.error]
        message = Text("no-member-fitted", "no member of the ensemble could be fitted")
        raise TimeVisError(message, Text("reasons-of-members", "{reasons}", reasons="; ".join(reasons)))
    _show_progress(status, ensemble, plan, fits, len(fits) + 1)
    weights = ", ".join(f"{name} {weight:.3g}" for name, weight in ensemble.weights_by_name.items())
    log.info("weights: %s; val/relative_wql %s", weights, format_number(ensemble.validation))


def _no_time(needed: float, left: float) -> Text:
    return Text(
        "no-time-for-member",
        "it needs about {needed}, and {left} were left",
        needed=format_duration(needed),
        left=format_duration(max(0.0, left)),
    )


def _no_time_for_forecasts(needed: float, left: float) -> Text:
    return Text(
        "no-time-for-forecasts",
        "its forecasts of the scored windows need about {needed}, and {left} were left",
        needed=format_duration(needed),
        left=format_duration(max(0.0, left)),
    )


def _show_progress(
    status: Status, ensemble: Ensemble, plan: TimePlan, fits: Sequence[MemberFit], current: int
) -> None:
    """Write into the status what each member has brought, and when the run will probably end."""
    left, rest, rows = plan.left(ensemble.weighted_records), 0.0, []
    weights = ensemble.weights_by_name
    for number, fit in enumerate(fits, 1):
        name, record = fit.member.name, ensemble.records.get(fit.member.name)
        if record is not None and number < current:
            row = {"state": record.state, "validation": record.validation, "seconds": round(record.seconds, 1)}
            rows.append({"name": name, **row, "weight": weights.get(name, 0.0)})
            continue
        seconds = plan.seconds_of(fit.member, fit.config)
        is_running = number == current
        free = None if left is None else max(0.0, left - rest)
        if is_running or free is None or plan.least_seconds_of(fit.member, fit.config) <= free:
            rest += seconds if free is None else min(seconds, free)
        rows.append({"name": name, "state": "running" if is_running else "waiting", "estimate": round(seconds, 1)})
    end = time.time() + rest + plan.seconds_at_end(ensemble.weighted_records)
    validation = ensemble.validation if ensemble.has_members else None
    status.update(members=rows, combination=validation, expected_end=round(end, 1))
    if ensemble.has_members and current <= len(fits):
        log.info(
            "best so far: val/relative_wql %s; the rest takes about %s",
            format_number(validation),
            format_duration(max(0.0, end - time.time())),
        )


class MemberFit:
    """Fit one member of an ensemble, or load it if it has a model, and add it to the ensemble.

    Parameters
    ----------
    folder : RunFolder
        Of the ensemble.
    member : Member
    configs : MemberConfig
    ensemble : Ensemble
    datamodule : WindowDataModule
        Of the ensemble.
    status : Status
        Of the ensemble.
    stop : StopRequest
    """

    def __init__(
        self,
        folder: RunFolder,
        member: Member,
        configs: MemberConfig,
        ensemble: Ensemble,
        datamodule: WindowDataModule,
        status: Status,
        stop: StopRequest,
    ) -> None:
        self.folder, self.member, self.ensemble = folder, member, ensemble
        self.cfg, self.config = configs
        self.datamodule, self.status, self.stop = datamodule, status, stop
        self.path = member_folder(folder.path, member.name)

    @property
    def has_steps(self) -> bool:
        """Whether the member is fitted in optimizer steps, so that a fit can end early with usable weights."""
        return self.config.model.forecaster_class.loss is not Forecaster.loss

    @property
    def has_model(self) -> bool:
        """Whether the member has been fitted before, in this run or in another one."""
        return (self.path / "model" / "model.json").is_file()

    def run(self, limit: float | None = None, fit_limit: float | None = None) -> MemberRecord:
        """Fit or load the member; returns its record, in which a failure is named.

        Parameters
        ----------
        limit : float, optional
            Seconds after which a member without optimizer steps is given up.
        fit_limit : float, optional
            Seconds after which a fit with optimizer steps ends, with its best weights so far.
        """
        started = time.monotonic()
        self.status.update(member=self.member.name, epoch=None, step=None, steps_total=None)
        try:
            with self.stop.time_limit(None if self.has_steps else limit):
                record = self._load() if self.has_model else self._start(fit_limit)
        except Cancelled:
            raise
        except TimeLimitReached as error:
            record = self.skip(error.message, time.monotonic() - started)
        except Exception as error:
            if self.stop.signal is not None:
                raise
            log.debug("the member ended", exc_info=True)
            failure = explain(error, self.cfg)
            log.warning("%s failed, and gets no weight: %s", self.member.name, failure)
            record = self._add_without_model("failed", failure, time.monotonic() - started)
        self._select_weights()
        return record

    def _select_weights(self) -> None:
        if self.ensemble.has_members:
            with self.stop.raise_immediately():
                self.ensemble.select_weights(self.datamodule)
            self.folder.save_forecaster(self.ensemble)

    def skip(self, reason: Text, seconds: float = 0.0) -> MemberRecord:
        """Leave the member out, for a reason that the log and the results name."""
        log.info("%s is left out: %s", self.member.name, reason)
        return self._add_without_model("skipped", TimeVisError(reason), seconds)

    def drop(self, record: MemberRecord, reason: Text) -> None:
        """Take a finished member out of the ensemble again; a later run with more minutes can use its model."""
        log.info("%s is left out: %s", self.member.name, reason)
        record = replace(record, state="skipped", **TimeVisError(reason).to_json())
        record.write(self.path)
        self.ensemble.add(record)
        self._select_weights()

    def finish_early(self) -> None:
        """After an interrupt: take the best weights of the fit so far, if there are any."""
        if self.has_model:
            self.run()
            return
        if not (self.path / CHECKPOINTS / BEST_CHECKPOINT).is_file():
            self.skip(Text("stopped-during-fit", "the run was stopped during its fit"))
            return
        files = RunFolder(self.path)
        seconds = files.status.elapsed if files.status else 0.0
        files.write_json(f"{CHECKPOINTS}/{FIT_FINISHED}", {"seconds": seconds})
        self.run()

    def _add_without_model(
        self, state: Literal["failed", "skipped"], failure: TimeVisError, seconds: float
    ) -> MemberRecord:
        record = MemberRecord(
            name=self.member.name,
            model=self.member.model,
            label=self.member.name,
            state=state,
            seconds=round(seconds, 3),
            **failure.to_json(),
        )
        self.path.mkdir(parents=True, exist_ok=True)
        record.write(self.path)
        self.ensemble.add(record)
        return record

    def _start(self, fit_limit: float | None) -> MemberRecord:
        if self.member.model == FINISHED_RUN:
            raise absent_model_error(self.path / "model")
        config, started = self.config, time.monotonic()
        is_new = not (self.path / "config.yaml").is_file()
        if is_new:
            (self.path / RECORD_FILE).unlink(missing_ok=True)  # it was left out before
        files = RunFolder.create(self.path, self.cfg) if is_new else RunFolder(self.path)
        files.update_config({key: value for key, value in config.lengths.items() if value is not None})
        files.write_json("data_report.json", self.folder.data_report)
        earlier = files.status
        status = Status(self.path, elapsed=earlier.elapsed if earlier else 0.0)
        with status:
            try:
                end = None if fit_limit is None else started + fit_limit
                return self._fit(files, config, status, None if is_new else checkpoint_step(files), end)
            except BaseException as error:
                if self.stop.signal is not None or isinstance(error, Cancelled):
                    status.finish("cancelled", error if isinstance(error, Cancelled) else self.stop.to_error())
                else:
                    status.finish("failed", explain(error, self.cfg))
                raise

    def _fit(
        self, files: RunFolder, config: RunConfig, status: Status, step: int | None, end: float | None
    ) -> MemberRecord:
        """Fit the member, with optimizer steps at most until the monotonic time `end`."""
        clock = FitClock()
        with self.stop.raise_immediately():
            config.model.forecaster_class.download_files(
                config.model.hyperparameters,
                lambda done, total: self.status.update(stage="download", downloaded_bytes=done, bytes_total=total),
            )
            self.status.update(stage="prepare")
            datamodule = config.datamodule(self.datamodule.panel)
            files.write_table("splits", split_table(datamodule))
            forecaster = config.forecaster(datamodule)
            facts = run_metadata(config, datamodule, forecaster)
            with clock.running():
                forecaster.prepare(datamodule)
        if end is not None:
            seconds_left = max(MIN_FIT_SECONDS, end - time.monotonic())
            config = replace(config, trainer=replace(config.trainer, max_time=duration_text(seconds_left)))
        with OpenLoggers(files, config.logger, run_tags(facts), None, step) as loggers:
            trainer = make_trainer(config, files, self.status, self.stop, clock, loggers.loggers)
            seconds, _ = fit_and_calibrate(
                trainer, forecaster, datamodule, files, config, self.status, self.stop, clock, step
            )
        files.save_forecaster(forecaster)
        status.finish("completed")
        trained, parameters = forecaster.parameter_counts()
        record = MemberRecord(
            name=self.member.name,
            model=self.member.model,
            label=facts.label,
            state="completed",
            seconds=status.elapsed,
            fit_seconds=seconds["fit_seconds"],
            calibrate_seconds=seconds["calibrate_seconds"],
            trainable_parameters=trained,
            parameters=parameters,
        )
        return self._validate(record, forecaster)

    def _load(self) -> MemberRecord:
        """Take a member that has been fitted before, in this run or in another one."""
        record, forecasts = MemberRecord.read(self.path), load_forecasts(self.path)
        if record is not None and record.state == "completed" and forecasts is not None:
            self.ensemble.add(record, forecasts)
            return record
        files = RunFolder(self.path)
        forecaster = files.load_forecaster()
        if forecaster.horizon != self.datamodule.horizon or forecaster.num_channels != self.datamodule.num_channels:
            raise RunFolderError(Text("member-of-other-task", "{path} forecasts other data", path=str(self.path)))
        if record is not None:  # it was left out, or failed, after its fit
            record = replace(record, state="completed", error=None, advice=None, error_code=None, advice_code=None)
        else:  # the process ended before it wrote the record
            trained, parameters = forecaster.parameter_counts()
            status = files.status
            record = MemberRecord(
                name=self.member.name,
                model=self.member.model,
                label=self.member.name,
                state="completed",
                seconds=status.elapsed if status else 0.0,
                trainable_parameters=trained,
                parameters=parameters,
            )
        return self._validate(record, forecaster)

    def _validate(self, record: MemberRecord, forecaster: Forecaster) -> MemberRecord:
        """Forecast the validation windows, store the forecasts, and add the member to the ensemble."""
        self.status.update(stage="validate", batch=None, batches_total=None)
        started = time.monotonic()
        with self.stop.raise_immediately():
            self.ensemble.scored_windows(self.datamodule)
            forecast_started = time.monotonic()
            forecasts = self.ensemble.validate_member(self.datamodule, forecaster)
            seconds = time.monotonic() - forecast_started
            scores = self.ensemble.score_member(self.datamodule, forecasts)
        windows = sum(len(quantiles) for quantiles in forecasts.values())
        record = replace(
            record,
            seconds=round(record.seconds + time.monotonic() - started, 3),
            tuning=scores["tuning"],
            validation=scores["val"],
            forecasts_per_second=windows / max(seconds, 1e-9) / forecaster.validation_speedup,
        )
        save_forecasts(forecasts, self.path)
        record.write(self.path)
        self.ensemble.add(record, forecasts, forecaster)
        log.info(
            "%s: val/relative_wql %s, after %s",
            record.label,
            format_number(record.validation),
            format_duration(record.seconds),
        )
        return record
