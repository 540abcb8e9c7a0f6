"""Decoding digits: TimeVis, two ways to use `generate`, and the matrix products that have to be done anyway.

Context of about 700 tokens, horizon 24, 3 digits, 20 samples, 8 windows; equal weights, dtype, prompts, threads.

Peer A decodes window by window with ``generate(num_return_sequences=20)`` under a digit mask, as LLMTime does. Peer B
prefills the windows once, repeats the cache for the samples, and decodes them together. The limit replays the matrix
and attention products of our own run, recorded with their shapes and weights.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import serve_rounds, time_ratio, time_workers, worker_command

WINDOWS, SAMPLES, HORIZON, VALUES, PROMPT, DIGITS = 8, 20, 24, 200, 100, 3
REAL = "TIMEVIS_QWEN"


def digit_network(path: str, fields: tuple[str, ...] = (), **how: Any) -> tuple[Any, list[int]]:
    """The digit network over a backbone, with tables of calendar `fields`, and the tokens of a prompt."""
    from timevis.models.qwen.backbone.load import load_backbone
    from timevis.models.qwen.digits.layout import TokenLayout, ValueTables
    from timevis.models.qwen.digits.network import DigitNetwork

    source = load_backbone(path, **how)
    tables = ValueTables(source.model.config.hidden_size, DIGITS, fields)
    ids = source.tokenizer(" the traffic on a road, every hour of a week" * PROMPT)["input_ids"][:PROMPT]
    return DigitNetwork(source.model, TokenLayout.from_tokenizer(source.tokenizer, DIGITS), tables), ids


def inputs(path: str) -> tuple[Any, Any, Any]:
    """The digit network, what is known of the windows, and levels to draw by; the same numbers in every process."""
    import torch

    from timevis.models.qwen.backbone.load import has_fast_bfloat16
    from timevis.models.qwen.digits.decoding import DecodingInputs
    from timevis.models.qwen.digits.sampling import sobol_uniforms

    network, ids = digit_network(path, dtype="bfloat16" if has_fast_bfloat16() else "float32")
    dice = torch.Generator().manual_seed(0)
    number = torch.arange(WINDOWS)
    known = DecodingInputs(
        prompt=torch.tensor([ids] * WINDOWS),
        context=torch.randint(10, (WINDOWS, VALUES, DIGITS), generator=dice),
        calendar=torch.zeros(WINDOWS, VALUES + HORIZON, 5, dtype=torch.int64),
        observed=torch.ones(WINDOWS, VALUES, dtype=torch.bool),
    )
    return network.eval(), known, sobol_uniforms(0, number, number, SAMPLES, HORIZON, DIGITS)


def resident(model: Any) -> Any:
    """The model with its weights in memory; a loaded file is only mapped, and would count as the first run's."""
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
    return model


def ours_work(path: str) -> Callable[[], Any]:
    from timevis.models.qwen.digits.decoding_passes import decode_windows

    network, known, levels = inputs(path)
    resident(network)
    return lambda: decode_windows(network, known, levels=levels)


def plain(path: str) -> tuple[Any, Any, Any]:
    """A model as transformers loads it, the token ids of the windows, and the tokens of each place."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    from timevis.models.qwen.backbone.files import find_backbone_folder

    network, known, _ = inputs(path)
    ids = torch.cat([known.prompt, network.layout.token_ids(known.context)], 1)
    dtype = next(network.backbone.parameters()).dtype
    model = resident(AutoModelForCausalLM.from_pretrained(find_backbone_folder(path), dtype=dtype).eval())
    # the folder's own may cut and penalise, which costs time and is not what is compared
    model.generation_config = GenerationConfig()
    return model, ids, network.digit_ids


def peer_a_work(path: str, windows: int = 1) -> Callable[[], Any]:
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList

    model, ids, table = plain(path)
    start = ids.shape[1]

    class DigitsOnly(LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            allowed = table[(input_ids.shape[1] - start) % DIGITS]
            only = torch.full_like(scores, float("-inf"))
            only[:, allowed] = scores[:, allowed]
            return only

    def work() -> None:
        for row in ids[:windows]:
            model.generate(
                row[None],
                attention_mask=torch.ones_like(row[None]),
                do_sample=True,
                top_k=0,
                num_return_sequences=SAMPLES,
                max_new_tokens=HORIZON * DIGITS,
                min_new_tokens=HORIZON * DIGITS,
                logits_processor=LogitsProcessorList([DigitsOnly()]),
                pad_token_id=0,
            )

    return work


def peer_b_work(path: str) -> Callable[[], Any]:
    import torch
    from transformers import DynamicCache

    model, ids, table = plain(path)

    @torch.no_grad()
    def work() -> None:
        cache = DynamicCache(config=model.config)
        logits = model(ids, cache=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        cache.batch_repeat_interleave(SAMPLES)
        logits = logits.repeat_interleave(SAMPLES, 0)
        for step in range(HORIZON * DIGITS):
            allowed = table[step % DIGITS]
            token = allowed[logits[:, allowed].float().softmax(-1).multinomial(1)]
            if step < HORIZON * DIGITS - 1:
                logits = model(token, cache=cache, use_cache=True, logits_to_keep=1).logits[:, -1]

    return work


def limit_work(path: str) -> Callable[[], Any]:
    """Replays every matrix and attention product of our run; weights are the model's own, the rest buffers."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    from timevis.models.qwen.digits.decoding_passes import decode_windows

    # the last two are of vectors with what a path keeps for itself
    products = ["mm", "addmm", "bmm", "_scaled_dot_product_flash_attention_for_cpu"]
    products += ["sparse_sampled_addmm", "_embedding_bag_forward_only"]
    network, known, levels = inputs(path)
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
    buffers: dict[Any, Any] = {}
    calls: list[tuple[Any, list[Any], dict[str, Any]]] = []

    def kept(x: Any) -> Any:
        if not isinstance(x, torch.Tensor) or x.is_sparse_csr or not x.is_floating_point():
            return x
        if x.untyped_storage().data_ptr() in weights:
            return x
        turned = x.dim() == 2 and not x.is_contiguous() and x.t().is_contiguous()
        key = (tuple(x.shape), x.dtype, turned)
        if key not in buffers:
            like = torch.randn(x.t().shape if turned else x.shape).to(x.dtype)
            buffers[key] = like.t() if turned else like
        return buffers[key]

    class Recorder(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function.overloadpacket.__name__ in products:
                calls.append((function, [kept(a) for a in args], kwargs or {}))
            return function(*args, **(kwargs or {}))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a recorder sees its own thread alone
    with Recorder():
        decode_windows(network, known, levels=levels)
    torch.set_num_threads(threads)

    @torch.no_grad()
    def work() -> None:
        for function, args, kwargs in calls:
            function(*args, **kwargs)

    return work


WORK = {"ours": ours_work, "a": peer_a_work, "b": peer_b_work, "limit": limit_work}


def main(rounds: int, threads: int) -> dict[str, Any]:
    real = os.environ.get(REAL)
    if not real:
        print(f"  {REAL} names no folder of a real Qwen: nano alone is timed")
    numbers: dict[str, Any] = {}
    for name, path in {"nano": "nano", **({"real": real} if real else {})}.items():
        workers = {w: worker_command("decode", w, path) for w in WORK}
        found = time_workers(workers, min(rounds, 3) if path == real else rounds, threads)
        ours, extra = found["ours"], {w: c.facts["additional_mb"] for w, c in found.items()}
        numbers[name] = {
            "windows_per_second": ours.rate,
            "ratio_a": time_ratio(found["a"], ours),
            "ratio_b": time_ratio(found["b"], ours),
            "memory_ratio_b": extra["ours"] / extra["b"],
            "limit_ratio": time_ratio(ours, found["limit"]),
        }
        n = numbers[name]
        print(
            f"  {name}: {n['windows_per_second']:.2f} windows/s; {n['ratio_a']:.1f}x peer A, "
            f"{n['ratio_b']:.1f}x peer B with {n['memory_ratio_b']:.2f} of its further memory; "
            f"{n['limit_ratio']:.2f} of the products' time",
            flush=True,
        )
    return numbers


if __name__ == "__main__":
    role, path = sys.argv[1:3]
    serve_rounds(WORK[role](path), units=1 if role == "a" else WINDOWS)
