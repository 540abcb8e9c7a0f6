"""Tensors that the backward pass computes again."""

import weakref

import torch
from torch import Tensor

from timevis.models.backbone.memory import Recomputation


def test_a_tensor_is_computed_once_for_all_readers_and_then_freed() -> None:
    computed = []

    def compute() -> Tensor:
        computed.append(torch.ones(3))
        return computed[-1]

    tensor = torch.ones(3)
    tensor.recomputation = recomputation = Recomputation(compute)
    first, second = Recomputation.save_or_recompute(tensor), Recomputation.save_or_recompute(tensor)
    assert first == second == (None, recomputation)
    assert recomputation.peek() is recomputation.take() is recomputation.take() is computed[0]
    reference = weakref.ref(computed.pop())
    assert reference() is None
