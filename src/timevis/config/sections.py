"""The sections of a config as typed objects, which check their values.

The sections `data` and `model` are in `timevis.data.options` and `timevis.runs.config`. `RunConfig` of the latter
combines all sections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from annotated_types import Interval
from omegaconf import OmegaConf

from timevis.config.options import (
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveFraction,
    PositiveInt,
    section_from_config,
)
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

LimitedInt: TypeAlias = Annotated[int, Interval(ge=1, le=1_000_000)]
Batches: TypeAlias = PositiveInt | PositiveFraction
"""A number of batches, or a fraction of all."""
Limit: TypeAlias = PositiveInt | Literal[-1]
"""A number, or -1 for no limit."""

NOT_ALLOWED = (
    "limit_test_batches",
    "limit_val_batches",
    "limit_predict_batches",
    "overfit_batches",
    "fast_dev_run",
    "barebones",
)
"""Arguments of the Trainer that would leave windows of an evaluation unscored."""


def section_to_dict(section: Any, key: str) -> dict[str, Any]:
    """A config section, a mapping or an OmegaConf container, as a plain dict with all interpolations resolved.

    Raises
    ------
    ConfigError
        The value of `key` is not a section.
    """
    if section is None:
        return {}
    values = OmegaConf.to_container(section, resolve=True) if OmegaConf.is_config(section) else section
    if not isinstance(values, Mapping):
        message = Text("{key} is {value}, not a section with keys and values", key=key, value=repr(values))
        raise ConfigError(message, field=key)
    return {str(key): value for key, value in values.items()}


@dataclass(frozen=True)
class EvaluationOptions:
    """The section `evaluation`: which windows are scored, and what is saved of them.

    Attributes
    ----------
    split : {"test", "validation"}
        The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is
        unbiased.
    stride : int, optional
        Rows between two forecast origins; null takes about a quarter of the horizon for a short test part,
        and 1 for others.
    max_windows : int, optional
        Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows
        are scored, as many of each series.
    val_windows : int, optional
        Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows):
        the first half selects the best weights, the second compares models.
    num_samples : int
        Sample paths per window, for models that draw them.
    save_windows : int
        Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
    """

    split: Literal["test", "validation"] = "test"
    stride: PositiveInt | None = None
    max_windows: PositiveInt | None = 500
    val_windows: PositiveInt | None = 200
    num_samples: PositiveInt = 50
    save_windows: PositiveInt = 500


@dataclass(frozen=True)
class FitOptions:
    """The section `model.fit`: batches, epochs and early stopping.

    Attributes
    ----------
    batch_size : int
        Windows per training step.
    eval_batch_size : int
        Windows per batch of an evaluation.
    val_batch_size : int, optional
        Windows per batch of validation; null takes `eval_batch_size`.
    max_epochs : int
        Maximum number of epochs; early stopping may end the fit before.
    steps_per_epoch : int, optional
        Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
    min_steps_per_epoch : int, optional
        A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it
        up to 10 times, until the epoch has `steps_per_epoch` steps.
    patience : int
        Validations without a better ``tuning/relative_wql`` until early stopping.
    gradient_clip : float, optional
        Maximum norm of the gradient; null does not clip.
    train_fraction : float
        Share of the training windows that is used, the most recent ones.
    """

    basic: ClassVar = ("batch_size", "max_epochs", "patience")  # what a form shows at once
    batch_size: LimitedInt = 64
    eval_batch_size: LimitedInt = 256
    val_batch_size: LimitedInt | None = None
    max_epochs: LimitedInt = 20
    steps_per_epoch: LimitedInt | None = None
    min_steps_per_epoch: LimitedInt | None = 1
    patience: NonNegativeInt = 5
    gradient_clip: NonNegativeFloat | None = 1.0
    train_fraction: PositiveFraction = 1.0


@dataclass(frozen=True)
class TrainerOptions:
    """The section `trainer`: arguments of `pytorch_lightning.Trainer`.

    Attributes
    ----------
    accelerator : {"auto", "cpu", "gpu", "cuda"}
        ``auto`` uses a CUDA GPU if there is one.
    devices : int, str or list of int
        A number of devices, a list of GPUs, or ``auto``.
    num_nodes : int
        Must be 1.
    strategy : str
        For example ``auto``, ``ddp``, ``fsdp``.
    precision : str
        ``auto`` is bf16-mixed on a GPU that supports it, and 32-true otherwise.
    max_epochs, max_steps : int, optional
        -1 for no limit.
    max_time : str, optional
        Maximum time of training, as days:hours:minutes:seconds.
    limit_train_batches, val_check_interval : int, float, optional
        A number of batches, or a share of all.
    gradient_clip_val : float, optional
    accumulate_grad_batches, check_val_every_n_epoch, log_every_n_steps : int
    enable_progress_bar : bool
    deterministic : bool or "warn", optional
    others : dict
        Further arguments of the Trainer.
    """

    accelerator: Literal["auto", "cpu", "gpu", "cuda"] = "auto"
    devices: Any = 1
    num_nodes: int | None = 1
    strategy: str = "auto"
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed", "bf16", "16", "32", 16, 32] = "auto"
    max_epochs: Limit | None = None
    max_steps: Limit | None = -1
    max_time: str | None = None
    limit_train_batches: Batches | None = None
    gradient_clip_val: NonNegativeFloat | None = None
    accumulate_grad_batches: PositiveInt = 1
    check_val_every_n_epoch: PositiveInt = 1
    val_check_interval: Batches | None = None
    log_every_n_steps: PositiveInt = 10
    enable_progress_bar: bool = True
    deterministic: bool | Literal["warn"] | None = False
    others: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_config(cls, section: Any) -> TrainerOptions:
        """Check the section `trainer`; `timevis.training.trainer` checks the names of further arguments.

        Raises
        ------
        ConfigError
        """
        values = section_to_dict(section, "trainer")
        for name in NOT_ALLOWED:
            if values.get(name) is not None:
                message = Text(
                    "{setting} must be left out, since every window is scored",
                    setting=Setting(f"trainer.{name}", values[name]),
                )
                advice = Text(
                    "for fewer windows use {max_windows} and {val_windows}; for a short test use debug=default",
                    max_windows=Setting("evaluation.max_windows"),
                    val_windows=Setting("evaluation.val_windows"),
                )
                raise ConfigError(message, advice, f"trainer.{name}")
        names = {f.name for f in fields(cls)} - {"others"}
        known = {name: value for name, value in values.items() if name in names}
        others = {name: value for name, value in values.items() if name not in names}
        options = section_from_config(cls, known, "trainer")
        if options.max_time is not None and not re.fullmatch(r"\d+:\d\d:\d\d:\d\d", options.max_time):
            message = Text(
                "{setting} must be days:hours:minutes:seconds, e.g. 00:00:30:00, or null",
                setting=Setting("trainer.max_time", options.max_time),
            )
            raise ConfigError(message, field="trainer.max_time")
        if options.num_nodes not in (None, 1):
            message = Text(
                "{setting}: one run uses one machine", setting=Setting("trainer.num_nodes", options.num_nodes)
            )
            advice = Text("to run several jobs on a cluster, use hydra/launcher=submitit_slurm")
            raise ConfigError(message, advice, "trainer.num_nodes")
        object.__setattr__(options, "others", others)
        return options

    @property
    def max_batches(self) -> int:
        """Number of batches after which `max_steps` ends a fit; -1 without a limit."""
        return -1 if self.max_steps in (None, -1) else self.max_steps * self.accumulate_grad_batches


def duration_text(seconds: float) -> str:
    """Seconds as ``days:hours:minutes:seconds``, the form of `trainer.max_time`; at least one second."""
    whole = max(1, round(seconds))
    days, rest = divmod(whole, 86_400)
    return f"{days:02d}:{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"


def duration_seconds(text: str) -> float:
    """Seconds of ``days:hours:minutes:seconds``."""
    days, hours, minutes, seconds = map(int, text.split(":"))
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


@dataclass(frozen=True)
class WandbOptions:
    """The section `logger.wandb`: how a run is logged to Weights & Biases.

    Attributes
    ----------
    project : str
    entity : str, optional
    mode : {"auto", "online", "offline", "disabled"}, optional
        ``auto`` is online for a user who is logged in, and offline otherwise.
    tags : list of str, optional
    group : str, optional
        Runs with the same group are shown together; null takes the sweep that a run belongs to.
    artifacts : bool
        Whether model, report, data card and predictions are stored as artifacts; of the user's own data only with
        ``log_data``.
    """

    project: str = "timevis"
    entity: str | None = None
    mode: Literal["auto", "online", "offline", "disabled"] | None = "auto"
    tags: Sequence[str] | None = None
    group: str | None = None
    artifacts: bool = True


@dataclass(frozen=True)
class LoggerOptions:
    """The section `logger`.

    Attributes
    ----------
    log_data : bool
        Whether plots and forecasts of the user's own data, and words of the user, are also logged; see
        `timevis.training.loggers.privacy`.
    wandb : WandbOptions, optional
        Options of Weights & Biases, if it is used.
    others : dict
        Further Lightning loggers by name, each with a ``_target_``.
    """

    log_data: bool = False
    wandb: WandbOptions | None = None
    others: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_config(cls, section: Any) -> LoggerOptions:
        """Check the section `logger`."""
        values = section_to_dict(section, "logger")
        known = section_from_config(cls, {k: values.pop(k) for k in ("log_data",) if k in values}, "logger")
        wandb = values.pop("wandb", None)
        options = None if wandb is None else section_from_config(WandbOptions, wandb, "logger.wandb")
        return cls(known.log_data, options, values)


@dataclass(frozen=True)
class RunOptions:
    """The keys at the top of a config.

    Attributes
    ----------
    context_length : int, optional
        Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
    horizon : int, optional
        Rows that the model forecasts; null derives it from frequency and length of the data.
    conformal : {"auto", "none", "split", "online"}
        Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from
        all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
    seed : int
        Seed of all random numbers of the run.
    minutes : float, optional
        Time limit: of the whole run for auto and ensemble, of the fit for other models; null for none, and for auto
        10 minutes.
    """

    basic: ClassVar = ("context_length", "horizon")  # what a form shows at once
    context_length: LimitedInt | None = None
    horizon: LimitedInt | None = None
    conformal: Literal["auto", "none", "split", "online"] = "auto"
    seed: Annotated[int, Interval(ge=0, le=2**32 - 1)] = 0
    minutes: PositiveFloat | None = None


@dataclass(frozen=True)
class SweepOptions:
    """The section `sweep`.

    Attributes
    ----------
    ensemble : bool
        At the end of a sweep, make an ensemble of its completed runs, one for each window set.
    """

    ensemble: bool = False


def check_sections(cfg: Mapping[str, Any]) -> None:
    """Check each section of this module, to find mistakes before PyTorch is imported.

    Raises
    ------
    ConfigError
        Names the key.
    """
    section_from_config(RunOptions, {f.name: cfg[f.name] for f in fields(RunOptions)}, "")
    section_from_config(EvaluationOptions, section_to_dict(cfg["evaluation"], "evaluation"), "evaluation")
    section_from_config(FitOptions, section_to_dict(cfg["model"]["fit"], "model.fit"), "model.fit")
    section_from_config(SweepOptions, section_to_dict(cfg["sweep"], "sweep"), "sweep")
    TrainerOptions.from_config(cfg["trainer"])
    LoggerOptions.from_config(cfg["logger"])
