"""Attention in which the samples of a window share one copy of its prefix.

A transformers model is given this function by name and, while decoding, a cache whose `update` hands over prefix
and suffix side by side. The S samples of a window are S query positions: they all see the prefix, and each sees
its own suffix only (the shared-prefix idea of Hydragen, Juravsky et al. 2024), under one softmax.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from timevis.models.qwen.backbone.causal_attention import beside_first, causal_attention

NAME = "timevis_shared_prefix"
ROOM = 24  # tokens of a piece of the suffixes: pieces are contiguous, and nothing is copied when one is full
KINDS = 10  # of tokens that a pass can be given: one for each digit

warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


class Shared(NamedTuple):
    """Keys or values of one layer.

    Attributes
    ----------
    prefix : [B, kv heads, P, d]
    suffix : of [B, kv heads, S, ROOM, d]
        In pieces.
    length : int
        Tokens of a suffix that are written, in all pieces.
    alike : int64 [B, S], optional
        Samples of one number ask the same of the prefix.
    """

    prefix: Tensor
    suffix: list[Tensor]
    length: int
    alike: Tensor | None


class SharedPrefixCache:
    """Keys and values of one prefix per window and of a short suffix per sample.

    The first pass fills the prefix; after `fork`, every pass appends to the suffixes.

    Parameters
    ----------
    layers : int

    Attributes
    ----------
    alike : int64 [B, S], optional
        Numbers below `KINDS`: samples of one number are given the same tokens in the coming pass, so that the first
        layer reads the prefix once for them all.
    """

    def __init__(self, layers: int) -> None:
        self.samples, self.length = 0, 0
        self.alike: Tensor | None = None
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
        keys, values = (x.unflatten(2, (self.samples, new)) for x in (key, value))
        own_keys, own_values = self._suffix[layer_idx]
        for token, at in enumerate(range(self.length, end)):
            if at == len(own_keys) * ROOM:
                # zeros, since what is not written yet takes part with weight zero
                for pieces, fresh in ((own_keys, keys), (own_values, values)):
                    pieces.append(fresh.new_zeros(*fresh.shape[:3], ROOM, fresh.shape[-1]))
            for pieces, fresh in ((own_keys, keys), (own_values, values)):
                pieces[-1][:, :, :, at % ROOM] = fresh[:, :, :, token]
        if layer_idx == len(self.prefix) - 1:
            self.length = end
        prefix, alike = self.prefix[layer_idx], self.alike if layer_idx == 0 else None
        return Shared(prefix[0], own_keys, end, alike), Shared(prefix[1], own_values, end, alike)


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
    float32_on_cpu = query.device.type == "cpu" and all(
        x.dtype == torch.float32 for x in (query, key.prefix, value.prefix)
    )
    vectors = float32_on_cpu and new * groups == 1
    own = _scores(of_sample, key, vectors)
    if new == 1:
        own[..., key.length :] = float("-inf")
    else:
        last = torch.arange(key.length - new, key.length, device=query.device).repeat_interleave(groups)
        own.masked_fill_(torch.arange(own.shape[-1], device=query.device) > last[:, None], float("-inf"))
    own = own.flatten(2, 3)
    if float32_on_cpu:
        out = _fused(asked, own, key, value, vectors)
    else:
        out = _joint(asked, own, key, value)
    return out.unflatten(2, (rows, groups)).transpose(1, 2).reshape(batch, rows, heads, size), None


def _joint(asked: Tensor, own: Tensor, key: Shared, value: Shared) -> Tensor:
    """One softmax over the scores of prefix and suffix side by side."""
    scores = torch.cat([asked @ key.prefix.transpose(-1, -2), own], -1)
    shared, own = scores.softmax(-1).split([key.prefix.shape[2], own.shape[-1]], -1)
    return shared @ value.prefix + _of_samples(own, value, vectors=False)


def _fused(asked: Tensor, own: Tensor, key: Shared, value: Shared, vectors: bool) -> Tensor:
    """The same by a fused kernel over the prefix, whose share in the joint softmax follows from its denominator.

    Faster in float32 on a CPU, where the scores are too large for the cache; slower in bfloat16.
    """
    if key.alike is None:
        out, weight = _flash(asked, key.prefix, value.prefix, scale=1.0)
    else:
        few = _picked(asked, _one_of_each(key.alike), key.alike.shape[1])
        found = _flash(few, key.prefix, value.prefix, scale=1.0)
        out, weight = (_picked(x, key.alike, KINDS) for x in found)
    share = torch.sigmoid(weight - own.logsumexp(-1)).unsqueeze(-1)
    return torch.lerp(_of_samples(own.softmax(-1), value, vectors), out, share)


def _one_of_each(alike: Tensor) -> Tensor:
    """Of each kind the first sample, int64 [B, KINDS]; of a kind that there is none of, the last sample."""
    samples = alike.shape[1]
    number = torch.arange(samples, device=alike.device).expand_as(alike)
    return alike.new_full((len(alike), KINDS), samples - 1).scatter_reduce_(1, alike, number, "amin")


def _picked(x: Tensor, chosen: Tensor, samples: int) -> Tensor:
    """Rows of chosen samples [B, C], from [B, kv heads, samples * r, ...] to [B, kv heads, C * r, ...]."""
    window = torch.arange(len(x), device=x.device).unsqueeze(1)
    return x.unflatten(2, (samples, -1)).transpose(1, 2)[window, chosen].transpose(1, 2).flatten(2, 3)


def _scores(asked: Tensor, key: Shared, vectors: bool) -> Tensor:
    """Of [B, kv heads, S, m, d] with the keys of each sample's own suffix: [.., m, t], t at least `key.length`.

    `vectors` says that m is 1, for kernels that want it.
    """
    if not vectors:
        return torch.cat([asked @ piece.transpose(-1, -2) for piece in key.suffix], -1)
    one_each, parts = asked.flatten(0, -2), []
    for start, piece in zip(range(0, key.length, ROOM), key.suffix, strict=True):
        pattern = _Rows.of(len(one_each), min(ROOM, key.length - start)).pattern
        found = torch.sparse.sampled_addmm(pattern, one_each, piece.flatten(0, -2).t(), beta=0.0)
        parts.append(found.values().view(*asked.shape[:-1], -1))
    return torch.cat(parts, -1)


def _of_samples(weight: Tensor, value: Shared, vectors: bool) -> Tensor:
    """Weighted sums over each sample's own suffix: [B, kv heads, R, t] and its values to [.., R, d]."""
    of_sample = weight.unflatten(2, (value.suffix[0].shape[2], -1))
    parts = []
    for part, piece in zip(of_sample.split(ROOM, -1), value.suffix, strict=True):
        if not vectors:
            parts.append(part @ piece)
        else:
            one_each = part.reshape(-1, part.shape[-1])
            number = _Rows.of(*one_each.shape).number
            found = embedding_bag(number, piece.flatten(0, -2), per_sample_weights=one_each, mode="sum")
            parts.append(found.view(*part.shape[:-1], -1))
    return reduce(Tensor.add_, parts).flatten(2, 3)


class _Rows(NamedTuple):
    """The first tokens of each of n matrices that lie one below the other: what two kernels of a CPU read, which do
    products of vectors with them faster than `bmm`.

    Attributes
    ----------
    number : int32 [n, tokens]
    pattern : sparse [n, n * ROOM]
        The same numbers, a row for each matrix; its values are zero.
    """

    number: Tensor
    pattern: Tensor

    @staticmethod
    @lru_cache(maxsize=8)
    def of(n: int, tokens: int) -> _Rows:
        number = torch.arange(0, n * ROOM, ROOM, dtype=torch.int32).unsqueeze(1) + torch.arange(tokens).int()
        start = torch.arange(0, n * tokens + 1, tokens, dtype=torch.int32)
        zero, shape = torch.zeros(n * tokens), (n, n * ROOM)
        return _Rows(number, torch.sparse_csr_tensor(start, number.flatten(), zero, shape, check_invariants=False))


AttentionInterface.register(NAME, shared_prefix_attention)
# without an entry here a padded batch would silently get no mask
AttentionMaskInterface.register(NAME, sdpa_mask)
