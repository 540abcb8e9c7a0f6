"""Fit the members of an ensemble, each in a run folder of its own, and choose those that fit into a time limit."""

from __future__ import annotations

import logging
import math
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from omegaconf import DictConfig

from timevis.config.members import FINISHED_RUN, Member, member_config
from timevis.config.sections import duration_seconds
from timevis.data.datamodule import WindowDataModule
from timevis.errors import Cancelled, ConfigError, TimeVisError
from timevis.messages import Setting, Text
from timevis.models.catalog import declared_models
from timevis.models.ensemble import Ensemble, can_select, validation_errors
from timevis.models.member_record import MemberRecord, member_folder
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.context import MemberConfig, RunContext
from timevis.training.member_fit import MemberFit
from timevis.training.trainer import check_class_names
from timevis.utils.formatting import format_number
from timevis.utils.phrases import format_duration, join_names

UNDECLARED_SECONDS, UNDECLARED_FORECASTS_PER_SECOND = 60.0, 100.0
"""Estimates of a model that declares nothing."""
TYPICAL_TARGETS = 300_000
"""Training windows times horizon of the data for which models without optimizer steps declare their time."""
TYPICAL_CONTEXT = 168
"""Rows of the context for which models that forecast value after value declare their speed."""
LEAST_SHARE_OF_FIT = 0.3
"""Share of the steps of a long fit that early stopping usually leaves."""
USEFUL_SHARE, MIN_EPOCHS_TO_CUT = 0.25, 5
"""Share of its estimate that a fit of at least so many epochs needs; with less time it is not started."""
MIN_CORRECTION, MAX_CORRECTION = 0.2, 10.0
REPORT_SECONDS = 5.0
"""Time for the weights, the report and the results, before correction."""
TOLERATED_SHARE = 0.05
"""Share of the limit by which the forecasts of a finished member may pass it."""
MIN_FIT_SECONDS = 2.0
"""A fit that would get less is not started."""


@dataclass(frozen=True)
class Sizes:
    """Numbers of windows that decide how long a member takes.

    Attributes
    ----------
    train, horizon : int
        Training windows, and their targets.
    compared : int
        Validation windows that each member forecasts.
    scored : mapping of str to int
        Windows that the ensemble forecasts at its end if the member of this name takes part: of validation and test,
        and those that recalibrate its intervals.
    """

    train: int
    horizon: int
    compared: int
    scored: Mapping[str, int]


class TimePlan:
    """How much time is left, and how much the remaining members need.

    The estimate of a member comes from what its model declares, and is multiplied by the ratio of the time to the
    estimate of the members so far.

    Parameters
    ----------
    limit : float, optional
        Seconds of the whole run; None for no limit.
    elapsed : float
        Seconds that the run has taken so far.
    sizes : Sizes
    """

    def __init__(self, limit: float | None, elapsed: float, sizes: Sizes) -> None:
        self.sizes, self.limit = sizes, limit
        self._end = None if limit is None else time.monotonic() + limit - elapsed
        self._estimated = self._taken = 0.0

    @property
    def correction(self) -> float:
        """Time divided by the estimate, of the members so far."""
        ratio = self._taken / self._estimated if self._estimated > 0 else 1.0
        return min(MAX_CORRECTION, max(MIN_CORRECTION, ratio))

    def fit_estimate(self, member: Member, config: RunConfig) -> float:
        """Uncorrected seconds of the fit of a member; `config` is complete."""
        declared = declared_models().get(member.model)
        if declared is None:
            return UNDECLARED_SECONDS
        rough = declared.declaration.rough_seconds
        if not declared.has_gradient_fit:
            return rough * min(3.0, max(0.05, self.sizes.train * self.sizes.horizon / TYPICAL_TARGETS))
        if config.model.hyperparameters.get("tune") == "none":
            return 0.0
        fit = config.fit
        per_epoch = max(math.ceil(self.sizes.train / fit.batch_size), fit.min_steps_per_epoch or 1)
        if fit.steps_per_epoch is not None:
            per_epoch = min(per_epoch, fit.steps_per_epoch)
        share = min(1.0, max(LEAST_SHARE_OF_FIT, (fit.patience + 2) / fit.max_epochs))
        return rough * per_epoch * fit.max_epochs * share

    def forecast_estimate(self, member: Member, config: RunConfig, windows: int) -> float:
        """Uncorrected seconds of the forecasts of windows."""
        declared = declared_models().get(member.model)
        if declared is None:
            return windows / UNDECLARED_FORECASTS_PER_SECOND
        values_per_second = declared.declaration.rough_values_per_second
        if values_per_second is not None:
            slower = max(1.0, config.context_length / TYPICAL_CONTEXT) ** 0.5
            return windows * self.sizes.horizon * slower / values_per_second
        return windows / declared.declaration.rough_forecasts_per_second

    def own_estimate(self, member: Member, config: RunConfig) -> float:
        """Uncorrected seconds of a member until its weight is known."""
        return self.fit_estimate(member, config) + self.forecast_estimate(member, config, self.sizes.compared)

    def seconds_of(self, member: Member, config: RunConfig) -> float:
        """Corrected seconds of a member, with its forecasts of the windows that the ensemble scores."""
        final = self.forecast_estimate(member, config, self.sizes.scored[member.name])
        return self.correction * (self.own_estimate(member, config) + final)

    def least_seconds_of(self, member: Member, config: RunConfig) -> float:
        """Corrected seconds without which a member is not started: a fit of several epochs may end early."""
        declared = declared_models().get(member.model)
        can_be_cut = declared is not None and declared.has_gradient_fit and config.fit.max_epochs >= MIN_EPOCHS_TO_CUT
        saved = self.fit_estimate(member, config) * (1 - USEFUL_SHARE) if can_be_cut else 0.0
        return self.seconds_of(member, config) - self.correction * saved

    def add(self, estimated: float, record: MemberRecord) -> None:
        """Correct later estimates by the time that a member took."""
        if record.state == "completed":
            self._estimated += estimated
            self._taken += record.seconds

    def seconds_of_scores(self, record: MemberRecord) -> float:
        """Seconds in which a member forecasts the windows that the ensemble scores."""
        speed = record.forecasts_per_second
        return self.sizes.scored[record.name] / speed if speed else 0.0

    def seconds_at_end(self, records: Iterable[MemberRecord]) -> float:
        """Seconds that the scores and the report of an ensemble of these members take."""
        return self.correction * REPORT_SECONDS + sum(map(self.seconds_of_scores, records))

    def left(self, records: Iterable[MemberRecord]) -> float | None:
        """Seconds that are left for further members, beside these; None without a limit."""
        return None if self._end is None else self._end - time.monotonic() - self.seconds_at_end(records)

    def is_too_slow(self, record: MemberRecord, others: Iterable[MemberRecord]) -> bool:
        """Whether forecasting with a finished member, beside the others, would take the run past the limit."""
        left = self.left(others)
        if left is None or self.limit is None:
            return False
        return self.seconds_of_scores(record) > max(0.0, left) + TOLERATED_SHARE * self.limit

    def fit_limit(self, member: Member, config: RunConfig, left: float | None) -> float | None:
        """Longest time of the fit of a member with optimizer steps; None without a limit."""
        own = None if config.trainer.max_time is None else duration_seconds(config.trainer.max_time)
        if left is None:
            return own
        windows = self.sizes.compared + self.sizes.scored[member.name]
        longest = max(MIN_FIT_SECONDS, left - self.correction * self.forecast_estimate(member, config, windows))
        return longest if own is None else min(own, longest)


log = logging.getLogger(__name__)


def check_members(cfg: DictConfig, config: RunConfig) -> None:
    """Check the configs of all members of an ensemble, before data are read; other models have none.

    Parameters
    ----------
    cfg, config
        The config of the run, and the same as typed objects.

    Raises
    ------
    ConfigError
        Names the key.
    """
    members = config.model.members
    if members and config.trainer.devices not in (1, "1", "auto"):
        message = Text(
            "{devices}: an ensemble fits its members on one device",
            devices=Setting("trainer.devices", config.trainer.devices),
        )
        raise ConfigError(message, Text("use one device"), "trainer.devices")
    for member in members:
        if member.model == FINISHED_RUN:
            message = Text("{member} stands for a finished run", member=FINISHED_RUN)
            raise ConfigError(message, Text("use timevis ensemble RUN RUN"), "model.members")
        check_class_names(RunConfig.from_config(member_config(cfg, member)))


def configure_members(context: RunContext) -> None:
    """Complete the config of each member of an ensemble: of its run folder if it has one, else from the ensemble's.

    The context of the ensemble is the longest one of its members. Other models have no members.
    """
    folder, configs = context.folder, {}
    for member in context.config.model.members:
        path = member_folder(folder.path, member.name)
        cfg = RunFolder(path).config if (path / "config.yaml").is_file() else member_config(folder.config, member)
        configs[member.name] = MemberConfig(cfg, RunConfig.from_config(cfg).completed_for(context.panel))
    if configs:
        longest = max(member.config.context_length for member in configs.values())
        folder.update_config({"context_length": longest})
        context.config = replace(context.config, run=replace(context.config.run, context_length=longest))
    context.members = configs


def fit_members(context: RunContext, run_member: Callable[[RunContext], None]) -> None:
    """Fit the members of an ensemble that have no model yet, one after the other, and select the weights.

    After each member the ensemble of the members so far is saved, so that it can forecast. A member that fails gets
    no weight; the log and the results name it. Where validation is too short to select weights, members that would
    have to be trained are left out; see `prior_weights`. With a time limit, a member is only fitted if its estimated
    time fits into what is left; the first one always is.

    Parameters
    ----------
    context : RunContext
        Of the ensemble, which is prepared. Its status shows which member is fitted.
    run_member : callable
        Runs the stages of a member.

    Raises
    ------
    TimeVisError
        Every member failed.
    Cancelled
        A signal stopped the run, and the model does not finish on Ctrl-C, or has no member yet.
    """
    ensemble, datamodule, configs = context.forecaster, context.datamodule, context.members
    assert isinstance(ensemble, Ensemble)
    status, stop, minutes = context.status, context.stop, context.config.run.minutes
    ensemble.folder = context.folder.path
    minutes = minutes if minutes is not None else type(ensemble).default_minutes
    with stop.raise_immediately():
        windows = ensemble.scored_windows(datamodule)
    compared = sum(len(part.index) for part in windows.values())
    plan = TimePlan(None if minutes is None else 60 * minutes, status.elapsed, _sizes(datamodule, configs, compared))
    fits = [
        MemberFit(context, member, configs[name], ensemble, run_member) for name, member in ensemble.members.items()
    ]
    if not can_select(datamodule):
        fits = _without_trained_members(fits, ensemble, datamodule)
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
                    later.skip(Text("the run was stopped before it"))
            break
        plan.add(estimated, record)
        others = [other for other in ensemble.weighted_records if other.name != record.name]
        if others and record.name in ensemble.weights_by_name and plan.is_too_slow(record, others):
            fit.drop(record, _no_time_for_forecasts(plan.seconds_of_scores(record), plan.left(others) or 0.0))
    if not ensemble.has_members:
        reasons = [f"{record.name}: {record.error}" for record in ensemble.records.values() if record.error]
        message = Text("no member of the ensemble could be fitted")
        raise TimeVisError(message, Text("{reasons}", reasons="; ".join(reasons)))
    _show_progress(status, ensemble, plan, fits, len(fits) + 1)
    weights = ", ".join(f"{name} {weight:.3g}" for name, weight in ensemble.weights_by_name.items())
    log.info("weights: %s; val/relative_wql %s", weights, format_number(ensemble.validation))


def _without_trained_members(
    fits: Sequence[MemberFit], ensemble: Ensemble, datamodule: WindowDataModule
) -> list[MemberFit]:
    """Give members the weights that their models declare, and leave out those that would be fitted without a weight.

    If no model declares a weight, all are fitted, and have equal ones.
    """
    ensemble.prior = {fit.member.name: fit.prior_weight for fit in fits}
    is_used = {name: weight > 0 or not any(ensemble.prior.values()) for name, weight in ensemble.prior.items()}
    used = [fit for fit in fits if is_used[fit.member.name] or fit.has_model]
    unused = [fit for fit in fits if fit not in used]
    errors = round(validation_errors(datamodule), 1)
    for fit in unused:
        text = Text(
            "validation has about {errors} independent errors, too few to select a model that is trained",
            errors=errors,
        )
        fit.leave_out(text)
    log.info(
        "validation has about %s independent errors, too few to select models: the forecast is made by %s%s",
        errors,
        join_names([fit.member.name for fit in fits if is_used[fit.member.name]]),
        f"; not trained: {join_names([fit.member.name for fit in unused])}" if unused else "",
    )
    return used


def _sizes(datamodule: WindowDataModule, configs: Mapping[str, MemberConfig], compared: int) -> Sizes:
    windows, channels = datamodule.windows, datamodule.num_channels
    scored = {}
    for name, (_, config) in configs.items():
        recalibrating = min(
            len(windows["calibration"]), config.model.forecaster_class.max_conformal_origins * channels
        )
        scored[name] = len(windows["val"]) + len(windows["test"]) + 2 * recalibrating
    return Sizes(train=len(windows["train"]), horizon=datamodule.horizon, compared=compared, scored=scored)


def _no_time(needed: float, left: float) -> Text:
    return Text(
        "it needs about {needed}, and {left} were left",
        needed=format_duration(needed),
        left=format_duration(max(0.0, left)),
    )


def _no_time_for_forecasts(needed: float, left: float) -> Text:
    return Text(
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
    shown = {row["name"] for row in rows}
    never_tried = [record for name, record in ensemble.records.items() if name not in shown]
    rows += [
        {"name": r.name, "state": r.state, "validation": None, "seconds": 0.0, "weight": 0.0} for r in never_tried
    ]
    end = time.time() + rest + plan.seconds_at_end(ensemble.weighted_records)
    validation = ensemble.validation if ensemble.has_members else None
    status.update(members=rows, combination=validation, expected_end=round(end, 1))
    if ensemble.has_members and current <= len(fits):
        log.info(
            "best so far: val/relative_wql %s; the rest takes about %s",
            format_number(validation),
            format_duration(max(0.0, end - time.time())),
        )
