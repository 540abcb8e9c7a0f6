"""`linear`: one linear map from the context to the horizon, solved in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.loader import WindowLoader
from timevis.data.windows import Batch, staggered
from timevis.errors import ConfigError
from timevis.models.residual_quantiles import PointForecaster

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
ROUNDS, SETTLED = 30, 1e-4
"""Of conjugate gradients for gaps: at most so many, and the share of the map below which a step ends them."""


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """Their quotient, 0 where `b` is."""
    return torch.where(b != 0, a / b, 0.0)


def profile_basis(context_length: int, day: int, profile: int) -> Tensor:
    """What a map reads of a context and a constant: float32 [context_length + 1, F], a column each.

    The last `day` values, the means of every `profile`-th value over the whole seasons that the context holds, from
    the oldest place of the season to the newest, and the constant; for a `profile` of 0 every value by itself.
    """
    every = torch.eye(context_length + 1)
    if not profile:
        return every
    times = context_length // profile
    means = every[:, context_length - times * profile : context_length].view(-1, times, profile).mean(1)
    return torch.cat([every[:, context_length - min(day, context_length) : context_length], means, every[:, -1:]], 1)


class Linear(PointForecaster):
    """Direct linear map of the context less its last value (NLinear; Zeng et al., 2023), by ridge regression.

    Fitted in closed form rather than by gradient steps, which reaches the same map at once (Toner and Darlow, 2024,
    "An analysis of linear time series forecasting models"). The penalty is chosen on validation.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    individual : bool
        One map per channel instead of one for all standardised channels.
    penalties : sequence of float
        Candidates, relative to the mean squared input.
    profiles : sequence of int, optional
        Candidates for what the map reads. A season, in rows: each of the last day's values, and the mean over the
        context of every place in the season, which says what is usual with far fewer numbers. 0: every value of the
        context. None takes 0 and the seasons that the context holds at least twice.
    max_windows : int
        Training windows in the fit, spread evenly over all.

    Raises
    ------
    ConfigError
        A profile is longer than the context.
    """

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        individual: bool = False,
        penalties: Sequence[float] = PENALTIES,
        profiles: Sequence[int] | None = None,
        max_windows: int = 200_000,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        if profiles is not None and max(profiles) > context_length:
            raise ConfigError(
                f"a profile of {max(profiles)} rows does not fit into context_length={context_length}",
                "give shorter ones, or a longer context",
            )
        self.penalties, self.profiles, self.max_windows = tuple(penalties), profiles, max_windows
        self.maps: Tensor
        self.penalty: Tensor
        self.profile: Tensor
        self.register_buffer("penalty", torch.tensor(float(self.penalties[0]), dtype=torch.float64))
        self.register_buffer("profile", torch.tensor(0))
        self.fitted: Tensor
        self.register_buffer("fitted", torch.tensor(context_length + 1))  # numbers of a step, as validation picked
        self.register_buffer("maps", torch.zeros(num_channels if individual else 1, context_length + 1, horizon))

    @torch.no_grad()
    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        moments = self._moments(datamodule)
        day = min((s for s in datamodule.seasons if s > 1), default=1)
        best: tuple[float, Tensor, float, int, int] | None = None
        for profile in self._candidates(datamodule.seasons):
            basis = profile_basis(self.context_length, day, profile).double()
            for penalty in self.penalties:
                self.maps.copy_(self._ridge(basis, penalty, *moments))
                error = self._validation_error(datamodule)
                if best is None or error < best[0]:
                    best = (error, self.maps.clone(), penalty, profile, basis.shape[1])
        assert best is not None
        self.maps.copy_(best[1])
        self.penalty.fill_(best[2])
        self.profile.fill_(best[3])
        self.fitted.fill_(best[4])

    def _ridge(
        self,
        basis: Tensor,
        penalty: float,
        inputs: Tensor,
        outputs: Tensor,
        incomplete: list[tuple[Tensor, Tensor, Tensor]],
    ) -> Tensor:
        """The map of what `basis` reads, as a map of the whole context; float64 [G, context_length + 1, H].

        Each step is fitted to its observed targets alone.
        """
        read = basis.T @ inputs @ basis
        size = read.diagonal(dim1=1, dim2=2).mean(1).view(-1, 1, 1)
        size = size.where(size > 0, 1.0)  # a channel without training windows repeats its last value
        equations = read + penalty * size * torch.eye(read.shape[1], dtype=read.dtype)
        factor = torch.linalg.cholesky(equations)
        found = torch.cholesky_solve(basis.T @ outputs, factor)  # as if targets in gaps were zero
        left = basis.T @ self._in_gaps(basis @ found, incomplete)
        direction, before = torch.zeros_like(found), torch.zeros_like(found[:, :1])
        # conjugate gradients, preconditioned by the equations without gaps (Hestenes and Stiefel, 1952)
        for _ in range(ROUNDS if incomplete else 0):
            towards = torch.cholesky_solve(left, factor)
            product = (left * towards).sum(1, keepdim=True)
            direction = towards + _ratio(product, before) * direction
            pushed = equations @ direction - basis.T @ self._in_gaps(basis @ direction, incomplete)
            length = _ratio(product, (direction * pushed).sum(1, keepdim=True))
            found, left, before = found + length * direction, left - length * pushed, product
            if (length * direction).norm() <= SETTLED * found.norm():
                break
        return basis @ found

    def _in_gaps(self, maps: Tensor, incomplete: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        """Sums of x^T y where y is what `maps` forecast in the gaps of the targets, [G, context_length + 1, H]."""
        out = torch.zeros_like(maps)
        for group, x, gap in incomplete:
            self._add(out, group, x, self._mapped(maps, x, group) * gap)
        return out

    def _candidates(self, seasons: Sequence[int]) -> Sequence[int]:
        if self.profiles is not None:
            return self.profiles
        return [0, *(s for s in seasons if 1 < s <= self.context_length // 2)]

    def parameter_counts(self) -> tuple[int, int]:
        groups, _, horizon = self.maps.shape
        return groups * int(self.fitted) * horizon, self.maps.numel()

    def describe(self) -> dict[str, Any]:
        return {"profile": int(self.profile)}

    def refit_arguments(self) -> dict[str, Any]:
        return {"penalties": [float(self.penalty)], "profiles": [int(self.profile)]}

    def _features(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Standardised context less its last value with a constant beside it, group, last value and deviation."""
        _, std = self.scale(batch.channel)
        last = batch.context[:, -1:]
        x = torch.cat([(batch.context - last) / std, torch.ones_like(last)], dim=1)
        group = batch.channel if len(self.maps) > 1 else torch.zeros_like(batch.channel)
        return x, group, last, std

    def _moments(self, datamodule: WindowDataModule) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
        groups, width, horizon = self.maps.shape
        inputs = torch.zeros(groups, width, width, dtype=torch.float64)
        outputs = torch.zeros(groups, width, horizon, dtype=torch.float64)
        incomplete = []
        chosen = torch.from_numpy(staggered(len(datamodule.windows["train"]), self.max_windows))
        for position in WindowLoader(len(chosen), 2048):
            batch = datamodule.gather("train", chosen[position])
            x, group, last, std = self._features(batch)
            x = x.double()
            y = torch.where(batch.target_mask, (batch.target - last) / std, 0.0).double()
            self._add(inputs, group, x, x)
            self._add(outputs, group, x, y)
            gap = ~batch.target_mask
            some = gap.any(1)
            if bool(some.any()):
                incomplete.append((group[some], x[some], gap[some].double()))
        return inputs, outputs, incomplete

    @staticmethod
    def _add(total: Tensor, group: Tensor, x: Tensor, y: Tensor) -> None:
        """Add x^T y of each group's windows to its own sum."""
        for g in group.unique().tolist():
            rows = group == g
            total[g] += x[rows].T @ y[rows]

    @staticmethod
    def _mapped(maps: Tensor, x: Tensor, group: Tensor) -> Tensor:
        """Each window through the map of its group, [B, H]."""
        if len(maps) == 1:
            return x @ maps[0]
        out = x.new_empty(len(x), maps.shape[2])
        for g in group.unique().tolist():
            rows = group == g
            out[rows] = x[rows] @ maps[g]
        return out

    def _validation_error(self, datamodule: WindowDataModule) -> float:
        total = torch.zeros(2, dtype=torch.float64)
        for batch in datamodule.batches("val"):
            error = (self.point(batch) - batch.target).abs() / self.scale(batch.channel)[1] * batch.target_mask
            total += torch.stack([error.sum().double(), batch.target_mask.sum().double()])
        return float(total[0] / total[1].clamp(min=1))

    def point(self, batch: Batch) -> Tensor:
        x, group, last, std = self._features(batch)
        with torch.autocast(x.device.type, enabled=False):  # in bfloat16, weights that cancel out would not
            return last + std * self._mapped(self.maps, x, group)
