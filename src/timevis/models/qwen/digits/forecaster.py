"""The digit forecaster: a language model that reads a series as digits and writes its future."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self

import torch
from pytorch_lightning.trainer.states import TrainerFn
from safetensors.torch import load_file
from torch import Tensor

from timevis.config.validate import check_choice
from timevis.data.calendar import CALENDAR_FIELDS
from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.errors import ConfigError
from timevis.models.forecaster import Forecast, sample_quantiles
from timevis.models.qwen.backbone.frozen_state import KeepsTrainedState
from timevis.models.qwen.backbone.load import SMALL, bfloat16_on, load_backbone, load_to_tune
from timevis.models.qwen.backbone.lora import MODES as TUNES
from timevis.models.qwen.backbone.lora import add_adapters, autocast, merged, prepare_tuning
from timevis.models.qwen.digits.codec import RULES, DigitCodec, Scaling
from timevis.models.qwen.digits.decoding import MODES, Known, decode_windows, first_value_distribution
from timevis.models.qwen.digits.digit_batches import carry_forward, shown, shuffled, thinned
from timevis.models.qwen.digits.layout import Layout, ValueTables
from timevis.models.qwen.digits.loss import window_loss
from timevis.models.qwen.digits.network import DigitNetwork
from timevis.models.qwen.digits.optimizer import warm_cosine
from timevis.models.qwen.digits.prompt import DOMAINS, LANGUAGES, STYLES, VARIANTS, PromptBuilder, series_of
from timevis.models.qwen.digits.sampling import spread_levels
from timevis.models.qwen.digits.temperature import CANDIDATES, fit_temperature
from timevis.models.residual_quantiles import ResidualQuantiles

log = logging.getLogger(__name__)

OF_TAILS = 39
"""Paths whose least is at the level 0.025 (Weibull's plotting position)."""
DEFAULT_FIELDS = ("minute", "hour", "weekday", "month")


class QwenForecaster(KeepsTrainedState):
    """Forecasts by writing digits, after a prompt that says what the series is.

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    series : mapping
        ``frequency`` and, for each channel, name, unit and descriptions; what prompts are filled from.
    backbone : mapping
        See `timevis.models.qwen.backbone.load.load_backbone`.
    prompt : mapping
        See `timevis.models.qwen.digits.prompt.PromptBuilder`;
        style ``auto`` is short for a backbone made for TimeVis.
    tune : str
    lora : mapping
        See `timevis.models.qwen.backbone.lora`.
    digits : int, optional
        Per value; 3, or what the backbone was made with, when None.
    separator : str
        Between values; must be one token.
    calendar : sequence of str, optional
        Fields of the calendar tables; those of the backbone, or minute to month, when None; empty for none.
    codec : mapping, optional
        See `timevis.models.qwen.digits.codec.DigitCodec`.
    ordinal_loss_weight, number_token_loss_weight : float
        Weights of the ranked probability score and of the Number Token Loss beside the cross-entropy.
    context_loss_weight : float
        Weight of the context's digits in the loss.
    shuffle_context : bool
        Read the context in an order of its own for every window, for ablations.
    decode : str
        ``sample``, ``greedy`` or ``median``.
    num_samples, val_samples : int
        Paths per window in test and in validation.
    val_windows_per_epoch : int
        Validation windows, about, that are forecast after each epoch of a fit; after the fit it is all of them.
    decode_batch_size : int or ``auto``
        Paths decoded side by side, of each core for a small backbone on a CPU.
    learning_rate, table_learning_rate : float
        Of adapters or weights, and of the tables.
    warmup : float
        Share of the steps in which learning rates rise.
    weight_decay : float
    gradient_checkpointing : bool
    bf16 : bool or ``auto``
        Train and decode with bfloat16 matrix products on a CPU; auto where it is fast at them.
    calibrate_temperature : bool
        Fit a temperature for every place on validation.
    calibration_windows : int, optional
        Validation windows that `calibrate` reads, about; 256, or 48 for a large backbone, when None.
    seed : int
        Of the samples.
    """

    calibrated_state = ("temperature", "residuals.")
    parts = {"backbone": load_backbone, "prompt": PromptBuilder, "lora": add_adapters, "codec": DigitCodec}
    choices = {
        "calendar": CALENDAR_FIELDS,
        "tune": TUNES,
        "decode": MODES,
        "codec.rule": RULES,
        "prompt.variant": VARIANTS,
        "prompt.domain": DOMAINS,
        "prompt.language": LANGUAGES,
        "prompt.style": ("auto", *STYLES),
    }

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
        tune: str = "lora",
        digits: int | None = None,
        separator: str | None = None,
        calendar: Sequence[str] | None = None,
        codec: Mapping[str, Any] | None = None,
        ordinal_loss_weight: float = 0.0,
        number_token_loss_weight: float = 0.0,
        context_loss_weight: float = 0.0,
        shuffle_context: bool = False,
        decode: str = "sample",
        num_samples: int = 100,
        val_samples: int = 20,
        val_windows_per_epoch: int = 40,
        decode_batch_size: int | Literal["auto"] = "auto",
        learning_rate: float = 3e-4,
        table_learning_rate: float = 1e-3,
        warmup: float = 0.05,
        weight_decay: float = 0.0,
        gradient_checkpointing: bool = False,
        bf16: bool | Literal["auto"] = "auto",
        calibrate_temperature: bool = True,
        calibration_windows: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        check_choice(decode, MODES, "model.decode")
        source = load_to_tune(backbone, tune)
        made = source.settings
        # what is left open follows the backbone, and is saved as found: a default may change, a saved model must not
        digits = made.get("digits", 3) if digits is None else digits
        if digits != made.get("digits", digits):
            raise ConfigError(
                f"model.digits={digits}, but {source.name} was made for {made['digits']}", "leave model.digits null"
            )
        separator = made.get("separator", "") if separator is None else separator
        calendar = list(made.get("fields", DEFAULT_FIELDS) if calendar is None else calendar)
        self.codec = DigitCodec(width=digits, **{**made.get("codec", {}), **(codec or {})})
        codec = {name: value for name, value in asdict(self.codec).items() if name != "width"}
        layout = Layout.from_tokenizer(source.tokenizer, digits, separator)
        tables = ValueTables(source.model.config.hidden_size, digits, calendar)
        if made and backbone.get("pretrained", True):
            tables.load_fields(load_file(source.folder / "tables.safetensors"), made["fields"])
        self.network = DigitNetwork(source.model, layout, tables)
        prepare_tuning(self.network, tune, **lora)
        if gradient_checkpointing:
            source.model.activation_checkpointing_enable()
        words = dict(prompt)
        if words.get("style", "auto") == "auto":
            words["style"] = "short" if made else "prose"
        self.prompt = PromptBuilder(source.tokenizer, layout.start, **series, horizon=horizon, digits=digits, **words)
        self.residuals = ResidualQuantiles(num_channels, horizon)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(digits))
        self.keep_state(source)
        self._clipped = [0, 0]
        series, backbone, prompt, lora = dict(series), dict(backbone), words, dict(lora)
        backbone["path"] = source.source
        self.save_hyperparameters()

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, **kwargs: Any) -> Self:
        cls.check_parts(kwargs)
        kwargs["codec"] = {"season": datamodule.season, **(kwargs.get("codec") or {})}
        return super().from_data(datamodule, series=series_of(datamodule.panel), **kwargs)

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        windows = datamodule.windows["val"]
        chosen = thinned(len(windows), self.hparams["val_windows_per_epoch"], self.num_channels)
        self._fit_windows = self._number(*windows.locate(chosen))
        if len(chosen) < len(windows):
            what = "after an epoch val/wql is of %d of the %d validation windows, before the temperatures are fitted"
            log.info(what, len(chosen), len(windows))
        self.prompt.say()
        paths = self.hparams["num_samples"]
        if self.hparams["decode"] == "sample" and paths < OF_TAILS:
            what = "of %d paths the 95 %% interval is from the least to the greatest: model.num_samples=%d is enough"
            log.warning(what, paths, OF_TAILS)

    def _number(self, origin: Tensor, channel: Tensor) -> Tensor:
        return origin * self.num_channels + channel

    def describe(self) -> dict[str, Any]:
        return {
            "backbone": self.backbone_facts(),
            "prompt": {"arm": self.prompt.variant, "template": self.prompt.template},
            "codec": {**asdict(self.codec), "clipped": self._clipped[0] / max(1, self._clipped[1])},
            "temperature": self.temperature.tolist(),
        }

    def _read(self, batch: Batch) -> tuple[Batch, Scaling, Known]:
        """A batch as the network reads it, its scaling, and what the network is given."""
        if self.hparams["shuffle_context"]:
            batch = shuffled(batch, self.hparams["seed"])
        _, deviation = self.scale(batch.channel)
        scaling = self.codec.fit(batch.context, batch.context_mask, deviation, self.horizon)
        digits, clipped = self.codec.encode(batch.context, scaling.steps(0, self.context_length))
        self._count(clipped)
        prompt = self.prompt(batch.context, batch.context_mask, batch.calendar, batch.channel)
        return batch, scaling, Known(prompt, digits, batch.calendar, batch.context_mask)

    def _count(self, clipped: Tensor) -> None:
        self._clipped[0] += int(clipped.sum())
        self._clipped[1] += clipped.numel()

    def _logits(self, batch: Batch, first: int) -> tuple[Tensor, Tensor, Tensor]:
        """Teacher-forced logits from value `first` on, all digits [B, L + H, width], and what is observed."""
        batch, scaling, known = self._read(batch)
        target = carry_forward(batch.target, batch.target_mask, batch.context[:, -1:])
        written, clipped = self.codec.encode(target, scaling.steps(self.context_length))
        self._count(clipped & batch.target_mask)
        digits = torch.cat([known.context, written], 1)
        seen = torch.cat([batch.context_mask, batch.target_mask], 1)
        return self.network(known.prompt, digits, batch.calendar, seen, first=first), digits, seen

    @property
    def _bfloat16(self) -> bool:
        return bfloat16_on(self.device, self.hparams["bf16"])

    def loss(self, batch: Batch) -> Tensor:
        with autocast(self.network, self._bfloat16):
            logits, digits, seen = self._logits(
                batch, 0 if self.hparams["context_loss_weight"] else self.context_length
            )
        return window_loss(logits, digits, seen, self.context_length, self.hparams)

    @torch.no_grad()
    def forecast(self, batch: Batch, num_samples: int | None = None, explain: bool = True) -> Forecast:
        """Forecast a batch.

        Parameters
        ----------
        num_samples : int, optional
            In place of the hyperparameter.
        explain : bool
            Add prompts and digits to the extras.
        """
        sampling = self.hparams["decode"] == "sample"
        count = (num_samples or self.hparams["num_samples"]) if sampling else 1
        batch, scaling, known = self._read(batch)
        shape = (count, self.horizon, self.codec.width)
        levels = spread_levels(self.hparams["seed"], batch.origin, batch.channel, *shape) if sampling else None
        with merged(self.network, torch.bfloat16 if self._bfloat16 else torch.float32):
            written = decode_windows(
                self.network,
                known,
                rows=self.hparams["decode_batch_size"],
                mode=self.hparams["decode"],
                levels=levels,
                temperature=self.temperature,
            )
        decoded = self.codec.decode(written, scaling.steps(self.context_length))
        samples = self.clip_non_negative(decoded, batch.channel)
        point = samples.mean(1)
        quantiles = sample_quantiles(samples)
        if not sampling:
            quantiles = self.clip_non_negative(self.residuals(point, batch.channel), batch.channel)
        extras = {}
        if explain:
            extras = {"prompt": [self.prompt.text(p) for p in known.prompt], **shown(known.context, written)}
        return Forecast(point, quantiles, samples if sampling else None, extras)

    @torch.no_grad()
    def first_value(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The distribution of the first value of each window, exactly; nothing is drawn.

        Returns
        -------
        values : float32 [B, 10 ** digits]
            Every value that can be written, raw units.
        chance : float64 [B, 10 ** digits]
        """
        batch, scaling, known = self._read(batch)
        with merged(self.network):
            chance = first_value_distribution(self.network, known, self.temperature)
        every = self.codec.spelled(torch.arange(self.codec.bins, device=chance.device))
        first = scaling.steps(self.context_length, self.context_length + 1)
        values = self.codec.decode(every.expand(len(batch), -1, -1), first)
        return self.clip_non_negative(values, batch.channel), chance

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Forecast with fewer samples; within a fit, only some of the windows, spread evenly."""
        if self.trainer.state.fn == TrainerFn.FITTING:
            mine = torch.isin(self._number(batch.origin, batch.channel), self._fit_windows.to(self.device))
            batch = batch.pick(mine)
        if len(batch):
            forecast = self.forecast(batch, self.hparams["val_samples"], explain=False)
            self.val_metrics.update_batch(forecast, batch)

    @torch.no_grad()
    def calibrate(self, datamodule: WindowDataModule) -> None:
        super().calibrate(datamodule)
        if self.hparams["decode"] != "sample":
            batches = self._calibration_batches(datamodule)
            points = ((self.forecast(b, explain=False).point, b) for b in batches)
            self.residuals.fit(points, self.channel_std)
        elif self.hparams["calibrate_temperature"]:
            pairs = []
            for batch in self._calibration_batches(datamodule):
                logits, digits, _ = self._logits(batch, self.context_length)
                pairs.append((logits[batch.target_mask], digits[:, self.context_length :][batch.target_mask]))
            logits, truth = (torch.cat(p) for p in zip(*pairs, strict=True))
            self.temperature.copy_(fit_temperature(logits, truth))
            found = self.temperature.tolist()
            log.info("temperatures %s", ", ".join(f"{t:.2f}" for t in found))
            if not 1.01 * CANDIDATES[0] < found[0] < 0.99 * CANDIDATES[-1]:  # a last digit may well be noise
                log.warning("the first digit's temperature is at the end of what is tried: the model is barely fit")

    def _calibration_batches(self, datamodule: WindowDataModule) -> Iterator[Batch]:
        """Validation windows, evenly thinned."""
        small = self.source.parameters < SMALL
        windows = self.hparams["calibration_windows"] or (256 if small else 48)
        chosen = thinned(len(datamodule.windows["calibration"]), windows, self.num_channels)
        for index in chosen.split(16):
            yield datamodule.gather("calibration", index.to(self.device))

    def configure_optimizers(self) -> Any:
        tables = [p for p in self.network.tables.parameters() if p.requires_grad]
        own = {id(p) for p in tables}
        others = [p for p in self.parameters() if p.requires_grad and id(p) not in own]
        groups = [
            {"params": others, "lr": self.hparams["learning_rate"], "weight_decay": self.hparams["weight_decay"]},
            {"params": tables, "lr": self.hparams["table_learning_rate"], "weight_decay": 0.0},
        ]
        total = self.trainer.estimated_stepping_batches
        return warm_cosine([g for g in groups if g["params"]], total, self.hparams["warmup"])
