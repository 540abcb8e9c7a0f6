"""Values to decimal digits and back: fixed width, vectorised, no tokenizer in sight."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from timevis.config.validate import check_choice
from timevis.errors import ConfigError

RULES = ("mean_std", "median_iqr", "quantile", "last_value", "seasonal")


@dataclass(frozen=True)
class Scaling:
    """Shift float [B, 1], or [B, N] of every step, and scale float [B, 1] of each window, in raw units."""

    shift: Tensor
    scale: Tensor

    def steps(self, start: int, stop: int | None = None) -> Scaling:
        """That of some of the steps."""
        return self if self.shift.shape[1] == 1 else Scaling(self.shift[:, start:stop], self.scale)


@dataclass(frozen=True)
class DigitCodec:
    """Writes a scaled value as `width` decimal digits, most significant first.

    A value is shifted and scaled by its own context, then squashed into [0, 1): linear up to `knee` scales, with
    logarithmic tails of the same slope at the knee, up to `limit` scales. The linear part takes `bulk` of the
    codes. So everyday values keep their arithmetic, and a burst at 40 deviations is still a number. The digits
    are those of the bin, so there is no sign, no padding, and no output that is not a value.

    Parameters
    ----------
    width : int
        Digits per value; 10 ** width bins.
    rule : str
        How a window is scaled: ``mean_std``; ``median_iqr``; ``quantile`` (centre and spread of the 5 % to 95 %
        range, after LLMTime, Gruver et al. 2023); ``last_value`` (shift by the last observation, scale by the
        deviation); ``seasonal`` (shift by the value a season before, of the target by the last season of the
        context; scale by what is left).
    season : int
        Rows, of ``seasonal``.
    floor : float
        The scale is at least this share of the channel's deviation over the training part.
    knee, bulk, limit : float
        Of the squashing; ``bulk=1`` is a plain linear range of `knee` scales.
    """

    width: int = 3
    rule: str = "mean_std"
    floor: float = 0.1
    knee: float = 2.0
    bulk: float = 0.8
    limit: float = 50.0
    season: int = 24

    def __post_init__(self) -> None:
        check_choice(self.rule, RULES, "model.codec.rule")
        if self.season < 1:
            raise ConfigError(f"model.codec.season={self.season} must be at least 1")
        if not (1 <= self.width <= 6 and 0 < self.bulk <= 1 and 0 < self.knee < self.limit):
            raise ConfigError(
                f"model.digits={self.width} with model.codec={{bulk: {self.bulk}, knee: {self.knee}, limit: "
                f"{self.limit}}} is no codec",
                "digits lie in 1 to 6, bulk in (0, 1], and knee below limit",
            )

    @property
    def bins(self) -> int:
        return 10**self.width

    @cached_property
    def _tail(self) -> float:
        return _tail_length(self.knee, self.bulk, self.limit)

    def fit(self, context: Tensor, mask: Tensor, deviation: Tensor, horizon: int = 0) -> Scaling:
        """Shift and scale of windows from their own observed context; zero is written exactly where that has zeros.

        Parameters
        ----------
        context : float [B, L]
            Raw units; `mask` is True where observed. Without any observation the carried values are used.
        deviation : float [B, 1]
            Of the channel over the training part; the floor is taken from it.
        horizon : int
            H steps after the context that ``seasonal`` refers to as well.
        """
        seen = mask | ~mask.any(1, keepdim=True)
        x, count = context.double(), seen.sum(1, keepdim=True)
        mean = torch.where(seen, x, 0.0).sum(1, keepdim=True) / count
        std = (torch.where(seen, x - mean, 0.0).square().sum(1, keepdim=True) / count).sqrt()
        if self.rule == "mean_std":
            shift, scale = mean, std
        elif self.rule == "last_value":
            shift, scale = x[:, -1:], std
        elif self.rule == "seasonal":
            shift, scale = self._seasonal(torch.where(seen, x, mean), seen, mean, std, horizon)
        else:
            levels, normal = ((0.25, 0.75), 1.349) if self.rule == "median_iqr" else ((0.05, 0.95), 3.29)
            known = torch.where(seen, x, torch.nan)
            low, high = torch.nanquantile(known, x.new_tensor(levels), dim=1, keepdim=True)
            middle = torch.nanquantile(known, 0.5, dim=1, keepdim=True)
            shift = middle if self.rule == "median_iqr" else (low + high) / 2
            scale = (high - low) / normal
        tiny = (1e-6 * shift.abs().amax(1, keepdim=True)).clamp(min=1e-30)  # float32 cannot tell closer values apart
        scale = torch.maximum(scale, torch.maximum(self.floor * deviation.double(), tiny))
        if shift.shape[1] == 1:
            shift = torch.where((seen & (x == 0)).any(1, keepdim=True), self._beside_zero(shift, scale), shift)
        return Scaling(shift, scale)

    def _beside_zero(self, shift: Tensor, scale: Tensor) -> Tensor:
        """The nearest shift, half a bin away at most, by which zero is the centre of its bin, so that it stays zero.

        Closed roads, dry hours and idle meters are zero exactly, and would lie outside every interval otherwise.
        """
        zero = -shift / scale
        centre = self._centre(((self.squash(zero) + 1) * (self.bins / 2)).floor())
        return torch.where(zero.abs() < self.knee, -centre * scale, shift)

    def _seasonal(self, x: Tensor, seen: Tensor, mean: Tensor, std: Tensor, horizon: int) -> tuple[Tensor, Tensor]:
        """The value a season before each step, or the mean where there is none, and the deviation from it."""
        length = x.shape[1]
        season = min(self.season, length)
        before = torch.cat([mean.expand(-1, season), x[:, : length - season]], 1)
        ahead = x[:, -season:].repeat(1, -(-horizon // season))[:, :horizon]
        pairs = seen[:, season:] & seen[:, : length - season]
        error = torch.where(pairs, x[:, season:] - before[:, season:], 0.0)
        count = pairs.sum(1, keepdim=True)
        left = (error.square().sum(1, keepdim=True) / count.clamp(min=1)).sqrt()
        return torch.cat([before, ahead], 1), torch.where(count > 0, left, std)

    def squash(self, z: Tensor) -> Tensor:
        """Scaled values to (-inf, inf), where (-1, 1) is the range that has codes."""
        size = z.abs()
        linear = size * (self.bulk / self.knee)
        if self.bulk == 1:
            return torch.copysign(linear, z)
        c, reach = self._tail, math.log1p((self.limit - self.knee) / self._tail)
        tail = self.bulk + (1 - self.bulk) * torch.log1p((size - self.knee).clamp(min=0) / c) / reach
        return torch.copysign(torch.where(size <= self.knee, linear, tail), z)

    def unsquash(self, u: Tensor) -> Tensor:
        """The inverse of `squash`."""
        size = u.abs()
        linear = size * (self.knee / self.bulk)
        if self.bulk == 1:
            return torch.copysign(linear, u)
        c, reach = self._tail, math.log1p((self.limit - self.knee) / self._tail)
        tail = self.knee + c * torch.expm1((size - self.bulk).clamp(min=0) / (1 - self.bulk) * reach)
        return torch.copysign(torch.where(size <= self.bulk, linear, tail), u)

    def _centre(self, code: Tensor) -> Tensor:
        """Scaled values at the centres of bins."""
        return self.unsquash((code.double() + 0.5) * (2 / self.bins) - 1)

    def encode(self, values: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
        """Digits of raw values.

        Parameters
        ----------
        values : float [B, N]

        Returns
        -------
        digits : int64 [B, N, width]
        clipped : bool [B, N]
            True where the value lies outside the range and took the nearest code.
        """
        u = self.squash((values.double() - scaling.shift) / scaling.scale)
        code = ((u + 1) * (self.bins / 2)).floor()
        clipped = (code < 0) | (code > self.bins - 1)
        return self.spelled(code.clamp(0, self.bins - 1).long()), clipped

    def spelled(self, code: Tensor) -> Tensor:
        """Digits of codes, int64 [...] to [..., width]."""
        powers = torch.tensor([10**i for i in reversed(range(self.width))], device=code.device)
        return code.unsqueeze(-1) // powers % 10

    def decode(self, digits: Tensor, scaling: Scaling) -> Tensor:
        """Raw values at the centres of the bins: digits int64 [B, ..., N, width] to float32 [B, ..., N]."""
        powers = torch.tensor([10**i for i in reversed(range(self.width))], device=digits.device)
        code = (digits * powers).sum(-1)
        z = self._centre(code)
        shape = (len(digits), *[1] * (z.ndim - 2), -1)
        return (z * scaling.scale.view(shape) + scaling.shift.reshape(shape)).float()


def _tail_length(knee: float, bulk: float, limit: float) -> float:
    """The c of ``log1p((z - knee) / c)`` for which the tail leaves the knee with the slope of the linear part."""
    low, high = 1e-9, 1e9
    for _ in range(200):
        c = math.sqrt(low * high)
        slope = (1 - bulk) / (c * math.log1p((limit - knee) / c))
        low, high = (c, high) if slope > bulk / knee else (low, c)
    return c
