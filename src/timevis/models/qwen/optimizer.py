"""AdamW under a warm-up and a cosine."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch


def warm_cosine(groups: list[dict[str, Any]], total: int, warmup: float) -> dict[str, Any]:
    """Optimizer and schedule in the form that Lightning takes.

    Parameters
    ----------
    groups : list of dict
        Parameter groups with their learning rates; ``start``, if there, is the share of the steps in which a group
        stands still first.
    total : int
        Optimizer steps of the whole fit.
    warmup : float
        Share of them in which the learning rates rise from zero; then they fall to zero along a cosine.
    """
    starts = [round(group.pop("start", 0.0) * total) for group in groups]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))

    def factor(step: int, start: int) -> float:
        step, steps = step - start, total - start
        warm = max(1, round(warmup * steps))
        if step < warm:
            return max(0, step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, [partial(factor, start=start) for start in starts])
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
