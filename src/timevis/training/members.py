"""Fit the members of an ensemble, each in a run folder of its own within the folder of the ensemble."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from omegaconf import DictConfig

from timevis.config.members import FINISHED_RUN, member_config
from timevis.data.datamodule import WindowDataModule
from timevis.errors import Cancelled, ConfigError, TimeVisError
from timevis.messages import Setting, Text
from timevis.models.ensemble import Ensemble, can_select, validation_errors
from timevis.models.member_record import member_folder
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.context import MemberConfig, RunContext
from timevis.training.member_fit import MemberFit
from timevis.training.time_plan import Sizes, TimePlan
from timevis.training.trainer import check_class_names
from timevis.utils.formatting import format_number
from timevis.utils.phrases import format_duration, join_names

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
