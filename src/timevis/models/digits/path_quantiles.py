"""Mean and quantiles of sample paths, and the temperature that calibrates them."""

from __future__ import annotations

import logging

import torch
import torch.nn.functional as F
from torch import Tensor

from timevis.utils.levels import QUANTILE_LEVELS

log = logging.getLogger(__name__)

MAX_CODES_AT_ONCE = 1 << 23
"""Codes of all windows and steps whose probabilities are computed together; they take 8 bytes each."""


def code_distribution(digits: Tensor, probability: Tensor) -> Tensor:
    """The distribution of the codes at each step: a mixture of the distributions that the paths were drawn from.

    The network gave the probability of every digit that a path could have had at the place of the drawn one. These
    probabilities are averaged: of the first digit over all paths, of a later digit over the paths that have the same
    digits before it. So the mixture has less sampling error than the drawn codes (Rao and Blackwell). Where no path
    has the digits before, the next digit is uniform.

    Parameters
    ----------
    digits : int64 [B, S, H, width]
        Of S sample paths.
    probability : float [B, S, H, width, 10]
        Of each digit, given the digits that were drawn before it.

    Returns
    -------
    float64 [B, H, 10 ** width]
        Rows sum to one.
    """
    probability = probability.double()
    codes = probability[:, :, :, 0].mean(1)  # [B, H, 10]
    prefix = digits[..., 0]
    for place in range(1, digits.shape[-1]):
        index = prefix.transpose(1, 2).unsqueeze(-1).expand(-1, -1, -1, 10)
        next_digit = torch.zeros(*codes.shape, 10, dtype=torch.double, device=digits.device)
        next_digit.scatter_add_(2, index, probability[:, :, :, place].transpose(1, 2))
        total = next_digit.sum(-1, keepdim=True)
        next_digit = torch.where(total > 0, next_digit / total.clamp(min=1e-300), 0.1)
        codes = (codes.unsqueeze(-1) * next_digit).flatten(2)
        prefix = 10 * prefix + digits[..., place]
    return codes


def mean_and_quantiles(digits: Tensor, probability: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and quantiles at `QUANTILE_LEVELS` of `code_distribution`.

    Parameters
    ----------
    digits, probability
        As for `code_distribution`.
    values : float [B, 10 ** width, H]
        The value of each code.

    Returns
    -------
    mean : float32 [B, H]
    quantiles : float32 [B, 15, H]
    """
    levels = torch.tensor(QUANTILE_LEVELS, dtype=torch.float64, device=digits.device)
    windows_at_once = max(1, MAX_CODES_AT_ONCE // values[0].numel())
    means, quantiles = [], []
    parts = zip(*(x.split(windows_at_once) for x in (digits, probability, values)), strict=True)
    for some_digits, some_probability, some_values in parts:
        distribution = code_distribution(some_digits, some_probability)
        means.append((distribution * some_values.transpose(1, 2)).sum(-1))
        below = distribution.cumsum(-1)
        wanted = levels.expand(*below.shape[:2], -1).contiguous()
        code = torch.searchsorted(below, wanted).clamp(max=below.shape[-1] - 1)
        quantiles.append(some_values.gather(1, code.transpose(1, 2)))
    return torch.cat(means).float(), torch.cat(quantiles).float()


CANDIDATES = [round(0.5 * 1.03**i, 4) for i in range(95)]
"""Temperatures that are tried: 0.5 to 8, in steps of 3 %."""


def fit_temperature(logits: Tensor, digits: Tensor) -> Tensor:
    """Find the temperature of each decimal place with the smallest log loss (Guo et al. 2017).

    Parameters
    ----------
    logits : float [N, width, 10]
    digits : int64 [N, width]
        True digits of the N values.

    Returns
    -------
    float [width]
    """
    if not len(digits):
        return torch.ones(digits.shape[1])
    best = [
        min(CANDIDATES, key=lambda t: float(F.cross_entropy(logits[:, place] / t, digits[:, place])))
        for place in range(digits.shape[1])
    ]
    log.info("temperatures %s", ", ".join(f"{t:.2f}" for t in best))
    # only the first place is checked: the last digits of a noisy series are close to random
    if best[0] in (CANDIDATES[0], CANDIDATES[-1]):
        message = "the temperature of the first digit, %.2f, is at the edge of the search range: "
        log.warning(message + "the model is probably undertrained", best[0])
    return torch.tensor(best)
