"""Estimate how long the members of an ensemble take, and which of them fit into a time limit."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from timevis.config.members import Member
from timevis.config.sections import duration_seconds
from timevis.models.catalog import declared_models
from timevis.models.member_record import MemberRecord
from timevis.runs.config import RunConfig

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
