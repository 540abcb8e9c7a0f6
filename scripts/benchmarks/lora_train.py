"""LoRA training steps on a real Qwen: TimeVis, and the plain way with peft.

The plain way is ``model(input_ids, labels=...)``: logits over the whole vocabulary at every position. Batch, length,
dtype, adapters and optimizer are equal, a process each; gradient checkpointing both do without, then both use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.decode import (
    DIGITS,
    PROMPT_TOKENS,
    QWEN_FOLDER_VARIABLE,
    copy_weights_to_memory,
    digit_network,
)
from benchmarks.timing import serve_rounds, time_ratio, time_workers, worker_command

BATCH, VALUES, HORIZON, RANK = 4, 168, 24, 16


def network(path: str) -> tuple[Any, dict[str, Any]]:
    import torch

    net, ids = digit_network(path, ("hour", "weekday"))
    dice = torch.Generator().manual_seed(0)
    return net, {
        "prompt": torch.tensor([ids] * BATCH),
        "digits": torch.randint(10, (BATCH, VALUES + HORIZON, DIGITS), generator=dice),
        "calendar": torch.zeros(BATCH, VALUES + HORIZON, 5, dtype=torch.int64),
        "observed": torch.ones(BATCH, VALUES + HORIZON, dtype=torch.bool),
    }


def stepping(parameters: list[Any], context: Callable[[], Any], loss: Callable[[], Any]) -> Callable[[], Any]:
    import torch

    optimizer = torch.optim.AdamW(parameters, lr=1e-4)

    def work() -> None:
        with context():
            value = loss()
        value.backward()
        optimizer.step()
        optimizer.zero_grad()

    return work


def ours_work(path: str, checkpointing: bool) -> Callable[[], Any]:
    from timevis.models.qwen.backbone.precision import bfloat16_autocast, has_fast_bfloat16
    from timevis.models.qwen.digits.loss import cross_entropy

    net, given = network(path)
    copy_weights_to_memory(net).set_trainable("lora", rank=RANK)
    if checkpointing:
        net.backbone.activation_checkpointing_enable()
    net.train()
    trained = [p for p in net.parameters() if p.requires_grad]
    return stepping(
        trained,
        lambda: bfloat16_autocast(net.backbone, has_fast_bfloat16()),
        lambda: cross_entropy(net(**given), given["digits"]).mean(),
    )


def plain_work(path: str, checkpointing: bool) -> Callable[[], Any]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from timevis.models.qwen.backbone.files import find_backbone_folder
    from timevis.models.qwen.backbone.precision import has_fast_bfloat16

    net, given = network(path)
    ids = torch.cat([given["prompt"], net.layout.token_ids(given["digits"])], 1)
    labels = ids.clone()
    labels[:, :PROMPT_TOKENS] = -100
    dtype = next(net.backbone.parameters()).dtype
    del net
    model: Any = copy_weights_to_memory(AutoModelForCausalLM.from_pretrained(find_backbone_folder(path), dtype=dtype))
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, config).train()
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    trained = [p for p in model.parameters() if p.requires_grad]
    return stepping(
        trained,
        lambda: torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16()),
        lambda: model(input_ids=ids, labels=labels, use_cache=False).loss,
    )


WORK = {"ours": ours_work, "plain": plain_work}
CHECKPOINTING = {"all activations kept": False, "gradient checkpointing": True}


def main(rounds: int, threads: int) -> dict[str, Any]:
    real = os.environ.get(QWEN_FOLDER_VARIABLE)
    if not real:
        print(f"  {QWEN_FOLDER_VARIABLE} names no folder of a real Qwen: nothing to time")
        return {}
    numbers: dict[str, Any] = {}
    for name in CHECKPOINTING:
        found = time_workers({w: worker_command("lora_train", w, real, name) for w in WORK}, rounds, threads)
        ours, plain = found["ours"], found["plain"]
        numbers[name] = n = {
            "windows_per_second": ours.rate,
            "ratio_plain": time_ratio(plain, ours),
            "memory_ratio_plain": ours.facts["peak_mb"] / plain.facts["peak_mb"],
            "further_memory_ratio_plain": ours.facts["additional_mb"] / plain.facts["additional_mb"],
        }
        print(
            f"  {name}: {n['windows_per_second']:.2f} windows/s, {n['ratio_plain']:.2f}x the plain way, "
            f"with {n['memory_ratio_plain']:.2f} of its peak memory "
            f"({n['further_memory_ratio_plain']:.2f} of what it needs beyond the weights)",
            flush=True,
        )
    return numbers


if __name__ == "__main__":
    role, path, name = sys.argv[1:4]
    serve_rounds(WORK[role](path, CHECKPOINTING[name]), units=BATCH)
