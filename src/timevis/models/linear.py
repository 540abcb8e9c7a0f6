"""A linear map from the context to the horizon, fitted in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from annotated_types import Len
from torch import Tensor

from timevis.config.options import NonNegativeInt, PositiveFloat, PositiveInt
from timevis.data.datamodule import WindowDataModule, WindowLoader
from timevis.data.window_sampling import stratified
from timevis.data.windows import Batch
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.declaration import Declaration
from timevis.models.point_forecaster import PointForecaster
from timevis.utils.stdout import with_progress

FFT_COST = 110
"""Cost of the transforms per row and step, in multiplications of a matrix product; measured on one core."""
MAX_TRANSFORMED_VALUES = 4_000_000
"""Rows times horizon steps that are transformed at once, which bounds the memory."""


@dataclass(frozen=True)
class IncompleteWindows:
    """Windows that lack some targets.

    Attributes
    ----------
    group : int64 [N]
        Number of the map of each window.
    x : float64 [N, L + 1]
        Its inputs.
    is_missing : float64 [N, H]
        1 for each missing target.
    channel, origin : int64 [N]
    """

    group: Tensor
    x: Tensor
    is_missing: Tensor
    channel: Tensor
    origin: Tensor

    def select(self, rows: Tensor) -> IncompleteWindows:
        """The windows where `rows`, bool [N], is true."""
        return IncompleteWindows(
            self.group[rows], self.x[rows], self.is_missing[rows], self.channel[rows], self.origin[rows]
        )

    def __len__(self) -> int:
        return len(self.group)


class ProductSums:
    """`GapSums` of any windows, by matrix products."""

    def __init__(self, windows: IncompleteWindows) -> None:
        self.windows = windows

    def add(self, out: Tensor, maps: Tensor) -> None:
        for group in self.windows.group.unique().tolist():
            rows = self.windows.group == group
            x = self.windows.x[rows]
            out[group] += x.T @ ((x @ maps[group]) * self.windows.is_missing[rows])


class ChannelSums:
    """`GapSums` of many windows of one channel, by fast Fourier transforms.

    The contexts are overlapping parts of one series, so that their products with a map are a correlation of the
    series with the map.

    Parameters
    ----------
    windows : IncompleteWindows
        Of one channel.
    series : float [T]
        The standardised values that the contexts are cut from, without gaps.
    context_length : int
    """

    def __init__(self, windows: IncompleteWindows, series: Tensor, context_length: int) -> None:
        self.group, self.is_missing = int(windows.group[0]), windows.is_missing
        first = int(windows.origin.min()) - context_length
        part = series[first : int(windows.origin.max())].double()
        part = part - part.mean()
        self.length, self.size = context_length, _fast_length(len(part))
        self.start = windows.origin - context_length - first
        self.last = part[self.start + context_length - 1].unsqueeze(1)
        self.transform = torch.fft.rfft(part, self.size).unsqueeze(1)

    def add(self, out: Tensor, maps: Tensor) -> None:
        steps_at_once = max(1, MAX_TRANSFORMED_VALUES // self.size)
        for steps in torch.arange(maps.shape[2]).split(steps_at_once):
            weights, constant = maps[self.group, :-1, steps], maps[self.group, -1:, steps]
            forecast = self._correlate(weights)[self.start] - self.last * weights.sum(0) + constant
            forecast *= self.is_missing[:, steps]
            rows = forecast.new_zeros(self.size, len(steps)).index_copy_(0, self.start, forecast)
            products = self._correlate(rows)[: self.length] - (self.last * forecast).sum(0)
            out[self.group, :, steps] += torch.cat([products, forecast.sum(0, keepdim=True)])

    def _correlate(self, values: Tensor) -> Tensor:
        """Row i is the sum over j of ``series[i + j] * values[j]``, [size, H]."""
        spectrum = torch.fft.rfft(values, self.size, dim=0).conj()
        return torch.fft.irfft(self.transform * spectrum, self.size, dim=0)


class GapSums:
    """Sums of x^T y over the missing targets of windows, where y is the forecast of linear maps.

    Parameters
    ----------
    windows : list of IncompleteWindows
    series_of : callable
        From the number of a channel to its standardised values without gaps, float [T].
    context_length : int
    """

    def __init__(
        self, windows: list[IncompleteWindows], series_of: Callable[[int], Tensor], context_length: int
    ) -> None:
        self.parts: list[ProductSums | ChannelSums] = []
        self.num_windows = sum(map(len, windows))
        if not windows:
            return
        origins = [torch.cat([getattr(w, name) for w in windows]) for name in ("channel", "origin")]
        dense = [c for c in origins[0].unique().tolist() if _is_dense(origins[1][origins[0] == c], context_length)]
        for channel in dense:
            own = [w.select(w.channel == channel) for w in windows]
            self.parts.append(ChannelSums(_joined(own), series_of(channel), context_length))
        for window in windows:
            others = window.select(~torch.isin(window.channel, torch.tensor(dense, dtype=torch.int64)))
            if len(others):
                self.parts.append(ProductSums(others))

    def __call__(self, maps: Tensor) -> Tensor:
        """The sums for maps float64 [G, L + 1, H], of the same shape."""
        out = torch.zeros_like(maps)
        for part in self.parts:
            part.add(out, maps)
        return out


def _is_dense(origin: Tensor, context_length: int) -> bool:
    """Whether transforms of the rows that the windows span cost less than the products with each window."""
    rows = int(origin.max() - origin.min()) + context_length
    return len(origin) * context_length > FFT_COST * rows


def _joined(windows: list[IncompleteWindows]) -> IncompleteWindows:
    def joined(name: str) -> Tensor:
        return torch.cat([getattr(w, name) for w in windows])

    return IncompleteWindows(*map(joined, ("group", "x", "is_missing", "channel", "origin")))


def _fast_length(rows: int) -> int:
    """The smallest product of 2, 3 and 5 that is at least `rows`, for which transforms are fast."""
    return min(_products(rows))


def _products(rows: int) -> Iterator[int]:
    """For each product of 3 and 5 that is not much larger than `rows`, its smallest multiple by 2 from `rows` on."""
    five = 1
    while five < 2 * rows:
        three = five
        while three < 2 * rows:
            power = three
            while power < rows:
                power *= 2
            yield power
            three *= 3
        five *= 5


PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
MAX_DEVIATIONS = 3.0
MAX_CG_ITERATIONS = 30
CG_TOLERANCE = 1e-4
"""Conjugate gradients stop when the norm of a step is below this share of the norm of the map."""


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """The quotient ``a / b``, or 0 where `b` is 0."""
    return torch.where(b != 0, a / b, 0.0)


def profile_basis(context_length: int, day: int, profile: int) -> Tensor:
    """Linear combinations of the context and a constant that a map reads.

    They are the last `day` values, the seasonal profile, and the constant. The seasonal profile is the mean of the
    values at each position in the season, over all whole seasons in the context.

    Parameters
    ----------
    context_length, day : int
        In rows.
    profile : int
        Length of the season in rows; 0 reads each value of the context instead.

    Returns
    -------
    float32 [context_length + 1, F]
        A column per combination.
    """
    identity = torch.eye(context_length + 1)
    if not profile:
        return identity
    seasons = context_length // profile
    means = identity[:, context_length - seasons * profile : context_length].view(-1, seasons, profile).mean(1)
    last_day = identity[:, context_length - min(day, context_length) : context_length]
    return torch.cat([last_day, means, identity[:, -1:]], 1)


class Linear(PointForecaster):
    """Ridge regression of the horizon on the context, both minus the last value (NLinear; Zeng et al., 2023).

    The closed form gives the map that gradient descent converges to (Toner and Darlow, 2024, "An analysis of linear
    time series forecasting models"). The penalty and the profile are selected on validation.

    A map that was fitted on few windows may answer a context unlike them, such as one with a spike, with any number.
    Therefore a forecast lies at most the range of the context, or a trend of this size over the horizon, plus
    `MAX_DEVIATIONS` standard deviations of the channel, outside of the context.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    individual : bool
        Fit one map per channel instead of one map for all standardised channels.
    penalties : sequence of float
        Candidate penalties, relative to the mean squared input.
    profiles : sequence of int, optional
        Candidate seasons, in rows, for `profile_basis`; 0 reads each value of the context. A seasonal profile needs
        far fewer parameters. None tries 0 and all seasons that fit into the context at least twice.
    max_windows : int
        Maximum number of training windows in the fit; a larger set is thinned evenly.

    Raises
    ------
    ConfigError
        A profile is longer than the context.
    """

    declaration = Declaration(title="Linear", rough_seconds=5.0)
    uses_out_of_fold_errors = True

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        individual: bool = False,
        penalties: Annotated[Sequence[PositiveFloat], Len(1)] = PENALTIES,
        profiles: Annotated[Sequence[NonNegativeInt], Len(1)] | None = None,
        max_windows: PositiveInt = 200_000,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        if profiles is not None and max(profiles) > context_length:
            message = Text(
                "a profile of {rows} rows does not fit into {context_length}",
                rows=max(profiles),
                context_length=Setting("context_length", context_length),
            )
            raise ConfigError(message, Text("use shorter profiles or a longer context"), "model.profiles")
        self.penalties, self.profiles, self.max_windows = tuple(penalties), profiles, max_windows
        self.maps: Tensor
        self.penalty: Tensor
        self.profile: Tensor
        self.register_buffer("penalty", torch.tensor(float(self.penalties[0]), dtype=torch.float64))
        self.register_buffer("profile", torch.tensor(0))
        self.fitted: Tensor
        self.register_buffer("fitted", torch.tensor(context_length + 1))  # fitted parameters per horizon step
        self.register_buffer("maps", torch.zeros(num_channels if individual else 1, context_length + 1, horizon))

    @torch.no_grad()
    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        inputs, outputs, gap_sums = self._moments(datamodule)
        day = min((s for s in datamodule.seasons if s > 1), default=1)
        best: tuple[float, Tensor, float, int, int] | None = None
        for profile in self.candidate_profiles(datamodule.seasons):
            basis = profile_basis(self.context_length, day, profile).double() if profile else None
            gram, products = (inputs, outputs) if basis is None else (basis.T @ inputs @ basis, basis.T @ outputs)
            for penalty in self.penalties:
                self.maps.copy_(self._ridge_maps(basis, penalty, gram, products, gap_sums))
                error = self.validation_error(datamodule)
                if best is None or error < best[0]:
                    best = (error, self.maps.clone(), penalty, profile, gram.shape[1])
        assert best is not None
        self.maps.copy_(best[1])
        self.penalty.fill_(best[2])
        self.profile.fill_(best[3])
        self.fitted.fill_(best[4])

    def _ridge_maps(
        self, basis: Tensor | None, penalty: float, gram: Tensor, products: Tensor, gap_sums: GapSums
    ) -> Tensor:
        """Maps of the whole context from the ridge regression on `basis`, float64 [G, context_length + 1, H].

        Each horizon step is fitted to its observed targets only. `gram` and `products` are the sums of `_moments` in
        the basis; without a basis, the regression is on each value of the context.
        """

        def expand(maps: Tensor) -> Tensor:
            return maps if basis is None else basis @ maps

        def sums_in_gaps(maps: Tensor) -> Tensor:
            sums = gap_sums(expand(maps))
            return sums if basis is None else basis.T @ sums

        mean_square = gram.diagonal(dim1=1, dim2=2).mean(1).view(-1, 1, 1)
        mean_square = mean_square.where(mean_square > 0, 1.0)  # zero for a channel without training windows
        equations = gram + penalty * mean_square * torch.eye(gram.shape[1], dtype=gram.dtype)
        factor = torch.linalg.cholesky(equations)
        maps = torch.cholesky_solve(products, factor)  # treats missing targets as zero
        residual = sums_in_gaps(maps)
        direction, last_product = torch.zeros_like(maps), torch.zeros_like(maps[:, :1])
        complete_image = torch.zeros_like(maps)  # the equations without gaps times the direction
        # conjugate gradients, preconditioned by the equations without gaps (Hestenes and Stiefel, 1952)
        for _ in range(MAX_CG_ITERATIONS if gap_sums.parts else 0):
            preconditioned = torch.cholesky_solve(residual, factor)
            product = (residual * preconditioned).sum(1, keepdim=True)
            share = _ratio(product, last_product)
            direction = preconditioned + share * direction
            complete_image = residual + share * complete_image
            image = complete_image - sums_in_gaps(direction)
            length = _ratio(product, (direction * image).sum(1, keepdim=True))
            maps, residual, last_product = maps + length * direction, residual - length * image, product
            if (length * direction).norm() <= CG_TOLERANCE * maps.norm():
                break
        return expand(maps)

    def candidate_profiles(self, seasons: Sequence[int]) -> Sequence[int]:
        """The profiles that `prepare` tries for data with these seasons, in rows."""
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

    def features(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Inputs of the map, and the values that turn its output into a forecast.

        Returns
        -------
        x : float32 [B, context_length + 1]
            The context minus its last value, in standard deviations, and a constant 1.
        group : int64 [B]
            Number of the window's map.
        last, std : float32 [B, 1]
            Last value of the context and standard deviation of the channel.
        """
        _, std = self.scale(batch.channel)
        last = batch.context[:, -1:]
        x = torch.cat([(batch.context - last) / std, torch.ones_like(last)], dim=1)
        group = batch.channel if len(self.maps) > 1 else torch.zeros_like(batch.channel)
        return x, group, last, std

    def _moments(self, datamodule: WindowDataModule) -> tuple[Tensor, Tensor, GapSums]:
        """Sums of x^T x [G, L + 1, L + 1] and x^T y [G, L + 1, H], and the sums over missing targets."""
        groups, width, horizon = self.maps.shape
        inputs = torch.zeros(groups, width, width, dtype=torch.float64)
        outputs = torch.zeros(groups, width, horizon, dtype=torch.float64)
        incomplete: list[IncompleteWindows] = []
        chosen = torch.from_numpy(stratified(len(datamodule.windows["train"]), self.max_windows))
        loader = WindowLoader(len(chosen), 2048)
        for position in with_progress(loader, len(loader), "training windows"):
            batch = datamodule.gather("train", chosen[position])
            x, group, last, std = self.features(batch)
            x = x.double()
            y = torch.where(batch.target_mask, (batch.target - last) / std, 0.0).double()
            self._add_products(inputs, group, x, x)
            self._add_products(outputs, group, x, y)
            is_missing = ~batch.target_mask
            has_gap = is_missing.any(1)
            if bool(has_gap.any()):
                windows = IncompleteWindows(group, x, is_missing.double(), batch.channel, batch.origin)
                incomplete.append(windows.select(has_gap))

        def series_of(channel: int) -> Tensor:
            """The standardised values of a channel; rows before its first value have this value."""
            values = datamodule.series.filled[:, channel]
            first = values[(~values.isnan()).int().argmax()]
            return torch.where(values.isnan(), first, values).nan_to_num(0.0) / self.channel_std[channel]

        return inputs, outputs, GapSums(incomplete, series_of, self.context_length)

    @staticmethod
    def _add_products(total: Tensor, group: Tensor, x: Tensor, y: Tensor) -> None:
        """Add x^T y over the windows of each group to that group's total."""
        for g in group.unique().tolist():
            rows = group == g
            total[g] += x[rows].T @ y[rows]

    @staticmethod
    def _apply_maps(maps: Tensor, x: Tensor, group: Tensor) -> Tensor:
        """Apply to each window the map of its group, [B, H]."""
        if len(maps) == 1:
            return x @ maps[0]
        out = x.new_empty(len(x), maps.shape[2])
        for g in group.unique().tolist():
            rows = group == g
            out[rows] = x[rows] @ maps[g]
        return out

    def validation_error(self, datamodule: WindowDataModule) -> float:
        """Mean absolute error on the tuning windows, in standard deviations of the channels."""
        total = torch.zeros(2, dtype=torch.float64)
        for batch in datamodule.batches("tuning"):
            error = (self.point(batch) - batch.target).abs() / self.scale(batch.channel)[1] * batch.target_mask
            total += torch.stack([error.sum().double(), batch.target_mask.sum().double()])
        return float(total[0] / total[1].clamp(min=1))

    def point(self, batch: Batch) -> Tensor:
        x, group, last, std = self.features(batch)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 is too coarse for weights of opposite sign
            forecast = last + std * self._apply_maps(self.maps, x, group)
        lowest, highest = batch.context.amin(1, keepdim=True), batch.context.amax(1, keepdim=True)
        distance = (highest - lowest) * max(1.0, self.horizon / self.context_length) + MAX_DEVIATIONS * std
        return forecast.clamp(lowest - distance, highest + distance)
