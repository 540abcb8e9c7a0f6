"""The patch forecaster (`qwen_patch`): a network of the Qwen3 architecture, pretrained on patches of series."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Literal, Self

import torch
from torch import Tensor

from timevis.config.options import NonNegativeFloat, PositiveInt
from timevis.data.calendar import season_lengths
from timevis.data.datamodule import WindowDataModule
from timevis.data.events import EventReading
from timevis.data.panel import Panel
from timevis.data.split import Split
from timevis.data.windows import Batch
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.backbone.frozen_state import BackboneForecaster
from timevis.models.backbone.load import use_bfloat16
from timevis.models.backbone.lora import LayerTuning, add_adapters, set_trainable
from timevis.models.boosted import MIN_OBSERVED_GAIN_OF_NETWORKS, CovariateChoice, covariates_to_read
from timevis.models.declaration import Declaration, Untrained
from timevis.models.direct import DirectForecaster
from timevis.models.patches.events.event import CHANNELS
from timevis.models.patches.events.reader import channels_of_events, load_layers, read_text
from timevis.models.patches.features import DataInputs
from timevis.models.patches.network import USUAL_CONTEXT, PatchNetwork, PatchSettings, stretch_of
from timevis.models.patches.weights import check_weights, load_patch_network


class QwenPatchForecaster(BackboneForecaster, DirectForecaster):
    """Forecasts in one pass through a network that was pretrained on patches of synthetic series.

    Without fine-tuning (`tune` is ``none``) it forecasts as it was pretrained: it reads values and the calendar and,
    with the packaged weights, the events of the data; see `timevis.data.events`. With fine-tuning it also reads
    covariates and which channel a window belongs to; see `timevis.models.patches.features`.
    It has the parameters of `build_network` and of `DirectForecaster`.
    """

    declaration = Declaration(
        title="Qwen, patches",
        rough_seconds=0.3,
        rough_memory_mb=1000.0,
        rough_forecasts_per_second=300.0,
        queue="gpu",
        basic_options=("learning_rate", "lora.rank", "lora.dropout"),
        presets={"quick": {"model.fit.max_epochs": 4}, "best": {"model.fit.max_epochs": 20, "model.fit.patience": 5}},
        untrained=Untrained(
            name="nano-patch", title="Nano-patch, not fine-tuned", values={"model.tune": "none"}, prior_weight=1.0
        ),
        options_with_events={"tune": "none", "backbone.path": "nano-patch"},
    )
    sections = {"backbone": load_patch_network, "lora": add_adapters}
    check_backbone = staticmethod(check_weights)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_backbone(self.backbone)

    def build_network(
        self,
        *,
        backbone: Mapping[str, Any],
        lora: Mapping[str, Any],
        tune: LayerTuning = "full",
        bf16: bool | Literal["auto"] = "auto",
        input_learning_rate: NonNegativeFloat = 3e-3,
        stretch: PositiveInt = 1,
    ) -> PatchNetwork:
        """Load the network and choose its trainable parameters.

        Parameters
        ----------
        backbone : mapping
            Arguments of `timevis.models.patches.weights.load_patch_network`.
        tune : str
            The parameters that are trained; see `timevis.models.backbone.lora.set_trainable`.
        lora : mapping
            Arguments of `timevis.models.backbone.lora.add_adapters`, for the decoder layers.
        bf16 : bool or ``auto``
            Train and forecast with bfloat16 matrix products on a CPU; ``auto`` does so on a CPU that is fast at them.
        input_learning_rate : float
            Learning rate of the layers that read covariates and channels, which are not pretrained.
        stretch : int
            Rows of the network for each row of the data; set by `from_data`.

        Raises
        ------
        ConfigError
            The point forecast should be a separate output, which this network does not have.
        """
        if self.point == "head":
            raise ConfigError(
                Text("the patch network has no separate output for the point"),
                Text("set {setting}", setting=Setting("model.point", "quantiles")),
                "model.point",
            )
        self.backbone = load_patch_network(**backbone)
        network: PatchNetwork = self.backbone.model
        network.stretch = stretch
        set_trainable(network, tune, **lora)
        self.hparams["backbone"] = {**backbone, "path": self.backbone.path}
        if tune != "none" and (self.covariate_columns or self.num_channels > 1):
            sizes = network.settings.hidden_size, network.settings.patch_length
            network.data_inputs = DataInputs(*sizes, self.num_channels, len(self.covariate_columns))
        return network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """As in the base class; layers that are not pretrained have a learning rate of their own."""
        network: Any = self.net
        if network.data_inputs is None:
            return super().parameter_groups()
        added = list(network.data_inputs.parameters())
        numbers = {id(p) for p in added}
        pretrained = [p for p in network.parameters() if p.requires_grad and id(p) not in numbers]
        return [{"params": pretrained}, {"params": added, "lr": self.hparams["input_learning_rate"]}]

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, *, covariates: CovariateChoice = "none", **kwargs: Any) -> Self:
        """Build a forecaster for a data set.

        Parameters
        ----------
        datamodule : WindowDataModule
        covariates : {"auto", "known", "all", "none"}
            Which covariates the network reads: known ones have future values, and ``auto`` reads those that lower the
            error of small boosted models on validation, observed ones only if they lower it much. Without fine-tuning
            it reads none, since the layers that read them are not pretrained.
        **kwargs
            Hyperparameters of the config.
        """
        cls.check_sections(kwargs)
        if "covariate_columns" not in kwargs:
            kwargs["covariate_columns"] = covariates_to_read(
                datamodule,
                "none" if kwargs.get("tune") == "none" else covariates,
                min_observed_gain=MIN_OBSERVED_GAIN_OF_NETWORKS,
            )
        if "stretch" not in kwargs:
            kwargs["stretch"] = stretch_of(datamodule.context_length, datamodule.season, PatchSettings.patch_length)
        return super(DirectForecaster, cls).from_data(datamodule, **kwargs)

    @staticmethod
    def default_context_length(by_frequency: int, panel: Panel, split: Split, options: Mapping[str, Any]) -> int:
        """The rows of most contexts of the pretraining before they are stretched, or more by the frequency."""
        seasons = [season for season in season_lengths(panel.freq) if season > 1]
        factor = stretch_of(1, min(seasons, default=1), PatchSettings.patch_length)
        return max(by_frequency, USUAL_CONTEXT // factor)

    def describe(self) -> dict[str, Any]:
        return {"backbone": self.describe_backbone()} | super().describe()

    def event_reading(self, text: str) -> EventReading:
        return read_text(text)

    def network_output(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        if self.reads_events and batch.series.events:
            return self._output_with_events(batch, mean, std)
        is_bfloat16 = use_bfloat16(self.device, self.hparams["bf16"])
        with torch.autocast(self.device.type, torch.bfloat16) if is_bfloat16 else nullcontext():
            return super().network_output(batch, mean, std)

    def _output_with_events(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        length = batch.calendar.shape[1]
        channels = channels_of_events(batch.series.events, batch.origin - self.context_length, length)
        channels[..., CHANNELS.index("limit_value")] /= std
        network: Any = self.net if self.average is None else self.average
        layers = load_layers().to(self.device)
        context = (batch.context - mean) / std
        return layers(network, context, batch.context_mask, batch.calendar, channels.float(), (-mean / std).float())
