"""The members of an ensemble in a config: a model with options of its own, and the config of its run."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from timevis.config.compose import choices_of, compose
from timevis.config.stored import escape, parse_value
from timevis.config.suggestions import did_you_mean, unknown_key_error
from timevis.config.validate import keys_of
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

COMBINING_MODELS = ("ensemble", "auto")
"""Models that are made of members, and cannot be members themselves."""
FINISHED_RUN = "run"
"""In place of a model, for a member whose finished run is in its folder already; see `timevis.inference.combine`."""
MEMBER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""A name that is safe as the name of a folder."""
OWN_SECTIONS = ("model", "trainer", "callbacks", "logger", "conformal", "context_length", "resume")
"""Sections that a member does not simply take from the ensemble."""
KEYS_FROM_FIT = {
    "max_epochs": "max_epochs",
    "limit_train_batches": "steps_per_epoch",
    "gradient_clip_val": "gradient_clip",
}
"""Keys of the section `trainer` that follow from `model.fit` unless they are given."""


@dataclass(frozen=True)
class Member:
    """A member that a config asks for.

    Attributes
    ----------
    name : str
        Unique in the ensemble; the name of its folder.
    model : str
        A choice of ``conf/model``, or `FINISHED_RUN`.
    options : mapping
        Keys of the section `model`, and `context_length`.
    """

    name: str
    model: str
    options: Mapping[str, Any]


def parse_members(texts: Sequence[str], key: str = "model.members") -> list[Member]:
    """Read a list of members, such as ``["lstm", "qwen_patch tune=none name=untrained"]``.

    Parameters
    ----------
    texts : sequence of str
        Each is a choice of ``conf/model``, followed by options of the section `model` of this model. The option
        `name` is the name of the member; without it, a second member of a model is called ``<model>-2``.
    key : str
        The config key of the list, for errors.

    Raises
    ------
    ConfigError
        A text has another form, a model is unknown or is made of members itself, or two members have the same name.
    """
    members: list[Member] = []
    counts: Counter[str] = Counter()
    for text in texts:
        model, *words = str(text).split() or [""]
        if model in COMBINING_MODELS:
            message = Text("{model} cannot be a member of an ensemble", model=model)
            raise ConfigError(message, Text("list its members instead"), key)
        if model.partition("/")[0] not in (*choices_of("model"), "peer", FINISHED_RUN):
            message = Text("{setting}: {model!r} is not a model", setting=Setting(key), model=model)
            raise ConfigError(message, did_you_mean(model, choices_of("model")), key)
        options = dict(_option(word, key) for word in words)
        name = options.pop("name", None)
        if name is None:
            counts[model] += 1
            name = model.replace("/", "-") + (f"-{counts[model]}" if counts[model] > 1 else "")
        name = str(name)
        if not MEMBER_NAME.fullmatch(name):
            message = Text("{name!r} is not a name of a member", name=name)
            raise ConfigError(message, Text("use letters, digits, - and _"), key)
        if name in (member.name for member in members):
            message = Text("two members are called {name}", name=name)
            raise ConfigError(message, Text("give one of them another name with name=..."), key)
        members.append(Member(name, model, options))
    if not members:
        message = Text("{setting} lists no member", setting=Setting(key))
        raise ConfigError(message, Text("list models, such as [seasonal_naive,lstm,boosted]"), key)
    return members


def _option(word: str, key: str) -> tuple[str, Any]:
    name, separator, value = word.partition("=")
    if separator and re.fullmatch(r"[A-Za-z]\w*(\.\w+)*", name):
        with suppress(yaml.YAMLError):
            return name, parse_value(value)
    message = Text("{word!r} in {setting} is not of the form option=value", word=word, setting=Setting(key))
    raise ConfigError(message, Text("for example: 'lstm hidden_size=64'"), key)


def member_config(cfg: DictConfig, member: Member) -> DictConfig:
    """The config of the run of a member: the data, windows and trainer of the ensemble, and the model of the member.

    A model whose file in ``conf/model`` leaves the context length to the data, such as qwen_patch, chooses its own.

    Parameters
    ----------
    cfg : DictConfig
        The config of the ensemble.
    member : Member

    Raises
    ------
    ConfigError
        The model has no such option.
    """
    groups = [group for group in ("backbone", "prompt") if isinstance(member.options.get(group), str)]
    chosen = [f"model/{group}={member.options[group]}" for group in groups]
    composed = copy.deepcopy(_composed((f"model={member.model}", *chosen)))
    OmegaConf.set_struct(composed, False)
    for key, value in OmegaConf.to_container(cfg, resolve=True).items():  # type: ignore[union-attr]
        if key not in OWN_SECTIONS:
            composed[key] = escape(value)
    if composed.context_length is not None:
        composed.context_length = cfg.context_length
    composed.conformal = "none"  # the ensemble recalibrates its own intervals
    _take_trainer(cfg, composed)
    _take_callbacks(cfg, composed)
    known = keys_of(composed.model)
    for name, value in member.options.items():
        if name == "context_length":
            composed.context_length = value
        elif name not in groups:
            if name not in known or name == "_target_" or OmegaConf.is_dict(OmegaConf.select(composed.model, name)):
                raise unknown_key_error(f"model.{name}", did_you_mean(name, [k for k in known if k != "_target_"]))
            OmegaConf.update(composed.model, name, escape(value), merge=False)
    composed.model.name = member.name
    return OmegaConf.create(escape(OmegaConf.to_container(composed, resolve=True)))


@cache
def _composed(overrides: tuple[str, ...]) -> DictConfig:
    """The config of a model on a data set that names its context length."""
    return compose([*overrides, "data=traffic", "logger=none"])


def _take_trainer(cfg: DictConfig, composed: DictConfig) -> None:
    """Take the options of the trainer that do not only follow from `model.fit`."""
    fit = cfg.model.fit
    for key, value in OmegaConf.to_container(cfg.trainer, resolve=True).items():  # type: ignore[union-attr]
        if key not in KEYS_FROM_FIT or value != fit[KEYS_FROM_FIT[str(key)]]:
            composed.trainer[key] = escape(value)


def _take_callbacks(cfg: DictConfig, composed: DictConfig) -> None:
    """Take the callbacks that the ensemble adds, and leave out those that it leaves out."""
    own: Any = OmegaConf.to_container(cfg.callbacks, resolve=True)
    for name in list(composed.callbacks):
        if own.get(name) is None:
            del composed.callbacks[name]
    for name, section in own.items():
        if name not in composed.callbacks and section is not None:
            composed.callbacks[name] = escape(section)
