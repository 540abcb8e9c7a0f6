"""The digit forecaster: a language model reads a time series as digits and writes its continuation."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal, Self, get_args

import torch
import torch.nn.functional as F
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor, nn

from timevis.config.options import Fraction, NonNegativeFloat, NonNegativeInt, PositiveInt, check_choice
from timevis.data.calendar import CalendarField
from timevis.data.datamodule import WindowDataModule, covariate_scalers
from timevis.data.window_sampling import channel_balanced_windows
from timevis.data.windows import Batch
from timevis.errors import ConfigError
from timevis.intervals.residual_quantiles import ResidualQuantiles
from timevis.messages import Setting, Text
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
from timevis.models.digits.codec import DigitCodec, Scaling
from timevis.models.digits.decoding import (
    DecodingInputs,
    DecodingMode,
    decode_windows,
    first_value_distribution,
    fit_temperature,
    hashed_uniforms,
    mean_and_quantiles,
    sobol_uniforms,
)
from timevis.models.digits.defaults_from_data import context_for_two_seasons, steps_for_few_rows
from timevis.models.digits.prompt import PromptBuilder, series_description
from timevis.models.digits.settings import DigitSettings
from timevis.models.forecaster import Forecast
from timevis.models.point_forecaster import collect_errors

MAX_SPELLED_PATHS = 5
"""Sample paths of a window whose digits are saved as text."""


def shuffle_contexts(batch: Batch, seed: int) -> Batch:
    """Permute the context of each window at random, gaps included; the calendar keeps its order."""
    # ~seed: other numbers than those that the first sample path is drawn with
    order = hashed_uniforms(~seed, batch.origin, batch.channel, 1, batch.context.shape[1]).squeeze(1).argsort(1)
    return replace(batch, context=batch.context.gather(1, order), context_mask=batch.context_mask.gather(1, order))


def forward_fill(values: Tensor, mask: Tensor, last: Tensor) -> Tensor:
    """Fill gaps with the last observed value.

    Parameters
    ----------
    values : float [B, H]
    mask : bool [B, H]
        False in gaps.
    last : float [B, 1]
        The value before the first of `values`.
    """
    step = torch.arange(1, values.shape[1] + 1, device=values.device)
    source = torch.where(mask, step, 0).cummax(1).values
    return torch.cat([last, values], 1).gather(1, source)


def digit_texts(context: Tensor, paths: Tensor, prompts: Iterable[str]) -> dict[str, list]:
    """Spell digits as numbers with spaces between them, such as ``"650 042"``, and add the texts of the prompts.

    Parameters
    ----------
    context : int64 [B, L, width]
    paths : int64 [B, S, H, width]
        Only the first `MAX_SPELLED_PATHS` paths of each window are used.
    prompts : iterable of str
        B texts.

    Returns
    -------
    dict
        ``prompt`` and ``context``: B texts; ``digits``: B lists of texts.
    """
    return {
        "prompt": list(prompts),
        "context": [_spell(digits) for digits in context],
        "digits": [[_spell(path) for path in window[:MAX_SPELLED_PATHS]] for window in paths],
    }


def _spell(digits: Tensor) -> str:
    return " ".join("".join(map(str, value)) for value in digits.tolist())


MAX_DEVIATION = 3.0
"""Standardised covariates are clipped to this size."""


class KnownInputs(nn.Module):
    """Joins the calendar fields of a batch with standardised covariates, which are zero where they are missing.

    Parameters
    ----------
    columns : sequence of int
        Column numbers of the covariates.
    """

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self.columns = list(columns)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(len(self.columns)))
        self.register_buffer("std", torch.ones(len(self.columns)))

    def prepare(self, datamodule: WindowDataModule) -> None:
        """Take mean and standard deviation from the training part."""
        for i, scaler in enumerate(covariate_scalers(datamodule, self.columns)):
            self.mean[i], self.std[i] = scaler.mean.item(), scaler.std.item()

    def forward(self, batch: Batch) -> Tensor:
        """Calendar fields int64 [B, L + H, 5], or with K covariates float [B, L + H, 5 + K]."""
        if not self.columns:
            return batch.calendar
        scaled = (batch.covariates[..., self.columns] - self.mean) / self.std
        covariates = torch.where(
            batch.covariate_mask[..., self.columns], scaled.clamp(-MAX_DEVIATION, MAX_DEVIATION), 0.0
        )
        return torch.cat([batch.calendar.to(covariates), covariates], -1)


def cross_entropy(logits: Tensor, digits: Tensor) -> Tensor:
    """Cross-entropy of each value, summed over its digits: the negative log probability of its bin, in nats.

    Parameters
    ----------
    logits : float [..., width, 10]
    digits : int64 [..., width]

    Returns
    -------
    float [...]
    """
    return F.cross_entropy(logits.flatten(0, -2), digits.flatten(), reduction="none").view(digits.shape).sum(-1)


def masked_mean(losses: Tensor, mask: Tensor) -> Tensor:
    """Mean of the losses where `mask` is true; if it is false everywhere, zero with a gradient."""
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def window_loss(
    logits: Tensor, digits: Tensor, observed: Tensor, context_length: int, context_loss_weight: float
) -> Tensor:
    """Loss of a batch of windows: of their targets, and of their contexts as far as these are predicted.

    Parameters
    ----------
    logits : float [B, N, width, 10]
        Of the last N values: of the targets (N = H), or of all values (N = L + H).
    digits : int64 [B, L + H, width]
    observed : bool [B, L + H]
        Values that are not observed carry no loss.
    context_length : int
        L.
    context_loss_weight : float
        Factor of the loss of the context.

    Returns
    -------
    float []
    """
    first = digits.shape[1] - logits.shape[1]
    losses = cross_entropy(logits, digits[:, first:])
    loss = masked_mean(losses[:, context_length - first :], observed[:, context_length:])
    if first < context_length:
        context_loss = masked_mean(losses[:, :context_length], observed[:, :context_length])
        loss = loss + context_loss_weight * context_loss
    return loss


def adamw_with_cosine_schedule(groups: list[dict[str, Any]], total: float, warmup: float) -> dict[str, Any]:
    """Build optimizer and schedule in the form that Lightning's `configure_optimizers` returns.

    Parameters
    ----------
    groups : list of dict
        Parameter groups with their learning rates.
    total : float
        Optimizer steps of the whole fit.
    warmup : float
        Share of the steps in which the learning rates rise linearly; after it they fall to zero along a cosine.

    Raises
    ------
    ConfigError
        `total` is infinite.
    """
    if not math.isfinite(total):
        message = Text("model=qwen lowers its learning rate to zero over the whole fit, but this fit has no end")
        advice = Text(
            "set {max_epochs}; {max_time} may stop the fit earlier",
            max_epochs=Setting("model.fit.max_epochs"),
            max_time=Setting("trainer.max_time"),
        )
        raise ConfigError(message, advice, "model.fit.max_epochs")
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))

    warmup_steps = max(1, round(warmup * total))

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup_steps) / max(1, total - warmup_steps))))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def parameter_groups(model: nn.Module, tables: nn.Module, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The trained parameters of a model, with another learning rate and no weight decay for its value tables.

    Parameters
    ----------
    model : Module
    tables : Module
        A part of the model.
    options : mapping
        ``learning_rate``, ``table_learning_rate`` and ``weight_decay``.
    """
    of_tables = [p for p in tables.parameters() if p.requires_grad]
    ids = {id(p) for p in of_tables}
    others = [p for p in model.parameters() if p.requires_grad and id(p) not in ids]
    groups = [
        {"params": others, "lr": options["learning_rate"], "weight_decay": options["weight_decay"]},
        {"params": of_tables, "lr": options["table_learning_rate"], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


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
