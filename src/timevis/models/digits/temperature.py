"""Calibrate the digit probabilities with one temperature for each decimal place."""

from __future__ import annotations

import logging

import torch
import torch.nn.functional as F
from torch import Tensor

log = logging.getLogger(__name__)

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
