"""Gradient-boosted trees, and the choice of covariates by them."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

import numpy as np
import torch
from annotated_types import Interval, Len
from torch import Tensor

from timevis.config.options import NonNegativeFloat, NonNegativeInt, PositiveFraction, PositiveInt
from timevis.data.datamodule import WindowDataModule, WindowLoader
from timevis.data.window_sampling import stratified
from timevis.data.windows import Batch
from timevis.intervals.conformal import independent_horizons
from timevis.models.declaration import Declaration
from timevis.models.forecaster import Forecast
from timevis.models.point_forecaster import PointForecaster
from timevis.utils.stdout import with_progress

if TYPE_CHECKING:
    import lightgbm

log = logging.getLogger(__name__)

NumLeaves: TypeAlias = Annotated[int, Interval(ge=2, le=131_072)]
MaxRounds: TypeAlias = Annotated[int, Interval(ge=1, le=100_000)]
LAGS = (1, 2, 3, 4, 6, 8, 12, 24)
SEASONAL_LAGS = (1, 2, 3, 7)
"""Rows before the origin, and seasons before the target, whose values are features."""
MIN_RELATIVE_ERROR = 0.05
"""Smallest expected error, in mean errors of the tuning windows."""
TRIAL_ROWS = 30_000
"""Rows of each part on which the values of `base_seasons` and `base_rows` are compared."""
TRIAL_ROUNDS = 60
"""Boosting rounds of this comparison."""
MIN_TRIAL_GAIN = 0.02
"""Share of the squared error by which another value must be better than the first one."""
CHANNEL_COLUMN = 1
"""Number of the feature with the channel; the static covariates follow it."""


class Boosted(PointForecaster):
    """One LightGBM model of all channels and horizon steps (Ke et al., 2017).

    A row of the table is one horizon step of one window. Its features are the step, the channel, lags, seasonal lags,
    means and variances of the context, the calendar of the target, and the covariates. Values are standardised per
    channel relative to the mean of the context, since trees cannot extrapolate a level. The target is relative to the
    mean of the context too, or to its mean at the same time of the day. Both means are of the whole context, or of
    its last day (season) only, as rising series need it; validation selects one of the four. Missing values stay
    missing.

    A second model learns the expected absolute error of each row. The quantiles are taken from the validation errors
    in units of the expected error, per channel and step (locally weighted conformal prediction; Lei et al., 2018).

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    seasons : sequence of int
        Rows of a day and of a week; `from_data` takes them from the data.
    static_sizes : sequence of int
        Categories of each static covariate, 0 for a number; set by `from_data`.
    covariate_columns : sequence of int, optional
        Column numbers of the covariates that are features; set by `from_data`. None takes all.
    num_leaves : int
        Maximum number of leaves of a tree.
    min_data_in_leaf : int
        Minimum number of training rows in a leaf.
    learning_rate : float
        Share of each new tree that is added to the forecast.
    feature_fraction : float
        Share of the features that each tree may use.
    base_seasons : sequence of int, optional
        Candidate seasons, in rows: the target is relative to the mean of the context at the same place in the season,
        or, for 0, to the mean of the context. None tries 0 and the shortest season.
    base_rows : sequence of int, optional
        Candidate numbers of last rows of the context of which these means are, 0 for the whole context. None tries 0
        and the shortest season, or as many rows as the horizon has.
    max_rounds : int
        Maximum number of boosting rounds.
    max_error_rounds : int, optional
        Maximum number of boosting rounds of the model of the expected error; None takes `max_rounds`.
    patience : int
        Boosting stops after this number of rounds without a lower validation error.
    max_rows : int
        Maximum number of training rows; a larger set of windows is thinned evenly. Validation uses a quarter of it.
    seed : int
        Random seed of the features that each tree may use, and of the horizon steps in the table.
    """

    declaration = Declaration(
        title="Boosted trees",
        rough_seconds=30.0,
        rough_forecasts_per_second=500.0,
        basic_options=("learning_rate", "patience"),
    )
    readable_covariates = {"known": "known", "observed": "all", "static": None}
    uses_out_of_fold_errors = True

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        seasons: Sequence[int] = (),
        static_sizes: Sequence[int] = (),
        covariate_columns: Sequence[int] | None = None,
        num_leaves: NumLeaves = 63,
        min_data_in_leaf: NonNegativeInt = 50,
        learning_rate: NonNegativeFloat = 0.1,
        feature_fraction: PositiveFraction = 0.7,
        base_seasons: Annotated[Sequence[NonNegativeInt], Len(1)] | None = None,
        base_rows: Annotated[Sequence[NonNegativeInt], Len(1)] | None = None,
        max_rounds: MaxRounds = 400,
        max_error_rounds: PositiveInt | None = None,
        patience: PositiveInt = 30,
        max_rows: PositiveInt = 300_000,
        seed: NonNegativeInt = 0,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        self.covariate_columns = list(range(num_covariates) if covariate_columns is None else covariate_columns)
        self.max_rows = {"train": max_rows, "tuning": max_rows // 4}
        self.max_rounds, self.max_error_rounds = max_rounds, max_error_rounds or max_rounds
        self.patience, self.seed = patience, seed
        self.tree_parameters = {
            "objective": "l2",
            "num_leaves": num_leaves,
            "min_data_in_leaf": min_data_in_leaf,
            "learning_rate": learning_rate,
            "feature_fraction": feature_fraction,
            "deterministic": True,
            "num_threads": 1,  # the table is small, and threads would wait for each other on a busy machine
            "force_col_wise": True,
            "seed": seed,
            "verbosity": -1,
        }
        self.seasons = tuple(s for s in seasons if 1 < s <= context_length)
        static_categories = [CHANNEL_COLUMN + 1 + k for k, size in enumerate(static_sizes) if size]
        self.categorical_columns = [CHANNEL_COLUMN, *static_categories]
        self.statics: Tensor
        self.register_buffer("statics", torch.full((num_channels, len(static_sizes)), torch.nan))
        self.base_seasons = (0, *self.seasons[:1]) if base_seasons is None else tuple(base_seasons)
        last_rows = self.seasons[0] if self.seasons else min(horizon, context_length)
        self.bases = list(product((0, last_rows) if base_rows is None else base_rows, self.base_seasons))
        self.base_rows = self.bases[0][0]
        self.base_season: Tensor
        self.error_floor: Tensor
        self.register_buffer("base_season", torch.tensor(self.base_seasons[0]))
        self.register_buffer("error_floor", torch.tensor(1e-3))
        self.booster: lightgbm.Booster | None = None
        self.error_booster: lightgbm.Booster | None = None

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, *, covariates: CovariateChoice = "all", **kwargs: Any) -> Self:
        """Build a forecaster for a data set.

        Parameters
        ----------
        datamodule : WindowDataModule
        covariates : {"auto", "known", "all", "none"}
            Which covariates are features: known ones have future values, and ``auto`` reads those that lower the
            error of small boosted models on validation.
        **kwargs
            Hyperparameters of the config.
        """
        if "covariate_columns" not in kwargs:
            kwargs["covariate_columns"] = covariates_to_read(datamodule, covariates)
        statics = datamodule.panel.statics
        sizes = {"static_sizes": statics.sizes} if statics else {}
        return super().from_data(datamodule, **{"seasons": list(datamodule.seasons), **sizes, **kwargs})

    def prepare_features(self, datamodule: WindowDataModule) -> None:
        """Fit what `table` needs: the scales of the channels, and their static covariates."""
        super().prepare(datamodule)
        if (statics := datamodule.panel.statics) is not None:
            self.statics.copy_(torch.from_numpy(statics.values))

    def prepare(self, datamodule: WindowDataModule) -> None:
        self.prepare_features(datamodule)
        self._select_base(datamodule)
        train, val = (self.table(datamodule, part) for part in ("train", "tuning"))
        self.booster = self.fit_trees(train, val, self.max_rounds)
        # errors of training rows are too small, but calibration corrects the size of the intervals
        errors = [np.abs(y - self.booster.predict(x, num_threads=1)) for x, y in (train, val)]
        self.error_floor.fill_(max(1e-3, MIN_RELATIVE_ERROR * float(errors[1].mean())))
        self.error_booster = self.fit_trees((train[0], errors[0]), (val[0], errors[1]), self.max_error_rounds)

    def _select_base(self, datamodule: WindowDataModule) -> None:
        """Select what the target is relative to, by the validation error of a few trees on a part of the rows."""
        errors = []
        for base in self.bases if len(self.bases) > 1 else ():
            self._set_base(*base)
            train, val = (self.table(datamodule, part, min(rows, TRIAL_ROWS)) for part, rows in self.max_rows.items())
            predicted = self.fit_trees(train, val, min(self.max_rounds, TRIAL_ROUNDS)).predict(val[0], num_threads=1)
            errors.append(float(np.square(val[1] - predicted).mean()))
        best = int(np.argmin(errors)) if errors else 0
        if best and errors[best] > (1 - MIN_TRIAL_GAIN) * errors[0]:
            best = 0
        self._set_base(*self.bases[best])

    def _set_base(self, rows: int, season: int) -> None:
        """Make values relative to the mean of so many last rows, at the same place in the season if it is not 0."""
        self.base_rows = rows
        self.base_season.fill_(season)

    def _base(self, batch: Batch, season: int) -> Tensor:
        """What the target is relative to, raw units [B, H]: the mean of the context at each place in the season."""
        level = self._level(batch)[0].expand(-1, self.horizon)
        if not season:
            return level
        rows = season * max(1, (self.base_rows or self.context_length) // season)
        value = torch.where(batch.context_mask, batch.context, torch.nan)[:, -rows:]
        profile = value.view(len(value), -1, season).nanmean(1)
        base = profile[:, torch.arange(self.horizon, device=profile.device) % season]
        return torch.where(base.isnan(), level, base)

    @property
    def covariates_read(self) -> tuple[int, ...]:
        return tuple(self.covariate_columns)

    def parameter_counts(self) -> tuple[int, int]:
        """Number of leaves of both models, since each leaf has one fitted value."""
        texts = [b.model_to_string() for b in (self.booster, self.error_booster) if b]
        leaves = sum(int(n) for text in texts for n in re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE))
        return leaves, leaves

    def refit_arguments(self) -> dict[str, Any]:
        assert self.booster is not None, "call prepare(datamodule) first"
        assert self.error_booster is not None
        return {
            "max_rounds": self.booster.num_trees(),
            "max_error_rounds": self.error_booster.num_trees(),
            "base_seasons": [int(self.base_season)],
            "base_rows": [self.base_rows],
            "covariate_columns": self.covariate_columns,
        }

    def describe(self) -> dict[str, Any]:
        return {"base_season": int(self.base_season), "base_rows": self.base_rows}

    def fit_trees(
        self, train: tuple[np.ndarray, np.ndarray], val: tuple[np.ndarray, np.ndarray], rounds: int
    ) -> lightgbm.Booster:
        import lightgbm

        train_set = lightgbm.Dataset(
            train[0], train[1], categorical_feature=self.categorical_columns, params={"verbosity": -1}
        )
        val_set = lightgbm.Dataset(val[0], val[1], reference=train_set)
        stopping = lightgbm.early_stopping(self.patience, verbose=False)
        booster = lightgbm.train(self.tree_parameters, train_set, rounds, valid_sets=[val_set], callbacks=[stopping])
        # drop the trees after the best round, so that the model in memory equals a saved one
        return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))

    def table(
        self, datamodule: WindowDataModule, part: str, max_rows: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Features and standardised targets of a part, at most `max_rows` rows; None takes the number of the part.

        A larger set of windows is thinned evenly; the steps of each window are drawn at random.

        Returns
        -------
        x : float32 [N, F]
        y : float32 [N]
        """
        total, max_rows = len(datamodule.windows[part]), max_rows or self.max_rows[part]
        windows = min(total, max(1, max_rows // min(self.horizon, 8)))
        steps_per_window = max(1, min(self.horizon, max_rows // windows))
        chosen = torch.from_numpy(stratified(total, windows))
        generator = torch.Generator().manual_seed(self.seed)
        features, targets = [], []
        loader = WindowLoader(windows, 4096)
        for position in with_progress(loader, len(loader), f"table of the {part} windows"):
            batch = datamodule.gather(part, chosen[position])
            order = torch.rand(len(batch), self.horizon, generator=generator).argsort(1)
            steps = order[:, :steps_per_window]
            std = self.scale(batch.channel)[1]
            y = ((batch.target - self._base(batch, int(self.base_season))) / std).gather(1, steps).flatten()
            is_observed = batch.target_mask.gather(1, steps).flatten()
            features.append(self._features(batch, steps)[is_observed.numpy()])
            targets.append(y[is_observed].numpy())
        return np.concatenate(features), np.concatenate(targets)

    def _level(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean of the observed context and standard deviation of the channel, raw units, each [B, 1].

        A context without any observation has the carried value as its mean.
        """
        value = torch.where(batch.context_mask, batch.context, torch.nan)
        level = value[:, -self.base_rows :].nanmean(1, keepdim=True)  # all rows for 0
        for other in (value.nanmean(1, keepdim=True), batch.context[:, -1:]):
            level = torch.where(level.isnan(), other, level)
        return level, self.scale(batch.channel)[1]

    def _features(self, batch: Batch, steps: Tensor) -> np.ndarray:
        """Features of the horizon steps, int64 [B, M], of each window; float32 [B * M, F], NaN where missing."""
        length, (level, std) = self.context_length, self._level(batch)
        mean = self.scale(batch.channel)[0]
        value = torch.where(batch.context_mask, (batch.context - level) / std, torch.nan)
        per_window = [(level - mean) / std, *(value[:, length - lag, None] for lag in LAGS if lag <= length)]
        for span in (*self.seasons, length):
            recent = value[:, -span:]
            mean_of_recent = recent.nanmean(1, keepdim=True)
            per_window.append(mean_of_recent)
            per_window.append((recent - mean_of_recent).square().nanmean(1, keepdim=True))
        window_features = torch.cat([*per_window, self._covariates(batch, length - 1)], dim=1)
        columns = [steps.float(), batch.channel.unsqueeze(1).expand_as(steps).float()]
        columns += [static.unsqueeze(1).expand_as(steps) for static in self.statics[batch.channel].unbind(1)]
        for season in self.seasons:
            last_season_row = length + steps - season * (steps // season + 1)
            for seasons_back in SEASONAL_LAGS:
                row = last_season_row - season * (seasons_back - 1)
                past = value.gather(1, row.clamp(min=0))
                columns.append(torch.where(row >= 0, past, torch.nan))
        if season_of_base := int(self.base_season):
            columns.append(((self._base(batch, season_of_base) - level) / std).gather(1, steps))
        target_row = (length + steps).unsqueeze(-1)
        calendar = batch.calendar.gather(1, target_row.expand(-1, -1, batch.calendar.shape[-1])).float()
        step_count = steps.shape[1]
        parts = [torch.stack(columns, -1), calendar, window_features.unsqueeze(1).expand(-1, step_count, -1)]
        if self.covariate_columns:
            parts.append(self._covariates(batch, target_row))
        return torch.cat(parts, dim=-1).flatten(0, 1).cpu().numpy()

    def _covariates(self, batch: Batch, rows: int | Tensor) -> Tensor:
        """Covariates of one row of the window, [B, K], or of rows [B, M, 1], [B, M, K]; NaN where unknown."""
        covariates = torch.where(batch.covariate_mask, batch.covariates, torch.nan)[..., self.covariate_columns]
        if isinstance(rows, int):
            return covariates[:, rows]
        return covariates.gather(1, rows.expand(-1, -1, covariates.shape[-1]))

    def _predict(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Point forecast and expected absolute error, raw units, each [B, H]."""
        assert self.booster is not None, "call prepare(datamodule) first"
        assert self.error_booster is not None
        steps = torch.arange(self.horizon, device=batch.context.device).expand(len(batch), -1)
        x = self._features(batch, steps)
        std = self.scale(batch.channel)[1]
        point, error = (
            torch.from_numpy(np.asarray(b.predict(x, num_threads=1), np.float32)).to(std.device).view_as(steps)
            for b in (self.booster, self.error_booster)
        )
        return self._base(batch, int(self.base_season)) + std * point, std * error.clamp(min=self.error_floor)

    def point(self, batch: Batch) -> Tensor:
        return self._predict(batch)[0]

    def predict_unclipped(self, batch: Batch) -> Forecast:
        point, error = self._predict(batch)
        return Forecast(point, point.unsqueeze(1) + error.unsqueeze(1) * self.residuals.offsets[batch.channel])

    @property
    def unit_of_errors(self) -> None:
        """None, since the errors are in units of the expected error already."""
        return

    def errors_of(self, batch: Batch, fitted: Self | None = None) -> tuple[Tensor, Batch]:
        """A zero point forecast, and the batch with errors in units of the expected error as targets."""
        point, error = self._predict(batch)
        if fitted is not None:  # it may expect hardly any error, since it was fitted on other rows
            point = fitted.point(batch)
        return torch.zeros_like(point), replace(batch, target=(batch.target - point) / error)

    def get_extra_state(self) -> Tensor:
        """The trees in the text format of LightGBM, as a tensor of bytes that a safe checkpoint can contain."""
        texts = [b.model_to_string() if b else "" for b in (self.booster, self.error_booster)]
        texts.append(str(self.base_rows))
        return torch.frombuffer(bytearray("\0".join(texts).encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        import lightgbm

        texts = bytes(state.cpu().numpy()).decode().split("\0")
        self.booster, self.error_booster = (lightgbm.Booster(model_str=t) if t else None for t in texts[:2])
        self.base_rows = int(texts[2]) if len(texts) > 2 else 0  # earlier versions had no base_rows


SCREEN_ROWS, SCREEN_ROUNDS = 24_000, 100
"""Training rows and boosting rounds of a fit that only tells whether covariates help."""
MIN_SCREEN_GAIN = 0.01
"""Smallest share by which covariates must lower the validation error."""
MIN_OBSERVED_GAIN_OF_NETWORKS = 0.1
"""Smallest share by which observed covariates must lower the error of the trees, so that a network reads them."""
MIN_SCREEN_HORIZONS = 10
"""Independent horizons of the tuning windows below which this share is larger, in inverse proportion."""
MAX_CHECKED_HORIZONS = 20
"""Independent horizons of the tuning windows from which covariates are not compared to shifted copies."""
SHIFTED_COPIES = 8
"""Fits with covariates that are shifted in time, to which covariates that seem to help are compared."""
MAX_SHIFTED_DEVIATIONS = 2.0
"""The error must be lower than the mean error of these fits by more than so many standard deviations."""


CovariateChoice: TypeAlias = Literal["auto", "known", "all", "none"]


def covariates_to_read(
    datamodule: WindowDataModule,
    choice: CovariateChoice,
    can_read_observed: bool = True,
    min_observed_gain: float = MIN_SCREEN_GAIN,
) -> list[int]:
    """Column numbers of the covariates that a model reads.

    For ``auto``, small boosted models are fitted without covariates, with the covariates that are known ahead, and
    with all. The covariates that give the lowest absolute error on the tuning windows are read, if it is lower than
    the error of fewer covariates by at least `MIN_SCREEN_GAIN` (more if there are few windows), and, unless
    there are many windows, clearly lower than with the same covariates shifted in time: noise often lowers the error
    of few windows, too.

    Parameters
    ----------
    datamodule : WindowDataModule
    choice : {"auto", "known", "all", "none"}
    can_read_observed : bool
        Whether the model can read covariates that are only observed.
    min_observed_gain : float
        Smallest share by which these must lower the error. Networks overfit to them where trees do not, and have
        `MIN_OBSERVED_GAIN_OF_NETWORKS`.
    """
    is_known = datamodule.series.covariate_known.tolist()
    choices: dict[str, list[int]] = {"none": [], "known": [i for i, known in enumerate(is_known) if known]}
    if can_read_observed:
        choices["all"] = list(range(len(is_known)))
    if choice != "auto":
        return choices[choice]
    distinct = {name: columns for name, columns in choices.items() if columns or name == "none"}
    if "known" in distinct and distinct.get("all") == distinct["known"]:
        del distinct["all"]
    if len(distinct) == 1:
        return []
    errors = {name: _screening_error(datamodule, columns) for name, columns in distinct.items()}
    origin, channel = datamodule.windows["tuning"].pairs
    horizons = independent_horizons(channel, origin, datamodule.num_channels, datamodule.horizon)
    min_gain, best = MIN_SCREEN_GAIN * max(1.0, MIN_SCREEN_HORIZONS / max(1.0, horizons)), "none"
    for name, error in errors.items():
        gain = max(min_gain, min_observed_gain) if name == "all" else min_gain
        if error < (1 - gain) * errors[best]:
            added = [column for column in distinct[name] if column not in distinct[best]]
            is_certain = horizons >= MAX_CHECKED_HORIZONS
            if is_certain or _is_lower_than_by_chance(error, datamodule, distinct[name], added):
                best = name
    described = ", ".join(f"{name} {error:.4g}" for name, error in errors.items())
    log.info("covariates=auto reads %s; validation errors of small boosted models: %s", best, described)
    return distinct[best]


def _is_lower_than_by_chance(
    error: float, datamodule: WindowDataModule, columns: list[int], shifted: list[int]
) -> bool:
    """Whether a `_screening_error` is clearly lower than the errors of fits in which some covariates are shifted."""
    errors: list[float] = []
    for shift in shifts_of(datamodule.split.training_rows, datamodule.seasons, SHIFTED_COPIES):
        errors.append(_screening_error(with_shifted_covariates(datamodule, shifted, shift), columns))
        if error >= (1 - MIN_SCREEN_GAIN) * errors[-1]:
            return False
    return len(errors) > 1 and error < float(np.mean(errors) - MAX_SHIFTED_DEVIATIONS * np.std(errors, ddof=1))


def _screening_error(datamodule: WindowDataModule, columns: list[int]) -> float:
    """Mean absolute error on the tuning windows of a small boosted model that reads these covariates, in stds."""
    model = Boosted.from_data(
        datamodule, covariate_columns=columns, max_rows=SCREEN_ROWS, patience=10, feature_fraction=1.0
    )
    model.prepare_features(datamodule)
    train, val = (model.table(datamodule, part) for part in ("train", "tuning"))
    booster = model.fit_trees(train, val, SCREEN_ROUNDS)
    return float(np.abs(val[1] - booster.predict(val[0], num_threads=1)).mean())


def shifts_of(rows: int, seasons: Sequence[int], number: int) -> list[int]:
    """At most `number` shifts, in rows, evenly spaced over `rows`.

    They are multiples of the longest season that fits often enough, so that a covariate keeps its values of each hour
    or month.
    """
    season = max((s for s in seasons if rows // s > number), default=1)
    whole = rows // season
    places = np.unique(np.linspace(0, whole, number + 2).round().astype(int)[1:-1])
    return [int(place) * season for place in places if 0 < place < whole]


def with_shifted_covariates(datamodule: WindowDataModule, covariates: Sequence[int], shift: int) -> WindowDataModule:
    """A copy of a data module in which some covariates are shifted in time, the last values to the front.

    Only observed values move, so that missing ones stay where they are.

    Parameters
    ----------
    datamodule : WindowDataModule
    covariates : sequence of int
        Numbers of the covariates.
    shift : int
        In rows.
    """
    series = copy.copy(datamodule.series)
    series.covariates = series.covariates.clone()
    columns = datamodule.panel.channel_covariate_columns
    for column in np.unique(columns[list(covariates)]).tolist():
        observed = series.covariate_observed[:, column]
        values = series.covariates[observed, column]
        series.covariates[observed, column] = torch.roll(values, shift)
    shifted = copy.copy(datamodule)
    shifted.series = series
    return shifted
