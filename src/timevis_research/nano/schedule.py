"""Optimizers and learning rate of the pretraining of both networks."""

from __future__ import annotations

import torch
from torch import nn

from timevis_research.nano.muon import Muon


def build_optimizers(
    network: nn.Module, layers: nn.Module, muon_learning_rate: float, adamw_learning_rate: float, bf16: bool = False
) -> list[torch.optim.Optimizer]:
    """Build Muon for the matrices of the decoder layers, and AdamW for all other parameters."""
    matrices = [p for p in layers.parameters() if p.ndim == 2]
    matrix_ids = {id(p) for p in matrices}
    others = [p for p in network.parameters() if p.requires_grad and id(p) not in matrix_ids]
    return [
        Muon(matrices, lr=muon_learning_rate, weight_decay=0.01, dtype=torch.bfloat16 if bf16 else torch.float32),
        torch.optim.AdamW(others, lr=adamw_learning_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def learning_rate_factor(step: int, share_done: float, warmup_steps: int, decay_share: float) -> float:
    """Factor of the learning rate: warm-up, plateau, linear decay (WSD, Hu et al. 2024).

    Parameters
    ----------
    step : int
        Number of steps before this one.
    share_done : float
        Share of the run before this step.
    warmup_steps : int
    decay_share : float
        Share of the run, at its end, in which the learning rate falls to zero.
    """
    decay = (1 - share_done) / decay_share if decay_share else float(share_done < 1)
    return min(1.0, (step + 1) / max(1, warmup_steps), max(0.0, decay))
