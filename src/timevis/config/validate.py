"""Check a composed config as far as that needs neither the data nor PyTorch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from timevis.config.sections import check_sections
from timevis.config.suggestions import did_you_mean
from timevis.errors import ConfigError

FREE_TEXT_KEYS = ("model.prompt.text", "data.description", "data.unit", "data.name")
"""Keys whose text is copied into prompts and files."""
OPEN_SECTIONS = ("model", "trainer", "callbacks", "logger", "hydra")
"""Sections to which the command line may add keys with ``+``."""


def keys_of(cfg: DictConfig) -> list[str]:
    """All dotted keys of a config, including those of its sections."""
    return _nested_keys(OmegaConf.to_container(cfg, resolve=False))


def _nested_keys(values: Any, prefix: str = "") -> list[str]:
    keys = []
    for key, value in values.items():
        keys.append(f"{prefix}{key}")
        if isinstance(value, dict):
            keys += _nested_keys(value, f"{prefix}{key}.")
    return keys


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested dicts and lists, without the dicts and lists themselves."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def interpolated_key(value: Any) -> str | None:
    """The first key of a nested config whose value OmegaConf would evaluate; None if there is none."""
    return next((key for key, leaf in leaves(value) if "${" in str(leaf)), None)


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
            raise ConfigError(f"there is no config key {key}", did_you_mean(key, known))
    check_sections(cfg)
    for key in FREE_TEXT_KEYS:
        value = OmegaConf.select(cfg, key)
        for text in value.values() if isinstance(value, DictConfig) else [value]:
            if re.search("[\ud800-\udfff]", str(text)):
                raise ConfigError(f"{key} holds bytes that are not UTF-8", "write it in UTF-8")
    written: Any = OmegaConf.to_container(cfg.model, resolve=False)
    text = (written.get("prompt") or {}).get("text")
    if "${" in str(text):  # also if it is escaped, because the stored config of a run is read again
        raise ConfigError("model.prompt.text holds ${, which a config would evaluate", "remove the $ or the brace")
