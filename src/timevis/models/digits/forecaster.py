"""The digit forecaster: a language model reads a time series as digits and writes its continuation."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self, get_args

import torch
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor

from timevis.config.options import Fraction, NonNegativeFloat, NonNegativeInt, PositiveInt, check_choice
from timevis.data.calendar import CalendarField
from timevis.data.datamodule import WindowDataModule
from timevis.data.window_sampling import channel_balanced_windows
from timevis.data.windows import Batch
from timevis.intervals.residual_quantiles import ResidualQuantiles
from timevis.models.backbone.frozen_state import BackboneForecaster
from timevis.models.backbone.load import (
    SMALL_MODEL_PARAMETERS,
    bfloat16_autocast,
    load_backbone,
    load_for_tuning,
    use_bfloat16,
)
from timevis.models.backbone.lora import Tuning, add_adapters, merged_adapters
from timevis.models.boosted import covariates_to_read
from timevis.models.declaration import Declaration, Untrained
from timevis.models.digits.batches import KnownInputs, digit_texts, forward_fill, shuffle_contexts
from timevis.models.digits.codec import DigitCodec, Scaling
from timevis.models.digits.decoding import (
    DecodingInputs,
    DecodingMode,
    decode_windows,
    first_value_distribution,
    sobol_uniforms,
)
from timevis.models.digits.defaults_from_data import context_for_two_seasons, steps_for_few_rows
from timevis.models.digits.path_quantiles import fit_temperature, mean_and_quantiles
from timevis.models.digits.prompt import PromptBuilder, series_description
from timevis.models.digits.settings import DigitSettings
from timevis.models.digits.training import adamw_with_cosine_schedule, parameter_groups, window_loss
from timevis.models.forecaster import Forecast
from timevis.models.point_forecaster import collect_errors

log = logging.getLogger(__name__)

CONTEXT_ROW_COST = 3.0
"""Time in which nano reads a row of the context, divided by the time of a row of one sample path."""


class QwenForecaster(BackboneForecaster):
    """Forecasts a time series by writing its values as digits, after a prompt that describes the series.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    series : mapping
        ``frequency`` and ``channels``, from `timevis.models.digits.prompt.series_description`.
    backbone : mapping
        Arguments of `timevis.models.backbone.load.load_backbone`.
    prompt : mapping
        Arguments of `timevis.models.digits.prompt.PromptBuilder`. The style ``auto`` is ``short`` for a backbone
        that was pretrained by TimeVis, and ``prose`` for others.
    tune : str
        Which weights are trained; see `timevis.models.backbone.lora.set_trainable`.
    lora : mapping
        See `timevis.models.backbone.lora`.
    digits : int, optional
        Digits per value. None takes the number that the backbone was pretrained with, or 3.
    separator : str, optional
        Text between values; must be one token. None takes the backbone's, or no separator.
    calendar : sequence of str, optional
        Fields of the calendar tables. None takes the fields of the backbone, or minute, hour, weekday and month; an
        empty list takes none.
    covariate_columns : sequence of int
        Column numbers of the covariates that the network reads; set by `from_data`.
    codec : mapping, optional
        Arguments of `timevis.models.digits.codec.DigitCodec`.
    context_loss_weight : float
        Weight of the loss of the context's digits.
    shuffle_context : bool
        Permute the context of each window at random, for ablations.
    decode : str
        ``sample``, ``greedy`` or ``median``; see `timevis.models.digits.decoding.decode`.
    num_samples, val_samples : int
        Sample paths per window for test and for validation.
    val_windows_per_epoch : int
        Approximate number of validation windows that are forecast after each epoch; after the fit, all are.
    decode_batch_size : int or ``auto``
        Sample paths that are decoded together, at least a window's; with a small backbone on a CPU, by each thread.
    learning_rate, table_learning_rate : float
        Of the adapters or weights, and of the tables.
    warmup : float
        Share of the training steps in which the learning rates rise.
    weight_decay : float
        Of AdamW.
    gradient_checkpointing : bool
        Recompute activations in the backward pass, which saves memory and takes more time.
    bf16 : bool or ``auto``
        Train and decode with bfloat16 matrix products on a CPU; ``auto`` does it where the CPU is fast at them.
    calibrate_temperature : bool
        Fit a temperature for every decimal place on the validation set.
    calibration_windows : int, optional
        Approximate number of validation windows for `calibrate`. None takes 256, or 48 for a large backbone.
    seed : int
        Of the sample paths.
    """

    calibrated_state = ("temperature", "residuals.")
    max_conformal_origins = 30
    declaration = Declaration(
        title="Qwen, digits",
        rough_seconds=1.0,
        rough_memory_mb=1500.0,
        queue="gpu",
        basic_options=("learning_rate", "backbone.name", "prompt.text", "lora.rank", "lora.dropout"),
        presets={"quick": {"model.fit.max_epochs": 1}, "best": {"model.fit.max_epochs": 4}},
        rough_values_per_second=100.0,
        untrained=Untrained(
            name="nano",
            title="Nano, not fine-tuned",
            values={"model.tune": "none", "model.calibrate_temperature": False},
            max_channels=20,  # each takes some tenths of a second
        ),
    )
    readable_covariates = {"known": "known"}
    default_context_length = staticmethod(context_for_two_seasons)
    default_steps_per_epoch = staticmethod(steps_for_few_rows)
    sections = {"backbone": load_backbone, "prompt": PromptBuilder, "lora": add_adapters, "codec": DigitCodec}

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        series: Mapping[str, Any],
        backbone: Mapping[str, Any],
        prompt: Mapping[str, Any],
        lora: Mapping[str, Any],
        tune: Tuning = "lora",
        digits: PositiveInt | None = None,
        separator: str | None = None,
        calendar: Sequence[CalendarField] | None = None,
        covariate_columns: Sequence[int] = (),
        codec: Mapping[str, Any] | None = None,
        context_loss_weight: NonNegativeFloat = 0.0,
        shuffle_context: bool = False,
        decode: DecodingMode = "sample",
        num_samples: PositiveInt = 50,
        val_samples: PositiveInt = 20,
        val_windows_per_epoch: PositiveInt = 40,
        decode_batch_size: PositiveInt | Literal["auto"] = "auto",
        learning_rate: NonNegativeFloat = 3e-4,
        table_learning_rate: NonNegativeFloat = 1e-3,
        warmup: Fraction = 0.05,
        weight_decay: NonNegativeFloat = 0.0,
        gradient_checkpointing: bool = False,
        bf16: bool | Literal["auto"] = "auto",
        calibrate_temperature: bool = True,
        calibration_windows: PositiveInt | None = None,
        seed: NonNegativeInt = 0,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        check_choice(decode, get_args(DecodingMode), "model.decode")
        source = load_for_tuning(backbone, tune)
        settings = DigitSettings.resolve(source, digits, separator, calendar, codec)
        self.network = settings.build_network(source, backbone.get("pretrained", True), len(covariate_columns))
        self.network.set_trainable(tune, **lora)
        if gradient_checkpointing:
            source.model.activation_checkpointing_enable()
        self.codec = settings.codec
        # the resolved settings are saved as hyperparameters, so a saved model does not change when a default changes
        digits, separator, calendar = self.codec.width, settings.separator, settings.calendar
        codec = {name: value for name, value in asdict(self.codec).items() if name != "width"}
        self.known_inputs = KnownInputs(covariate_columns)
        covariate_columns = self.known_inputs.columns
        series, backbone, prompt, lora = dict(series), dict(backbone), dict(prompt), dict(lora)
        backbone["path"] = source.path
        if prompt.get("style", "auto") == "auto":
            prompt["style"] = "short" if source.settings else "prose"
        start_id = self.network.layout.start_id
        self.prompt = PromptBuilder(source.tokenizer, start_id, **series, horizon=horizon, digits=digits, **prompt)
        self.residuals = ResidualQuantiles(num_channels, horizon)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(digits))
        self.set_backbone(source)
        self._clipped_values, self._encoded_values = 0, 0
        self.save_hyperparameters()

    @property
    def covariates_read(self) -> tuple[int, ...]:
        return tuple(self.known_inputs.columns)

    @classmethod
    def from_data(
        cls, datamodule: WindowDataModule, *, covariates: Literal["auto", "known", "none"] = "none", **kwargs: Any
    ) -> Self:
        """Create the forecaster from the data; see the base class.

        Parameters
        ----------
        covariates : {"auto", "known", "none"}
            Which covariates the network reads: those whose future values are known, or none; ``auto`` reads them if
            they lower the error of small boosted models on validation, and the network is trained.
        """
        cls.check_sections(kwargs)
        if covariates == "auto" and kwargs.get("tune") == "none":
            covariates = "none"  # without training, the projections of covariates are zero
        if "covariate_columns" not in kwargs:
            kwargs["covariate_columns"] = covariates_to_read(datamodule, covariates, can_read_observed=False)
        kwargs["codec"] = {"season": datamodule.season, **(kwargs.get("codec") or {})}
        return super().from_data(datamodule, series=series_description(datamodule.panel), **kwargs)

    def refit_arguments(self) -> dict[str, Any]:
        return super().refit_arguments() | {"covariate_columns": self.known_inputs.columns}

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        self.known_inputs.prepare(datamodule)
        windows = datamodule.windows["tuning"]
        chosen = channel_balanced_windows(len(windows), self.hparams["val_windows_per_epoch"], self.num_channels)
        origin, channel = windows.locate(torch.from_numpy(chosen))
        self._epoch_windows = origin * self.num_channels + channel
        if len(chosen) < len(windows):
            log.info("tuning/relative_wql after an epoch scores %d of %d tuning windows", len(chosen), len(windows))
        self.prompt.log_template()

    def describe(self) -> dict[str, Any]:
        return {
            "backbone": self.describe_backbone(),
            "prompt": {"arm": self.prompt.variant, "template": self.prompt.template},
            "codec": {**asdict(self.codec), "clipped": self._clipped_values / max(1, self._encoded_values)},
            "temperature": self.temperature.tolist(),
        }

    def encode_batch(self, batch: Batch) -> tuple[Batch, Scaling, DecodingInputs]:
        """Encode the context of a batch.

        Returns
        -------
        batch : Batch
            The batch, with shuffled contexts where the config says so.
        scaling : Scaling
            Of context and target.
        inputs : DecodingInputs
            What the network reads.
        """
        if self.hparams["shuffle_context"]:
            batch = shuffle_contexts(batch, self.hparams["seed"])
        _, deviation = self.scale(batch.channel)
        scaling = self.codec.fit(batch.context, batch.context_mask, deviation, self.horizon)
        digits, clipped = self.codec.encode(batch.context, scaling.at_steps(0, self.context_length))
        self._clipped_values += int(clipped.sum())
        self._encoded_values += clipped.numel()
        prompt = self.prompt(batch.context, batch.context_mask, batch.calendar, batch.channel)
        return batch, scaling, DecodingInputs(prompt, digits, self.known_inputs(batch), batch.context_mask)

    def teacher_forced_logits(self, batch: Batch, first: int) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the logits of the values from `first` on, each given the true digits before it.

        Returns
        -------
        logits : float32 [B, L + H - first, width, 10]
        digits : int64 [B, L + H, width]
            The true digits of context and target.
        observed : bool [B, L + H]
        """
        batch, scaling, inputs = self.encode_batch(batch)
        target = forward_fill(batch.target, batch.target_mask, batch.context[:, -1:])
        target_digits, clipped = self.codec.encode(target, scaling.at_steps(self.context_length))
        self._clipped_values += int((clipped & batch.target_mask).sum())
        self._encoded_values += clipped.numel()
        digits = torch.cat([inputs.context, target_digits], 1)
        observed = torch.cat([batch.context_mask, batch.target_mask], 1)
        return self.network(inputs.prompt, digits, inputs.calendar, observed, first=first), digits, observed

    @property
    def _bfloat16(self) -> bool:
        return use_bfloat16(self.device, self.hparams["bf16"])

    def loss(self, batch: Batch) -> Tensor:
        first = 0 if self.hparams["context_loss_weight"] else self.context_length
        with bfloat16_autocast(self.network.backbone, self._bfloat16):
            logits, digits, observed = self.teacher_forced_logits(batch, first)
        return window_loss(logits, digits, observed, self.context_length, self.hparams["context_loss_weight"])

    @torch.no_grad()
    def base_forecast(self, batch: Batch, num_samples: int | None = None, explain: bool = True) -> Forecast:
        """Forecast a batch.

        Parameters
        ----------
        num_samples : int, optional
            Sample paths per window; None takes the hyperparameter.
        explain : bool
            Add the texts of prompts and digits to the extras.
        """
        sampling = self.hparams["decode"] == "sample"
        count = (num_samples or self.hparams["num_samples"]) if sampling else 1
        batch, scaling, inputs = self.encode_batch(batch)
        shape = (count, self.horizon, self.codec.width)
        levels = sobol_uniforms(self.hparams["seed"], batch.origin, batch.channel, *shape) if sampling else None
        probability = None if levels is None else torch.empty(*levels.shape, 10, device=levels.device)
        with merged_adapters(self.network.backbone, torch.bfloat16 if self._bfloat16 else torch.float32):
            digits = decode_windows(
                self.network,
                inputs,
                paths_per_pass=self.hparams["decode_batch_size"],
                mode=self.hparams["decode"],
                levels=levels,
                temperature=self.temperature,
                probability=probability,
            )
        scaling = scaling.at_steps(self.context_length)
        samples = self.clip_non_negative(self.codec.decode(digits, scaling), batch.channel)
        if probability is None:
            point = samples[:, 0]
            quantiles = self.clip_non_negative(self.residuals(point, batch.channel), batch.channel)
        else:
            values = self.clip_non_negative(self.codec.values(self.horizon, scaling), batch.channel)
            point, quantiles = mean_and_quantiles(digits, probability, values)
        extras = digit_texts(inputs.context, digits, map(self.prompt.text, inputs.prompt)) if explain else {}
        return Forecast(point, quantiles, samples if sampling else None, extras)

    @torch.no_grad()
    def first_value_distribution(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the exact distribution of the first value of each window; nothing is drawn.

        Returns
        -------
        values : float32 [B, 10 ** digits]
            Every value that can be written, in raw units.
        probability : float64 [B, 10 ** digits]
        """
        batch, scaling, inputs = self.encode_batch(batch)
        with merged_adapters(self.network.backbone):
            probability = first_value_distribution(self.network, inputs, self.temperature)
        all_digits = self.codec.digits_of(torch.arange(self.codec.num_bins, device=probability.device))
        first_step = scaling.at_steps(self.context_length, self.context_length + 1)
        values = self.codec.decode(all_digits.expand(len(batch), -1, -1), first_step)
        return self.clip_non_negative(values, batch.channel), probability

    @property
    def validation_speedup(self) -> float:
        context = CONTEXT_ROW_COST * self.context_length / self.horizon
        return max(1.0, (context + self.hparams["num_samples"]) / (context + self.hparams["val_samples"]))

    @property
    def validation_options(self) -> dict[str, Any]:
        return {"num_samples": self.hparams["val_samples"], "explain": False}

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Any] | None:
        """Forecast with `val_samples` paths; during a fit, only the windows of `val_windows_per_epoch`."""
        if self.trainer.state.fn == TrainerFn.FITTING:
            window_id = batch.origin * self.num_channels + batch.channel
            batch = batch.select(torch.isin(window_id, self._epoch_windows.to(self.device)))
        return super().validation_step(batch, batch_idx) if len(batch) else None

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        if self.hparams["decode"] != "sample":
            points = ((self.base_forecast(b, explain=False).point, b) for b in self.calibration_batches(datamodule))
            self.residuals.fit(*collect_errors(points), self.channel_std)
        elif self.hparams["calibrate_temperature"]:
            pairs = []
            for batch in self.calibration_batches(datamodule):
                logits, digits, _ = self.teacher_forced_logits(batch, self.context_length)
                pairs.append((logits[batch.target_mask], digits[:, self.context_length :][batch.target_mask]))
            self.temperature.copy_(fit_temperature(*(torch.cat(parts) for parts in zip(*pairs, strict=True))))

    def calibration_batches(self, datamodule: WindowDataModule) -> Iterator[Batch]:
        """Batches of the validation windows that `calibrate` reads, about equally many of each channel."""
        automatic = 256 if self.backbone.parameters < SMALL_MODEL_PARAMETERS else 48
        windows = self.hparams["calibration_windows"] or automatic
        chosen = channel_balanced_windows(len(datamodule.windows["calibration"]), windows, self.num_channels)
        for index in torch.from_numpy(chosen).split(16):
            yield datamodule.gather("calibration", index.to(self.device))

    def configure_optimizers(self) -> Any:
        groups = parameter_groups(self, self.network.tables, self.hparams)
        return adamw_with_cosine_schedule(groups, self.trainer.estimated_stepping_batches, self.hparams["warmup"])
