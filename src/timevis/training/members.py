"""Fit the members of an ensemble, each in a run folder of its own within the folder of the ensemble."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from omegaconf import DictConfig

from timevis.config.members import FINISHED_RUN, Member, member_config
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.errors import Cancelled, ConfigError, RunFolderError, TimeVisError
from timevis.messages import Setting, Text
from timevis.models.ensemble import Ensemble, load_forecasts, save_forecasts
from timevis.models.forecaster import Forecaster
from timevis.models.member_record import MemberRecord, member_folder
from timevis.models.serialization import absent_model_error
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.metadata import run_metadata, run_tags
from timevis.runs.reload import split_table
from timevis.runs.status import Status
from timevis.training.callbacks.step_hooks import FitClock
from timevis.training.fit import checkpoint_step
from timevis.training.loggers.open_loggers import OpenLoggers
from timevis.training.stages import fit_and_calibrate
from timevis.training.trainer import check_class_names, make_trainer
from timevis.utils.explain import explain
from timevis.utils.formatting import format_duration, format_number
from timevis.utils.interrupts import StopRequest

log = logging.getLogger(__name__)


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


def with_longest_context(folder: RunFolder, config: RunConfig, panel: Panel) -> RunConfig:
    """The config of an ensemble with the longest context of its members, which is stored in its folder."""
    lengths = [
        RunConfig.from_config(_config_of(folder, member)).completed_for(panel).context_length
        for member in _members_of(config)
    ]
    longest = max(lengths)
    folder.update_config({"context_length": longest})
    return replace(config, run=replace(config.run, context_length=longest))


def _config_of(folder: RunFolder, member: Member) -> DictConfig:
    """The config of a member: of its run folder if it has one, else made from the config of the ensemble."""
    path = member_folder(folder.path, member.name)
    return RunFolder(path).config if (path / "config.yaml").is_file() else member_config(folder.config, member)


def fit_members(
    folder: RunFolder, ensemble: Ensemble, datamodule: WindowDataModule, status: Status, stop: StopRequest
) -> None:
    """Fit the members of an ensemble that have no model yet, one after the other, and select the weights.

    After each member the ensemble of the members so far is saved, so that it can forecast. A member that fails gets
    no weight; the log and the results name it.

    Parameters
    ----------
    folder : RunFolder
        Of the ensemble.
    ensemble : Ensemble
        Prepared.
    datamodule : WindowDataModule
    status : Status
        Of the ensemble; shows which member is fitted.
    stop : StopRequest

    Raises
    ------
    TimeVisError
        Every member failed.
    """
    ensemble.folder = folder.path
    for number, member in enumerate(ensemble.members.values(), 1):
        log.info("member %d of %d: %s", number, len(ensemble.members), member.name)
        MemberFit(folder, member, ensemble, datamodule, status, stop).run()
    if ensemble.has_members:
        weights = ", ".join(f"{name} {weight:.3g}" for name, weight in ensemble.weights_by_name.items())
        log.info("weights: %s; val/relative_wql %s", weights, format_number(float(ensemble.scores[1])))
    else:
        reasons = [f"{record.name}: {record.error}" for record in ensemble.records.values() if record.error]
        message = Text("no-member-fitted", "no member of the ensemble could be fitted")
        raise TimeVisError(message, Text("reasons-of-members", "{reasons}", reasons="; ".join(reasons)))


class MemberFit:
    """Fit one member of an ensemble, or load it if it has a model, and add it to the ensemble.

    Parameters
    ----------
    folder : RunFolder
        Of the ensemble.
    member : Member
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
        ensemble: Ensemble,
        datamodule: WindowDataModule,
        status: Status,
        stop: StopRequest,
    ) -> None:
        self.folder, self.member, self.ensemble = folder, member, ensemble
        self.datamodule, self.status, self.stop = datamodule, status, stop
        self.path = member_folder(folder.path, member.name)

    def run(self) -> MemberRecord:
        """Fit or load the member; returns its record, in which a failure is named."""
        started = time.monotonic()
        self.status.update(member=self.member.name, epoch=None, step=None, steps_total=None)
        try:
            record = self._run()
        except Cancelled:
            raise
        except Exception as error:
            if self.stop.signal is not None:
                raise
            log.debug("the member ended", exc_info=True)
            failure = explain(error, self._config_if_any())
            log.warning("%s failed, and gets no weight: %s", self.member.name, failure)
            seconds = time.monotonic() - started
            record = MemberRecord(
                name=self.member.name,
                model=self.member.model,
                label=self.member.name,
                state="failed",
                seconds=seconds,
                **failure.to_json(),
            )
            self.path.mkdir(parents=True, exist_ok=True)
            record.write(self.path)
            self.ensemble.add(record)
        if self.ensemble.has_members:
            with self.stop.raise_immediately():
                self.ensemble.select_weights(self.datamodule)
            self.folder.save_forecaster(self.ensemble)
        return record

    def _config_if_any(self) -> DictConfig | None:
        return RunFolder(self.path).config if (self.path / "config.yaml").is_file() else None

    def _run(self) -> MemberRecord:
        if (self.path / "model" / "model.json").is_file():
            return self._load()
        if self.member.model == FINISHED_RUN:
            raise absent_model_error(self.path / "model")
        cfg = _config_of(self.folder, self.member)
        config = RunConfig.from_config(cfg).completed_for(self.datamodule.panel)
        is_new = not (self.path / "config.yaml").is_file()
        files = RunFolder.create(self.path, cfg) if is_new else RunFolder(self.path)
        files.update_config({key: value for key, value in config.lengths.items() if value is not None})
        files.write_json("data_report.json", self.folder.data_report)
        earlier = files.status
        status = Status(self.path, elapsed=earlier.elapsed if earlier else 0.0)
        with status:
            try:
                return self._fit(files, config, status, None if is_new else checkpoint_step(files))
            except BaseException as error:
                if self.stop.signal is not None or isinstance(error, Cancelled):
                    status.finish("cancelled", error if isinstance(error, Cancelled) else self.stop.to_error())
                else:
                    status.finish("failed", explain(error, cfg))
                raise

    def _fit(self, files: RunFolder, config: RunConfig, status: Status, step: int | None) -> MemberRecord:
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
        if record is None:  # the process ended before it wrote the record
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
            forecasts_per_second=windows / max(seconds, 1e-9),
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
