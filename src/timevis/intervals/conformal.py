"""Conformal recalibration of the intervals of any forecaster, from its errors on earlier windows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from timevis.intervals.recalibration_facts import ConformalMethod

MAX_SCORES = 1000
"""Scores of each channel and interval that are kept, the most recent ones; fewer for many channels."""
MIN_SCORES = 20
"""The same for any number of channels."""
MAX_STORED_SCORES = 2_000_000
"""Scores of all channels and intervals, which bounds the memory and the time of an online step."""
NO_ORIGIN = -(2**40)
"""In place of the last origin before the first window."""
FEW_ERRORS = 2.0
"""Independent errors of validation up to which nothing is selected by them; see `independent_errors` and
docs/experiments/selection-on-short-series.md."""
MIN_HORIZONS = 5
"""Horizons that the windows of a channel must span to give it scores of its own."""
STEPS_PER_WINDOW = 8
"""Horizon steps of a window whose scores are kept, evenly spaced."""
STEP_SIZE = 0.05
"""Step size of the online update; see `Conformal.observe`."""
MIN_WIDTH = 1e-3
"""Smallest width of an interval, in standard deviations of the channel, by which a score is divided."""
MIN_RELATIVE_WIDTH = 1.0
"""The same in mean widths of the channel's intervals in the calibration windows; a few narrow ones would dominate."""


@dataclass(frozen=True)
class Observation:
    """Windows [B] of one origin, at most one of each channel: base quantiles, targets, channels, shifts [B, P]."""

    origin: int
    quantiles: Tensor
    target: Tensor
    channel: Tensor
    shift: Tensor

    def select(self, rows: list[int]) -> Observation:
        """Some of the windows."""
        if len(rows) == len(self.channel):
            return self
        return Observation(self.origin, *(x[rows] for x in (self.quantiles, self.target, self.channel, self.shift)))


@dataclass(frozen=True)
class ForecastWindows:
    """Base forecasts of windows [B] with their targets, in the order of time.

    Attributes
    ----------
    quantiles : float32 [B, Q, H]
    target : float32 [B, H]
        NaN where it is missing.
    channel, origin : int64 [B]
    """

    quantiles: Tensor
    target: Tensor
    channel: Tensor
    origin: Tensor

    def __add__(self, other: ForecastWindows) -> ForecastWindows:
        pairs = zip(self.tensors, other.tensors, strict=True)
        return ForecastWindows(*(torch.cat(pair) for pair in pairs))

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Quantiles, targets, channels and origins."""
        return self.quantiles, self.target, self.channel, self.origin

    def in_order_of_time(self) -> ForecastWindows:
        """The windows by their origins."""
        order = self.origin.argsort(stable=True)
        return ForecastWindows(*(tensor[order] for tensor in self.tensors))


class Conformal(nn.Module):
    """Widens or narrows the central intervals of a forecast so that they contain as many truths as their level says.

    The score of a truth y is ``max(q_low - y, y - q_high) / (q_high - q_low)``: the distance outside the interval, or
    minus the distance inside it, in widths of the interval (CQR-r; Sesia and Candes, 2020, after Romano, Patterson
    and Candes, 2019). An interval whose share of missed truths should be alpha is widened on both sides by its width
    times the ``(1 - alpha) (1 + 1 / n)`` quantile of n scores. The median is not changed.

    ``split`` takes the scores of the calibration windows. ``online`` starts from them; then, before each origin, it
    takes in the windows whose last target lies before that origin: their scores replace the oldest ones, and alpha
    follows the share of truths that were missed (Gibbs and Candes, 2021).

    The errors of overlapping windows and of the steps of a window are dependent. Therefore n is not the number of
    scores, but the number of horizons that the windows span, times the square root of the steps of a horizon. A
    channel whose windows span fewer than `MIN_HORIZONS` horizons starts from the scores of all channels, with the
    square root of the number of channels as the factor of n.

    Parameters
    ----------
    levels : sequence of float
        Quantile levels, symmetric around 0.5.

    Attributes
    ----------
    scores : float32 [C, P, N]
        Scores of each channel and interval, the oldest first; NaN where there are fewer than N. Empty for ``none``.
    alpha : float32 [C, P]
        Share of truths that each interval may miss; for ``online`` the adapted one.
    size : float32 [C]
        The number n of independent scores.
    floor : float32 [C, P]
        Smallest width by which scores are divided.
    start_scores, start_alpha
        `scores` and `alpha` before the first window was taken in; see `reset`.
    """

    def __init__(self, levels: tuple[float, ...]) -> None:
        super().__init__()
        self.levels, self.pairs = levels, len(levels) // 2
        self.target = torch.tensor([2 * level for level in levels[: self.pairs]])
        self.online: Tensor
        self.scores: Tensor
        self.alpha: Tensor
        self.start_scores: Tensor
        self.start_alpha: Tensor
        self.size: Tensor
        self.register_buffer("size", torch.empty(0))
        self.floor: Tensor
        self.register_buffer("floor", torch.empty(0, self.pairs))
        self.register_buffer("online", torch.tensor(False))
        for name in ("scores", "start_scores"):
            self.register_buffer(name, torch.empty(0, self.pairs, 0))
        for name in ("alpha", "start_alpha"):
            self.register_buffer(name, torch.empty(0, self.pairs))
        self._waiting: dict[int, deque[tuple[Observation, int]]]
        self._last_origin: Tensor
        self._forget_windows()

    @property
    def is_used(self) -> bool:
        """Whether `fit` has been called."""
        return bool(self.alpha.numel())

    @property
    def is_online(self) -> bool:
        """Whether the intervals follow the windows that were taken in."""
        return self.is_used and bool(self.online)

    def fit(self, windows: ForecastWindows, scale: Tensor, method: ConformalMethod) -> None:
        """Take the scores of calibration windows.

        Parameters
        ----------
        windows : ForecastWindows
        scale : float [C]
            Standard deviation of each channel.
        method : {"split", "online"}
        """
        channels, horizon = len(scale), windows.target.shape[1]
        quantiles, target, channel, origin = windows.in_order_of_time().tensors
        self.floor = self._smallest_widths(quantiles, channel, scale)
        scores = self._scores(quantiles, target, channel)
        number = min(MAX_SCORES, max(MIN_SCORES, MAX_STORED_SCORES // (channels * self.pairs)))
        horizons = horizons_of_channels(channel, origin, channels, horizon)
        kept, size = _latest_scores(scores, channel, channels, number), horizons
        is_short = horizons < MIN_HORIZONS
        if channels > 1 and bool(is_short.any()):
            kept[is_short] = _latest_scores(scores, torch.zeros_like(channel), 1, number)
            size[is_short] = independent_horizons(channel, origin, channels, horizon)
        self.scores, self.start_scores = kept, kept.clone()
        self.size = size.clamp(min=1) * horizon**0.5
        self.alpha = self.target.to(kept).expand(channels, -1).clone()
        self.start_alpha = self.alpha.clone()
        self.online = torch.tensor(method == "online", device=kept.device)
        self._forget_windows()

    def reset(self) -> None:
        """Return to the state before the first window was taken in."""
        self.scores.copy_(self.start_scores)
        self.alpha.copy_(self.start_alpha)
        self._forget_windows()

    def _forget_windows(self) -> None:
        self._waiting = {}
        self._last_origin = torch.full((len(self.alpha),), NO_ORIGIN, device=self.alpha.device)

    def forward(self, quantiles: Tensor, channel: Tensor) -> Tensor:
        """Recalibrated quantiles [B, Q, H] of channels [B], non-decreasing along dim 1."""
        return self._widened(quantiles, self.shift(channel), channel)

    def _widened(self, quantiles: Tensor, shift: Tensor, channel: Tensor) -> Tensor:
        """Quantiles whose intervals are widened on both sides by `shift` [B, P] times their width."""
        low, high = quantiles[:, : self.pairs], quantiles.flip(1)[:, : self.pairs]
        distance = shift.unsqueeze(2) * self._width(low, high, channel)
        median = quantiles[:, self.pairs : self.pairs + 1]
        low, high = torch.minimum(low - distance, median), torch.maximum(high + distance, median)
        low, high = low.flip(1).cummin(1).values.flip(1), high.flip(1).cummax(1).values
        return torch.cat([low, median, high], 1)

    def forecast_in_order(self, quantiles: Tensor, target: Tensor, channel: Tensor, origin: Tensor) -> Tensor:
        """As `forward`, each window after all windows of its channel that end before its origin.

        Parameters
        ----------
        quantiles : float32 [B, Q, H]
        target : float32 [B, H]
            NaN where it is missing; read only for origins after the last target of the window.
        channel, origin : int64 [B]
            The origins of a channel are increasing, also from call to call.
        """
        out, horizon = torch.empty_like(quantiles), target.shape[1]
        for start, stop in _runs(origin):
            rows, now = slice(start, stop), int(origin[start])
            channels = channel[rows]
            self._observe_until(now - horizon, channels.tolist())
            shift = self.shift(channels)
            out[rows] = self._widened(quantiles[rows], shift, channels)
            window = Observation(now, quantiles[rows], target[rows], channels, shift)
            for row, c in enumerate(channels.tolist()):
                self._waiting.setdefault(c, deque()).append((window, row))
        return out

    def observe_all(self) -> None:
        """Take in all windows that were forecast; all their targets must be known."""
        self._observe_until(None, list(self._waiting))

    def _observe_until(self, last_origin: int | None, channels: list[int]) -> None:
        """Take in the waiting windows of some channels, up to an origin, in the order of time within a channel."""
        while True:
            ready: dict[int, tuple[Observation, list[int]]] = {}
            for c in channels:
                queue = self._waiting.get(c)
                if queue and (last_origin is None or queue[0][0].origin <= last_origin):
                    window, row = queue.popleft()
                    ready.setdefault(id(window), (window, []))[1].append(row)
            if not ready:
                return
            for window, rows in ready.values():
                self.observe(window.select(rows))

    def observe(self, window: Observation) -> None:
        """Take in the windows of one origin, whose targets are now known.

        The update of alpha is ``alpha + STEP_SIZE * new * (target - missed)``, where `missed` is the share of the
        targets of the window outside the interval that was forecast, and `new` the share of its rows after the first
        row of the window before. Otherwise overlapping windows would count the same error up to a horizon of times.
        Where alpha is zero, the interval has the largest score;
        in the paper it is infinite.
        """
        channel = window.channel
        scores = self._scores(window.quantiles, window.target, channel)
        observed = scores[:, 0].isfinite()
        missed = (scores > window.shift.unsqueeze(2)) & observed.unsqueeze(1)
        share = missed.sum(2) / observed.sum(1, keepdim=True).clamp(min=1)
        target_share = self.target.to(share)
        new_rows = (window.origin - self._last_origin[channel]).clamp(max=scores.shape[2]).to(share)
        step_size = STEP_SIZE * new_rows.unsqueeze(1) / scores.shape[2]
        self._last_origin = self._last_origin.scatter(0, channel, window.origin)
        alpha = self.alpha[channel] + step_size * (target_share - share)
        has_truth = observed.any(1, keepdim=True)
        self.alpha[channel] = torch.where(has_truth, alpha, self.alpha[channel]).clamp(0, 1)
        steps = torch.linspace(0, scores.shape[2] - 1, min(STEPS_PER_WINDOW, scores.shape[2])).round().long()
        new = scores[:, :, steps.to(scores.device)]
        complete = new[:, 0].isfinite().all(1)
        rows = channel[complete]
        self.scores[rows] = torch.cat([self.scores[rows], new[complete]], 2)[:, :, new.shape[2] :]
        for row in (~complete).nonzero().flatten().tolist():
            c, known = int(channel[row]), new[row][:, new[row, 0].isfinite()]
            self.scores[c] = torch.cat([self.scores[c], known], 1)[:, known.shape[1] :]

    def _scores(self, quantiles: Tensor, target: Tensor, channel: Tensor) -> Tensor:
        """Scores [B, P, H]; NaN where the target is missing."""
        low, high = quantiles[:, : self.pairs], quantiles.flip(1)[:, : self.pairs]
        truth = target.unsqueeze(1)
        return torch.maximum(low - truth, truth - high) / self._width(low, high, channel)

    def _width(self, low: Tensor, high: Tensor, channel: Tensor) -> Tensor:
        """Width of the intervals [B, P, H], at least `floor`."""
        return torch.maximum(high - low, self.floor[channel].unsqueeze(2))

    def _smallest_widths(self, quantiles: Tensor, channel: Tensor, scale: Tensor) -> Tensor:
        """The smallest width by which a score is divided, of each channel and interval, float32 [C, P]."""
        width = (quantiles.flip(1) - quantiles)[:, : self.pairs].mean(2)
        floor = MIN_WIDTH * scale.to(width).unsqueeze(1).expand(-1, self.pairs)
        windows = channel.bincount(minlength=len(scale)).clamp(min=1).unsqueeze(1)
        mean = torch.zeros_like(floor).index_add(0, channel, width) / windows
        return torch.maximum(floor, MIN_RELATIVE_WIDTH * mean)

    def shift(self, channel: Tensor) -> Tensor:
        """Widths by which the intervals of channels [B] are widened on each side, [B, P]; zero without scores."""
        channels, inverse = channel.unique(return_inverse=True)
        scores = self.scores[channels]
        ordered, count = scores.sort(dim=2).values, scores.isfinite().sum(2)
        level = (1 - self.alpha[channels]) * (1 + 1 / self.size[channels].unsqueeze(1))
        rank = torch.ceil(level * count - 1e-4).long().clamp(min=1)
        rank = torch.minimum(rank, count).clamp(min=1)
        return ordered.gather(2, (rank - 1).unsqueeze(2)).squeeze(2).nan_to_num(0.0)[inverse]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for name, buffer in list(self.named_buffers(recurse=False)):
            stored = state_dict.get(prefix + name)
            if stored is not None:  # the shape follows the number of channels, and is empty without recalibration
                setattr(self, name, torch.empty_like(stored, device=buffer.device))
        super()._load_from_state_dict(state_dict, prefix, *args)
        self._forget_windows()


def clip_at_zero(values: Tensor, channel: Tensor, non_negative: Tensor) -> Tensor:
    """Values [B, ..., H] of channels [B], at least zero where the channel is `non_negative`, bool [C]."""
    is_clipped = non_negative[channel].view(-1, *[1] * (values.dim() - 1))
    return torch.where(is_clipped, values.clamp(min=0), values)


def horizons_of_channels(channel: Tensor, origin: Tensor, channels: int, horizon: int) -> Tensor:
    """Horizons that the windows [B] of each channel span, float32 [C]."""
    first, last = (
        torch.zeros(channels, dtype=torch.long, device=origin.device).scatter_reduce(
            0, channel, origin, how, include_self=False
        )
        for how in ("amin", "amax")
    )
    return torch.where(channel.bincount(minlength=channels) > 0, (last - first) / horizon + 1, 0.0)


def independent_horizons(channel: Tensor, origin: Tensor, channels: int, horizon: int) -> float:
    """About the number of horizons of windows [B] with independent errors.

    It is the number of horizons that the windows of a channel span, times the square root of the number of channels,
    because channels are neither independent nor equal.
    """
    horizons = horizons_of_channels(channel, origin, channels, horizon)
    return float(horizons.sum() / max(1, int((horizons > 0).sum())) ** 0.5)


def independent_errors(channel: Tensor, origin: Tensor, channels: int, horizon: int) -> float:
    """About the number of independent errors of windows [B]: their horizons times the square root of its steps.

    The errors of the steps of a horizon are neither independent nor equal. On short data the horizon follows from the
    length of validation, which therefore spans one to two horizons for 8 rows and for 200: of these, the former has a
    single error.
    """
    return independent_horizons(channel, origin, channels, horizon) * horizon**0.5


def _latest_scores(scores: Tensor, channel: Tensor, channels: int, number: int) -> Tensor:
    """At most `number` evenly spaced finite scores of each channel, [C, P, number]; NaN where there are fewer.

    `scores` are [B, P, H] of channels [B], in the order of time.
    """
    order = channel.argsort(stable=True)
    values, of_channel = scores[order].transpose(0, 1).flatten(1), channel[order].repeat_interleave(scores.shape[2])
    observed = values[0].isfinite()
    values, count = values[:, observed], of_channel[observed].bincount(minlength=channels).unsqueeze(1)
    start, place = count.cumsum(0) - count, torch.arange(number, device=scores.device)
    spaced = (place.double() * (count - 1) / max(1, number - 1)).round().long()
    place = torch.where(count > number, spaced, place - (number - count))
    if not values.shape[1]:
        return scores.new_full((channels, len(values), number), torch.nan)
    kept = values[:, (start + place).clamp(0, values.shape[1] - 1)]
    return torch.where(place >= 0, kept, torch.nan).transpose(0, 1).contiguous()


def _runs(values: Tensor) -> Iterator[tuple[int, int]]:
    """Start and stop of the runs of equal values."""
    starts = [0, *(torch.nonzero(values[1:] != values[:-1]).flatten() + 1).tolist(), len(values)]
    return pairwise(starts)
