"""Quantiles of sample paths."""

from __future__ import annotations

import torch
from torch import Tensor

from timevis.utils.levels import QUANTILE_LEVELS


def sample_quantiles(samples: Tensor, *, stratified: bool) -> Tensor:
    """Quantiles of sample paths at `QUANTILE_LEVELS`, interpolated between the sorted samples.

    Of independent samples, the one of rank p (S + 1) is the quantile p (Weibull). Of stratified samples there is
    one in each of S intervals of equal probability, so that its rank is p S + 1/2 (Hazen).

    Parameters
    ----------
    samples : [B, S, H]
    stratified : bool
        Whether the random numbers of the samples are spread evenly, as by `sobol_uniforms`.

    Returns
    -------
    float32 [B, 15, H]
    """
    ordered = samples.float().sort(dim=1).values
    count = ordered.shape[1]
    levels = torch.tensor(QUANTILE_LEVELS, dtype=torch.float64)
    position = levels * count - 0.5 if stratified else levels * (count + 1) - 1
    position = position.clamp(0, count - 1).to(samples.device)
    low = position.floor().long()
    high = (low + 1).clamp(max=count - 1)
    weight = (position - low).float().view(1, -1, 1)
    return torch.lerp(ordered[:, low], ordered[:, high], weight)  # lerp returns equal samples unchanged
