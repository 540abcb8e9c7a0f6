"""Loss functions of the digits of values."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, digits: Tensor) -> Tensor:
    """Cross-entropy of each value, summed over its digits: the negative log probability of its bin, in nats.

    Parameters
    ----------
    logits : float [..., width, 10]
    digits : int64 [..., width]

    Returns
    -------
    float [...]
    """
    return F.cross_entropy(logits.flatten(0, -2), digits.flatten(), reduction="none").view(digits.shape).sum(-1)


def ranked_probability_score(logits: Tensor, digits: Tensor) -> Tensor:
    """Ranked probability score of each value's digits, with weights 1, 0.1, 0.01, ... for the decimal places.

    In contrast to the cross-entropy it respects the order of the digits: for a true 4, predicting 5 costs less than
    predicting 9. Given the digits before, it is strictly proper at every place (Epstein 1969; Gneiting and Raftery
    2007).

    Parameters
    ----------
    logits : float [..., width, 10]
    digits : int64 [..., width]

    Returns
    -------
    float [...]
    """
    cumulative = logits.softmax(-1).cumsum(-1)
    truth = torch.arange(10, device=logits.device) >= digits.unsqueeze(-1)
    score = (cumulative - truth.to(cumulative.dtype)).square().sum(-1)
    weight = 10.0 ** -torch.arange(digits.shape[-1], device=logits.device, dtype=score.dtype)
    return (score * weight).sum(-1)


def number_token_loss(logits: Tensor, digits: Tensor) -> Tensor:
    """Number Token Loss of each value's digits: the expected distance of a drawn digit from the true digit.

    This is the Wasserstein form of Zausinger et al. (2025, arXiv:2411.02083). It is not a proper score, since its
    minimum puts all probability on the median digit; it is here for comparison.

    Parameters
    ----------
    logits : float [..., width, 10]
    digits : int64 [..., width]

    Returns
    -------
    float [...]
    """
    distance = (torch.arange(10, device=logits.device) - digits.unsqueeze(-1)).abs()
    return (logits.softmax(-1) * distance).sum((-1, -2))


def masked_mean(losses: Tensor, mask: Tensor) -> Tensor:
    """Mean of the losses where `mask` is true; if it is false everywhere, zero with a gradient."""
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def window_loss(
    logits: Tensor, digits: Tensor, observed: Tensor, context_length: int, weights: Mapping[str, float]
) -> Tensor:
    """Loss of a batch of windows: of their targets, and of their contexts as far as these are predicted.

    Parameters
    ----------
    logits : float [B, N, width, 10]
        Of the last N values: of the targets (N = H), or of all values (N = L + H).
    digits : int64 [B, L + H, width]
    observed : bool [B, L + H]
        Values that are not observed carry no loss.
    context_length : int
        L.
    weights : mapping
        ``ordinal_loss_weight``, ``number_token_loss_weight`` and ``context_loss_weight``, see
        `timevis.models.digits.forecaster.QwenForecaster`.

    Returns
    -------
    float []
    """
    first = digits.shape[1] - logits.shape[1]
    losses = cross_entropy(logits, digits[:, first:])
    terms = (("ordinal_loss_weight", ranked_probability_score), ("number_token_loss_weight", number_token_loss))
    for name, term in terms:
        if weights[name]:
            losses = losses + weights[name] * term(logits, digits[:, first:])
    loss = masked_mean(losses[:, context_length - first :], observed[:, context_length:])
    if first < context_length:
        context_loss = masked_mean(losses[:, :context_length], observed[:, :context_length])
        loss = loss + weights["context_loss_weight"] * context_loss
    return loss
