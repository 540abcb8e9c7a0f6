"""Check a composed config as far as that needs neither the data nor PyTorch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from timevis.config.sections import check_sections
from timevis.config.stored import has_reference
from timevis.config.suggestions import did_you_mean, unknown_key_error
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

FREE_TEXT_KEYS = ("model.prompt.text", "data.description", "data.unit", "data.name")
"""Keys whose text is copied into prompts and files."""
ESCAPE_ADVICE = Text(r"write \${{ if the text itself contains ${{")
OPEN_SECTIONS = ("model", "trainer", "callbacks", "logger", "hydra")
"""Sections to which the command line may add keys with ``+``."""


def keys_of(cfg: DictConfig) -> list[str]:
    """All dotted keys of a config, including the keys of its sections."""
    return _nested_keys(OmegaConf.to_container(cfg, resolve=False))


def _nested_keys(values: Any, prefix: str = "") -> list[str]:
    keys = []
    for key, value in values.items():
        keys.append(f"{prefix}{key}")
        if isinstance(value, dict):
            keys += _nested_keys(value, f"{prefix}{key}.")
    return keys


def check(cfg: DictConfig, added: Sequence[str] = ()) -> None:
    """Check the keys and values of a composed config.

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
            raise unknown_key_error(key, did_you_mean(key, known))
    try:
        OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException as error:
        message = Text(
            "{key} contains ${{...}}, which names no config key: {reason}",
            key=str(error.full_key),
            reason=str(error).partition("\n")[0],
        )
        raise ConfigError(message, ESCAPE_ADVICE, str(error.full_key)) from error
    check_sections(cfg)
    for key in FREE_TEXT_KEYS:
        value = OmegaConf.select(cfg, key)
        for text in value.values() if isinstance(value, DictConfig) else [value]:
            if re.search("[\ud800-\udfff]", str(text)):
                message = Text("{key} contains bytes that are not UTF-8", key=Setting(key))
                raise ConfigError(message, Text("write it in UTF-8"), key)
    written: Any = OmegaConf.to_container(cfg.model, resolve=False)
    text = (written.get("prompt") or {}).get("text")
    if has_reference(text):
        key = "model.prompt.text"
        message = Text("{key} contains ${{, which a config would evaluate", key=Setting(key))
        raise ConfigError(message, ESCAPE_ADVICE, key)
