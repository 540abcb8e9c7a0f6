"""An ensemble: the weighted mean of the quantiles of several models; `auto` adds a limit of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from timevis.config.members import Member, parse_members
from timevis.config.options import PositiveInt
from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.intervals.conformal import FEW_ERRORS, independent_errors, independent_horizons
from timevis.models.declaration import Declaration
from timevis.models.ensemble_weights import (
    MIN_HORIZONS,
    WQL_ROWS,
    ScoredWindows,
    combined,
    prior_weights,
    selected_weights,
    shrunk_weights,
)
from timevis.models.forecaster import Forecast, Forecaster
from timevis.models.member_record import FORECASTS_FILE, MemberRecord, member_folder
from timevis.models.scoring import ValidationReference
from timevis.models.serialization import load
from timevis.utils.files import atomic_write, damaged_file_error


class Ensemble(Forecaster):
    """Averages the quantiles of several models, with weights that are selected on validation.

    The quantiles of the members are averaged level by level. The weights are selected on the tuning windows by the
    WQL of the combination, greedily and with replacement (Caruana et al., 2004); a member that does not improve the
    combination gets the weight 0. On the windows that compare models, the combination must have a lower WQL than
    seasonal naive. Where it has not, the best member that has replaces it; where no member has, seasonal naive does,
    if it is a member. Where validation is too short for any of this, members have the weights that their models
    declare; see `prior_weights`.

    Each member is a run in the folder ``members/<name>`` of the run, from which the ensemble loads it.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    members : sequence of str
        Models, each with options of its own if there are any, such as lstm or "lstm hidden_size=64".
    rounds : int
        Steps of the greedy selection; the weights are multiples of 1 divided by at most this number.

    Attributes
    ----------
    records : dict
        `MemberRecord` by the name of the member, for the members that are finished.
    weights : float64 [M]
        They add up to 1; 0 for a member without a part in the forecast.
    scores : float64 [2]
        Relative WQL of the weighted combination on the tuning windows and on the windows that compare models.
    is_selected : bool
        False where validation was too short to select weights.
    prior : dict
        By the name of the member, what `Declaration.prior_weight` says of its model; set before `select_weights`.
    """

    declaration = Declaration(
        title="Ensemble",
        rough_seconds=120.0,
        basic_options=("members",),
    )
    calibrated_state = ("weights", "scores", "is_selected")
    limits_its_own_time = True
    default_minutes: ClassVar[float | None] = None
    """`minutes` where it is null."""

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        members: Sequence[str],
        rounds: PositiveInt = 40,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        self.members = {member.name: member for member in parse_members(members)}
        self.weights: Tensor
        self.scores: Tensor
        self.register_buffer("weights", torch.zeros(len(self.members), dtype=torch.float64))
        self.register_buffer("scores", torch.full((2,), torch.nan, dtype=torch.float64))
        self.is_selected: Tensor
        self.register_buffer("is_selected", torch.tensor(True))
        self.prior: Mapping[str, float] = {}
        self.records: dict[str, MemberRecord] = {}
        self.folder: Path | None = None
        self._loaded: dict[str, Forecaster] = {}
        self._forecasts: dict[str, dict[str, Tensor]] = {}
        self._windows: dict[str, ScoredWindows] = {}

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        super().check_options(options)
        cls.members_of(options)

    @classmethod
    def members_of(cls, options: Mapping[str, Any]) -> list[Member]:
        """The members that hyperparameters ask for."""
        return parse_members(options["members"])

    @property
    def trainable(self) -> bool:
        """False: its members are fitted before it."""
        return False

    def parameter_counts(self) -> tuple[int, int]:
        """Trained parameters and all parameters of all members."""
        records = self.records.values()
        return sum(r.trainable_parameters for r in records), sum(r.parameters for r in records)

    @property
    def seconds_of_members(self) -> dict[str, float]:
        """Seconds of the stages of all members, also of those without a part in the forecast."""
        records = self.records.values()
        return {name: sum(getattr(r, name) for r in records) for name in ("fit_seconds", "calibrate_seconds")}

    @property
    def weights_by_name(self) -> dict[str, float]:
        """The weights of the members with a part in the forecast."""
        return {name: w for name, w in zip(self.members, self.weights.tolist(), strict=True) if w > 0}

    @property
    def max_conformal_origins(self) -> int:  # type: ignore[override]  # of the slowest member with a weight
        """Origins of a half of validation that are forecast for the recalibration."""
        limits = [self._member(name).max_conformal_origins for name in self.weights_by_name]
        return min(limits, default=Forecaster.max_conformal_origins)

    @property
    def covariates_read(self) -> tuple[int, ...]:
        read = {column for name in self.weights_by_name for column in self._member(name).covariates_read}
        return tuple(sorted(read))

    @property
    def rows_read(self) -> int:
        return max([self.context_length, *(self._member(name).rows_read for name in self.weights_by_name)])

    def describe(self) -> dict[str, Any]:
        """Weight, scores and cost of each member, the best one first, and the scores of the combination."""
        weights = self.weights_by_name

        def order(record: MemberRecord) -> tuple[bool, float]:
            return record.validation is None, record.validation or 0.0

        rows = [asdict(replace(record, weight=weights.get(record.name, 0.0))) for record in self.records.values()]
        rows.sort(key=lambda row: order(self.records[row["name"]]))
        tuning, validation = self.scores.tolist()
        combination = {"tuning": tuning, "validation": validation, "is_selected": bool(self.is_selected)}
        return {"members": rows, "combination": combination}

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        state_dict.setdefault(f"{prefix}is_selected", torch.tensor(True))  # version 0.1.0 always selected weights
        super()._load_from_state_dict(state_dict, prefix, *args)

    def read_run_folder(self, folder: Path) -> None:
        """Load the members with a part in the forecast, and the records of all members."""
        self.folder = folder
        for name in self.members:
            if (record := MemberRecord.read(member_folder(folder, name))) is not None:
                self.records[name] = record
        for name in self.weights_by_name:
            self._member(name)

    def with_refitted_members(self, refit: Callable[[Path], Forecaster]) -> Ensemble:
        assert self.folder is not None
        other = type(self)(**self.hparams)
        other.load_state_dict(self.state_dict())
        other.records, other.folder = self.records, self.folder
        other._loaded = {name: refit(member_folder(self.folder, name)) for name in self.weights_by_name}
        return other.eval()

    def _member(self, name: str) -> Forecaster:
        if name not in self._loaded:
            assert self.folder is not None
            self._loaded[name] = load(member_folder(self.folder, name) / "model")
        return self._loaded[name]

    def scored_windows(self, datamodule: WindowDataModule) -> dict[str, ScoredWindows]:
        """The windows ``tuning`` and ``val`` on which members are compared; they are read once."""
        if not self._windows:
            reference = ValidationReference(datamodule, torch.device("cpu"))
            self._windows = {part: ScoredWindows(datamodule, part, reference) for part in ("tuning", "val")}
        return self._windows

    @torch.no_grad()
    def validate_member(self, datamodule: WindowDataModule, forecaster: Forecaster) -> dict[str, Tensor]:
        """Forecast the windows on which members are compared, at the levels of WQL: ``tuning`` and ``val``."""
        forecasts = {}
        for part, windows in self.scored_windows(datamodule).items():
            options = forecaster.validation_options
            batches = windows.batches(forecaster.device)
            parts = [_forecast(forecaster, batch, **options).quantiles[:, WQL_ROWS].cpu() for batch in batches]
            forecasts[part] = torch.cat(parts).float()
        return forecasts

    def score_member(self, datamodule: WindowDataModule, forecasts: Mapping[str, Tensor]) -> dict[str, float]:
        """Relative WQL of forecasts of `validate_member` on ``tuning`` and ``val``."""
        windows = self.scored_windows(datamodule)
        return {part: windows[part].relative_wql(quantiles) for part, quantiles in forecasts.items()}

    def add(
        self, record: MemberRecord, forecasts: dict[str, Tensor] | None = None, forecaster: Forecaster | None = None
    ) -> None:
        """Add a finished member: its record, and, if it takes part, its forecasts of `validate_member`."""
        self.records[record.name] = record
        if forecasts is None:
            self._forecasts.pop(record.name, None)
        else:
            self._forecasts[record.name] = forecasts
        if forecaster is not None:
            self._loaded[record.name] = forecaster

    @property
    def weighted_records(self) -> list[MemberRecord]:
        """The records of the members with a part in the forecast."""
        return [self.records[name] for name in self.weights_by_name]

    @property
    def validation(self) -> float:
        """Relative WQL of the weighted combination on the windows that compare models."""
        return float(self.scores[1])

    @property
    def has_members(self) -> bool:
        """Whether a member can forecast."""
        return bool(self._forecasts)

    def select_weights(self, datamodule: WindowDataModule) -> None:
        """Select the weights of the members that were added, or take `prior` where validation is too short for it."""
        names, windows = list(self._forecasts), self.scored_windows(datamodule)
        tuning, val = ([self._forecasts[name][part] for name in names] for part in ("tuning", "val"))
        self.is_selected.fill_(can_select(datamodule))
        if self.is_selected:
            weights = self._selected(datamodule, names, tuning, val)
        else:
            weights = prior_weights([self.prior.get(name, 0.0) for name in names])
        error = windows["val"].relative_wql(combined(val, weights))
        chosen = dict(zip(names, weights.tolist(), strict=True))
        self.weights.copy_(torch.tensor([chosen.get(name, 0.0) for name in self.members]))
        self.scores.copy_(torch.tensor([windows["tuning"].relative_wql(combined(tuning, weights)), error]))
        for name in set(self._loaded).difference(self.weights_by_name):
            del self._loaded[name]

    def _selected(
        self, datamodule: WindowDataModule, names: Sequence[str], tuning: Sequence[Tensor], val: Sequence[Tensor]
    ) -> Tensor:
        """Weights by the forecasts of both halves of validation, partly shrunk where these are short; float64 [M]."""
        windows = self.scored_windows(datamodule)
        naive = [i for i, name in enumerate(names) if self.records[name].model == "seasonal_naive"]
        weights = selected_weights(windows, {"tuning": tuning, "val": val}, naive, self.hparams["rounds"])
        errors = [windows["val"].relative_wql(quantiles) for quantiles in val]
        if _has_few_horizons(datamodule) and self._beats_naive(windows["tuning"], tuning, errors, naive):
            pairs = zip(tuning, val, strict=True)
            whole = [windows["tuning"].relative_wql_with(one, windows["val"], other) for one, other in pairs]
            weights = shrunk_weights(weights, whole)
        return weights

    @staticmethod
    def _beats_naive(
        windows: ScoredWindows, tuning: Sequence[Tensor], errors: Sequence[float], naive: Sequence[int]
    ) -> bool:
        """Whether a member other than seasonal naive is better than it on one of the halves of validation."""
        others = [i for i in range(len(tuning)) if i not in naive]
        return any(min(errors[i], windows.relative_wql(tuning[i])) < 1 for i in others)

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        self.select_weights(datamodule)

    def base_forecast(self, batch: Batch, is_validation: bool = False) -> Forecast:
        return self._combine(batch, is_validation)

    @property
    def validation_options(self) -> dict[str, Any]:
        return {"is_validation": True}

    def _combine(self, batch: Batch, is_validation: bool = False) -> Forecast:
        point: Tensor | None = None
        quantiles: Tensor | None = None
        for name, weight in self.weights_by_name.items():
            member = self._member(name)
            forecast = _forecast(member, batch, **(member.validation_options if is_validation else {}))
            parts = weight * forecast.point.float(), weight * forecast.quantiles.float()
            point = parts[0] if point is None else point + parts[0]
            quantiles = parts[1] if quantiles is None else quantiles + parts[1]
        if point is None or quantiles is None:
            raise RuntimeError("the ensemble has no weights; call calibrate(datamodule) before forecast")
        return Forecast(point, quantiles)


def can_select(datamodule: WindowDataModule) -> bool:
    """Whether the validation windows of a data module have enough independent errors to select among models."""
    return validation_errors(datamodule) > FEW_ERRORS


def validation_errors(datamodule: WindowDataModule) -> float:
    """About the number of independent errors of both halves of validation; see `independent_errors`."""
    pairs = zip(*(datamodule.windows[part].pairs for part in ("tuning", "val")), strict=True)
    origin, channel = (torch.cat(both) for both in pairs)
    return independent_errors(channel, origin, datamodule.num_channels, datamodule.horizon)


def _has_few_horizons(datamodule: WindowDataModule) -> bool:
    """Whether the tuning windows are too few for weights that are only selected."""
    origin, channel = datamodule.windows["tuning"].pairs
    return independent_horizons(channel, origin, datamodule.num_channels, datamodule.horizon) < MIN_HORIZONS


def _forecast(member: Forecaster, batch: Batch, **options: Any) -> Forecast:
    """The forecast of a member, whose context may be shorter than the context of the ensemble."""
    if member.device != batch.origin.device:
        member.to(batch.origin.device)
    if member.context_length != batch.context.shape[1]:
        batch = batch.series.gather(batch.origin, batch.channel, member.context_length, member.horizon)
    return member.base_forecast(batch, **options)


def save_forecasts(forecasts: Mapping[str, Tensor], folder: Path) -> None:
    """Write the forecasts of `Ensemble.validate_member` into the folder of the member."""
    with atomic_write(folder / FORECASTS_FILE) as path:
        save_file({part: quantiles.contiguous() for part, quantiles in forecasts.items()}, path)


def load_forecasts(folder: Path) -> dict[str, Tensor] | None:
    """The forecasts that `save_forecasts` wrote; None if there are none.

    Raises
    ------
    RunFolderError
        The file is damaged.
    """
    path = folder / FORECASTS_FILE
    if not path.is_file():
        return None
    try:
        forecasts = load_file(path)
    except (SafetensorError, OSError) as error:
        raise damaged_file_error(path, error) from error
    if {"tuning", "val"} - set(forecasts):
        raise damaged_file_error(path, "it has no forecasts")
    return forecasts


DEFAULT_MINUTES = 10.0


class Auto(Ensemble):
    """Tries models from the fastest to the slowest within a time limit, and combines those that help.

    It is an ensemble whose members are fitted as long as the time lasts: a model is tried if its estimated time fits
    into what is left. After each model there is a forecast that can be used, and the end of the time, or Ctrl-C,
    gives the best one so far. Where no model is better than seasonal naive on validation, the forecast is seasonal
    naive.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    members : sequence of str
        Models that are tried, in this order, each with options of its own if there are any, such as lstm or "lstm
        hidden_size=64".
    rounds : int
        Steps of the greedy selection of the weights.
    """

    declaration = Declaration(
        title="Best within a time limit",
        rough_seconds=60 * DEFAULT_MINUTES,
        rough_memory_mb=1500.0,
        is_recommended=True,
        presets={"quick": {"minutes": 2.0}, "best": {"minutes": DEFAULT_MINUTES}},
        finishes_on_interrupt=True,
    )
    default_minutes: ClassVar[float | None] = DEFAULT_MINUTES
