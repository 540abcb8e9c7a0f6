"""`boosted`: gradient-boosted trees on lags and calendar, with intervals that widen where errors did."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.loader import WindowLoader
from timevis.data.windows import Batch, staggered
from timevis.models.forecaster import Forecast, Forecaster
from timevis.models.residual_quantiles import PointForecaster

if TYPE_CHECKING:
    import lightgbm

RECENT = (1, 2, 3, 4, 6, 8, 12, 24)
SEASONS_BACK = (1, 2, 3, 7)


class Boosted(PointForecaster):
    """LightGBM over (window, step) pairs: one model for all channels and steps (Ke et al., 2017).

    A row holds the step, the channel, the last values, the values one and more seasons before the target, means and
    deviation of the context, the calendar of the target and the covariates. Values are standardised per channel and
    taken relative to the mean of the context, since trees cannot extrapolate a level; missing values stay missing.

    Quantiles are validation errors per channel and step, divided by an expected size of the error that a second
    model learns (locally weighted conformal prediction; Lei et al., 2018).

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    seasons : sequence of int
        Rows of a day and a week; taken from the data by `from_data`.
    num_leaves, min_data_in_leaf : int
    learning_rate, feature_fraction : float
    max_rounds, patience : int
        Rounds of boosting, and how many without a better validation error end it.
    max_rows : int
        Training rows, drawn evenly over windows; validation takes a quarter of it.
    seed : int
    """

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        seasons: Sequence[int] = (),
        num_leaves: int = 63,
        min_data_in_leaf: int = 50,
        learning_rate: float = 0.1,
        feature_fraction: float = 0.7,
        max_rounds: int = 400,
        patience: int = 30,
        max_rows: int = 300_000,
        seed: int = 0,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        self.limits = {"train": max_rows, "val": max_rows // 4}
        self.rounds, self.patience, self.seed = max_rounds, patience, seed
        self.tree_parameters = {
            "objective": "l2",
            "num_leaves": num_leaves,
            "min_data_in_leaf": min_data_in_leaf,
            "learning_rate": learning_rate,
            "feature_fraction": feature_fraction,
            "deterministic": True,
            # with so few rows, threads on a busy machine wait for each other far longer than they work
            "num_threads": 1,
            "force_col_wise": True,
            "seed": seed,
            "verbosity": -1,
        }
        self.seasons = tuple(s for s in seasons if 1 < s <= context_length)
        self.booster: lightgbm.Booster | None = None
        self.spread: lightgbm.Booster | None = None

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, **kwargs: Any) -> Self:
        return super().from_data(datamodule, **{"seasons": list(datamodule.seasons), **kwargs})

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        train, val = (self._rows(datamodule, part) for part in ("train", "val"))
        self.booster = self._boost(train, val)
        # errors of training rows are too small, but the calibration after the fit only needs their shape
        sizes = [np.abs(y - self.booster.predict(x, num_threads=1)) for x, y in (train, val)]
        self.spread = self._boost((train[0], sizes[0]), (val[0], sizes[1]))

    @property
    def covariates_read(self) -> tuple[int, ...]:
        return tuple(range(self.num_covariates))

    def parameter_counts(self) -> tuple[int, int]:
        """Leaves, of which each holds a number; those of the trees that size the intervals count as well."""
        texts = [b.model_to_string() for b in (self.booster, self.spread) if b]
        leaves = sum(int(n) for text in texts for n in re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE))
        return leaves, leaves

    def refit_arguments(self) -> dict[str, Any]:
        assert self.booster is not None, "the model is not fitted"
        return {"max_rounds": self.booster.num_trees()}

    def _boost(self, train: tuple[np.ndarray, np.ndarray], val: tuple[np.ndarray, np.ndarray]) -> lightgbm.Booster:
        import lightgbm

        data = lightgbm.Dataset(train[0], train[1], categorical_feature=[1], params={"verbosity": -1})
        check = lightgbm.Dataset(val[0], val[1], reference=data)
        stop = lightgbm.early_stopping(self.patience, verbose=False)
        booster = lightgbm.train(self.tree_parameters, data, self.rounds, valid_sets=[check], callbacks=[stop])
        # only the best rounds are kept, in text and in memory alike
        return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))

    def _rows(self, datamodule: WindowDataModule, part: str) -> tuple[np.ndarray, np.ndarray]:
        """(window, step) pairs of a part, spread evenly, and their standardised targets."""
        total, limit = len(datamodule.windows[part]), self.limits[part]
        windows = min(total, max(1, limit // min(self.horizon, 8)))
        per_window = max(1, min(self.horizon, limit // windows))
        chosen = torch.from_numpy(staggered(total, windows))
        generator = torch.Generator().manual_seed(self.seed)
        tables, targets = [], []
        for position in WindowLoader(windows, 4096):
            batch = datamodule.gather(part, chosen[position])
            order = torch.rand(len(batch), self.horizon, generator=generator).argsort(1)
            steps = order[:, :per_window]
            level, std = self._level(batch)
            y = ((batch.target - level) / std).gather(1, steps).flatten()
            keep = batch.target_mask.gather(1, steps).flatten()
            tables.append(self._table(batch, steps)[keep.numpy()])
            targets.append(y[keep].numpy())
        return np.concatenate(tables), np.concatenate(targets)

    def _level(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean of the observed context, or the value carried over it, and deviation of the channel; [B, 1], raw."""
        weight = batch.context_mask.float()
        count = weight.sum(1, keepdim=True)
        mean = (batch.context * weight).sum(1, keepdim=True) / count.clamp(min=1)
        return torch.where(count > 0, mean, batch.context[:, -1:]), self.scale(batch.channel)[1]

    def _table(self, batch: Batch, steps: Tensor) -> np.ndarray:
        """Features of steps int64 [B, M] of each window, float32 [B * M, F]; NaN where missing."""
        length, (level, std) = self.context_length, self._level(batch)
        mean = self.scale(batch.channel)[0]
        value = torch.where(batch.context_mask, (batch.context - level) / std, torch.nan)
        per_window = [(level - mean) / std, *(value[:, length - lag, None] for lag in RECENT if lag <= length)]
        for span in (*self.seasons, length):
            recent = value[:, -span:]
            per_window.append(recent.nanmean(1, keepdim=True))
            per_window.append((recent - per_window[-1]).square().nanmean(1, keepdim=True))
        fixed = torch.cat([*per_window, self._covariates(batch, length - 1)], dim=1)
        columns = [steps.float(), batch.channel.unsqueeze(1).expand_as(steps).float()]
        for season in self.seasons:
            newest = length + steps - season * (steps // season + 1)
            for back in SEASONS_BACK:
                row = newest - season * (back - 1)
                past = value.gather(1, row.clamp(min=0))
                columns.append(torch.where(row >= 0, past, torch.nan))
        at = (length + steps).unsqueeze(-1)
        stamps = batch.calendar.gather(1, at.expand(-1, -1, batch.calendar.shape[-1])).float()
        count = steps.shape[1]
        parts = [torch.stack(columns, -1), stamps, fixed.unsqueeze(1).expand(-1, count, -1)]
        if self.num_covariates:
            parts.append(self._covariates(batch, at))
        return torch.cat(parts, dim=-1).flatten(0, 1).cpu().numpy()

    @staticmethod
    def _covariates(batch: Batch, at: int | Tensor) -> Tensor:
        """Covariates in one row [B, K], or in rows [B, M, 1] as [B, M, K]; NaN where unknown."""
        seen = torch.where(batch.covariate_mask, batch.covariates, torch.nan)
        if isinstance(at, int):
            return seen[:, at]
        return seen.gather(1, at.expand(-1, -1, seen.shape[-1]))

    def _predict(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Point and expected size of its error, raw units, each [B, H]."""
        assert self.booster is not None, "the model is not fitted"
        assert self.spread is not None
        steps = torch.arange(self.horizon, device=batch.context.device).expand(len(batch), -1)
        table = self._table(batch, steps)
        level, std = self._level(batch)
        point, size = (
            torch.from_numpy(np.asarray(b.predict(table, num_threads=1), np.float32)).to(level.device).view_as(steps)
            for b in (self.booster, self.spread)
        )
        return level + std * point, std * size.clamp(min=1e-3)

    def point(self, batch: Batch) -> Tensor:
        return self._predict(batch)[0]

    def predict_unclipped(self, batch: Batch) -> Forecast:
        point, size = self._predict(batch)
        return Forecast(point, point.unsqueeze(1) + size.unsqueeze(1) * self.residuals.offsets[batch.channel])

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        Forecaster.calibrate(self, datamodule)  # without PointForecaster's, whose errors are not relative
        self.residuals.fit(map(self._relative, datamodule.batches("calibration", self.device)))

    def _relative(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Errors in units of their expected size, [B, H], as targets around a point of zero."""
        point, size = self._predict(batch)
        return torch.zeros_like(point), replace(batch, target=(batch.target - point) / size)

    def get_extra_state(self) -> Tensor:
        """The trees as LightGBM's own text, in bytes: tensors are all that a safe checkpoint may hold."""
        texts = [b.model_to_string() if b else "" for b in (self.booster, self.spread)]
        return torch.frombuffer(bytearray("\0".join(texts).encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        import lightgbm

        texts = bytes(state.cpu().numpy()).decode().split("\0")
        self.booster, self.spread = (lightgbm.Booster(model_str=t) if t else None for t in texts)
