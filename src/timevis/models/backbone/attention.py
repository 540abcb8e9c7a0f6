"""Attention of a backbone: on the CPU, and of many sample paths that share one prompt."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

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


ATTENTION_NAME = "timevis_shared_prefix"
CHUNK_TOKENS = 24  # a suffix grows by chunks of this many tokens, so that a full chunk is never copied
NUM_TOKEN_GROUPS = 10  # one for each digit that a sample can receive in a pass

warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
# a private operator of PyTorch: only it returns the log-sum-exp together with the output
_flash_attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


class PrefixAndSuffixes(NamedTuple):
    """Keys or values of one layer.

    Attributes
    ----------
    prefix : [B, kv heads, P, d]
    suffix_chunks : list of [B, kv heads, S, CHUNK_TOKENS, d]
    length : int
        Number of tokens in each suffix, over all chunks.
    token_groups : int64 [B, S], optional
        Samples of the same group have the same query, so that the prefix is read once per group.
    """

    prefix: Tensor
    suffix_chunks: list[Tensor]
    length: int
    token_groups: Tensor | None


class SharedPrefixCache:
    """Key-value cache with one prefix per window and one short suffix per sample.

    The first pass of the model fills the prefix. After `fork`, every pass appends to the suffixes.

    Parameters
    ----------
    layers : int
        Number of decoder layers.

    Attributes
    ----------
    token_groups : int64 [B, S], optional
        Set it before a pass. Samples with the same number (0 to NUM_TOKEN_GROUPS - 1) receive the same tokens in that
        pass, so that the first layer reads the prefix once for all of them.
    """

    def __init__(self, layers: int) -> None:
        self.samples, self.length = 0, 0
        self.token_groups: Tensor | None = None
        self._first_keys: list[Tensor] = []
        self.prefix: list[tuple[Tensor, Tensor]] = [(torch.empty(0), torch.empty(0))] * layers
        self._suffix_chunks: list[tuple[list[Tensor], list[Tensor]]] = []

    @classmethod
    def concatenate(cls, caches: Sequence[SharedPrefixCache]) -> SharedPrefixCache:
        """Concatenate prefixes along the window dimension; `caches` is emptied layer by layer to save memory."""
        if len(caches) == 1:
            return caches[0]
        result = cls(0)
        for layer in range(len(caches[0].prefix)):
            keys, values = zip(*(cache.prefix[layer] for cache in caches), strict=True)
            result.prefix.append((torch.cat(keys), torch.cat(values)))
            for cache in caches:
                cache.prefix[layer] = (torch.empty(0), torch.empty(0))
        return result

    def fork(self, samples: int) -> None:
        """Start `samples` empty suffixes per window; from here on keys are relative to the first key."""
        self.samples, self.length = samples, 0
        if not self._first_keys:
            for layer, (key, value) in enumerate(self.prefix):
                key, first_key = subtract_first_key(key)
                self._first_keys.append(first_key)
                # matrix products with strided keys would copy them at every step
                self.prefix[layer] = (key.contiguous(), value.contiguous())
        self._suffix_chunks = [([], []) for _ in self.prefix]

    def update(self, key: Tensor, value: Tensor, layer_idx: int, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Store new keys and values [B, kv heads, T, d], T = S * n while decoding, and return those to attend to.

        The attention layers of transformers call this method.
        """
        if not self.samples:
            self.prefix[layer_idx] = (key, value)
            return key, value
        new_tokens = key.shape[2] // self.samples
        end = self.length + new_tokens
        key = key - self._first_keys[layer_idx]
        keys, values = (x.unflatten(2, (self.samples, new_tokens)) for x in (key, value))
        key_chunks, value_chunks = self._suffix_chunks[layer_idx]
        for token, position in enumerate(range(self.length, end)):
            if position == len(key_chunks) * CHUNK_TOKENS:
                # zeros, because positions that are not written yet take part with weight zero
                for chunks, new in ((key_chunks, keys), (value_chunks, values)):
                    chunks.append(new.new_zeros(*new.shape[:3], CHUNK_TOKENS, new.shape[-1]))
            for chunks, new in ((key_chunks, keys), (value_chunks, values)):
                chunks[-1][:, :, :, position % CHUNK_TOKENS] = new[:, :, :, token]
        if layer_idx == len(self.prefix) - 1:
            self.length = end
        prefix_key, prefix_value = self.prefix[layer_idx]
        groups = self.token_groups if layer_idx == 0 else None
        return (
            PrefixAndSuffixes(prefix_key, key_chunks, end, groups),
            PrefixAndSuffixes(prefix_value, value_chunks, end, groups),
        )


def shared_prefix_attention(
    module: Any, query: Tensor, key: Any, value: Any, attention_mask: Tensor | None, scaling: float, **kwargs: Any
) -> tuple[Tensor, None]:
    """Attention function for transformers.

    Attends to prefix and suffixes if `key` comes from a forked `SharedPrefixCache`. Otherwise it calls
    `causal_attention` on a CPU if there is no padding, and PyTorch's scaled dot product attention in all other cases.

    Parameters
    ----------
    query : float [B, heads, S * n, d]
        n new tokens of each of S samples.
    key, value : Tensor or `PrefixAndSuffixes`

    Returns
    -------
    float [B, S * n, heads, d], None
    """
    if not isinstance(key, PrefixAndSuffixes):
        is_plain_causal = attention_mask is None and query.shape[2] == key.shape[2] and not kwargs.get("dropout")
        if is_plain_causal and query.device.type == "cpu":
            return causal_attention(query, key, value, scaling), None
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    batch, heads, rows, size = query.shape
    kv_heads, samples = key.suffix_chunks[0].shape[1:3]
    new_tokens, heads_per_kv_head = rows // samples, heads // kv_heads
    # heads that share keys become rows of one matrix: [B, kv heads, S * n * heads per kv head, d]
    queries = (query * scaling).unflatten(1, (kv_heads, heads_per_kv_head)).transpose(2, 3).flatten(2, 3)
    sample_queries = queries.unflatten(2, (samples, new_tokens * heads_per_kv_head))
    is_float32_on_cpu = query.device.type == "cpu" and all(
        x.dtype == torch.float32 for x in (query, key.prefix, value.prefix)
    )
    one_query_per_sample = is_float32_on_cpu and new_tokens * heads_per_kv_head == 1
    scores = _suffix_scores(sample_queries, key, one_query_per_sample)
    if new_tokens == 1:
        scores[..., key.length :] = float("-inf")
    else:
        last = torch.arange(key.length - new_tokens, key.length, device=query.device)
        last = last.repeat_interleave(heads_per_kv_head)
        scores.masked_fill_(torch.arange(scores.shape[-1], device=query.device) > last[:, None], float("-inf"))
    scores = scores.flatten(2, 3)
    if is_float32_on_cpu:
        out = _fused_attention(queries, scores, key, value, one_query_per_sample)
    else:
        out = _plain_attention(queries, scores, key, value)
    out = out.unflatten(2, (rows, heads_per_kv_head)).transpose(1, 2)
    return out.reshape(batch, rows, heads, size), None


def _plain_attention(
    queries: Tensor, suffix_scores: Tensor, key: PrefixAndSuffixes, value: PrefixAndSuffixes
) -> Tensor:
    """One softmax over the concatenated scores of prefix and suffix."""
    scores = torch.cat([queries @ key.prefix.transpose(-1, -2), suffix_scores], -1)
    prefix_weights, suffix_weights = scores.softmax(-1).split([key.prefix.shape[2], suffix_scores.shape[-1]], -1)
    return prefix_weights @ value.prefix + _suffix_sums(suffix_weights, value, one_query_per_sample=False)


def _fused_attention(
    queries: Tensor,
    suffix_scores: Tensor,
    key: PrefixAndSuffixes,
    value: PrefixAndSuffixes,
    one_query_per_sample: bool,
) -> Tensor:
    """The same result with a fused kernel for the prefix, whose share of the softmax follows from its log-sum-exp.

    Faster in float32 on a CPU, where the scores do not fit into the cache; slower in bfloat16.
    """
    if key.token_groups is None:
        prefix_out, log_sum = _flash_attention(queries, key.prefix, value.prefix, scale=1.0)
    else:
        samples = key.token_groups.shape[1]
        group_queries = _select_samples(queries, _first_sample_per_group(key.token_groups), samples)
        group_results = _flash_attention(group_queries, key.prefix, value.prefix, scale=1.0)
        prefix_out, log_sum = (_select_samples(x, key.token_groups, NUM_TOKEN_GROUPS) for x in group_results)
    prefix_share = torch.sigmoid(log_sum - suffix_scores.logsumexp(-1)).unsqueeze(-1)
    suffix_out = _suffix_sums(suffix_scores.softmax(-1), value, one_query_per_sample)
    return torch.lerp(suffix_out, prefix_out, prefix_share)


def _first_sample_per_group(token_groups: Tensor) -> Tensor:
    """The first sample of each group, int64 [B, NUM_TOKEN_GROUPS]; the last sample for a group that is empty."""
    samples = token_groups.shape[1]
    number = torch.arange(samples, device=token_groups.device).expand_as(token_groups)
    result = token_groups.new_full((len(token_groups), NUM_TOKEN_GROUPS), samples - 1)
    return result.scatter_reduce_(1, token_groups, number, "amin")


def _select_samples(x: Tensor, chosen: Tensor, samples: int) -> Tensor:
    """Rows of the samples `chosen` [B, C]: from [B, kv heads, samples * r, ...] to [B, kv heads, C * r, ...]."""
    window = torch.arange(len(x), device=x.device).unsqueeze(1)
    return x.unflatten(2, (samples, -1)).transpose(1, 2)[window, chosen].transpose(1, 2).flatten(2, 3)


def _suffix_scores(queries: Tensor, key: PrefixAndSuffixes, one_query_per_sample: bool) -> Tensor:
    """Scores [B, kv heads, S, m, t] of queries [B, kv heads, S, m, d] with each sample's own suffix, t >= key.length.

    If m is 1, `one_query_per_sample` chooses a sparse kernel, which is faster than batched matrix products.
    """
    if not one_query_per_sample:
        return torch.cat([queries @ chunk.transpose(-1, -2) for chunk in key.suffix_chunks], -1)
    rows, scores = queries.flatten(0, -2), []
    for start, chunk in zip(range(0, key.length, CHUNK_TOKENS), key.suffix_chunks, strict=True):
        pattern = _ChunkIndex.of(len(rows), min(CHUNK_TOKENS, key.length - start)).pattern
        products = torch.sparse.sampled_addmm(pattern, rows, chunk.flatten(0, -2).t(), beta=0.0)
        scores.append(products.values().view(*queries.shape[:-1], -1))
    return torch.cat(scores, -1)


def _suffix_sums(weights: Tensor, value: PrefixAndSuffixes, one_query_per_sample: bool) -> Tensor:
    """Weighted sums [B, kv heads, R, d] over each sample's own suffix, of weights [B, kv heads, R, t]."""
    sample_weights = weights.unflatten(2, (value.suffix_chunks[0].shape[2], -1))
    sums = []
    for chunk_weights, chunk in zip(sample_weights.split(CHUNK_TOKENS, -1), value.suffix_chunks, strict=True):
        if not one_query_per_sample:
            sums.append(chunk_weights @ chunk)
        else:
            rows = chunk_weights.reshape(-1, chunk_weights.shape[-1])
            positions = _ChunkIndex.of(*rows.shape).positions
            bags = embedding_bag(positions, chunk.flatten(0, -2), per_sample_weights=rows, mode="sum")
            sums.append(bags.view(*chunk_weights.shape[:-1], -1))
    return reduce(Tensor.add_, sums).flatten(2, 3)


class _ChunkIndex(NamedTuple):
    """Positions of the first tokens of n chunks that are stacked into one matrix with n * CHUNK_TOKENS rows.

    Attributes
    ----------
    positions : int32 [n, tokens]
    pattern : sparse [n, n * CHUNK_TOKENS]
        The same positions as a sparse matrix of zeros.
    """

    positions: Tensor
    pattern: Tensor

    @staticmethod
    @lru_cache(maxsize=8)
    def of(n: int, tokens: int) -> _ChunkIndex:
        start = torch.arange(0, n * CHUNK_TOKENS, CHUNK_TOKENS, dtype=torch.int32)
        positions = start.unsqueeze(1) + torch.arange(tokens).int()
        row_ends = torch.arange(0, n * tokens + 1, tokens, dtype=torch.int32)
        zeros, shape = torch.zeros(n * tokens), (n, n * CHUNK_TOKENS)
        pattern = torch.sparse_csr_tensor(row_ends, positions.flatten(), zeros, shape, check_invariants=False)
        return _ChunkIndex(positions, pattern)


AttentionInterface.register(ATTENTION_NAME, shared_prefix_attention)
# without this entry transformers would silently pass no mask for a padded batch
AttentionMaskInterface.register(ATTENTION_NAME, sdpa_mask)
