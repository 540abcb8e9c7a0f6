"""Encode values as decimal digits of a fixed width, and decode the digits to values; no tokenizer is involved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from timevis.config.options import PositiveInt, check_choice, check_value
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

ScalingRule: TypeAlias = Literal["mean_std", "median_iqr", "quantile", "last_value", "seasonal"]


@dataclass(frozen=True)
class Scaling:
    """Shift and scale of each window, in raw units.

    Attributes
    ----------
    shift : float64 [B, 1] or [B, N]
        One shift per window, or one per time step.
    scale : float64 [B, 1]
    """

    shift: Tensor
    scale: Tensor

    def at_steps(self, start: int, stop: int | None = None) -> Scaling:
        """The scaling of the time steps from `start` to before `stop`."""
        return self if self.shift.shape[1] == 1 else Scaling(self.shift[:, start:stop], self.scale)


@dataclass(frozen=True)
class DigitCodec:
    """Encodes a value as `width` decimal digits, most significant digit first.

    A value is shifted and scaled by the statistics of its own context, and the scaled value is squashed to (-1, 1).
    The squashing is linear up to `knee` scales, then logarithmic up to `limit` scales, with the same slope at the
    knee. The range (-1, 1) is divided into ``10 ** width`` bins of equal width, and the digits are the number of the
    bin. So there is no sign and no padding, every digit string is a value, and an outlier at 40 scales still has a
    code. Values beyond `limit` get the first or the last code. Decoding returns the centre of the bin.

    Parameters
    ----------
    width : int
        Digits per value.
    rule : str
        How a window is scaled. ``mean_std``: mean and standard deviation of the context. ``median_iqr``: median and
        interquartile range. ``quantile``: centre and spread of the range from 5 % to 95 %, after LLMTime (Gruver et
        al. 2023). ``last_value``: shift by the last value of the context, scale by its standard deviation.
        ``seasonal``: shift by the value one season before (targets: by the last season of the context), scale by
        the standard deviation of the seasonal differences.
    floor : float
        The scale is at least this share of the channel's standard deviation over the training part.
    knee : float
        End of the linear range, in scales.
    bulk : float
        Share of the codes that the linear range gets; with ``bulk=1`` it gets them all and there are no tails.
    limit : float
        End of the logarithmic tails, in scales.
    season : int
        Season of the rule ``seasonal``, in time steps.

    Examples
    --------
    With shift 100 and scale 20, the value 115 is 0.75 scales above the shift. It is squashed to
    ``0.75 * bulk / knee = 0.3``, lies in bin ``floor((0.3 + 1) * 500) = 650``, and is encoded as the digits 6, 5, 0.

    >>> scaling = Scaling(torch.tensor([[100.0]]), torch.tensor([[20.0]]))
    >>> digits, clipped = DigitCodec(width=3).encode(torch.tensor([[115.0]]), scaling)
    >>> digits
    tensor([[[6, 5, 0]]])
    """

    width: int = 3
    rule: ScalingRule = "mean_std"
    floor: float = 0.1
    knee: float = 2.0
    bulk: float = 0.8
    limit: float = 50.0
    season: int = 24

    def __post_init__(self) -> None:
        check_choice(self.rule, get_args(ScalingRule), "model.codec.rule")
        check_value("model.codec.season", self.season, PositiveInt)
        if not (1 <= self.width <= 6 and 0 < self.bulk <= 1 and 0 < self.knee < self.limit):
            message = Text(
                "{digits} with {codec} cannot encode values",
                digits=Setting("model.digits", self.width),
                codec=Setting("model.codec", f"{{bulk: {self.bulk}, knee: {self.knee}, limit: {self.limit}}}"),
            )
            advice = Text(
                "set {digits} within 1 to 6, bulk within (0, 1], and knee below limit", digits=Setting("model.digits")
            )
            raise ConfigError(message, advice, "model.codec")

    @property
    def num_bins(self) -> int:
        return 10**self.width

    @cached_property
    def _tail_constant(self) -> float:
        return _tail_constant(self.knee, self.bulk, self.limit)

    def fit(self, context: Tensor, mask: Tensor, deviation: Tensor, horizon: int = 0) -> Scaling:
        """Compute shift and scale of windows from their observed context.

        Where a window has observed zeros, its shift is moved so that zero is the centre of a bin and stays zero.

        Parameters
        ----------
        context : float [B, L]
            Raw units.
        mask : bool [B, L]
            True where observed. A window without any observation is scaled by the values that fill its gaps.
        deviation : float [B, 1]
            Standard deviation of the channel over the training part; `floor` is a share of it.
        horizon : int
            H, time steps after the context for which ``seasonal`` also returns shifts.

        Returns
        -------
        Scaling
            Its shift is [B, L + H] for ``seasonal`` and [B, 1] for all other rules.
        """
        observed = mask | ~mask.any(1, keepdim=True)
        x, count = context.double(), observed.sum(1, keepdim=True)
        mean = torch.where(observed, x, 0.0).sum(1, keepdim=True) / count
        std = (torch.where(observed, x - mean, 0.0).square().sum(1, keepdim=True) / count).sqrt()
        if self.rule == "mean_std":
            shift, scale = mean, std
        elif self.rule == "last_value":
            shift, scale = x[:, -1:], std
        elif self.rule == "seasonal":
            shift, scale = self._seasonal(torch.where(observed, x, mean), observed, mean, std, horizon)
        else:
            # the divisor is the width of the range in standard deviations of a normal distribution
            levels, divisor = ((0.25, 0.75), 1.349) if self.rule == "median_iqr" else ((0.05, 0.95), 3.29)
            x_observed = torch.where(observed, x, torch.nan)
            low, high = torch.nanquantile(x_observed, x.new_tensor(levels), dim=1, keepdim=True)
            median = torch.nanquantile(x_observed, 0.5, dim=1, keepdim=True)
            shift = median if self.rule == "median_iqr" else (low + high) / 2
            scale = (high - low) / divisor
        resolution = (1e-6 * shift.abs().amax(1, keepdim=True)).clamp(min=1e-30)  # of float32 at this magnitude
        scale = torch.maximum(scale, torch.maximum(self.floor * deviation.double(), resolution))
        if shift.shape[1] == 1:
            has_zero = (observed & (x == 0)).any(1, keepdim=True)
            shift = torch.where(has_zero, self._shift_with_exact_zero(shift, scale), shift)
        return Scaling(shift, scale)

    def _shift_with_exact_zero(self, shift: Tensor, scale: Tensor) -> Tensor:
        """The nearest shift, at most half a bin away, for which zero is the centre of its bin.

        Without it, exact zeros (closed roads, dry hours, idle meters) would lie outside of every interval.
        """
        zero = -shift / scale
        centre = self._bin_centre(((self.squash(zero) + 1) * (self.num_bins / 2)).floor())
        return torch.where(zero.abs() < self.knee, -centre * scale, shift)

    def _seasonal(
        self, x: Tensor, observed: Tensor, mean: Tensor, std: Tensor, horizon: int
    ) -> tuple[Tensor, Tensor]:
        """Shift: the value one season before each step, or the mean. Scale: the deviation of the differences."""
        length = x.shape[1]
        season = min(self.season, length)
        shift = torch.cat([mean.expand(-1, season), x[:, : length - season]], 1)
        target_shift = x[:, -season:].repeat(1, -(-horizon // season))[:, :horizon]
        both_observed = observed[:, season:] & observed[:, : length - season]
        difference = torch.where(both_observed, x[:, season:] - shift[:, season:], 0.0)
        count = both_observed.sum(1, keepdim=True)
        seasonal_std = (difference.square().sum(1, keepdim=True) / count.clamp(min=1)).sqrt()
        return torch.cat([shift, target_shift], 1), torch.where(count > 0, seasonal_std, std)

    def squash(self, z: Tensor) -> Tensor:
        """Map scaled values to (-inf, inf) so that exactly the values in (-1, 1) have a code of their own."""
        size = z.abs()
        linear = size * (self.bulk / self.knee)
        if self.bulk == 1:
            return torch.copysign(linear, z)
        c, reach = self._tail_constant, math.log1p((self.limit - self.knee) / self._tail_constant)
        tail = self.bulk + (1 - self.bulk) * torch.log1p((size - self.knee).clamp(min=0) / c) / reach
        return torch.copysign(torch.where(size <= self.knee, linear, tail), z)

    def unsquash(self, u: Tensor) -> Tensor:
        """The inverse of `squash`."""
        size = u.abs()
        linear = size * (self.knee / self.bulk)
        if self.bulk == 1:
            return torch.copysign(linear, u)
        c, reach = self._tail_constant, math.log1p((self.limit - self.knee) / self._tail_constant)
        tail = self.knee + c * torch.expm1((size - self.bulk).clamp(min=0) / (1 - self.bulk) * reach)
        return torch.copysign(torch.where(size <= self.bulk, linear, tail), u)

    def _bin_centre(self, code: Tensor) -> Tensor:
        """Scaled values at the centres of the bins."""
        return self.unsquash((code.double() + 0.5) * (2 / self.num_bins) - 1)

    def encode(self, values: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
        """Encode values in raw units.

        Parameters
        ----------
        values : float [B, N]
        scaling : Scaling

        Returns
        -------
        digits : int64 [B, N, width]
        clipped : bool [B, N]
            True where the value lies beyond `limit` and got the nearest code.
        """
        u = self.squash((values.double() - scaling.shift) / scaling.scale)
        code = ((u + 1) * (self.num_bins / 2)).floor()
        clipped = (code < 0) | (code > self.num_bins - 1)
        return self.digits_of(code.clamp(0, self.num_bins - 1).long()), clipped

    def digits_of(self, code: Tensor) -> Tensor:
        """Digits of bin numbers, int64 [...] to [..., width]; with three digits, 42 becomes 0, 4, 2."""
        powers = torch.tensor([10**i for i in reversed(range(self.width))], device=code.device)
        return code.unsqueeze(-1) // powers % 10

    def decode(self, digits: Tensor, scaling: Scaling) -> Tensor:
        """Decode digits to the values at the centres of their bins, in raw units.

        Parameters
        ----------
        digits : int64 [B, ..., N, width]
        scaling : Scaling

        Returns
        -------
        float32 [B, ..., N]
        """
        powers = torch.tensor([10**i for i in reversed(range(self.width))], device=digits.device)
        code = (digits * powers).sum(-1)
        z = self._bin_centre(code)
        shape = (len(digits), *[1] * (z.ndim - 2), -1)
        return (z * scaling.scale.view(shape) + scaling.shift.reshape(shape)).float()

    def values(self, horizon: int, scaling: Scaling) -> Tensor:
        """The value of every code at every step of the horizon, in raw units: float32 [B, 10 ** width, H]."""
        codes = self.digits_of(torch.arange(self.num_bins, device=scaling.scale.device))
        return self.decode(codes[:, None].expand(len(scaling.scale), -1, horizon, -1), scaling)


def _tail_constant(knee: float, bulk: float, limit: float) -> float:
    """The c of ``log1p((z - knee) / c)`` for which the tail starts at the knee with the slope of the linear range."""
    low, high = 1e-9, 1e9
    for _ in range(200):
        c = math.sqrt(low * high)
        slope = (1 - bulk) / (c * math.log1p((limit - knee) / c))
        low, high = (c, high) if slope > bulk / knee else (low, c)
    return c
