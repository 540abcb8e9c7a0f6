"""Mistakes in the config, found before anything is computed and answered with the nearest right name."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from timevis.errors import ConfigError

CONF = Path(__file__).parents[3] / "conf"
# arguments that code sets, never a config; the codec's width is model.digits
GIVEN = (
    *("self", "cls", "datamodule", "context_length", "horizon", "num_channels", "num_covariates", "num_quantiles"),
    *("covariate_columns", "width"),
    *("callbacks", "logger", "default_root_dir", "enable_model_summary", "num_sanity_val_steps"),
    "use_distributed_sampler",
)
AUTO = "Literal['auto']"
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "str": ((str,), "text"),
    "None": ((type(None),), "null"),
    AUTO: ((), "auto"),
}
LISTED = 30
"""Choices that advice lists at most."""
TEXTS = ("model.prompt.text", "data.description", "data.unit", "data.name")
"""Text that prompts and files take as it is."""
OPEN_SECTIONS = ("model", "trainer", "callbacks", "logger", "hydra")
# what arguments of models may be: whole numbers are at least 1 and others at least 0, and beyond that
MAY_BE_ZERO = ("seed", "lr_decay_start_epoch", "min_data_in_leaf")
ABOVE_ZERO = ("lr_decay", "feature_fraction", "alpha")
AT_MOST_ONE = ("mixup", "feature_fraction", "warmup")
BELOW_ONE = ("dropout", "ema_decay")
PARTS = ("test", "validation")
# of the Trainer's, those that leave windows and scores as they are
PRECISIONS = ("auto", "32-true", "16-mixed", "bf16-mixed", "bf16", "16", "32")


def whole(value: Any, least: int) -> bool:
    """Whether a value is a whole number of at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _part(value: Any) -> bool:
    """Whether a value is a number of batches, or a share of all."""
    return value is None or whole(value, 1) or (isinstance(value, float) and 0 < value <= 1)


def _duration(value: Any) -> bool:
    return value is None or re.fullmatch(r"\d+:\d\d:\d\d:\d\d", str(value)) is not None


RULES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (
        "context_length horizon evaluation.stride evaluation.num_samples evaluation.save_windows "
        "model.fit.batch_size model.fit.eval_batch_size model.fit.max_epochs model.fit.min_steps_per_epoch "
        "trainer.accumulate_grad_batches trainer.check_val_every_n_epoch trainer.log_every_n_steps",
        lambda v: whole(v, 1),
        "a whole number of at least 1",
    ),
    (
        "evaluation.max_windows evaluation.val_windows model.fit.steps_per_epoch model.fit.val_batch_size",
        lambda v: v is None or whole(v, 1),
        "a whole number of at least 1, or null",
    ),
    ("evaluation.split", lambda v: v in PARTS, f"one of {', '.join(PARTS)}"),
    ("model.fit.patience", lambda v: whole(v, 0), "a whole number of at least 0"),
    ("seed", lambda v: whole(v, 0) and v < 2**32, "a whole number of at least 0 and below 2^32"),
    ("model.fit.train_fraction", lambda v: _number(v) and 0 < v <= 1, "above 0 and at most 1"),
    (
        "model.fit.gradient_clip trainer.gradient_clip_val",
        lambda v: v is None or (_number(v) and v >= 0),
        "a number of at least 0, or null",
    ),
    (
        "trainer.max_epochs trainer.max_steps",
        lambda v: v in (None, -1) or whole(v, 1),
        "a whole number of at least 1, or -1 for no limit",
    ),
    ("trainer.max_time", _duration, "days:hours:minutes:seconds, e.g. 00:00:30:00, or null"),
    (
        "trainer.limit_train_batches trainer.val_check_interval",
        _part,
        "a whole number of batches, a share from above 0 to 1.0, or null",
    ),
    (
        "trainer.limit_test_batches trainer.limit_val_batches trainer.limit_predict_batches trainer.overfit_batches "
        "trainer.fast_dev_run trainer.barebones",
        lambda v: v is None,
        "left out, since every window is scored: for fewer use evaluation.max_windows and evaluation.val_windows, "
        "for a short try trainer=debug",
    ),
    ("trainer.precision", lambda v: str(v) in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
    ("trainer.deterministic", lambda v: v in (None, True, False, "warn"), "true, false or warn"),
    ("trainer.enable_progress_bar logger.log_data", lambda v: isinstance(v, bool), "true or false"),
    ("logger.wandb.mode", lambda v: v in (None, "auto", "online", "offline", "disabled"), "auto, online or offline"),
    ("logger.wandb.tags", lambda v: v is None or isinstance(v, ListConfig), "a list, such as [first,second]"),
)
"""Keys, what their value must be, and that in words."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Advice that names the known name nearest to a mistyped one, and all of them where they are few."""
    names = list(known)
    guess = nearest(str(word), names)
    listing = f"choices: {', '.join(sorted(names))}" if 0 < len(names) <= LISTED else ""
    return " ".join(filter(None, [f"did you mean {guess!r}?" if guess is not None else "", listing]))


def nearest(word: str, names: Sequence[str]) -> str | None:
    """The dotted name most like `word`, by the whole or by its last part, in upper or lower case."""

    def ratio(a: str, b: str) -> float:
        return difflib.SequenceMatcher(None, a.lower(), b.lower()).ratio()

    def likeness(name: str) -> float:
        return max(ratio(word, name), 0.85 * ratio(re.split("[./]", word)[-1], re.split("[./]", name)[-1]))

    best = max(names, key=likeness, default=None)
    return best if best is not None and likeness(best) > 0.6 else None


def keys_of(cfg: DictConfig, prefix: str = "") -> list[str]:
    """All dotted keys of a config, sections included."""
    keys = []
    for key in map(str, cfg):
        keys.append(f"{prefix}{key}")
        node = cfg._get_node(key)
        if isinstance(node, DictConfig) and not node._is_none():
            keys += keys_of(node, f"{prefix}{key}.")
    return keys


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested dicts and lists, without the dicts and lists themselves."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def evaluated(value: Any) -> str | None:
    """The first key of a nested config that holds what OmegaConf would evaluate, if any does."""
    return next((key for key, leaf in leaves(value) if "${" in str(leaf)), None)


def check(cfg: DictConfig, added: Sequence[str] = ()) -> None:
    """Check numbers and names of a composed config.

    Parameters
    ----------
    cfg : DictConfig
    added : sequence of str
        Keys that the command line added with ``+``.

    Raises
    ------
    ConfigError
        Names the key.
    """
    for key in added:
        if key.partition(".")[0] not in OPEN_SECTIONS:
            known = [k for k in keys_of(cfg) if k not in added]
            raise ConfigError(f"there is no config key {key}", did_you_mean(key, known))
    for keys, fits, words in RULES:
        for key in keys.split():
            value = OmegaConf.select(cfg, key)
            if not fits(value):
                raise ConfigError(f"{key}={'null' if value is None else value} must be {words}")
    for key in TEXTS:
        value = OmegaConf.select(cfg, key)
        for text in value.values() if isinstance(value, DictConfig) else [value]:
            if re.search("[\ud800-\udfff]", str(text)):
                raise ConfigError(f"{key} holds bytes that are not UTF-8", "write it in UTF-8")
    written: Any = OmegaConf.to_container(cfg.model, resolve=False)
    text = (written.get("prompt") or {}).get("text")
    if "${" in str(text):  # even if escaped, since the run's own config is read again
        raise ConfigError("model.prompt.text holds ${, which a config would evaluate", "write it without the brace")


def check_arguments(section: str, values: dict[str, Any], *functions: Callable[..., Any]) -> None:
    """Check that every key of a config section is an argument of one of the functions, and its value of that kind.

    They hand on to each other what they do not know; where the last one takes any keyword, all names are fine.

    Raises
    ------
    ConfigError
        Names the key, and the nearest argument or what the value must be.
    """
    for parameter in _arguments(*functions):
        if parameter.name in values:
            _check_kind(f"{section}.{parameter.name}", values[parameter.name], parameter.annotation)
            if section.startswith("model"):
                _check_range(f"{section}.{parameter.name}", values[parameter.name], parameter.annotation)
    last = inspect.signature(functions[-1]).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in last):
        return
    known = [p.name for p in _arguments(*functions)]
    for key in values:
        if key not in known:
            raise ConfigError(f"there is no config key {section}.{key}", did_you_mean(key, known))


def _check_kind(key: str, value: Any, annotation: Any) -> None:
    """Refuse a value that is plainly of another kind than a simple annotation, such as ``int | None``, says."""
    if annotation == "Sequence[float]":
        if not isinstance(value, list | tuple) or not value or not all(_number(v) and v > 0 for v in value):
            raise ConfigError(f"{key}={value} must be a list of numbers above 0, such as [0.1,1]")
        return
    if annotation == "Sequence[int] | None" and value is not None:
        if not isinstance(value, list | tuple) or not value or not all(whole(v, 0) for v in value):
            raise ConfigError(f"{key}={value} must be a list of whole numbers, such as [24,168], or null")
        return
    if annotation in ("Sequence[str]", "Sequence[str] | None") and isinstance(value, str):
        raise ConfigError(f"{key}={value} must be a list, such as [{value}]")
    kinds = annotation.split(" | ") if isinstance(annotation, str) else []
    if not kinds or any(kind not in KINDS for kind in kinds):
        return
    if value == "auto" and AUTO in kinds:
        return
    for kind in kinds:
        if isinstance(value, KINDS[kind][0]) and (kind == "bool" or not isinstance(value, bool)):
            return
    raise ConfigError(f"{key}={value} must be {' or '.join(KINDS[kind][1] for kind in kinds)}")


def _check_range(key: str, value: Any, annotation: Any) -> None:
    """Refuse a number that no model can work with."""
    name = key.rpartition(".")[2]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    least = int(str(annotation).startswith("int") and name not in MAY_BE_ZERO)
    if not math.isfinite(value) or value < least or (value == 0 and name in ABOVE_ZERO):
        raise ConfigError(f"{key}={value} must be {'above 0' if name in ABOVE_ZERO else f'at least {least}'}")
    if value > 1 and name in AT_MOST_ONE:
        raise ConfigError(f"{key}={value} must be at most 1")
    if value >= 1 and name in BELOW_ONE:
        raise ConfigError(f"{key}={value} must be below 1")


def check_choice(value: Any, choices: Iterable[Any], key: str) -> Any:
    """`value`, if it is one of `choices`; else a ConfigError that names the nearest one."""
    if value not in choices:
        raise ConfigError(f"{key}={value!r} is not a choice", did_you_mean(value, map(str, choices)))
    return value


def check_choices(section: str, values: Mapping[str, Any], choices: Mapping[str, Iterable[str]]) -> None:
    """Refuse words of a config section, or of lists in it, outside `choices`, by dotted key; None is always fine."""
    for key, known in choices.items():
        part, _, name = key.rpartition(".")
        value = ((values.get(part) or {}) if part else values).get(name)
        for word in value if isinstance(value, list | tuple) else [value]:
            if word is not None:
                check_choice(word, known, f"{section}.{key}")


def keyword_defaults(*functions: Callable[..., Any]) -> dict[str, Any]:
    """Arguments of the functions that have a default, by name."""
    return {p.name: p.default for p in _arguments(*functions) if p.default is not inspect.Parameter.empty}


def _arguments(*functions: Callable[..., Any]) -> list[inspect.Parameter]:
    """What a config may set of the functions' arguments."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = [p for f in functions for p in inspect.signature(f).parameters.values()]
    return [p for p in parameters if p.kind not in several and p.name not in GIVEN]
