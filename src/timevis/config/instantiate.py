"""Objects that a config names by `_target_`: only of the kind that belongs there, as a config may be a stranger's."""

from __future__ import annotations

from typing import Any

from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf

from timevis.config.validate import leaves
from timevis.errors import ConfigError

INNER = ("datetime.timedelta",)
"""What may be made within an object, as an argument of it."""


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
    target = options.get("_target_") if isinstance(options, DictConfig) else None
    if target is None:
        raise ConfigError(f"{key} names no class", f"give it a _target_, or drop it by {key}=null")
    try:
        cls = get_class(target)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigError(f"{key}._target_={target} is no class: {error}") from error
    if not issubclass(cls, kind):
        raise ConfigError(f"{key}._target_={target} is not a {kind.__name__}")
    return cls


def made(options: DictConfig, kind: type, key: str, **arguments: Any) -> Any:
    """An object of the class that a section names, with its other keys as arguments; raises as `class_of`."""
    class_of(options, kind, key)
    for name, value in leaves(OmegaConf.to_container(options)):
        inner = name.endswith("._target_") and value not in INNER
        if inner or name.rpartition(".")[2] == "_partial_":
            raise ConfigError(f"{key}.{name}={value} is not made", f"within {key} only {', '.join(INNER)} may be")
    return instantiate(options, **arguments)
