"""Benchmark of LoRA training steps on a real Qwen: TimeVis, and two training loops with peft.

The fairer loop computes the logits of the ten digits of each place only, with the attention kernel of PyTorch (sdpa).
The usual loop calls ``model(input_ids, labels=...)``, which computes logits over the whole vocabulary at every
position. Batch, length, dtype, adapters and optimizer are equal. All run without gradient checkpointing first, then
with it.
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
from benchmarks.timing import range_text, serve_rounds, time_ratio, time_ratio_range, time_workers, worker_command

BATCH_SIZE, CONTEXT_LENGTH, HORIZON, RANK = 4, 168, 24, 16


def network_and_batch(path: str) -> tuple[Any, dict[str, Any]]:
    """The digit network and the arguments of its forward pass; equal in all processes."""
    import torch

    network, prompt_ids = digit_network(path, ("hour", "weekday"))
    generator = torch.Generator().manual_seed(0)
    values = CONTEXT_LENGTH + HORIZON
    return network, {
        "prompt": torch.tensor([prompt_ids] * BATCH_SIZE),
        "digits": torch.randint(10, (BATCH_SIZE, values, DIGITS), generator=generator),
        "calendar": torch.zeros(BATCH_SIZE, values, 5, dtype=torch.int64),
        "observed": torch.ones(BATCH_SIZE, values, dtype=torch.bool),
    }


def training_step(model: Any, context: Callable[[], Any], loss: Callable[[], Any]) -> Callable[[], Any]:
    """A function that computes `loss` within `context` and updates the trained parameters of `model`."""
    import torch

    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)

    def work() -> None:
        with context():
            value = loss()
        value.backward()
        optimizer.step()
        optimizer.zero_grad()

    return work


def timevis_work(path: str, checkpointing: bool) -> Callable[[], Any]:
    from timevis.models.backbone.load import bfloat16_autocast, has_fast_bfloat16
    from timevis.models.digits.forecaster import cross_entropy

    network, batch = network_and_batch(path)
    copy_weights_to_memory(network).set_trainable("lora", rank=RANK)
    if checkpointing:
        network.backbone.activation_checkpointing_enable()
    return training_step(
        network.train(),
        lambda: bfloat16_autocast(network.backbone, has_fast_bfloat16()),
        lambda: cross_entropy(network(**batch), batch["digits"]).mean(),
    )


def peft_work(path: str, checkpointing: bool, only_digits: bool = False) -> Callable[[], Any]:
    """A step of stock peft; `only_digits` computes the logits of ten digits instead of the whole vocabulary."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from timevis.models.backbone.files import find_backbone_folder
    from timevis.models.backbone.load import has_fast_bfloat16

    network, batch = network_and_batch(path)
    ids = torch.cat([batch["prompt"], network.layout.token_ids(batch["digits"])], 1)
    labels = ids.clone()
    labels[:, :PROMPT_TOKENS] = -100
    dtype, digit_ids = next(network.backbone.parameters()).dtype, network.digit_ids.clone()
    del network
    model: Any = copy_weights_to_memory(
        AutoModelForCausalLM.from_pretrained(find_backbone_folder(path), dtype=dtype, attn_implementation="sdpa")
    )
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, config).train()
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    head = model.get_base_model().lm_head.weight.detach()[digit_ids]  # [DIGITS, 10, hidden]

    def digit_loss() -> Any:
        hidden = model.get_base_model().model(input_ids=ids, use_cache=False).last_hidden_state
        before_digits = hidden[:, PROMPT_TOKENS - 1 : -1].unflatten(1, (-1, DIGITS))  # [B, values, DIGITS, hidden]
        logits = torch.einsum("bvph,pdh->bvpd", before_digits, head.to(before_digits.dtype))
        return torch.nn.functional.cross_entropy(logits.flatten(0, 2).float(), batch["digits"].flatten())

    def vocabulary_loss() -> Any:
        return model(input_ids=ids, labels=labels, use_cache=False).loss

    return training_step(
        model,
        lambda: torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16()),
        digit_loss if only_digits else vocabulary_loss,
    )


def peft_digits_work(path: str, checkpointing: bool) -> Callable[[], Any]:
    return peft_work(path, checkpointing, only_digits=True)


WORK = {"timevis": timevis_work, "peft_digits": peft_digits_work, "peft": peft_work}
PEERS = {"peft_digits": "peft that computes the ten digits only", "peft": "peft with the whole vocabulary"}
CHECKPOINTING = {"all activations kept": False, "gradient checkpointing": True}


def main(rounds: int, threads: int) -> dict[str, Any]:
    """Run the benchmark if the folder of a real Qwen is given; print and return the numbers."""
    path = os.environ.get(QWEN_FOLDER_VARIABLE)
    if not path:
        print(f"  {QWEN_FOLDER_VARIABLE} is not set to the folder of a real Qwen: nothing is timed")
        return {}
    numbers: dict[str, Any] = {}
    for name in CHECKPOINTING:
        numbers[name] = {}
        for key, text in PEERS.items():  # one after the other, because together they need more than 20 GB
            timed = time_workers(
                {w: worker_command("lora_train", w, path, name) for w in ("timevis", key)}, rounds, threads
            )
            timevis, peer = timed["timevis"], timed[key]
            numbers[name][key] = n = {
                "windows_per_second": timevis.rate,
                "ratio": time_ratio(peer, timevis),
                "ratio_range": time_ratio_range(peer, timevis),
                "memory_ratio": timevis.facts["peak_mb"] / peer.facts["peak_mb"],
                "further_memory_ratio": timevis.facts["additional_mb"] / peer.facts["additional_mb"],
            }
            print(
                f"  {name}: {timevis.rate:.2f} windows/s, {n['ratio']:.2f}x as fast as {text} "
                f"({range_text(n['ratio_range'])}), with {n['memory_ratio']:.2f} of its peak memory "
                f"and {n['further_memory_ratio']:.2f} of its memory in addition to the weights",
                flush=True,
            )
    return numbers


if __name__ == "__main__":
    worker, path, name = sys.argv[1:4]
    serve_rounds(WORK[worker](path, CHECKPOINTING[name]), units=BATCH_SIZE)
