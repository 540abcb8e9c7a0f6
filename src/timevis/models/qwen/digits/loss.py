"""Losses over the digits of a value."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, digits: Tensor) -> Tensor:
    """Log loss of each value, summed over its digits: the log score of the value's bin, in nats.

    Parameters
    ----------
    logits : float [..., width, 10]
    digits : int64 [..., width]

    Returns
    -------
    float [...]
    """
    return F.cross_entropy(logits.flatten(0, -2), digits.flatten(), reduction="none").view(digits.shape).sum(-1)


def ranked_probability(logits: Tensor, digits: Tensor) -> Tensor:
    """Ranked probability score of each value's digits, weighted by place: 1, 0.1, 0.01 ...

    Unlike the log loss it knows that 4 is nearer to 5 than 9 is. Given the digits before, it is strictly proper at
    every place (Epstein 1969; Gneiting and Raftery 2007).

    Returns
    -------
    float [...]
    """
    below = logits.softmax(-1).cumsum(-1)
    truth = torch.arange(10, device=logits.device) >= digits.unsqueeze(-1)
    score = (below - truth.to(below.dtype)).square().sum(-1)
    weight = 10.0 ** -torch.arange(digits.shape[-1], device=logits.device, dtype=score.dtype)
    return (score * weight).sum(-1)


def number_token(logits: Tensor, digits: Tensor) -> Tensor:
    """Number Token Loss of each value's digits: how far, on average, a drawn digit lies from the true one.

    The Wasserstein form of Zausinger et al. (2025, arXiv:2411.02083). Not proper: its minimum puts everything on the
    median digit, so it is for comparison.

    Returns
    -------
    float [...]
    """
    distance = (torch.arange(10, device=logits.device) - digits.unsqueeze(-1)).abs()
    return (logits.softmax(-1) * distance).sum((-1, -2))


def weighted_mean(losses: Tensor, mask: Tensor) -> Tensor:
    """Mean of the losses where `mask` is true; zero, with a gradient, if it never is."""
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def window_loss(logits: Tensor, digits: Tensor, seen: Tensor, length: int, weights: Mapping[str, float]) -> Tensor:
    """Loss of windows, a scalar: of their targets, and of what was predicted of their contexts.

    Parameters
    ----------
    logits : float [B, N, width, 10]
        Of the last N values: the targets, or all.
    digits : int64 [B, L + H, width]
    seen : bool [B, L + H]
        Whether a value was observed; the others carry no loss.
    length : int
        L.
    weights : mapping
        ``ordinal_loss_weight``, ``number_token_loss_weight`` and ``context_loss_weight``, see
        `timevis.models.qwen.digits.forecaster.QwenForecaster`.
    """
    first = digits.shape[1] - logits.shape[1]
    losses = cross_entropy(logits, digits[:, first:])
    for name, term in (("ordinal_loss_weight", ranked_probability), ("number_token_loss_weight", number_token)):
        if weights[name]:
            losses = losses + weights[name] * term(logits, digits[:, first:])
    loss = weighted_mean(losses[:, length - first :], seen[:, length:])
    if first < length:
        loss = loss + weights["context_loss_weight"] * weighted_mean(losses[:, :length], seen[:, :length])
    return loss
