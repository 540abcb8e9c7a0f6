"""Causal attention on a CPU, by plain matrix products over blocks of queries.

PyTorch's fused kernel for CPUs computes twice what a causal mask leaves, and its products don't use what processors
have for bfloat16: forward and backward together take it two to three times as long as this (docs/decisions.md).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

BLOCK = 64


def causal_attention(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """Attention of every token to itself and those before it.

    Parameters
    ----------
    query : float [B, heads, T, d]
    key, value : float [B, kv heads, T, d]
        heads is a multiple of kv heads; neighbouring heads share keys.
    scaling : float
        Of the scores.

    Returns
    -------
    float [B, T, heads, d]
    """
    kind = query.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else value.dtype
    out: Tensor = _CausalAttention.apply(query.to(dtype), key.to(dtype), value.to(dtype), scaling)
    return out


def subtract_first_key(key: Tensor) -> tuple[Tensor, Tensor]:
    """Keys [..., T, d] less the first token's, and that one.

    A constant taken from all keys changes no softmax, but some models' keys share one so large that scores in
    bfloat16 lose what differs between tokens. Every token sees the first, so nothing is learnt from later ones.
    """
    first = key[..., :1, :]
    return key - first, first


class _CausalAttention(torch.autograd.Function):
    """Keeps no weights for the backward pass, which computes them again."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        batch, heads, tokens, size = query.shape
        keys, values = subtract_first_key(key)[0].contiguous(), value.contiguous()
        out = query.new_empty(batch, tokens, key.shape[1], heads // key.shape[1], size)
        with torch.autocast(query.device.type, enabled=False):
            for block, asked in _blocks(query, key.shape[1]):
                weight = _weights(asked * scaling, keys, block)
                mixed = weight @ values[:, :, : block.stop]
                out[:, block] = mixed.unflatten(2, (out.shape[3], -1)).permute(0, 3, 1, 2, 4)
        ctx.save_for_backward(query, key, value, out)
        ctx.scaling = scaling
        return out.flatten(2, 3)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, key, value, out = ctx.saved_tensors
        groups = out.shape[3]
        keys, values = subtract_first_key(key)[0].contiguous(), value.contiguous()
        grad = grads[0].unflatten(2, out.shape[2:4])
        # what each row's weights would change by on average, which the softmax takes out
        mean = (grad * out).sum(-1, keepdim=True, dtype=torch.float32)
        grad_query = torch.empty_like(query, memory_format=torch.contiguous_format)
        grad_key, grad_value = (torch.zeros_like(x, dtype=torch.float32) for x in (keys, values))
        for block, asked in _blocks(query, key.shape[1]):
            asked = asked * ctx.scaling
            weight = _weights(asked, keys, block)
            given, expected = (x[:, block].permute(0, 2, 3, 1, 4).flatten(2, 3) for x in (grad, mean))
            change = weight * (given @ values[:, :, : block.stop].mT - expected.to(weight.dtype))
            grad_value[:, :, : block.stop] += weight.mT @ given
            grad_key[:, :, : block.stop] += change.mT @ asked
            found = (change @ keys[:, :, : block.stop]) * ctx.scaling
            grad_query[:, :, block] = found.unflatten(2, (groups, -1)).flatten(1, 2)
        return grad_query, grad_key.to(key.dtype), grad_value.to(value.dtype), None


def _blocks(query: Tensor, kv_heads: int) -> Any:
    """Slices of T, and their queries [B, kv heads, groups * n, d]."""
    for start in range(0, query.shape[2], BLOCK):
        block = slice(start, min(start + BLOCK, query.shape[2]))
        yield block, query[:, :, block].unflatten(1, (kv_heads, -1)).flatten(2, 3)


def _weights(asked: Tensor, keys: Tensor, block: slice) -> Tensor:
    """Softmax [B, kv heads, groups * n, block.stop] of a block's scores."""
    size = block.stop - block.start
    scores = asked @ keys[:, :, : block.stop].mT
    later = torch.ones(size, size, dtype=torch.bool, device=asked.device).triu(1)
    scores.unflatten(2, (-1, size))[..., block].masked_fill_(later, float("-inf"))
    return scores.softmax(-1)
