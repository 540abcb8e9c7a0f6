"""Attention in which the samples of a window share one copy of its prefix.

A transformers model is given this function by name and, while decoding, a cache whose `update` hands over prefix
and suffix side by side. The S samples of a window are S query positions: they all see the prefix, and each sees
its own suffix only (the shared-prefix idea of Hydragen, Juravsky et al. 2024).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "timevis_shared_prefix"


class SharedPrefixCache:
    """Keys and values of one prefix per window and of a short suffix per sample.

    The first pass fills the prefix; after `fork`, every pass appends to the suffixes.

    Parameters
    ----------
    layers : int
    suffix_length : int
        Tokens that each sample will store at most.
    """

    def __init__(self, layers: int, suffix_length: int) -> None:
        self.suffix_length, self.samples, self.length = suffix_length, 0, 0
        self.prefix: list[tuple[Tensor, Tensor]] = [(torch.empty(0), torch.empty(0))] * layers
        self._suffix: list[tuple[Tensor, Tensor]] = []

    def fork(self, samples: int) -> None:
        """Go from the prefix to `samples` suffixes of it."""
        self.samples, self.length = samples, 0
        self._suffix = [(self._room(key, samples), self._room(value, samples)) for key, value in self.prefix]

    def _room(self, like: Tensor, samples: int) -> Tensor:
        batch, heads, _, size = like.shape
        return like.new_empty(batch, heads, samples, self.suffix_length, size)

    def update(self, key: Tensor, value: Tensor, layer_idx: int, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Called by the attention layers: keys and values [B, kv heads, T, d], T = S * n while decoding."""
        if not self.samples:
            self.prefix[layer_idx] = (key, value)
            return key, value
        new = key.shape[2] // self.samples
        end = self.length + new
        parts = []
        for store, fresh in zip(self._suffix[layer_idx], (key, value), strict=True):
            store[:, :, :, self.length : end] = fresh.unflatten(2, (self.samples, new))
            parts.append(store[:, :, :, :end])
        if layer_idx == len(self.prefix) - 1:
            self.length = end
        (prefix_key, prefix_value), (suffix_key, suffix_value) = self.prefix[layer_idx], parts
        return (prefix_key, suffix_key), (prefix_value, suffix_value)


def shared_prefix_attention(
    module: Any, query: Tensor, key: Any, value: Any, attention_mask: Tensor | None, scaling: float, **kwargs: Any
) -> tuple[Tensor, None]:
    """Attention function for transformers; plain SDPA unless `key` comes from a forked `SharedPrefixCache`.

    Parameters
    ----------
    query : float [B, heads, S * n, d]
        n new tokens of each of S samples.
    key, value : pairs of float [B, kv heads, P, d] and [B, kv heads, S, t, d]

    Returns
    -------
    float [B, S * n, heads, d], None
    """
    if isinstance(key, Tensor):
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    (prefix_key, suffix_key), (prefix_value, suffix_value) = key, value
    batch, heads, rows, size = query.shape
    kv_heads, samples = suffix_key.shape[1:3]
    new, groups = rows // samples, heads // kv_heads
    grouped = query.reshape(batch, kv_heads, groups * rows, size)
    out_p, weight_p = _attend(grouped, prefix_key, prefix_value, scaling)
    # from heads outside to samples outside
    own = (query * scaling).reshape(batch, kv_heads, groups, samples, new, size).transpose(2, 3)
    scores = own.flatten(3, 4) @ suffix_key.transpose(-1, -2)
    if new > 1:
        length = suffix_key.shape[3]
        seen = torch.ones(new, length, dtype=torch.bool, device=query.device).tril(length - new)
        scores = scores.masked_fill(~seen.repeat(groups, 1), float("-inf"))
    weight_s = scores.float().logsumexp(-1, keepdim=True)
    out_s = (scores - weight_s).exp().to(query.dtype) @ suffix_value
    out_s, weight_s = (
        t.unflatten(3, (groups, new)).transpose(2, 3).reshape(batch, kv_heads, groups * rows, -1)
        for t in (out_s, weight_s)
    )
    share = torch.sigmoid(weight_p - weight_s).to(query.dtype)  # of the prefix in the joint softmax
    out = out_s + share * (out_p - out_s)
    return out.reshape(batch, heads, rows, size).transpose(1, 2).contiguous(), None


def _attend(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> tuple[Tensor, Tensor]:
    """Attention without a mask, and the logarithm of its softmax's denominator [..., T, 1]."""
    if query.device.type == "cpu":
        out, weight = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, scale=scaling)
        return out, weight.unsqueeze(-1)
    scores = (query @ key.transpose(-1, -2)).float() * scaling
    weight = scores.logsumexp(-1, keepdim=True)
    return (scores - weight).exp().to(query.dtype) @ value, weight


AttentionInterface.register(NAME, shared_prefix_attention)
# without an entry here a padded batch would silently get no mask
AttentionMaskInterface.register(NAME, sdpa_mask)
