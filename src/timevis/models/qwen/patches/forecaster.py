"""`qwen_patch`: a language model's layers that read patches of a series, with a quantile head."""

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
from timevis.models.direct import DirectForecaster
from timevis.models.forecaster import QUANTILE_LEVELS
from timevis.models.qwen.backbone.files import BACKBONE_SUBSTITUTES
from timevis.models.qwen.backbone.frozen_state import BackboneForecaster
from timevis.models.qwen.backbone.load import Backbone, load_backbone, load_for_tuning, use_bfloat16
from timevis.models.qwen.backbone.lora import LayerTuning, add_adapters, set_trainable
from timevis.models.qwen.patches.network import AttentionBlock, DecoderLayers, NoBackbone, PatchNet


class QwenPatchForecaster(BackboneForecaster, DirectForecaster):
    """Forecasts in one pass through a language model that reads patches instead of tokens.

    Its parameters are those of `build_network` and of `DirectForecaster`.
    """

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
        """The network, and what of it is trained.

        Parameters
        ----------
        backbone : mapping
            See `timevis.models.qwen.backbone.load.load_backbone`; the path may also be
            ``attention``, one attention block with random weights, or ``none``.
        tune : str
            Which weights of the language model are trained; see `timevis.models.qwen.backbone.lora.set_trainable`.
        lora : mapping
            Of the backbone, see `timevis.models.qwen.backbone.lora.set_trainable`; embedding and head are
            always trained, and so is what stands in for a backbone.
        hidden_size : int
            Of ``attention`` and ``none``; a language model has its own.
        backbone_learning_rate : float
            Of what is trained of the backbone.
        bf16 : bool or ``auto``
            Train and forecast with bfloat16 matrix products on a CPU; auto where it is fast at them.
        network
            See `timevis.models.qwen.patches.network.PatchNet`.
        """
        layers: AttentionBlock | NoBackbone | DecoderLayers
        if backbone["path"] in BACKBONE_SUBSTITUTES:
            layers = AttentionBlock(hidden_size) if backbone["path"] == "attention" else NoBackbone()
            self.backbone = _stand_in(backbone["path"], hidden_size, layers)
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
        """As for all models with a backbone, but only what is trained inside of it is counted."""
        trained = sum(p.numel() for p in self.backbone.model.parameters() if p.requires_grad)
        return super().describe_backbone() | {"trainable": trained}

    def describe(self) -> dict[str, Any]:
        return {"backbone": self.describe_backbone()} | super().describe()

    def network_output(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        half = use_bfloat16(self.device, self.hparams["bf16"])
        with torch.autocast(self.device.type, torch.bfloat16) if half else nullcontext():
            return super().network_output(batch, mean, std)

    def parameter_groups(self) -> list[dict[str, Any]]:
        inside = {id(p) for p in self.backbone.model.parameters()}
        trained = [p for p in self.net.parameters() if p.requires_grad]
        own = [p for p in trained if id(p) not in inside]
        backbone = [p for p in trained if id(p) in inside]
        groups = [{"params": own}, {"params": backbone, "lr": self.hparams["backbone_learning_rate"]}]
        return [g for g in groups if g["params"]]


def _stand_in(path: str, size: int, layers: AttentionBlock | NoBackbone) -> Backbone:
    """What stands in for a backbone, under the name of what it is."""
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
