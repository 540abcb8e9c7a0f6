"""The mean of several forecasts of one network, which is better than each of them and needs no training.

The parts are computed from one context; the shares of two of them are selected on validation:

- the forecasts of the usual context and of one that is twice as long, each averaged with the negated forecast of the
  negated series (the network should forecast both alike, and does so only roughly);
- the forecast of the series minus its seasonal naive forecast, in the same way;
- for half-hours and shorter steps, the forecasts of the hourly series of which they consist: a network that reads 528
  rows sees three weeks in this way, in place of eleven days or less.

Measured in docs/experiments/inference-means.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from timevis.models.patches.features import extend_calendar

Quantiles: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Maps context [B, L], its mask [B, L] and calendar [B, L + H, 5] to non-decreasing quantiles [B, Q, H]."""
SEASONAL_SHARES = (0.0, 0.2, 0.5)
HOURLY_SHARES = (0.0, 0.5, 1.0)
USUAL_SEASONAL_SHARE = 0.2
"""Share of the seasonal differences where no hourly series are read, unless validation shows another to be better."""
USUAL_HOURLY_SHARE = 0.5
MIN_GAIN = 0.01
"""By how much other shares must lower the loss on validation to replace the usual ones."""
MIN_HORIZONS = 4
"""Horizons that the windows must span from whose losses shares are selected; fewer select by chance."""
MIN_HOURS = 72
"""Rows of the shortest context of an hourly series."""
MIN_SEASONS = 3
"""Seasons of the shortest context from which seasonal differences are read."""


@dataclass(frozen=True)
class MeanSettings:
    """What is averaged.

    Attributes
    ----------
    usual_context : int
        Rows of the shorter context; the longer one is twice as long, or the whole context if that is shorter.
    season : int
        Rows of the season of the seasonal naive forecast; 1 if there is none.
    steps_per_hour : int
        Rows of an hour; 1 for longer rows.
    """

    usual_context: int
    season: int = 1
    steps_per_hour: int = 1


def with_negated(forecast: Quantiles) -> Quantiles:
    """The mean of a forecast and of the negated forecast of the negated series."""

    def both(context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        return (forecast(context, mask, calendar) - forecast(-context, mask, calendar).flip(1)) / 2

    return both


def of_seasonal_differences(forecast: Quantiles, season: int, rows: int) -> Quantiles:
    """Forecast the differences to one season before, from the last `rows` of them, and add the last season."""

    def seasonal(context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        length, horizon = context.shape[1], calendar.shape[1] - context.shape[1]
        known = mask[:, season:] & mask[:, :-season]
        differences = torch.where(known, context[:, season:] - context[:, :-season], 0.0)
        first = max(0, length - season - rows)
        quantiles = forecast(differences[:, first:], known[:, first:], calendar[:, season + first :])
        last_season = context[:, -season:].repeat(1, -(-horizon // season))[:, :horizon]
        return quantiles + last_season.unsqueeze(1)

    return seasonal


def of_hourly_series(forecast: Quantiles, steps_per_hour: int) -> Quantiles:
    """Forecast each of the hourly series of which a series of shorter steps consists, and merge the forecasts."""

    def hourly(context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        length, horizon = context.shape[1], calendar.shape[1] - context.shape[1]
        first, after = length % steps_per_hour, -horizon % steps_per_hour
        rows = extend_calendar(calendar[:, first:], 0, after)

        def series_of(values: Tensor) -> Tensor:  # row i of series p is row i * steps_per_hour + p
            return values.unflatten(1, (-1, steps_per_hour)).transpose(1, 2).flatten(0, 1)

        quantiles = forecast(series_of(context[:, first:]), series_of(mask[:, first:]), series_of(rows))
        return quantiles.unflatten(0, (-1, steps_per_hour)).permute(0, 2, 3, 1).flatten(2)[..., :horizon]

    return hourly


class ForecastMean(nn.Module):
    """Averages the forecasts of the module docstring, with shares that `select` chooses on validation.

    Parameters
    ----------
    context_length : int
        Rows of the context that is given.
    settings : MeanSettings

    Attributes
    ----------
    shares : float [2]
        Share of the hourly series in the mean, and share of the seasonal differences in the rest.
    """

    shares: Tensor

    def __init__(self, context_length: int, settings: MeanSettings) -> None:
        super().__init__()
        self.settings = settings
        self.has_seasonal = settings.season > 1 and context_length >= MIN_SEASONS * settings.season
        self.has_hourly = settings.steps_per_hour > 1 and context_length >= MIN_HOURS * settings.steps_per_hour
        hourly = USUAL_HOURLY_SHARE if self.has_hourly else 0.0
        seasonal = USUAL_SEASONAL_SHARE if self.has_seasonal and not self.has_hourly else 0.0
        self.register_buffer("shares", torch.tensor([hourly, seasonal]))

    def candidates(self) -> list[tuple[float, float]]:
        """The pairs of shares from which `select` chooses."""
        hourly = HOURLY_SHARES if self.has_hourly else (0.0,)
        return [(h, s) for h in hourly for s in (SEASONAL_SHARES if self.has_seasonal and h < 1 else (0.0,))]

    def parts(
        self, forecast: Quantiles, context: Tensor, mask: Tensor, calendar: Tensor, *, every: bool
    ) -> list[Tensor]:
        """The three forecasts [B, Q, H]: of the series, of the differences to one season before, and of the hours.

        Unless `every` is set, those whose share is 0 are an empty tensor.
        """
        hourly, seasonal = self.shares.tolist()
        both, length, rows = with_negated(forecast), context.shape[1], self.settings.usual_context
        inputs = context, mask, calendar
        plain = differences = hours = context.new_empty(0)
        if every or hourly < 1:
            firsts = {max(0, length - rows), max(0, length - 2 * rows)}
            plain = sum_of([both(*(x[:, first:] for x in inputs)) for first in sorted(firsts)]) / len(firsts)
        if self.has_seasonal and (every or (seasonal > 0 and hourly < 1)):
            differences = of_seasonal_differences(both, self.settings.season, rows)(*inputs)
        if self.has_hourly and (every or hourly > 0):
            hours = of_hourly_series(both, self.settings.steps_per_hour)(*inputs)
        return [plain, differences, hours]

    def forward(self, forecast: Quantiles, context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        """The weighted mean [B, Q, H] of the parts."""
        hourly, seasonal = self.shares.tolist()
        return combine(self.parts(forecast, context, mask, calendar, every=False), hourly, seasonal)

    def select(self, losses: Tensor, horizons: float) -> None:
        """Take the candidate of the smallest loss if it is `MIN_GAIN` better than the usual shares.

        Parameters
        ----------
        losses : [N]
            Of the `candidates`, on the same windows.
        horizons : float
            Rows that these windows span, in horizons; with fewer than `MIN_HORIZONS` the usual shares stay.
        """
        if horizons < MIN_HORIZONS:
            return
        candidates = self.candidates()
        usual = next(i for i, pair in enumerate(candidates) if torch.allclose(torch.tensor(pair), self.shares.cpu()))
        best = int(losses.argmin())
        if losses[best] < (1 - MIN_GAIN) * losses[usual]:
            self.shares.copy_(torch.tensor(candidates[best]))


def combine(parts: list[Tensor], hourly: float, seasonal: float) -> Tensor:
    """The mean of `ForecastMean.parts` with these shares; those of share 0 are not read."""
    shares = (1 - hourly) * (1 - seasonal), (1 - hourly) * seasonal, hourly
    return sum_of([share * part for share, part in zip(shares, parts, strict=True) if share > 0])


def sum_of(tensors: list[Tensor]) -> Tensor:
    return torch.stack(tensors).sum(0)


def horizons_spanned(origins: Tensor, horizon: int) -> float:
    """Rows from the first target of windows with these origins [N] to the last one, in horizons."""
    return float(origins.max() - origins.min() + horizon) / horizon
