"""Small digit networks with random weights, and random windows for them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from timevis.models.backbone.attention import ATTENTION_NAME
from timevis.models.backbone.load import load_backbone
from timevis.models.digits.decoding import DecodingInputs, hashed_uniforms
from timevis.models.digits.layout import TokenLayout, ValueTables
from timevis.models.digits.network import DigitNetwork

TINY_CONFIG = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "attn_implementation": ATTENTION_NAME,
}
SHARED_DIGITS = (tuple(range(10, 20)),) * 3
OWN_DIGITS = (tuple(range(10, 20)), tuple(range(20, 30)), tuple(range(30, 40)))


def small_network(kind: str, separator: int | None = None, tables: bool = True) -> DigitNetwork:
    """A network with random weights, of tiny Qwen2 or Qwen3 architecture, or the packaged nano."""
    torch.manual_seed(0)
    fields = ("hour", "weekday")
    if kind == "nano":
        source = load_backbone("nano")
        model, layout = source.model, TokenLayout.from_tokenizer(source.tokenizer, 3)
    elif kind == "qwen2":
        model, layout = Qwen2ForCausalLM(Qwen2Config(**TINY_CONFIG)), TokenLayout(SHARED_DIGITS, separator, 1)
    else:
        config = Qwen3Config(**TINY_CONFIG, head_dim=16, tie_word_embeddings=True)
        model, layout = Qwen3ForCausalLM(config), TokenLayout(OWN_DIGITS, separator, 1)
    network = DigitNetwork(model, layout, ValueTables(model.config.hidden_size, 3, fields))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "proj" in name and kind != "nano":
                parameter.mul_(8)  # so that attention and digits are far from uniform
        if tables:
            for parameter in network.tables.parameters():
                parameter.normal_(std=0.05)
    return network.eval()


@dataclass
class Windows:
    """Random input of a digit network."""

    prompt: torch.Tensor
    digits: torch.Tensor
    calendar: torch.Tensor
    observed: torch.Tensor
    length: int

    def decoding_inputs(self) -> DecodingInputs:
        """Everything except the digits of the targets."""
        context, observed = self.digits[:, : self.length], self.observed[:, : self.length]
        return DecodingInputs(self.prompt, context, self.calendar, observed)


def random_windows(batch: int = 3, length: int = 9, horizon: int = 4, prompt: int = 5) -> Windows:
    random = torch.Generator().manual_seed(1)
    total = length + horizon
    return Windows(
        prompt=torch.randint(0, 10, (batch, prompt), generator=random),
        digits=torch.randint(0, 10, (batch, total, 3), generator=random),
        calendar=torch.randint(0, 7, (batch, total, 5), generator=random),
        observed=torch.rand(batch, total, generator=random) > 0.2,
        length=length,
    )


def random_levels(batch: int, samples: int, horizon: int = 4, width: int = 3) -> torch.Tensor:
    """Uniform random numbers to draw digits with, float64 [batch, samples, horizon, width]."""
    origin = torch.arange(batch) * 7
    numbers = hashed_uniforms(0, origin, torch.zeros_like(origin), samples, horizon * width)
    return numbers.unflatten(2, (horizon, width))


@torch.no_grad()
def perturb_trained(module: torch.nn.Module) -> None:
    """Change all trained parameters slightly, as a fit does."""
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.add_(0.01 * torch.randn_like(parameter))
