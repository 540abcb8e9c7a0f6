"""Benchmark of causal attention on a CPU: TimeVis, PyTorch's fused kernel, and the matrix products alone.

Forward and backward passes with the shapes of a training step of Qwen2.5-0.5B and of nano; inputs, dtype and threads
are equal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import serve_rounds, time_ratio, time_workers, worker_command

SHAPES = {"Qwen2.5-0.5B": (4, 14, 2, 676, 64), "nano": (8, 2, 2, 676, 64)}
"""Windows, heads, kv heads, tokens, and size of a head."""
PASSES_PER_ROUND = 10


def attention_inputs(shape: str) -> tuple[list[Any], Any]:
    """Query, key and value as a model passes them (tokens before heads in memory), and the gradient of the output."""
    import torch

    from timevis.models.backbone.load import has_fast_bfloat16

    windows, heads, kv_heads, tokens, size = SHAPES[shape]
    dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randn(windows, tokens, n, size, generator=generator).to(dtype) for n in (heads, kv_heads, kv_heads)
    ]
    grad = torch.randn(windows, tokens, heads, size, generator=generator).to(dtype)
    return [x.transpose(1, 2).requires_grad_() for x in inputs], grad


def timevis_work(shape: str) -> Callable[[], Any]:
    import torch

    from timevis.models.backbone.attention import causal_attention

    (query, key, value), grad = attention_inputs(shape)

    def work() -> None:
        for _ in range(PASSES_PER_ROUND):
            out = causal_attention(query, key, value, 0.125)
            torch.autograd.grad(out, [query, key, value], grad)

    return work


def fused_work(shape: str) -> Callable[[], Any]:
    """The fused kernel as transformers calls it: keys and values are repeated for the heads that share them."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    (query, key, value), grad = attention_inputs(shape)
    heads_per_kv_head = query.shape[1] // key.shape[1]

    def work() -> None:
        for _ in range(PASSES_PER_ROUND):
            keys, values = (x.repeat_interleave(heads_per_kv_head, 1) for x in (key, value))
            out = scaled_dot_product_attention(query, keys, values, is_causal=True).transpose(1, 2)
            torch.autograd.grad(out, [query, key, value], grad)

    return work


def limit_work(shape: str) -> Callable[[], Any]:
    """Only the seven matrix products of each block."""
    import torch

    from timevis.models.backbone.attention import BLOCK_SIZE

    (query, key, value), _ = attention_inputs(shape)
    windows, heads, tokens, size = query.shape
    matrices, heads_per_kv_head = windows * key.shape[1], heads // key.shape[1]
    keys, values = (x.detach().flatten(0, 1).contiguous() for x in (key, value))
    blocks = []
    for start in range(0, tokens, BLOCK_SIZE):
        stop = min(start + BLOCK_SIZE, tokens)
        rows = heads_per_kv_head * (stop - start)
        queries = torch.randn(matrices, rows, size).to(keys.dtype)
        blocks.append((queries, torch.rand(matrices, rows, stop).to(keys.dtype), stop))

    def work() -> None:
        for _ in range(PASSES_PER_ROUND):
            for queries, weights, stop in blocks:
                k, v = keys[:, :stop], values[:, :stop]
                _ = (
                    queries @ k.mT,
                    weights @ v,
                    queries @ k.mT,
                    queries @ v.mT,
                    weights.mT @ queries,
                    weights.mT @ queries,
                    weights @ k,
                )

    return work


WORK = {"timevis": timevis_work, "fused": fused_work, "limit": limit_work}


def main(rounds: int, threads: int) -> dict[str, Any]:
    """Run the benchmark on each shape; print and return the numbers."""
    numbers: dict[str, Any] = {}
    for shape in SHAPES:
        timed = time_workers({w: worker_command("attention", w, shape) for w in WORK}, rounds, threads)
        timevis = timed["timevis"]
        numbers[shape] = n = {
            "milliseconds": 1000 / timevis.rate,
            "ratio_fused": time_ratio(timed["fused"], timevis),
            "limit_ratio": time_ratio(timevis, timed["limit"]),
        }
        print(
            f"  {shape}: {n['milliseconds']:.0f} ms per layer; {n['ratio_fused']:.1f}x as fast as the fused kernel; "
            f"{n['limit_ratio']:.2f}x the time of the matrix products",
            flush=True,
        )
    return numbers


if __name__ == "__main__":
    worker, shape = sys.argv[1:3]
    serve_rounds(WORK[worker](shape), units=PASSES_PER_ROUND)
