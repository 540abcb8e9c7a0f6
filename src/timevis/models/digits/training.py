"""The loss of digits, and the optimizer of adapters and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from timevis.errors import ConfigError
from timevis.messages import Setting, Text


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


def masked_mean(losses: Tensor, mask: Tensor) -> Tensor:
    """Mean of the losses where `mask` is true; if it is false everywhere, zero with a gradient."""
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def window_loss(
    logits: Tensor, digits: Tensor, observed: Tensor, context_length: int, context_loss_weight: float
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
    context_loss_weight : float
        Factor of the loss of the context.

    Returns
    -------
    float []
    """
    first = digits.shape[1] - logits.shape[1]
    losses = cross_entropy(logits, digits[:, first:])
    loss = masked_mean(losses[:, context_length - first :], observed[:, context_length:])
    if first < context_length:
        context_loss = masked_mean(losses[:, :context_length], observed[:, :context_length])
        loss = loss + context_loss_weight * context_loss
    return loss


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
        message = Text("model=qwen lowers its learning rate to zero over the whole fit, but this fit has no end")
        advice = Text(
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
