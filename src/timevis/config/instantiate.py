"""Objects that a config names by `_target_`.

A config may come from somebody else, so only a class of the expected kind is imported and called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

from timevis.config.sections import section_to_dict
from timevis.config.validate import leaves
from timevis.errors import ConfigError

ALLOWED_INNER_TARGETS = ("datetime.timedelta",)
"""Classes that may be instantiated as an argument of another object."""


def class_of(section: Any, kind: type, key: str) -> Any:
    """The class that a section of the config names.

    Parameters
    ----------
    section : mapping or DictConfig
        With `_target_`.
    kind : type
        What the class must be a subclass of.
    key : str
        The dotted key of the section, for errors.

    Raises
    ------
    ConfigError
        The section names no such class.
    """
    target = section.get("_target_") if isinstance(section, Mapping) or OmegaConf.is_dict(section) else None
    if target is None:
        raise ConfigError(f"{key} names no class", f"give it a _target_, or leave it out with {key}=null")
    try:
        cls = get_class(target)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigError(f"{key}._target_={target} is not a class: {error}") from error
    if not issubclass(cls, kind):
        raise ConfigError(f"{key}._target_={target} is not a {kind.__name__}")
    return cls


def instantiate_section(section: Any, kind: type, key: str, **arguments: Any) -> Any:
    """An object of the class that a section names, with the other keys as arguments.

    Raises
    ------
    ConfigError
        As `class_of`; or the section names further classes that are not in `ALLOWED_INNER_TARGETS`.
    """
    class_of(section, kind, key)
    values = section_to_dict(section)
    for name, value in leaves(values):
        is_inner_target = name.endswith("._target_") and value not in ALLOWED_INNER_TARGETS
        if is_inner_target or name.rpartition(".")[2] == "_partial_":
            raise ConfigError(
                f"{key}.{name}={value} is not allowed",
                f"within {key} only {', '.join(ALLOWED_INNER_TARGETS)} may be named",
            )
    return instantiate(OmegaConf.create(values), **arguments)
