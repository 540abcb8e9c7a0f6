"""The patch forecaster (`qwen_patch`): layers of a language model that read patches of a series."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor

from timevis.config.options import NonNegativeFloat, PositiveInt
from timevis.data.calendar import CalendarField
from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.declaration import Declaration
from timevis.models.direct import DirectForecaster
from timevis.models.qwen.backbone.files import BACKBONE_SUBSTITUTES
from timevis.models.qwen.backbone.frozen_state import BackboneForecaster
from timevis.models.qwen.backbone.load import Backbone, load_backbone, load_for_tuning
from timevis.models.qwen.backbone.lora import LayerTuning, add_adapters, set_trainable
from timevis.models.qwen.backbone.precision import use_bfloat16
from timevis.models.qwen.patches.network import AttentionBlock, DecoderLayers, NoBackbone, PatchNet
from timevis.utils.levels import QUANTILE_LEVELS


class QwenPatchForecaster(BackboneForecaster, DirectForecaster):
    """Forecasts in one pass through a language model that reads patches instead of tokens.

    The parameters are those of `build_network` and of `DirectForecaster`.
    """

    declaration = Declaration(
        title="Qwen, patches",
        rough_seconds=0.3,
        rough_memory_mb=1000.0,
        queue="gpu",
        basic_options=(
            *("learning_rate", "hidden_size", "dropout", "rank"),
            *("backbone.name", "lora.rank", "lora.dropout"),
        ),
        presets={"quick": {"model.fit.max_epochs": 4}, "best": {"model.fit.max_epochs": 20, "model.fit.patience": 5}},
    )
    readable_covariates = {}
    sections = {"backbone": load_backbone, "lora": add_adapters}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_backbone(self.backbone)

    def build_network(
        self,
        *,
        backbone: Mapping[str, Any],
        lora: Mapping[str, Any],
        tune: LayerTuning = "norms",
        hidden_size: PositiveInt = 128,
        backbone_learning_rate: NonNegativeFloat = 1e-3,
        bf16: bool | Literal["auto"] = "auto",
        **network: Any,
    ) -> PatchNet:
        """Build the network and choose its trainable parameters.

        Parameters
        ----------
        backbone : mapping
            Arguments of `timevis.models.qwen.backbone.load.load_backbone`; the path may also be ``attention`` (one
            attention block with random weights) or ``none`` (no backbone).
        tune : str
            The parameters of the language model that are trained; see
            `timevis.models.qwen.backbone.lora.set_trainable`. Patch embedding, head and attention block are always
            trained.
        lora : mapping
            Arguments of `timevis.models.qwen.backbone.lora.add_adapters`.
        hidden_size : int
            Size of the states with the paths ``attention`` and ``none``; a language model defines its own.
        backbone_learning_rate : float
            Learning rate of the trained parameters of the backbone.
        bf16 : bool or ``auto``
            Train and forecast with bfloat16 matrix products on a CPU; ``auto`` does so on a CPU that is fast at them.
        network
            Arguments of `timevis.models.qwen.patches.network.PatchNet`.
        """
        layers: AttentionBlock | NoBackbone | DecoderLayers
        if backbone["path"] in BACKBONE_SUBSTITUTES:
            layers = AttentionBlock(hidden_size) if backbone["path"] == "attention" else NoBackbone()
            self.backbone = _substitute_backbone(backbone["path"], hidden_size, layers)
        else:
            self.backbone = load_for_tuning(backbone, tune)
            hidden_size = self.backbone.model.config.hidden_size
            set_trainable(self.backbone.model, tune, **lora)
            layers = DecoderLayers(self.backbone.model)
            self.backbone.model = layers
        self.hparams["backbone"] = {**backbone, "path": self.backbone.path}
        levels = len(QUANTILE_LEVELS)
        return PatchNet(layers, hidden_size, self.context_length, self.horizon, self.num_channels, levels, **network)

    @classmethod
    def option_sources(cls) -> tuple[Callable[..., Any], ...]:
        return *super().option_sources(), PatchNet

    @classmethod
    def from_data(
        cls, datamodule: WindowDataModule, *, calendar: Sequence[CalendarField] | None = None, **kwargs: Any
    ) -> Self:
        cls.check_sections(kwargs)
        return super().from_data(datamodule, covariates="none", calendar=calendar, **kwargs)

    def describe_backbone(self) -> dict[str, Any]:
        """Identity and size of the backbone; ``trainable`` counts only parameters inside it."""
        trained = sum(p.numel() for p in self.backbone.model.parameters() if p.requires_grad)
        return super().describe_backbone() | {"trainable": trained}

    def describe(self) -> dict[str, Any]:
        return {"backbone": self.describe_backbone()} | super().describe()

    def network_output(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        is_bfloat16 = use_bfloat16(self.device, self.hparams["bf16"])
        with torch.autocast(self.device.type, torch.bfloat16) if is_bfloat16 else nullcontext():
            return super().network_output(batch, mean, std)

    def parameter_groups(self) -> list[dict[str, Any]]:
        backbone_ids = {id(p) for p in self.backbone.model.parameters()}
        trained = [p for p in self.net.parameters() if p.requires_grad]
        own = [p for p in trained if id(p) not in backbone_ids]
        backbone = [p for p in trained if id(p) in backbone_ids]
        groups = [{"params": own}, {"params": backbone, "lr": self.hparams["backbone_learning_rate"]}]
        return [g for g in groups if g["params"]]


def _substitute_backbone(path: str, size: int, layers: AttentionBlock | NoBackbone) -> Backbone:
    """Describe the layers that replace a language model as a backbone."""
    return Backbone(
        model=layers,
        tokenizer=None,
        name=BACKBONE_SUBSTITUTES[path],
        path=path,
        fingerprint=hashlib.sha256(f"{path} {size}".encode()).hexdigest()[:16],
        note="",
        parameters=sum(p.numel() for p in layers.parameters()),
        folder=Path(),
    )
