"""Mixing windows in training: more series than were measured."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from timevis.data.windows import Batch


def mixup(batch: Batch, std: Tensor, strength: float) -> Batch:
    """Each window with a share of its neighbour in the batch added, levels aside.

    ``cos(a) x + sin(a) y`` keeps the variance of independent windows, where the convex combination of mixup (Zhang
    et al., 2018, arXiv:1710.09412) would shrink it and with it the quantiles that are learnt.

    Parameters
    ----------
    batch : Batch
        In random order; its calendar, covariates and channels stay those of the larger share.
    std : float32 [B, 1]
        Deviation of each window's channel.
    strength : float
        In [0, 1]; the angle is uniform up to this share of 45 degrees.
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
