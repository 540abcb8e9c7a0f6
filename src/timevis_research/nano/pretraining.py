"""The pretraining of nano (`DigitPretraining`) and of nano-patch (`PatchPretraining`): loss, batches, saved files.

Both have the same interface, so that one script trains either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from timevis.data.calendar import CALENDAR_FIELDS
from timevis.data.datamodule import WindowDataModule
from timevis.metrics.step_errors import pinball_loss
from timevis.models.backbone.attention import ATTENTION_NAME
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.layout import TokenLayout, ValueTables
from timevis.models.digits.network import DigitNetwork
from timevis.models.patches.network import PatchInputs, PatchNetwork, PatchSettings, patch_inputs
from timevis.models.patches.weights import load_patch_network, save_patch_network
from timevis.utils.levels import QUANTILE_LEVELS
from timevis_research.nano.batches import BatchStream, DigitBatch
from timevis_research.nano.patch_batches import PatchBatch, PatchBatchStream
from timevis_research.nano.tokenizer import build_tokenizer
from timevis_research.nano.zero_shot import ForecastFunction, forecast_patches, forecast_windows, load_network

PLACE_LOSS_WEIGHTS = (1.0, 0.8, 0.4, 0.1)
"""Weight of the loss of each decimal place: the last digits of a noisy series are close to random."""


def build_network(
    tokenizer: PreTrainedTokenizerFast,
    *,
    digits: int = 3,
    hidden_size: int = 128,
    num_layers: int = 4,
    num_heads: int = 2,
    intermediate_size: int = 384,
    calendar_fields: Sequence[str] = CALENDAR_FIELDS,
) -> DigitNetwork:
    """Build a nano network with random weights from torch's global generator.

    The digit rows of the embedding and of the output layer start as smooth functions of the digit, so that
    neighbouring digits have similar vectors.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
    digits : int
        Digits per value.
    hidden_size, num_layers, num_heads, intermediate_size : int
        Of the Qwen3 architecture; `intermediate_size` is the width of the MLP.
    calendar_fields : sequence of str
        Fields of the calendar tables; may be empty.
    """
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        num_hidden_layers=num_layers,
        num_attention_heads=num_heads,
        num_key_value_heads=num_heads,
        head_dim=hidden_size // num_heads,
        intermediate_size=intermediate_size,
        max_position_embeddings=8192,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    backbone: Any = Qwen3ForCausalLM(config)
    backbone.set_attn_implementation(ATTENTION_NAME)
    layout = TokenLayout.from_tokenizer(tokenizer, digits)
    network = DigitNetwork(backbone, layout, ValueTables(hidden_size, digits, tuple(calendar_fields), init_std=0.02))
    d = torch.arange(10.0)
    angle = 2 * math.pi * d / 10
    waves = [angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()]
    smooth = torch.stack([(d - 4.5) / 3, ((d - 4.5) / 3) ** 2 - 0.9, *waves])
    with torch.no_grad():
        for ids in layout.digit_ids:
            for module in (backbone.get_input_embeddings(), backbone.get_output_embeddings()):
                module.weight[list(ids)] += 0.02 * smooth.t() @ torch.randn(len(smooth), hidden_size)
    network.tables.digit.requires_grad_(False)  # the tokenizer already has separate tokens for each place
    network.tables.head.requires_grad_(False)
    return network


def digit_loss(network: DigitNetwork, batch: DigitBatch) -> Tensor:
    """Cross-entropy of the observed digits of context and target, weighted by place, in nats per value; float []."""
    logits = network(batch.prompt, batch.digits, batch.calendar, batch.observed)
    width = batch.digits.shape[2]
    losses = F.cross_entropy(logits.flatten(0, 2), batch.digits.flatten(), reduction="none").view(-1, width)
    weight = torch.tensor(PLACE_LOSS_WEIGHTS[:width], device=losses.device)
    observed = batch.observed.flatten().float()
    return ((losses * weight).sum(1) * observed).sum() / observed.sum()


def patch_loss(network: PatchNetwork, batch: PatchBatch, compiled: Callable[..., Tensor] | None = None) -> Tensor:
    """Mean pinball loss of all scored values over the levels, in normalised units; float [].

    `compiled` is the compiled function `loss_of_inputs`, if there is one.
    """
    inputs = inputs_of_batch(network, batch)
    return (compiled or loss_of_inputs)(network, inputs, *scored_patches(network, inputs, batch))


def inputs_of_batch(network: PatchNetwork, batch: PatchBatch) -> PatchInputs:
    """What the network reads of a batch."""
    return patch_inputs(batch.values, batch.shown, batch.visible, batch.calendar, network.settings.patch_length)


def scored_patches(network: PatchNetwork, inputs: PatchInputs, batch: PatchBatch) -> tuple[Tensor, Tensor]:
    """The values after each patch in normalised units, and which of them are scored, float [B * N, P]."""
    rows = network.settings.patch_length
    target, scored = (x.unflatten(1, (-1, rows)) for x in (inputs.normalise(batch.values), batch.scored))
    return target[:, 1:].flatten(0, 1), scored[:, 1:].flatten(0, 1)


def loss_of_inputs(network: PatchNetwork, inputs: PatchInputs, target: Tensor, scored: Tensor) -> Tensor:
    """The part of `patch_loss` with gradients; `target` and `scored` are float [B * N, P]."""
    return scored_loss(network.next_patches(inputs).flatten(0, 1), target, scored)


def scored_loss(quantiles: Tensor, target: Tensor, scored: Tensor) -> Tensor:
    """Mean pinball loss over the levels, of the values that are scored; quantiles [N, Q, P], the others [N, P]."""
    levels = torch.tensor(QUANTILE_LEVELS, device=quantiles.device)
    return (pinball_loss(quantiles, target, levels).mean(1) * scored).sum() / scored.sum()


class DigitPretraining:
    """What the pretraining of nano consists of.

    Parameters
    ----------
    cfg : DictConfig
        Content of conf/pretrain_nano.yaml.
    real_data : sequence of WindowDataModule
        Data sets whose training parts are mixed in.

    Attributes
    ----------
    network : DigitNetwork
    layers : torch.nn.Module
        The decoder layers, whose matrices Muon trains.
    stream : BatchStream
        Indexed by the number of the batch.
    """

    name, unit = "nano", "digits"
    fixed_keys = ("seed", "network", "initial_weights", "batch_size", "curriculum_steps", "real_data")
    """Keys of the config that a resumed run must not change."""

    def __init__(self, cfg: DictConfig, real_data: Sequence[WindowDataModule] = ()) -> None:
        self.cfg, self.tokenizer, self.codec = cfg, build_tokenizer(), DigitCodec(width=cfg.network.digits)
        self.network = build_network(self.tokenizer, **cfg.network)
        backbone: Any = self.network.backbone
        self.layers: nn.Module = backbone.model.layers
        self.stream = BatchStream(
            self.tokenizer,
            self.codec,
            seed=cfg.seed,
            digits_per_batch=cfg.batch_size,
            curriculum_batches=cfg.curriculum_steps,
            real_data=real_data,
            real_share=cfg.real_data.batch_share,
        )

    @staticmethod
    def load(path: str, cfg: DictConfig) -> tuple[DigitNetwork, ForecastFunction]:
        """Load saved weights; returns the network, and the function that forecasts with it."""
        network, codec = load_network(path)
        return network, partial(forecast_windows, network, codec, num_samples=cfg.evaluate.num_samples)

    @property
    def forecast(self) -> ForecastFunction:
        """The function that forecasts with the network."""
        return partial(forecast_windows, self.network, self.codec, num_samples=self.cfg.evaluate.num_samples)

    def loss(self, batch: DigitBatch) -> Tensor:
        return digit_loss(self.network, batch)

    def save(self, weights: dict[str, Tensor], folder: Path, note: str) -> None:
        settings = backbone_settings(self.codec, self.cfg.network.calendar_fields, note)
        save_backbone(self.network, weights, self.tokenizer, folder, settings)


class PatchPretraining:
    """What the pretraining of nano-patch consists of, with the attributes of `DigitPretraining`."""

    name, unit = "nano-patch", "values"
    fixed_keys = ("seed", "network", "initial_weights", "batch_size", "curriculum_steps", "series_of_batches")

    def __init__(self, cfg: DictConfig, real_data: Sequence[WindowDataModule] = ()) -> None:
        self.network = PatchNetwork(PatchSettings(**cfg.network))
        decoder: Any = self.network.model
        self.layers: nn.Module = decoder.layers
        self.stream = PatchBatchStream(
            cfg.network.patch_length,
            seed=cfg.seed,
            values_per_batch=cfg.batch_size,
            curriculum_batches=cfg.curriculum_steps,
            **cfg.series_of_batches,
        )
        self.compiled = torch.compile(loss_of_inputs, dynamic=False) if cfg.compile else None

    @staticmethod
    def load(path: str, cfg: DictConfig) -> tuple[PatchNetwork, ForecastFunction]:
        """Load saved weights; returns the network, and the function that forecasts with it."""
        network: PatchNetwork = load_patch_network(path).model.requires_grad_().eval()
        return network, partial(forecast_patches, network)

    @property
    def forecast(self) -> ForecastFunction:
        """The function that forecasts with the network."""
        return partial(forecast_patches, self.network)

    def loss(self, batch: PatchBatch) -> Tensor:
        return patch_loss(self.network, batch, self.compiled)

    def save(self, weights: dict[str, Tensor], folder: Path, note: str) -> None:
        save_patch_network(weights, self.network.settings, folder, note)


def save_backbone(
    network: nn.Module, weights: dict[str, Tensor], tokenizer: Any, folder: Path, settings: dict[str, Any]
) -> None:
    """Write a folder that `load_backbone` reads: config, bfloat16 weights, tokenizer, value tables and timevis.json.

    Parameters
    ----------
    network : DigitNetwork
        Gives the config of the backbone.
    weights : dict
        State dict of the network, or averaged weights with the same names.
    tokenizer : transformers tokenizer
    folder : Path
    settings : dict
        Content of timevis.json, from `backbone_settings`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    backbone: Any = network.backbone
    weights = {name: value.to(torch.bfloat16).contiguous() for name, value in weights.items()}
    config = backbone.config
    config.dtype = torch.bfloat16
    config.architectures = ["Qwen3ForCausalLM"]
    config.save_pretrained(folder)
    save_file(_with_prefix(weights, "backbone."), folder / "model.safetensors", metadata={"format": "pt"})
    save_file(_with_prefix(weights, "tables."), folder / "tables.safetensors")
    tokenizer.save_pretrained(folder)
    (folder / "timevis.json").write_text(json.dumps(settings, indent=2) + "\n")


def _with_prefix(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights whose names start with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def backbone_settings(codec: DigitCodec, calendar_fields: Sequence[str], note: str) -> dict[str, Any]:
    """The content of timevis.json: how the backbone reads and writes values, and a note on its pretraining."""
    codec_options = asdict(codec)
    return {
        "name": "nano",
        "digits": codec_options.pop("width"),
        "fields": list(calendar_fields),
        "separator": "",
        "codec": codec_options,
        "context_length": 168,
        "horizon": 24,
        "note": note,
    }
