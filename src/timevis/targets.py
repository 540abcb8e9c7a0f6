"""Objects that a config names by `_target_`: only of the kind that belongs there, as a config may be a stranger's."""

from __future__ import annotations

from typing import Any

from hydra.utils import get_class, instantiate
from omegaconf import DictConfig

from timevis.errors import ConfigError


def class_of(options: DictConfig, kind: type, key: str) -> Any:
    """The class that a section of the config names.

    Parameters
    ----------
    options : DictConfig
        With `_target_`.
    kind : type
        What the class must be a subclass of.
    key : str
        The section, for errors.

    Raises
    ------
    ConfigError
        It is no such class.
    """
    target = options.get("_target_")
    try:
        cls = get_class(target)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigError(f"{key}._target_={target} is no class: {error}") from error
    if not issubclass(cls, kind):
        raise ConfigError(f"{key}._target_={target} is not a {kind.__name__}")
    return cls


def made(options: DictConfig, kind: type, key: str, **arguments: Any) -> Any:
    """An object of the class that a section names, with its other keys as they are; raises as `class_of`."""
    class_of(options, kind, key)
    return instantiate(options, _recursive_=False, **arguments)
