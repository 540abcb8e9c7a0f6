"""Attention in which the samples of a window share one copy of its prefix.

A transformers model is given this function by name and, while decoding, a cache whose `update` hands over prefix
and suffix side by side. The S samples of a window are S query positions: they all see the prefix, and each sees
its own suffix only (the shared-prefix idea of Hydragen, Juravsky et al. 2024), under one softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from timevis.models.qwen.causal_attention import beside_first, causal_attention

NAME = "timevis_shared_prefix"
ROOM = 24  # tokens of a piece of the suffixes: pieces are contiguous, and nothing is copied when one is full


class Shared(NamedTuple):
    """Keys or values of one layer: prefix [B, kv heads, P, d], and the suffix in pieces [B, kv heads, S, ROOM, d], of
    which `length` tokens are written in all."""

    prefix: Tensor
    suffix: list[Tensor]
    length: int


class SharedPrefixCache:
    """Keys and values of one prefix per window and of a short suffix per sample.

    The first pass fills the prefix; after `fork`, every pass appends to the suffixes.

    Parameters
    ----------
    layers : int
    """

    def __init__(self, layers: int) -> None:
        self.samples, self.length = 0, 0
        self._first: list[Tensor] = []
        self.prefix: list[tuple[Tensor, Tensor]] = [(torch.empty(0), torch.empty(0))] * layers
        self._suffix: list[tuple[list[Tensor], list[Tensor]]] = []

    @classmethod
    def joined(cls, parts: Sequence[SharedPrefixCache]) -> SharedPrefixCache:
        """The prefixes of some windows after those of others; empties `parts` as it goes, layer by layer."""
        if len(parts) == 1:
            return parts[0]
        whole = cls(0)
        for layer in range(len(parts[0].prefix)):
            keys, values = zip(*(part.prefix[layer] for part in parts), strict=True)
            whole.prefix.append((torch.cat(keys), torch.cat(values)))
            for part in parts:
                part.prefix[layer] = (torch.empty(0), torch.empty(0))
        return whole

    def fork(self, samples: int) -> None:
        """Go from the prefix to `samples` empty suffixes of it. Keys are `beside_first` from here on."""
        self.samples, self.length = samples, 0
        if not self._first:
            for layer, (key, value) in enumerate(self.prefix):
                key, first = beside_first(key)
                self._first.append(first)
                # products of strided keys would copy them at every step
                self.prefix[layer] = (key.contiguous(), value.contiguous())
        self._suffix = [([], []) for _ in self.prefix]

    def update(self, key: Tensor, value: Tensor, layer_idx: int, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Called by the attention layers: keys and values [B, kv heads, T, d], T = S * n while decoding."""
        if not self.samples:
            self.prefix[layer_idx] = (key, value)
            return key, value
        new = key.shape[2] // self.samples
        end = self.length + new
        key = key - self._first[layer_idx]
        suffix, prefix = self._suffix[layer_idx], self.prefix[layer_idx]
        for pieces, fresh, like in zip(suffix, (key, value), prefix, strict=True):
            while end > len(pieces) * ROOM:
                # zeros, since what is not written yet takes part with weight zero
                pieces.append(like.new_zeros(*like.shape[:2], self.samples, ROOM, like.shape[-1]))
            for at, token in enumerate(fresh.unflatten(2, (self.samples, new)).unbind(3), self.length):
                pieces[at // ROOM][:, :, :, at % ROOM] = token
        if layer_idx == len(self.prefix) - 1:
            self.length = end
        return Shared(prefix[0], suffix[0], end), Shared(prefix[1], suffix[1], end)


def shared_prefix_attention(
    module: Any, query: Tensor, key: Any, value: Any, attention_mask: Tensor | None, scaling: float, **kwargs: Any
) -> tuple[Tensor, None]:
    """Attention function for transformers: over prefix and suffixes where `key` comes from a forked
    `SharedPrefixCache`, else `causal_attention` on a CPU and SDPA with padding or elsewhere.

    Parameters
    ----------
    query : float [B, heads, S * n, d]
        n new tokens of each of S samples.
    key, value : Tensor or `Shared`

    Returns
    -------
    float [B, S * n, heads, d], None
    """
    if not isinstance(key, Shared):
        whole = attention_mask is None and query.shape[2] == key.shape[2] and not kwargs.get("dropout")
        if whole and query.device.type == "cpu":
            return causal_attention(query, key, value, scaling), None
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    batch, heads, rows, size = query.shape
    kv_heads, samples = key.suffix[0].shape[1:3]
    new, groups = rows // samples, heads // kv_heads
    # query heads that share keys stand side by side: [B, kv heads, S * n * groups, d]
    asked = (query * scaling).unflatten(1, (kv_heads, groups)).transpose(2, 3).flatten(2, 3)
    of_sample = asked.unflatten(2, (samples, new * groups))
    own = torch.cat([of_sample @ piece.transpose(-1, -2) for piece in key.suffix], -1)
    if new == 1:
        own[..., key.length :] = float("-inf")
    else:
        last = torch.arange(key.length - new, key.length, device=query.device).repeat_interleave(groups)
        own.masked_fill_(torch.arange(own.shape[-1], device=query.device) > last[:, None], float("-inf"))
    own = own.flatten(2, 3)
    if query.device.type == "cpu" and query.dtype == value.prefix.dtype == torch.float32:
        out = _fused(asked, own, key, value)
    else:
        out = _joint(asked, own, key, value)
    return out.unflatten(2, (rows, groups)).transpose(1, 2).reshape(batch, rows, heads, size), None


def _joint(asked: Tensor, own: Tensor, key: Shared, value: Shared) -> Tensor:
    """One softmax over the scores of prefix and suffix side by side."""
    scores = torch.cat([asked @ key.prefix.transpose(-1, -2), own], -1)
    shared, own = scores.softmax(-1).split([key.prefix.shape[2], own.shape[-1]], -1)
    return shared @ value.prefix + _of_samples(own, value.suffix)


def _fused(asked: Tensor, own: Tensor, key: Shared, value: Shared) -> Tensor:
    """The same by a fused kernel over the prefix, whose share in the joint softmax follows from its denominator.

    Faster in float32 on a CPU, where the scores are too large for the cache; slower in bfloat16.
    """
    out, weight = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        asked, key.prefix, value.prefix, scale=1.0
    )
    share = torch.sigmoid(weight - own.logsumexp(-1)).unsqueeze(-1)
    return torch.lerp(_of_samples(own.softmax(-1), value.suffix), out, share)


def _of_samples(weight: Tensor, value: list[Tensor]) -> Tensor:
    """Weighted sums over each sample's own suffix: [B, kv heads, R, t] and its values in pieces to [.., R, d]."""
    of_sample = weight.unflatten(2, (value[0].shape[2], -1))
    parts = [part @ piece for part, piece in zip(of_sample.split(ROOM, -1), value, strict=True)]
    return reduce(Tensor.add_, parts).flatten(2, 3)


AttentionInterface.register(NAME, shared_prefix_attention)
# without an entry here a padded batch would silently get no mask
AttentionMaskInterface.register(NAME, sdpa_mask)
