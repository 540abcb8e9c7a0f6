"""Causal attention, forward and backward: TimeVis, PyTorch's fused kernel for CPUs, and the products that it needs.

The shapes of a training step of Qwen2.5-0.5B and of nano; equal inputs, dtype and threads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import serve_rounds, time_ratio, time_workers, worker_command

# windows, heads, kv heads, tokens, size
SHAPES = {"Qwen2.5-0.5B": (4, 14, 2, 676, 64), "nano": (8, 2, 2, 676, 64)}
REPEATS = 10


def inputs(shape: str) -> tuple[list[Any], Any]:
    """Query, key and value as a model hands them over, tokens before heads in memory; and the output's gradient."""
    import torch

    from timevis.models.qwen.backbone.precision import has_fast_bfloat16

    windows, heads, kv_heads, tokens, size = SHAPES[shape]
    dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    dice = torch.Generator().manual_seed(0)
    parts = [torch.randn(windows, tokens, n, size, generator=dice).to(dtype) for n in (heads, kv_heads, kv_heads)]
    grad = torch.randn(windows, tokens, heads, size, generator=dice).to(dtype)
    return [part.transpose(1, 2).requires_grad_() for part in parts], grad


def ours_work(shape: str) -> Callable[[], Any]:
    import torch

    from timevis.models.qwen.backbone.causal_attention import causal_attention

    (query, key, value), grad = inputs(shape)

    def work() -> None:
        for _ in range(REPEATS):
            out = causal_attention(query, key, value, 0.125)
            torch.autograd.grad(out, [query, key, value], grad)

    return work


def fused_work(shape: str) -> Callable[[], Any]:
    """As transformers calls it: keys and values are repeated for the heads that share them."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    (query, key, value), grad = inputs(shape)
    groups = query.shape[1] // key.shape[1]

    def work() -> None:
        for _ in range(REPEATS):
            keys, values = (x.repeat_interleave(groups, 1) for x in (key, value))
            out = scaled_dot_product_attention(query, keys, values, is_causal=True).transpose(1, 2)
            torch.autograd.grad(out, [query, key, value], grad)

    return work


def limit_work(shape: str) -> Callable[[], Any]:
    """The seven products of each block, and nothing else."""
    import torch

    from timevis.models.qwen.backbone.causal_attention import BLOCK_SIZE

    (query, key, value), _ = inputs(shape)
    windows, heads, tokens, size = query.shape
    rows, groups = windows * key.shape[1], heads // key.shape[1]
    keys, values = (x.detach().flatten(0, 1).contiguous() for x in (key, value))
    blocks = []
    for start in range(0, tokens, BLOCK_SIZE):
        stop = min(start + BLOCK_SIZE, tokens)
        asked = torch.randn(rows, groups * (stop - start), size).to(keys.dtype)
        blocks.append((asked, torch.rand(rows, groups * (stop - start), stop).to(keys.dtype), stop))

    def work() -> None:
        for _ in range(REPEATS):
            for asked, weight, stop in blocks:
                k, v = keys[:, :stop], values[:, :stop]
                _ = (
                    asked @ k.mT,
                    weight @ v,
                    asked @ k.mT,
                    asked @ v.mT,
                    weight.mT @ asked,
                    weight.mT @ asked,
                    weight @ k,
                )

    return work


WORK = {"ours": ours_work, "fused": fused_work, "limit": limit_work}


def main(rounds: int, threads: int) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for shape in SHAPES:
        found = time_workers({w: worker_command("attention", w, shape) for w in WORK}, rounds, threads)
        ours, fused, limit = (found[w] for w in WORK)
        numbers[shape] = n = {
            "milliseconds": 1000 / ours.rate,
            "ratio_fused": time_ratio(fused, ours),
            "limit_ratio": time_ratio(ours, limit),
        }
        print(
            f"  {shape}: {n['milliseconds']:.0f} ms a layer, {n['ratio_fused']:.1f}x the fused kernel, "
            f"{n['limit_ratio']:.2f} of the products' time",
            flush=True,
        )
    return numbers


if __name__ == "__main__":
    role, shape = sys.argv[1:3]
    serve_rounds(WORK[role](shape), units=REPEATS)
