"""Tensors that the backward pass computes again instead of storing them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor


class Recomputation:
    """Computes a tensor again in the backward pass, once for all functions that read it.

    An autograd function that reads the tensor calls `save_or_recompute` in its forward pass and `take` once in its
    backward pass. The last `take` frees the tensor.

    Parameters
    ----------
    compute : callable
        Returns the tensor.
    """

    def __init__(self, compute: Callable[[], Tensor]) -> None:
        self.compute, self.pending_reads = compute, 0
        self.tensor: Tensor | None = None

    @classmethod
    def save_or_recompute(cls, tensor: Tensor) -> tuple[Tensor | None, Recomputation | None]:
        """What to save for the backward pass: the tensor itself, or its recomputation if it has one."""
        recomputation: Recomputation | None = getattr(tensor, "recomputation", None)
        if recomputation is None:
            return tensor, None
        recomputation.pending_reads += 1
        return None, recomputation

    def peek(self) -> Tensor:
        """The tensor, which stays in memory for a later `take`."""
        if self.tensor is None:
            self.tensor = self.compute()
        return self.tensor

    def take(self) -> Tensor:
        """The tensor; the last of the expected reads frees it."""
        tensor, self.pending_reads = self.peek(), self.pending_reads - 1
        if self.pending_reads <= 0:
            self.tensor = None
        return tensor


def with_recomputation(output: Any, recompute: Callable[[Any], Tensor]) -> Tensor:
    """Attach to the output of an autograd function how it is computed again from the saved tensors of its node."""
    if output.grad_fn is not None:
        output.recomputation = Recomputation(partial(recompute, output.grad_fn))
    return output
