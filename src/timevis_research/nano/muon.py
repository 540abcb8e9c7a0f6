"""Muon, an optimizer of matrices, which orthogonalises each update (Jordan et al., 2024)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration that moves all singular values towards 1, as in `torch.optim.Muon`."""
NEWTON_SCHULZ_STEPS = 5


class Muon(torch.optim.Optimizer):
    """As `torch.optim.Muon`, but in the precision that is asked for, and with one batch for all matrices of a shape.

    The optimizer of torch always computes in bfloat16, which takes several times as long as float32 on a CPU without
    instructions for it, and a third of the time on one with them.

    Parameters
    ----------
    matrices : iterable of Tensor
        Two-dimensional parameters.
    lr, momentum, weight_decay : float
        The momentum is Nesterov's.
    dtype : torch.dtype
        In which the update is made orthogonal.
    """

    def __init__(
        self,
        matrices: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ):
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update all matrices that have a gradient; `closure` is not supported."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape[matrix.shape].append(matrix)
            for shape, matrices in by_shape.items():
                buffers = [self.state[m].setdefault("momentum", torch.zeros_like(m)) for m in matrices]
                gradients = [m.grad for m in matrices if m.grad is not None]
                torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
                update = torch.stack(gradients).lerp(torch.stack(buffers), group["momentum"])
                update = orthogonalised(update.to(self.dtype)).to(matrices[0].dtype)
                rate = group["lr"] * max(1, shape[0] / shape[1]) ** 0.5
                for matrix, change in zip(matrices, update, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(change, alpha=rate)


def orthogonalised(matrices: Tensor) -> Tensor:
    """Matrices [K, M, N] with the same singular vectors and singular values between about 0.7 and 1.2."""
    a, b, c = NEWTON_SCHULZ
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if is_tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if is_tall else x
