"""Mixup of training windows, a data augmentation."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from timevis.data.windows import Batch


def mixup(batch: Batch, std: Tensor, strength: float) -> Batch:
    """Add a share of the previous window in the batch to each window, after subtracting both levels.

    The combination ``cos(a) x + sin(a) y`` keeps the variance of independent windows. The convex combination of
    mixup (Zhang et al., 2018, arXiv:1710.09412) would reduce it, and the learnt quantiles would be too narrow.

    Parameters
    ----------
    batch : Batch
        Windows in random order. The calendar, the covariates and the channels are not mixed.
    std : float32 [B, 1]
        Standard deviation of each window's channel.
    strength : float
        In [0, 1]. The angle of each window is uniform between 0 and `strength` times 45 degrees.

    Returns
    -------
    Batch
        A value is observed where it is observed in both windows.
    """
    length, level = batch.context.shape[1], batch.context[:, -1:]
    window = (torch.cat([batch.context, batch.target], dim=1) - level) / std
    angle = torch.rand(len(window), 1, device=window.device) * (strength * math.pi / 4)
    window = angle.cos() * window + angle.sin() * window.roll(1, 0)
    window = level + std * window
    return replace(
        batch,
        context=window[:, :length],
        target=window[:, length:],
        context_mask=batch.context_mask & batch.context_mask.roll(1, 0),
        target_mask=batch.target_mask & batch.target_mask.roll(1, 0),
    )
