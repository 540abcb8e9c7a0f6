"""The patch forecaster (`qwen_patch`): a network of the Qwen3 architecture, pretrained on patches of series."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Self

import torch
from torch import Tensor

from timevis.config.options import NonNegativeFloat, PositiveInt
from timevis.data.calendar import season_lengths, steps_per_day
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
from timevis.models.direct import DirectForecaster, quantile_loss
from timevis.models.patches.events.event import CHANNELS
from timevis.models.patches.events.reader import channels_of_events, load_layers, read_text
from timevis.models.patches.features import DataInputs
from timevis.models.patches.means import ForecastMean, MeanSettings, combine, horizons_spanned
from timevis.models.patches.network import USUAL_CONTEXT, PatchNetwork, PatchSettings, stretch_of
from timevis.models.patches.weights import check_weights, load_patch_network

HOURS_PER_DAY = 24

log = logging.getLogger(__name__)


def averages_forecasts(options: Mapping[str, Any]) -> bool:
    """Whether a forecaster with these hyperparameters averages several forecasts of each window."""
    return bool(options.get("averages")) and options.get("tune") == "none"


class QwenPatchForecaster(BackboneForecaster, DirectForecaster):
    """Forecasts in one pass through a network that was pretrained on patches of synthetic series.

    Without fine-tuning (`tune` is ``none``) it forecasts as it was pretrained: it reads values and the calendar and,
    with the packaged weights, the events of the data; see `timevis.data.events`. It then averages several forecasts
    of each window without events; see `timevis.models.patches.means`. With fine-tuning it also reads covariates and
    which channel a window belongs to; see `timevis.models.patches.features`.
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
    calibrated_state = (*DirectForecaster.calibrated_state, "mean.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_backbone(self.backbone)
        settings = self.hparams.get("mean_settings")
        self.mean = ForecastMean(self.context_length, MeanSettings(**settings)) if settings else None

    def build_network(
        self,
        *,
        backbone: Mapping[str, Any],
        lora: Mapping[str, Any],
        tune: LayerTuning = "full",
        bf16: bool | Literal["auto"] = "auto",
        input_learning_rate: NonNegativeFloat = 3e-3,
        averages: bool = False,
        stretch: PositiveInt = 1,
        mean_settings: Mapping[str, int] | None = None,
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
        averages : bool
            Without fine-tuning, average several forecasts of each window. The errors are lower, and a forecast takes
            about eight times as long.
        stretch : int
            Rows of the network for each row of the data; set by `from_data`.
        mean_settings : mapping, optional
            Arguments of `timevis.models.patches.means.MeanSettings`; set by `from_data`. None averages nothing.

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
        averages = averages_forecasts(kwargs)
        usual_context = USUAL_CONTEXT // stretch_of(1, datamodule.season, PatchSettings.patch_length)
        if "stretch" not in kwargs:
            rows = min(datamodule.context_length, usual_context) if averages else datamodule.context_length
            kwargs["stretch"] = stretch_of(rows, datamodule.season, PatchSettings.patch_length)
        if averages and "mean_settings" not in kwargs:
            steps_per_hour = max(1, int(steps_per_day(datamodule.panel.freq) / HOURS_PER_DAY))
            kwargs["mean_settings"] = {
                "usual_context": usual_context,
                "season": datamodule.season,
                "steps_per_hour": steps_per_hour,
            }
        return super(DirectForecaster, cls).from_data(datamodule, **kwargs)

    @staticmethod
    def default_context_length(by_frequency: int, panel: Panel, split: Split, options: Mapping[str, Any]) -> int:
        """The rows of most contexts of the pretraining before they are stretched, or more by the frequency.

        Twice as many where forecasts of two contexts are averaged.
        """
        seasons = [season for season in season_lengths(panel.freq) if season > 1]
        factor = stretch_of(1, min(seasons, default=1), PatchSettings.patch_length)
        usual = USUAL_CONTEXT // factor
        return max(by_frequency, 2 * usual if averages_forecasts(options) else usual)

    def describe(self) -> dict[str, Any]:
        facts = {"backbone": self.describe_backbone()} | super().describe()
        if self.mean is not None:
            hourly, seasonal = (round(share, 2) for share in self.mean.shares.tolist())
            facts["mean_shares"] = {"hourly_series": hourly, "seasonal_differences": seasonal}
        return facts

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        """Select the shares of the averaged forecasts on the calibration windows, before those of a linear model."""
        self.eval()
        if self.mean is not None:
            candidates = self.mean.candidates()
            losses, origins = torch.zeros(len(candidates), dtype=torch.float64), []
            for batch in datamodule.batches("calibration", self.device):
                mean, std = self.scale(batch.channel)
                target = (batch.target - mean) / std
                parts = self.mean.parts(self._quantiles, *self._standardised(batch, mean, std), every=True)
                for i, (hourly, seasonal) in enumerate(candidates):
                    loss = quantile_loss(combine(parts, hourly, seasonal), target, self.levels)
                    losses[i] += (loss * batch.target_mask).sum().double().cpu()
                origins.append(batch.origin)
            self.mean.select(losses, horizons_spanned(torch.cat(origins), self.horizon))
            shares = (100 * self.mean.shares).tolist()
            log.info("averaged forecasts: %.0f %% of hourly series, %.0f %% of seasonal differences", *shares)
        super().calibrate(datamodule)

    def event_reading(self, text: str) -> EventReading:
        return read_text(text)

    def network_output(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        if self.reads_events and batch.series.events:
            return self._output_with_events(batch, mean, std)
        if self.mean is not None:
            quantiles = self.mean(self._quantiles, *self._standardised(batch, mean, std))
            return quantiles[:, quantiles.shape[1] // 2], quantiles
        with self._products():
            return super().network_output(batch, mean, std)

    def _products(self) -> AbstractContextManager[Any]:
        """Matrix products in bfloat16, or as they are."""
        is_bfloat16 = use_bfloat16(self.device, self.hparams["bf16"])
        return torch.autocast(self.device.type, torch.bfloat16) if is_bfloat16 else nullcontext()

    def _quantiles(self, context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        with self._products():
            quantiles: Tensor = self.net(context, mask, calendar)[1]
        return quantiles

    def _standardised(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Context, mask and calendar, as the averaged forecasts read them."""
        return (batch.context - mean) / std, batch.context_mask, batch.calendar

    def _output_with_events(self, batch: Batch, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        length = batch.calendar.shape[1]
        channels = channels_of_events(batch.series.events, batch.origin - self.context_length, length)
        channels[..., CHANNELS.index("limit_value")] /= std
        network: Any = self.net if self.average is None else self.average
        layers = load_layers().to(self.device)
        context, mask, calendar = self._standardised(batch, mean, std)
        median, quantiles = layers(network, context, mask, calendar, channels.float(), (-mean / std).float())
        if self.mean is not None:  # windows without an event are forecast as if the data had none
            is_free = (channels == 0).all(2).all(1)
            averaged = self.mean(self._quantiles, context, mask, calendar)
            quantiles = torch.where(is_free[:, None, None], averaged, quantiles)
            median = quantiles[:, quantiles.shape[1] // 2]
        return median, quantiles
