"""Conformal recalibration of the intervals of any forecaster, from its errors on earlier windows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

ConformalMethod: TypeAlias = Literal["none", "split", "online"]

MAX_SCORES = 1000
"""Scores of each channel and interval that are kept, the most recent ones."""
STEPS_PER_WINDOW = 8
"""Horizon steps of a window whose scores are kept, evenly spaced."""
STEP_SIZE = 0.05
"""Step size of the online update; see `Conformal.observe`."""
MIN_WIDTH = 1e-3
"""Smallest width of an interval, in standard deviations of the channel, by which a score is divided."""


@dataclass(frozen=True)
class Observation:
    """Windows [B] of one origin, at most one of each channel: base quantiles, targets, channels, shifts [B, P]."""

    quantiles: Tensor
    target: Tensor
    channel: Tensor
    shift: Tensor

    def select(self, rows: list[int]) -> Observation:
        """Some of the windows."""
        if len(rows) == len(self.channel):
            return self
        return Observation(*(x[rows] for x in (self.quantiles, self.target, self.channel, self.shift)))


class Conformal(nn.Module):
    """Widens or narrows the central intervals of a forecast so that they contain as many truths as their level says.

    The score of a truth y is ``max(q_low - y, y - q_high) / (q_high - q_low)``: the distance outside the interval, or
    minus the distance inside it, in widths of the interval (CQR-r; Sesia and Candes, 2020, after Romano, Patterson
    and Candes, 2019). An interval whose share of missed truths should be alpha is widened on both sides by its width
    times the ``(1 - alpha) (1 + 1 / n)`` quantile of n scores. The median is not changed.

    ``split`` takes the scores of the calibration windows. ``online`` starts from them; then, before each origin, it
    takes in the windows whose last target lies before that origin: their scores replace the oldest ones, and alpha
    follows the share of truths that were missed (Gibbs and Candes, 2021).

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
    start_scores, start_alpha
        The same before the first window was taken in; see `reset`.
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
        self.register_buffer("online", torch.tensor(False))
        for name in ("scores", "start_scores"):
            self.register_buffer(name, torch.empty(0, self.pairs, 0))
        for name in ("alpha", "start_alpha"):
            self.register_buffer(name, torch.empty(0, self.pairs))
        self._waiting: dict[int, deque[tuple[int, Observation, int]]] = {}

    @property
    def is_used(self) -> bool:
        """Whether `fit` has been called."""
        return bool(self.alpha.numel())

    @property
    def is_online(self) -> bool:
        """Whether the intervals follow the windows that were taken in."""
        return self.is_used and bool(self.online)

    def fit(self, quantiles: Tensor, target: Tensor, channel: Tensor, scale: Tensor, method: ConformalMethod) -> None:
        """Take the scores of calibration windows.

        Parameters
        ----------
        quantiles : float32 [B, Q, H]
        target : float32 [B, H]
            NaN where it is missing.
        channel : int64 [B]
        scale : float [C]
            Standard deviation of each channel.
        method : {"split", "online"}
        """
        scores = self._scores(quantiles, target, scale[channel])
        kept = torch.full((len(scale), self.pairs, MAX_SCORES), torch.nan, device=quantiles.device)
        for c in range(len(scale)):
            values = scores[channel == c].transpose(0, 1).flatten(1)
            values = values[:, values[0].isfinite()]
            spaced = torch.linspace(0, max(0, values.shape[1] - 1), min(MAX_SCORES, values.shape[1])).round().long()
            if len(spaced):
                kept[c, :, MAX_SCORES - len(spaced) :] = values[:, spaced]
        self.scores, self.start_scores = kept, kept.clone()
        self.alpha = self.target.to(kept).expand(len(scale), -1).clone()
        self.start_alpha = self.alpha.clone()
        self.online = torch.tensor(method == "online", device=kept.device)
        self._waiting = {}

    def reset(self) -> None:
        """Return to the state before the first window was taken in."""
        self.scores.copy_(self.start_scores)
        self.alpha.copy_(self.start_alpha)
        self._waiting = {}

    def forward(self, quantiles: Tensor, channel: Tensor, scale: Tensor) -> Tensor:
        """Recalibrated quantiles [B, Q, H] of channels [B], non-decreasing along dim 1; `scale` as in `fit`."""
        return self._widened(quantiles, self.shift(channel), scale[channel])

    def _widened(self, quantiles: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        """Quantiles whose intervals are widened on both sides by `shift` [B, P] times their width."""
        low, high = quantiles[:, : self.pairs], quantiles.flip(1)[:, : self.pairs]
        distance = shift.unsqueeze(2) * self._width(low, high, scale)
        median = quantiles[:, self.pairs : self.pairs + 1]
        low, high = torch.minimum(low - distance, median), torch.maximum(high + distance, median)
        low, high = low.flip(1).cummin(1).values.flip(1), high.flip(1).cummax(1).values
        return torch.cat([low, median, high], 1)

    def forecast_in_order(
        self, quantiles: Tensor, target: Tensor, channel: Tensor, origin: Tensor, scale: Tensor
    ) -> Tensor:
        """As `forward`, each window after all windows of its channel that end before its origin.

        Parameters
        ----------
        quantiles : float32 [B, Q, H]
        target : float32 [B, H]
            NaN where it is missing; read only for origins after the last target of the window.
        channel, origin : int64 [B]
            The origins of a channel are increasing, also from call to call.
        scale : float [C]
        """
        out, horizon = torch.empty_like(quantiles), target.shape[1]
        for start, stop in _runs(origin):
            rows, now = slice(start, stop), int(origin[start])
            channels = channel[rows]
            self._observe_until(now - horizon, channels.tolist(), scale)
            shift = self.shift(channels)
            out[rows] = self._widened(quantiles[rows], shift, scale[channels])
            window = Observation(quantiles[rows], target[rows], channels, shift)
            for row, c in enumerate(channels.tolist()):
                self._waiting.setdefault(c, deque()).append((now, window, row))
        return out

    def observe_all(self, scale: Tensor) -> None:
        """Take in all windows that were forecast; all their targets must be known."""
        self._observe_until(None, list(self._waiting), scale)

    def _observe_until(self, last_origin: int | None, channels: list[int], scale: Tensor) -> None:
        """Take in the waiting windows of some channels, up to an origin, in the order of time within a channel."""
        while True:
            ready: dict[int, tuple[Observation, list[int]]] = {}
            for c in channels:
                queue = self._waiting.get(c)
                if queue and (last_origin is None or queue[0][0] <= last_origin):
                    _, window, row = queue.popleft()
                    ready.setdefault(id(window), (window, []))[1].append(row)
            if not ready:
                return
            for window, rows in ready.values():
                self.observe(window.select(rows), scale)

    def observe(self, window: Observation, scale: Tensor) -> None:
        """Take in the windows of one origin, whose targets are now known.

        The update of alpha is ``alpha + STEP_SIZE * (target - missed)``, where `missed` is the share of the targets
        of the window outside the interval that was forecast. Where alpha is zero, the interval has the largest score;
        in the paper it is infinite.
        """
        channel = window.channel
        scores = self._scores(window.quantiles, window.target, scale[channel])
        observed = scores[:, 0].isfinite()
        missed = (scores > window.shift.unsqueeze(2)) & observed.unsqueeze(1)
        share = missed.sum(2) / observed.sum(1, keepdim=True).clamp(min=1)
        target_share = self.target.to(share)
        alpha = self.alpha[channel] + STEP_SIZE * (target_share - share)
        has_truth = observed.any(1, keepdim=True)
        self.alpha[channel] = torch.where(has_truth, alpha, self.alpha[channel]).clamp(0, 1)
        steps = torch.linspace(0, scores.shape[2] - 1, min(STEPS_PER_WINDOW, scores.shape[2])).round().long()
        for row, c in enumerate(channel.tolist()):
            new = scores[row][:, steps.to(scores.device)]
            new = new[:, new[0].isfinite()]
            self.scores[c] = torch.cat([self.scores[c], new], 1)[:, new.shape[1] :]

    def _scores(self, quantiles: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Scores [B, P, H]; NaN where the target is missing."""
        low, high = quantiles[:, : self.pairs], quantiles.flip(1)[:, : self.pairs]
        truth = target.unsqueeze(1)
        return torch.maximum(low - truth, truth - high) / self._width(low, high, scale)

    @staticmethod
    def _width(low: Tensor, high: Tensor, scale: Tensor) -> Tensor:
        """Width of the intervals, at least `MIN_WIDTH` standard deviations; `scale` is the scale of each window."""
        return torch.maximum(high - low, MIN_WIDTH * scale.to(low).view(-1, 1, 1))

    def shift(self, channel: Tensor) -> Tensor:
        """Widths by which the intervals of channels [B] are widened on each side, [B, P]; zero without scores."""
        channels, inverse = channel.unique(return_inverse=True)
        scores = self.scores[channels]
        ordered, count = scores.sort(dim=2).values, scores.isfinite().sum(2)
        rank = torch.ceil((1 - self.alpha[channels]) * (count + 1)).long().clamp(min=1)
        rank = torch.minimum(rank, count).clamp(min=1)
        return ordered.gather(2, (rank - 1).unsqueeze(2)).squeeze(2).nan_to_num(0.0)[inverse]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for name, buffer in list(self.named_buffers(recurse=False)):
            stored = state_dict.get(prefix + name)
            if stored is not None:  # the shape follows the number of channels, and is empty without recalibration
                setattr(self, name, torch.empty_like(stored, device=buffer.device))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _runs(values: Tensor) -> Iterator[tuple[int, int]]:
    """Start and stop of the runs of equal values."""
    starts = [0, *(torch.nonzero(values[1:] != values[:-1]).flatten() + 1).tolist(), len(values)]
    return pairwise(starts)
