"""Fit one member of an ensemble in a run folder of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from timevis.config.members import FINISHED_RUN, Member
from timevis.errors import Cancelled, RunFolderError, TimeLimitReached, TimeVisError
from timevis.messages import Text
from timevis.models.ensemble import Ensemble, load_forecasts, save_forecasts
from timevis.models.forecaster import Forecaster
from timevis.models.member_record import RECORD_FILE, MemberRecord, member_folder
from timevis.models.serialization import absent_model_error
from timevis.runs.config import RunConfig
from timevis.runs.folder import BEST_CHECKPOINT, CHECKPOINTS, FIT_FINISHED, RunFolder
from timevis.runs.status import Status
from timevis.training.context import MemberConfig, RunContext
from timevis.training.fit import checkpoint_step
from timevis.utils.explain import explain
from timevis.utils.formatting import format_number
from timevis.utils.phrases import format_duration

log = logging.getLogger(__name__)


class MemberFit:
    """Fit one member of an ensemble, or load it if it has a model, and add it to the ensemble.

    Parameters
    ----------
    context : RunContext
        Of the ensemble.
    member : Member
    configs : MemberConfig
    ensemble : Ensemble
    run_member : callable
        Runs the stages of a member.
    """

    def __init__(
        self,
        context: RunContext,
        member: Member,
        configs: MemberConfig,
        ensemble: Ensemble,
        run_member: Callable[[RunContext], None],
    ) -> None:
        self.folder, self.member, self.ensemble, self.run_member = context.folder, member, ensemble, run_member
        self.cfg, self.config = configs
        self.datamodule, self.status, self.stop = context.datamodule, context.status, context.stop
        self.path = member_folder(context.folder.path, member.name)

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

    @property
    def prior_weight(self) -> float:
        """What `Declaration.prior_weight` says of its model with its options; 0 without a declaration."""
        declaration = self.config.model.forecaster_class.declaration
        return declaration.prior_weight(self.config.model.hyperparameters) if declaration else 0.0

    def skip(self, reason: Text, seconds: float = 0.0) -> MemberRecord:
        """Leave the member out, for a reason that the log and the results name."""
        log.info("%s is left out: %s", self.member.name, reason)
        return self.leave_out(reason, seconds)

    def leave_out(self, reason: Text, seconds: float = 0.0) -> MemberRecord:
        """Leave the member out, for a reason that the results name."""
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
            self.skip(Text("the run was stopped during its fit"))
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
        context = RunContext(
            folder=files,
            config=config,
            status=self.status,
            stop=self.stop,
            is_member=True,
            step=step,
            fit_end=end,
        )
        context.panel = self.datamodule.panel
        self.run_member(context)
        forecaster = context.forecaster
        files.save_forecaster(forecaster)
        status.finish("completed")
        trained, parameters = forecaster.parameter_counts()
        record = MemberRecord(
            name=self.member.name,
            model=self.member.model,
            label=context.facts.label,
            state="completed",
            seconds=status.elapsed,
            fit_seconds=context.seconds["fit_seconds"],
            calibrate_seconds=context.seconds["calibrate_seconds"],
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
            raise RunFolderError(Text("{path} forecasts other data", path=str(self.path)))
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
