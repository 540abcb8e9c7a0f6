"""Mistakes in the config, found before anything is computed and answered with the nearest right name."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from timevis.errors import ConfigError

POSITIVE = (
    "context_length",
    "horizon",
    "evaluation.stride",
    "evaluation.num_samples",
    "evaluation.save_windows",
    "model.fit.batch_size",
    "model.fit.eval_batch_size",
    "model.fit.max_epochs",
)
POSITIVE_OR_NULL = ("evaluation.max_windows", "evaluation.val_windows", "model.fit.steps_per_epoch")
NOT_NEGATIVE = ("seed", "model.fit.patience")
# arguments that code sets, never a config; the codec's width is model.digits
GIVEN = (
    "self",
    "cls",
    "datamodule",
    "context_length",
    "horizon",
    "num_channels",
    "num_covariates",
    "num_quantiles",
    "covariate_columns",
    "width",
)
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "str": ((str,), "text"),
    "None": ((type(None),), "null"),
}
OPEN_SECTIONS = ("model", "trainer", "callbacks", "logger", "hydra")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known dotted name most like `name`, by the whole or by its last part; None if none is like it."""

    def ratio(a: str, b: str) -> float:
        return difflib.SequenceMatcher(None, a, b).ratio()

    def likeness(candidate: str) -> float:
        return max(ratio(name, candidate), 0.85 * ratio(re.split("[./]", name)[-1], re.split("[./]", candidate)[-1]))

    best = max(known, key=likeness, default=None)
    return best if best is not None and likeness(best) > 0.6 else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Advice that names the nearest known name, or else all of a few."""
    known = list(known)
    guess = nearest(name, known)
    if guess is not None:
        return f"did you mean {guess}?"
    return f"choose among {', '.join(sorted(known))}" if 0 < len(known) <= 30 else ""


def keys_of(cfg: DictConfig, prefix: str = "") -> list[str]:
    """All dotted keys of a config, sections included."""
    keys = []
    for key in map(str, cfg):
        keys.append(f"{prefix}{key}")
        node = cfg._get_node(key)
        if isinstance(node, DictConfig) and not node._is_none():
            keys += keys_of(node, f"{prefix}{key}.")
    return keys


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
    for key in POSITIVE:
        check_whole(cfg, key, least=1)
    for key in POSITIVE_OR_NULL:
        if OmegaConf.select(cfg, key) is not None:
            check_whole(cfg, key, least=1)
    for key in NOT_NEGATIVE:
        check_whole(cfg, key, least=0)
    fraction = cfg.model.fit.train_fraction
    if not isinstance(fraction, int | float) or not 0 < fraction <= 1:
        raise ConfigError(f"model.fit.train_fraction={fraction} must lie above 0 and at most at 1")
    written: Any = OmegaConf.to_container(cfg.model, resolve=False)
    text = (written.get("prompt") or {}).get("text")
    if "${" in str(text):  # even if escaped, since the run's own config is read again
        raise ConfigError("model.prompt.text holds ${, which a config would evaluate", "write it without the brace")
    limit = cfg.trainer.max_time
    if limit is not None and not re.fullmatch(r"\d+:\d\d:\d\d:\d\d", str(limit)):
        raise ConfigError(
            f"trainer.max_time={limit} is no time", "write days:hours:minutes:seconds, e.g. 00:00:30:00"
        )


def check_whole(cfg: DictConfig, key: str, least: int) -> None:
    """Refuse a value that is not a whole number of at least `least`, in a ConfigError."""
    value = OmegaConf.select(cfg, key)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(f"{key}={value} must be a whole number of at least {least}")


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
    last = inspect.signature(functions[-1]).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in last):
        return
    known = [p.name for p in _arguments(*functions)]
    for key in values:
        if key not in known:
            raise ConfigError(f"there is no config key {section}.{key}", did_you_mean(key, known))


def _check_kind(key: str, value: Any, annotation: Any) -> None:
    """Refuse a value that is plainly of another kind than a simple annotation, such as ``int | None``, says."""
    kinds = annotation.split(" | ") if isinstance(annotation, str) else []
    if not kinds or any(kind not in KINDS for kind in kinds):
        return
    for kind in kinds:
        if isinstance(value, KINDS[kind][0]) and (kind == "bool" or not isinstance(value, bool)):
            return
    raise ConfigError(f"{key}={value} must be {' or '.join(KINDS[kind][1] for kind in kinds)}")


def keyword_defaults(*functions: Callable[..., Any]) -> dict[str, Any]:
    """Arguments of the functions that have a default, by name."""
    return {p.name: p.default for p in _arguments(*functions) if p.default is not inspect.Parameter.empty}


def _arguments(*functions: Callable[..., Any]) -> list[inspect.Parameter]:
    """What a config may set of the functions' arguments."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = [p for f in functions for p in inspect.signature(f).parameters.values()]
    return [p for p in parameters if p.kind not in several and p.name not in GIVEN]
