"""Benchmark of digit decoding: TimeVis, three peers that use transformers, and a lower limit of the time.

All have the same weights, dtype, prompts and threads: 8 windows with a prompt and a context of about 700 tokens,
horizon 24, 3 digits per value, 20 sample paths. Peer A decodes one window at a time with
``generate(num_return_sequences=20)`` under a digit mask, as LLMTime does. Peer B prefills the windows once, repeats
the cache for the sample paths, and decodes them together. Peer C is the fairest one: as peer B, with a static cache,
and with the ten rows of the head that a digit needs instead of the whole vocabulary. The limit executes only the
matrix and attention products of TimeVis, recorded with shapes and weights.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import range_text, serve_rounds, time_ratio, time_ratio_range, time_workers, worker_command

WINDOWS, SAMPLES, HORIZON, CONTEXT_LENGTH, PROMPT_TOKENS, DIGITS = 8, 20, 24, 200, 100, 3
QWEN_FOLDER_VARIABLE = "TIMEVIS_QWEN"
"""Environment variable with the folder of a real Qwen."""


def digit_network(path: str, calendar_fields: tuple[str, ...] = (), **load_options: Any) -> tuple[Any, list[int]]:
    """The digit network of a backbone, with zero tables of `calendar_fields`, and the token ids of a prompt."""
    from timevis.models.backbone.load import load_backbone
    from timevis.models.digits.layout import TokenLayout, ValueTables
    from timevis.models.digits.network import DigitNetwork

    source = load_backbone(path, **load_options)
    tables = ValueTables(source.model.config.hidden_size, DIGITS, calendar_fields)
    text = " the traffic on a road, every hour of a week" * PROMPT_TOKENS
    ids = source.tokenizer(text)["input_ids"][:PROMPT_TOKENS]
    return DigitNetwork(source.model, TokenLayout.from_tokenizer(source.tokenizer, DIGITS), tables), ids


def network_and_inputs(path: str) -> tuple[Any, Any, Any]:
    """The digit network, the inputs of the windows, and uniform numbers to draw with; the same in every process."""
    import torch

    from timevis.models.backbone.load import has_fast_bfloat16
    from timevis.models.digits.decoding import DecodingInputs, sobol_uniforms

    network, ids = digit_network(path, dtype="bfloat16" if has_fast_bfloat16() else "float32")
    generator = torch.Generator().manual_seed(0)
    number = torch.arange(WINDOWS)
    inputs = DecodingInputs(
        prompt=torch.tensor([ids] * WINDOWS),
        context=torch.randint(10, (WINDOWS, CONTEXT_LENGTH, DIGITS), generator=generator),
        calendar=torch.zeros(WINDOWS, CONTEXT_LENGTH + HORIZON, 5, dtype=torch.int64),
        observed=torch.ones(WINDOWS, CONTEXT_LENGTH, dtype=torch.bool),
    )
    return network.eval(), inputs, sobol_uniforms(0, number, number, SAMPLES, HORIZON, DIGITS)


def copy_weights_to_memory(model: Any) -> Any:
    """Read all weights now: a loaded file is memory-mapped, and would count as memory of the first round."""
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
    return model


def timevis_work(path: str) -> Callable[[], Any]:
    """TimeVis decodes all windows."""
    from timevis.models.digits.decoding import decode_windows

    network, inputs, levels = network_and_inputs(path)
    copy_weights_to_memory(network)
    return lambda: decode_windows(network, inputs, levels=levels)


def transformers_model(path: str) -> tuple[Any, Any, Any]:
    """The model as transformers loads it, the token ids of the windows, and the digit ids [DIGITS, 10]."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    from timevis.models.backbone.files import find_backbone_folder

    network, inputs, _ = network_and_inputs(path)
    ids = torch.cat([inputs.prompt, network.layout.token_ids(inputs.context)], 1)
    dtype = next(network.backbone.parameters()).dtype
    model = copy_weights_to_memory(
        AutoModelForCausalLM.from_pretrained(find_backbone_folder(path), dtype=dtype).eval()
    )
    # the generation config of the folder may add penalties and filters, which TimeVis does not compute
    model.generation_config = GenerationConfig()
    return model, ids, network.digit_ids


def peer_a_work(path: str, windows: int = 1) -> Callable[[], Any]:
    """Peer A decodes the first windows, one after another."""
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList

    model, ids, digit_ids = transformers_model(path)
    start = ids.shape[1]

    class DigitsOnly(LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            allowed = digit_ids[(input_ids.shape[1] - start) % DIGITS]
            masked = torch.full_like(scores, float("-inf"))
            masked[:, allowed] = scores[:, allowed]
            return masked

    def work() -> None:
        for window_ids in ids[:windows].split(1):
            model.generate(
                window_ids,
                attention_mask=torch.ones_like(window_ids),
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
    """Peer B decodes all windows together."""
    import torch
    from transformers import DynamicCache

    model, ids, digit_ids = transformers_model(path)

    @torch.no_grad()
    def work() -> None:
        cache = DynamicCache(config=model.config)
        logits = model(ids, cache=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        cache.batch_repeat_interleave(SAMPLES)
        logits = logits.repeat_interleave(SAMPLES, 0)
        for step in range(HORIZON * DIGITS):
            allowed = digit_ids[step % DIGITS]
            token = allowed[logits[:, allowed].float().softmax(-1).multinomial(1)]
            if step < HORIZON * DIGITS - 1:
                logits = model(token, cache=cache, use_cache=True, logits_to_keep=1).logits[:, -1]

    return work


def peer_c_work(path: str) -> Callable[[], Any]:
    """Peer C decodes all windows together, with a static cache and the rows of the head for ten digits."""
    import torch
    from transformers import StaticCache

    model, ids, digit_ids = transformers_model(path)
    head = model.lm_head.weight.detach()[digit_ids]  # [DIGITS, 10, hidden]

    @torch.no_grad()
    def work() -> None:
        cache: Any = StaticCache(model.config, max_cache_len=ids.shape[1] + HORIZON * DIGITS)
        hidden = model.model(ids, cache=cache, use_cache=True).last_hidden_state[:, -1]
        for layer in cache.layers:
            layer.keys = layer.keys.repeat_interleave(SAMPLES, 0)
            layer.values = layer.values.repeat_interleave(SAMPLES, 0)
            layer.batch_size *= SAMPLES
        hidden = hidden.repeat_interleave(SAMPLES, 0)
        for step in range(HORIZON * DIGITS):
            place = step % DIGITS
            token = digit_ids[place][(hidden @ head[place].t()).float().softmax(-1).multinomial(1)]
            if step < HORIZON * DIGITS - 1:
                hidden = model.model(token, cache=cache, use_cache=True).last_hidden_state[:, -1]

    return work


def limit_work(path: str) -> Callable[[], Any]:
    """The matrix and attention products of TimeVis, with the weights of the model and random activations."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    from timevis.models.digits.decoding import decode_windows

    # the last two are products of vectors with the keys and values of a path's own suffix
    products = ["mm", "addmm", "bmm", "_scaled_dot_product_flash_attention_for_cpu"]
    products += ["sparse_sampled_addmm", "_embedding_bag_forward_only"]
    network, inputs, levels = network_and_inputs(path)
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
    buffers: dict[Any, Any] = {}
    calls: list[tuple[Any, list[Any], dict[str, Any]]] = []

    def replayed_argument(x: Any) -> Any:
        """Weights stay; other tensors are replaced by a random buffer of the same shape, dtype and memory order."""
        if not isinstance(x, torch.Tensor) or x.is_sparse_csr or not x.is_floating_point():
            return x
        if x.untyped_storage().data_ptr() in weights:
            return x
        is_transposed = x.dim() == 2 and not x.is_contiguous() and x.t().is_contiguous()
        key = (tuple(x.shape), x.dtype, is_transposed)
        if key not in buffers:
            buffer = torch.randn(x.t().shape if is_transposed else x.shape).to(x.dtype)
            buffers[key] = buffer.t() if is_transposed else buffer
        return buffers[key]

    class Recorder(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function.overloadpacket.__name__ in products:
                calls.append((function, [replayed_argument(a) for a in args], kwargs or {}))
            return function(*args, **(kwargs or {}))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a dispatch mode is active in its own thread only
    with Recorder():
        decode_windows(network, inputs, levels=levels)
    torch.set_num_threads(threads)

    @torch.no_grad()
    def work() -> None:
        for function, args, kwargs in calls:
            function(*args, **kwargs)

    return work


WORK = {"ours": timevis_work, "a": peer_a_work, "b": peer_b_work, "c": peer_c_work, "limit": limit_work}


def main(rounds: int, threads: int) -> dict[str, Any]:
    """Run the benchmark on nano and, if its folder is given, on a real Qwen; print and return the numbers."""
    real = os.environ.get(QWEN_FOLDER_VARIABLE)
    if not real:
        print(f"  {QWEN_FOLDER_VARIABLE} is not set to the folder of a real Qwen: only nano is timed")
    numbers: dict[str, Any] = {}
    for name, path in {"nano": "nano", **({"real": real} if real else {})}.items():
        workers = {w: worker_command("decode", w, path) for w in WORK}
        timed = time_workers(workers, min(rounds, 3) if path == real else rounds, threads)
        ours, memory = timed["ours"], {w: worker.facts["additional_mb"] for w, worker in timed.items()}
        numbers[name] = {
            "windows_per_second": ours.rate,
            **{f"ratio_{peer}": time_ratio(timed[peer], ours) for peer in "cba"},
            **{f"ratio_{peer}_range": time_ratio_range(timed[peer], ours) for peer in "cba"},
            **{f"memory_ratio_{peer}": memory["ours"] / memory[peer] for peer in "cb"},
            "limit_ratio": time_ratio(ours, timed["limit"]),
        }
        n = numbers[name]
        print(
            f"  {name}: {n['windows_per_second']:.2f} windows/s; "
            f"{n['ratio_c']:.2f}x as fast as peer C ({range_text(n['ratio_c_range'])}), "
            f"with {n['memory_ratio_c']:.2f} of its additional memory; "
            f"{n['ratio_b']:.2f}x as fast as peer B ({range_text(n['ratio_b_range'])}), "
            f"with {n['memory_ratio_b']:.2f} of its additional memory; "
            f"{n['ratio_a']:.1f}x as fast as peer A ({range_text(n['ratio_a_range'])}); "
            f"{n['limit_ratio']:.2f}x the time of the matrix and attention products",
            flush=True,
        )
    return numbers


if __name__ == "__main__":
    role, path = sys.argv[1:3]
    serve_rounds(WORK[role](path), units=1 if role == "a" else WINDOWS)
