"""AdamW with a learning rate that warms up and then follows a cosine to zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from timevis.errors import ConfigError
from timevis.messages import Setting, Text


def adamw_with_cosine_schedule(groups: list[dict[str, Any]], total: float, warmup: float) -> dict[str, Any]:
    """Build optimizer and schedule in the form that Lightning's `configure_optimizers` returns.

    Parameters
    ----------
    groups : list of dict
        Parameter groups with their learning rates.
    total : float
        Optimizer steps of the whole fit.
    warmup : float
        Share of the steps in which the learning rates rise linearly; after it they fall to zero along a cosine.

    Raises
    ------
    ConfigError
        `total` is infinite.
    """
    if not math.isfinite(total):
        message = Text(
            "fit-without-end",
            "model=qwen lowers its learning rate to zero over the whole fit, but this fit has no end",
        )
        advice = Text(
            "set-max-epochs",
            "set {max_epochs}; {max_time} may stop the fit earlier",
            max_epochs=Setting("model.fit.max_epochs"),
            max_time=Setting("trainer.max_time"),
        )
        raise ConfigError(message, advice, "model.fit.max_epochs")
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))

    warmup_steps = max(1, round(warmup * total))

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup_steps) / max(1, total - warmup_steps))))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def parameter_groups(model: nn.Module, tables: nn.Module, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The trained parameters of a model, with another learning rate and no weight decay for its value tables.

    Parameters
    ----------
    model : Module
    tables : Module
        A part of the model.
    options : mapping
        ``learning_rate``, ``table_learning_rate`` and ``weight_decay``.
    """
    of_tables = [p for p in tables.parameters() if p.requires_grad]
    ids = {id(p) for p in of_tables}
    others = [p for p in model.parameters() if p.requires_grad and id(p) not in ids]
    groups = [
        {"params": others, "lr": options["learning_rate"], "weight_decay": options["weight_decay"]},
        {"params": of_tables, "lr": options["table_learning_rate"], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
