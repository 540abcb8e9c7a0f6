"""AdamW under a warm-up and a cosine."""

from __future__ import annotations

import math
from typing import Any

import torch

from timevis.errors import ConfigError


def warm_cosine(groups: list[dict[str, Any]], total: float, warmup: float) -> dict[str, Any]:
    """Optimizer and schedule in the form that Lightning takes.

    Parameters
    ----------
    groups : list of dict
        Parameter groups with their learning rates.
    total : float
        Optimizer steps of the whole fit; infinity is refused.
    warmup : float
        Share of them in which the learning rates rise from zero; then they fall to zero along a cosine.

    Raises
    ------
    ConfigError
        The fit has no end.
    """
    if not math.isfinite(total):
        raise ConfigError(
            "model=qwen lets its learning rate fall to zero over the whole fit, which has no end here",
            "set model.fit.max_epochs; trainer.max_time may end it earlier",
        )
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))

    warm = max(1, round(warmup * total))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
