"""Causal attention on a CPU with plain matrix products over blocks of queries.

PyTorch's fused CPU kernel also computes the half of the scores that the causal mask removes, and it does not use the
bfloat16 instructions of the processor. docs/decisions.md compares the speed of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

BLOCK_SIZE = 64  # queries per block


def causal_attention(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """Attention of every token to itself and to the tokens before it.

    Parameters
    ----------
    query : float [B, heads, T, d]
    key, value : float [B, kv heads, T, d]
        heads is a multiple of kv heads; neighbouring heads share keys and values.
    scaling : float
        Factor of the scores.

    Returns
    -------
    float [B, T, heads, d]
    """
    device = query.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else value.dtype
    out: Tensor = _CausalAttention.apply(query.to(dtype), key.to(dtype), value.to(dtype), scaling)
    return out


def subtract_first_key(key: Tensor) -> tuple[Tensor, Tensor]:
    """Subtract the key of the first token from all keys [..., T, d]; returns the differences and the first key.

    A constant subtracted from all keys does not change the softmax. The keys of some models share a constant so large
    that scores in bfloat16 lose the differences between tokens. Every token attends to the first one, so the
    subtraction reveals nothing of later tokens.
    """
    first_key = key[..., :1, :]
    return key - first_key, first_key


class _CausalAttention(torch.autograd.Function):
    """Stores no attention weights for the backward pass, which computes them again."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        batch, heads, tokens, size = query.shape
        keys, values = subtract_first_key(key)[0].contiguous(), value.contiguous()
        out = query.new_empty(batch, tokens, key.shape[1], heads // key.shape[1], size)
        with torch.autocast(query.device.type, enabled=False):
            for block, block_queries in _query_blocks(query, key.shape[1]):
                weights = _attention_weights(block_queries * scaling, keys, block)
                block_out = weights @ values[:, :, : block.stop]
                out[:, block] = block_out.unflatten(2, (out.shape[3], -1)).permute(0, 3, 1, 2, 4)
        ctx.save_for_backward(query, key, value, out)
        ctx.scaling = scaling
        return out.flatten(2, 3)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, key, value, out = ctx.saved_tensors
        heads_per_kv_head = out.shape[3]
        keys, values = subtract_first_key(key)[0].contiguous(), value.contiguous()
        grad_out = grads[0].unflatten(2, out.shape[2:4])
        # the softmax gradient subtracts the weighted mean of the weights' gradients, which is this sum
        mean = (grad_out * out).sum(-1, keepdim=True, dtype=torch.float32)
        grad_query = torch.empty_like(query, memory_format=torch.contiguous_format)
        grad_key, grad_value = (torch.zeros_like(x, dtype=torch.float32) for x in (keys, values))
        for block, block_queries in _query_blocks(query, key.shape[1]):
            block_queries = block_queries * ctx.scaling
            weights = _attention_weights(block_queries, keys, block)
            block_grad, block_mean = (x[:, block].permute(0, 2, 3, 1, 4).flatten(2, 3) for x in (grad_out, mean))
            grad_scores = weights * (block_grad @ values[:, :, : block.stop].mT - block_mean.to(weights.dtype))
            grad_value[:, :, : block.stop] += weights.mT @ block_grad
            grad_key[:, :, : block.stop] += grad_scores.mT @ block_queries
            block_grad_query = (grad_scores @ keys[:, :, : block.stop]) * ctx.scaling
            grad_query[:, :, block] = block_grad_query.unflatten(2, (heads_per_kv_head, -1)).flatten(1, 2)
        return grad_query, grad_key.to(key.dtype), grad_value.to(value.dtype), None


def _query_blocks(query: Tensor, kv_heads: int) -> Iterator[tuple[slice, Tensor]]:
    """Slices of T, each with its n queries [B, kv heads, heads per kv head * n, d]."""
    for start in range(0, query.shape[2], BLOCK_SIZE):
        block = slice(start, min(start + BLOCK_SIZE, query.shape[2]))
        yield block, query[:, :, block].unflatten(1, (kv_heads, -1)).flatten(2, 3)


def _attention_weights(block_queries: Tensor, keys: Tensor, block: slice) -> Tensor:
    """Softmax [B, kv heads, heads per kv head * n, block.stop] of the causal scores of a block of n queries."""
    size = block.stop - block.start
    scores = block_queries @ keys[:, :, : block.stop].mT
    is_later = torch.ones(size, size, dtype=torch.bool, device=block_queries.device).triu(1)
    scores.unflatten(2, (-1, size))[..., block].masked_fill_(is_later, float("-inf"))
    return scores.softmax(-1)
