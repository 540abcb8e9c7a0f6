"""Small networks on a CPU: each core takes windows of its own, since operations this short are not worth dividing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from timevis.models.qwen.backbone import SMALL
from timevis.models.qwen.network import DigitNetwork

T = TypeVar("T")


def cores_for(network: nn.Module) -> int:
    """How many cores take windows of their own: all of a CPU's for a small network, else one after another."""
    weights = list(network.parameters())
    small = weights[0].device.type == "cpu" and sum(p.numel() for p in weights) < SMALL
    return torch.get_num_threads() if small else 1


def on_each_core(function: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> list[T]:
    """`function(*part)` of every part at once, each on one core, under the autograd and autocast of the caller."""
    grad, cast = torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")
    dtype = torch.get_autocast_dtype("cpu")

    def run(part: tuple[Any, ...]) -> T:
        with torch.set_grad_enabled(grad), torch.autocast("cpu", dtype, enabled=cast):
            return function(*part)

    with _undivided(len(parts)) as pool:
        return list(pool.map(run, parts))


@contextmanager
def _undivided(threads: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads whose operations are not divided further."""
    before = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool
        finally:
            torch.set_num_threads(before)  # which is also what new threads start with


def logits_on_cores(network: DigitNetwork, *windows: Tensor, first: int = 0) -> Tensor:
    """`network(*windows, first=first)`, forward and backward, each core with windows of its own.

    Parameters
    ----------
    network : DigitNetwork
        Undivided if it is large, not on a CPU, or touches random numbers, which all threads have in common.
    windows : Tensor [B, ...]
    first : int
        See `DigitNetwork.forward`.

    Returns
    -------
    float32 [B, V - first, width, 10]
    """
    parts = min(len(windows[0]), 1 if _draws(network) else cores_for(network))
    if parts == 1:
        found: Tensor = network(*windows, first=first)
    else:
        trained = [p for p in network.parameters() if p.requires_grad]
        shares = list(zip(*(w.tensor_split(parts) for w in windows), strict=True))
        found = _Shares.apply(lambda *share: network(*share, first=first), shares, torch.is_grad_enabled(), *trained)
    return found


def _draws(network: DigitNetwork) -> bool:
    """Whether a step draws dropout or, for checkpoints, puts the generator back."""
    modules = list(network.modules())
    dropout = network.backbone.config.attention_dropout > 0 or any(
        m.p > 0 for m in modules if isinstance(m, nn.Dropout)
    )
    return network.training and (dropout or any(getattr(m, "gradient_checkpointing", False) for m in modules))


class _Shares(torch.autograd.Function):
    """The outputs of a function of shares of a batch, side by side; gradients are added in the order of shares."""

    @staticmethod
    def forward(
        ctx: Any, function: Callable[..., Tensor], shares: Sequence[tuple[Tensor, ...]], grad: bool, *trained: Tensor
    ) -> Tensor:
        with torch.set_grad_enabled(grad):  # off in here otherwise
            ctx.found, ctx.trained = on_each_core(function, shares), trained
        return torch.cat([x.detach() for x in ctx.found])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        def back(found: Tensor, grad: Tensor) -> tuple[Tensor | None, ...]:
            return torch.autograd.grad(found, ctx.trained, grad, allow_unused=True)

        found, ctx.found = ctx.found, None
        given = grads[0].split([len(x) for x in found])
        each = on_each_core(back, list(zip(found, given, strict=True)))
        return None, None, None, *(None if g[0] is None else sum(g[1:], g[0]) for g in zip(*each, strict=True))
