"""Temperatures that make digit probabilities honest."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CANDIDATES = [round(0.5 * 1.03**i, 4) for i in range(95)]
"""0.5 to 8, in steps of 3 %."""


def fit_temperature(logits: Tensor, digits: Tensor) -> Tensor:
    """The temperature of each place with the least log loss (Guo et al. 2017).

    Parameters
    ----------
    logits : float [N, width, 10]
    digits : int64 [N, width]

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
    return torch.tensor(best)
