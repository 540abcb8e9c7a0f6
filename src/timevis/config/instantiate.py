"""Classes and objects that a config names by `_target_`.

A config may come from another person, so a target is checked by its name before anything is imported.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from timevis.config.sections import section_to_dict
from timevis.config.stored import escape, leaves
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

OWN_PACKAGES = ("timevis.", "timevis_research.")
RENAMED_PACKAGES = {
    "timevis.models.auto.": "timevis.models.ensemble.",
    "timevis.models.qwen.": "timevis.models.",
    "timevis.models.peers.": "timevis_research.peers.",
}
"""First part of the names of classes in stored runs, and what it is now."""
LIGHTNING_TARGETS = frozenset(
    {
        *(
            f"pytorch_lightning.callbacks.{name}"
            for name in (
                "DeviceStatsMonitor",
                "EarlyStopping",
                "GradientAccumulationScheduler",
                "LearningRateMonitor",
                "ModelCheckpoint",
                "ModelSummary",
                "OnExceptionCheckpoint",
                "RichModelSummary",
                "StochasticWeightAveraging",
                "Timer",
            )
        ),
        *(f"pytorch_lightning.loggers.{name}" for name in ("CSVLogger", "TensorBoardLogger")),
    }
)
"""Classes outside TimeVis that a config may name. Loggers that send data to a server are not among them."""
ALLOWED_INNER_TARGETS = ("datetime.timedelta",)
"""Classes that may be instantiated as an argument of another object."""
ALLOW_TARGETS_VARIABLE = "TIMEVIS_ALLOW_TARGETS"
"""Environment variable with further classes, separated by commas. No file of a run sets it."""


def import_allowed_class(target: object, kind: type, key: str) -> Any:
    """Import a class by its dotted name, if the name is allowed.

    Parameters
    ----------
    target : object
        For example ``timevis.models.lstm.LSTM``.
    kind : type
        What the class must be a subclass of.
    key : str
        The dotted config key or the file that names the class, for errors.

    Raises
    ------
    ConfigError
        The name is not allowed, in which case nothing was imported; or it names no class of this kind.
    """
    check_target_name(target, key)
    name = str(target)
    for old, new in RENAMED_PACKAGES.items():
        if name.startswith(old):
            name = new + name.removeprefix(old)
    is_own = name.startswith(OWN_PACKAGES)
    module, _, class_name = name.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), class_name, None)
    except ImportError as error:
        message = Text("{key}={name} cannot be imported: {reason}", key=key, name=name, reason=str(error))
        raise ConfigError(message, field=key) from error
    if not isinstance(cls, type):
        raise ConfigError(Text("{key}={name} is not a class", key=key, name=name), field=key)
    # a module of TimeVis also contains the classes that it imports
    if not issubclass(cls, kind) or (is_own and not cls.__module__.startswith(OWN_PACKAGES)):
        message = Text("{key}={name} is not a {kind}", key=key, name=name, kind=kind.__name__)
        raise ConfigError(message, field=key)
    return cls


def check_target_name(target: object, key: str) -> None:
    """Check that a config may name a class, without importing anything; see `import_allowed_class`.

    Raises
    ------
    ConfigError
        The name is not allowed.
    """
    name = str(target)
    if not isinstance(target, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", target, re.ASCII):
        message = Text("{key}={name!r} is not the dotted name of a class", key=key, name=name[:200])
        raise ConfigError(message, field=key)
    if not (name.startswith(OWN_PACKAGES) or name in LIGHTNING_TARGETS or name in _targets_allowed_by_user()):
        text = Text("{key}={name} is not in the list of allowed classes, so it was not imported", key=key, name=name)
        advice = Text(
            "if you trust this class, start the command with {variable}={name}; docs/security.md lists the classes "
            "that need no permission",
            variable=ALLOW_TARGETS_VARIABLE,
            name=name,
        )
        raise ConfigError(text, advice, key)


def _targets_allowed_by_user() -> list[str]:
    return [name.strip() for name in os.environ.get(ALLOW_TARGETS_VARIABLE, "").split(",")]


def class_of(section: Any, kind: type, key: str) -> Any:
    """The class that a section of the config names; see `import_allowed_class`.

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
        The section names no such class, or a class that is not allowed.
    """
    target = section.get("_target_") if isinstance(section, Mapping) or OmegaConf.is_dict(section) else None
    if target is None:
        advice = Text("give it a _target_, or leave it out with {key}=null", key=key)
        raise ConfigError(Text("{key} names no class", key=key), advice, key)
    return import_allowed_class(target, kind, f"{key}._target_")


def instantiate_section(section: Any, kind: type, key: str, folder: Path | None = None, **arguments: Any) -> Any:
    """An object of the class that a section names, with the other keys as arguments.

    Parameters
    ----------
    section, kind, key
        See `class_of`.
    folder : Path, optional
        The run folder. Paths among the arguments are relative to it.
    **arguments
        Take precedence over the arguments of the section.

    Raises
    ------
    ConfigError
        As `class_of`; or the section names further classes that are not in `ALLOWED_INNER_TARGETS`, a text among its
        arguments is a path outside the run folder, or the class refuses the arguments.
    """
    class_of(section, kind, key)
    values = section_to_dict(section, key)
    for name, value in leaves(values):
        is_inner_target = name.endswith("._target_") and value not in ALLOWED_INNER_TARGETS
        if is_inner_target or name.rpartition(".")[2] == "_partial_":
            text = Text("{key}.{name}={value} is not allowed", key=key, name=name, value=value)
            advice = Text("within {key} only {allowed} may be named", key=key, allowed=ALLOWED_INNER_TARGETS)
            raise ConfigError(text, advice, f"{key}.{name}")
    if folder is not None:
        check_paths_inside(values, key, folder)
        if isinstance(values.get("dirpath"), str):
            values["dirpath"] = str(folder / values["dirpath"])
    try:
        return instantiate(OmegaConf.create(escape(values)), **arguments)
    except InstantiationException as error:
        cause = error.__cause__ or error
        reason = str(cause).splitlines()[0]
        message = Text("{key} cannot be created: {reason}", key=key, reason=reason)
        raise ConfigError(message, field=key) from error


def check_paths_inside(values: Mapping[str, Any], key: str, folder: Path) -> None:
    """Check that no text in a section would be a path outside a folder; symbolic links are followed.

    Raises
    ------
    ConfigError
        Names the key.
    """
    root = folder.resolve()
    for name, text in _texts(values):
        if text.startswith("~") or not _is_inside(root / text, root):
            raise ConfigError(
                Text("{setting} is a path outside the run folder", setting=Setting(f"{key}.{name}", text)),
                Text("give a path inside the run folder, relative to it, or leave the key out"),
                f"{key}.{name}",
            )


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, ValueError, RuntimeError):  # no path at all, such as a text with a zero byte
        return False


def _texts(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in leaves(values):
        if isinstance(value, str) and not name.endswith("_target_"):
            yield name, value
