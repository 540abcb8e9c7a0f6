"""Composes configs from overrides, and explains overrides that do not compose. Imports nothing heavy."""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException, OverrideParseException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from timevis.config.paths import BUILT_IN_BACKBONES, CONF, user_conf
from timevis.config.suggestions import did_you_mean
from timevis.config.validate import keys_of
from timevis.errors import ConfigError
from timevis.utils.commands import train_command

RESUMABLE_SECTIONS = ("trainer", "logger")
"""Sections of the config that may change when a run is resumed."""


def register_resolvers() -> None:
    """Make the resolvers of conf/ known to OmegaConf.

    ``timevis.token`` is 4 hex digits, the same for all jobs of a sweep, because Hydra passes the cache of a config on
    to its jobs. ``timevis.run_dir`` is the folder of a resumed run, or a new one. ``timevis.backbone_size`` is
    ``small`` or ``large`` by the path of a backbone, and ``timevis.by_size`` selects a default by
    `model.backbone.size`.
    """
    token = secrets.token_hex(2)
    OmegaConf.register_new_resolver("timevis.token", lambda: token, use_cache=True, replace=True)
    OmegaConf.register_new_resolver("timevis.run_dir", lambda resume, new: resume or new, replace=True)
    OmegaConf.register_new_resolver(
        "timevis.backbone_size", lambda path: "small" if path in BUILT_IN_BACKBONES else "large", replace=True
    )
    OmegaConf.register_new_resolver("timevis.by_size", _by_size, replace=True)


def _by_size(small: Any, large: Any, *, _root_: DictConfig) -> Any:
    return small if _root_.model.backbone.size == "small" else large


def added_keys(overrides: Sequence[str]) -> list[str]:
    """Keys that overrides add with ``+`` or ``++``."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return [o.key_or_group for o in parsed if o.is_add() or o.is_force_add()]


def cannot_change_on_resume(override: str | None) -> ConfigError:
    """The error for an override of a section that is not in `RESUMABLE_SECTIONS`."""
    return ConfigError(
        f"{override} cannot change with resume=: the run keeps its own config",
        "leave it out, start a new run, or override trainer.* or logger.* only",
    )


def explain_composition(error: Exception, arguments: list[str]) -> ConfigError:
    """What the command line got wrong, with the nearest right name.

    Parameters
    ----------
    error : Exception
        From Hydra or OmegaConf.
    arguments : list of str
        Of the command line.
    """
    text = f"{error}\n{error.__cause__ or ''}"
    if found := re.search(r"Could not override '([^']+)'", text):
        resumed = any(a.startswith("resume=") and a != "resume=null" for a in arguments)
        if resumed and found[1].split(".")[0] not in RESUMABLE_SECTIONS:  # keys are those of the default model
            return cannot_change_on_resume(found[1])
        return _unknown_key(found[1], arguments)
    if found := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        files = [a.removeprefix("data=") for a in arguments if a.startswith("data=") and Path(a).suffix]
        if files and found[1].split("/")[0] == "data":
            return ConfigError(f"{files[0]} is not a data set", _own_file(files[0]))
        choices = getattr(error, "options", None) or _choices(found[1])  # those of plugins are Hydra's to list
        return ConfigError(f"{found[1]}={found[2]} is not a choice", did_you_mean(found[2], choices))
    if found := re.search(r"Ambiguous value for argument '(([^'=]+)=(.*))'", text):
        advice = f"for a run of each: {train_command()} -m {found[1]}"
        if found[2] not in _groups() and re.search(r"[^\d.,]", found[3]):
            advice += f"; for one name: {_example(found[1])}; for a list: '{found[2]}=[{found[3]}]'"
        return ConfigError(f"{found[1]} gives one run several values", advice)
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            advice = _own_file(error.override) if Path(error.override).suffix else "for example: model=lstm"
            return ConfigError(f"{error.override} is not of the form key=value", advice)
        return ConfigError(
            f"{error.override} cannot be read",
            "close each bracket, and put a name with blanks, commas, parentheses, =, ~ or letters beyond a to z in "
            f"quotes of its own, such as {_example(error.override)}; {train_command()} --help shows what can be set",
        )
    return ConfigError(str(error).strip(), f"{train_command()} --help shows what can be set")


def in_quotes(argument: str) -> str:
    """``key=value`` with the value as Hydra reads any text, and from the root where it starts with ``~``."""
    key, _, value = argument.partition("=")
    text = os.path.expanduser(value).replace('"', '\\"')
    return f'{key}="{text}"'


def _example(argument: str) -> str:
    """How a shell takes the argument in quotes; another one where quotes around its whole value do not mend it."""
    key, _, value = argument.partition("=")
    if key.isascii() and not value.startswith(("[", "{")) and not set(value) & set("\"'"):
        return shlex.quote(in_quotes(argument))
    return "\"data.path='a, b.csv'\" or \"data.target=['Load (MW)']\""


def _own_file(path: str) -> str:
    return f"for a file of your own: data=file data.path={path}"


def _unknown_key(wrong: str, arguments: list[str]) -> ConfigError:
    """A key that none of the chosen configs has, or that some choice of its group lacks and another one has."""
    group, section = wrong.partition(".")[0], wrong.rpartition(".")[0]
    chosen = _chosen(group, arguments)
    keys = {choice: keys_of(_compose([f"{group}={choice}"])) for choice in _choices(group)}
    having = [choice for choice in keys if wrong in keys[choice]]
    lacking = [f"{group}={choice}" for choice in chosen if choice not in having]
    if having and lacking:
        advice = f"{group}={', '.join(having)} {'has' if len(having) == 1 else 'have'} it"
        if len(chosen) > len(lacking):
            advice += ": leave it out, or sweep over the others alone"
        return ConfigError(f"there is no config key {wrong} with {', '.join(lacking)}", advice)
    known = [*_known(arguments, wrong), *(key for choice in chosen[1:] for key in keys.get(choice, []))]
    if section.startswith("model.") and section in known and not any(key.startswith(f"{section}.") for key in known):
        advice = f"write +{wrong}=... to add a key to {section}"  # which is empty, such as model.codec
    else:
        advice = did_you_mean(wrong, dict.fromkeys(known))
    return ConfigError(f"there is no config key {wrong}", advice)


def _chosen(group: str, arguments: list[str]) -> list[str]:
    """What the arguments choose from a group, or the files that they name do: several in a sweep."""
    typed = [a.partition("=")[2] for a in arguments if a.partition("=")[0] == group]
    if not typed and (cfg := _compose(_group_choices(arguments), with_hydra=True)):
        swept = OmegaConf.select(cfg, "hydra.sweeper.params") or {}
        typed = [str(swept.get(group) or cfg.hydra.runtime.choices.get(group) or "")]
    return typed[-1].split(",") if typed else []


def _choices(group: str) -> list[str]:
    folders = [folder / group for folder in (CONF, user_conf()) if folder is not None]
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def _known(arguments: list[str], wrong: str) -> list[str]:
    """Groups, and then the keys of the config that the other arguments describe."""
    chosen = [a for a in _group_choices(arguments) if not a.startswith(wrong)]
    return [*_groups(), *keys_of(_compose(chosen) or _compose([]))]


def _groups() -> list[str]:
    return [str(path.relative_to(CONF)) for path in CONF.rglob("*") if path.is_dir() and "hydra" not in path.parts]


def _group_choices(arguments: list[str]) -> list[str]:
    """The arguments that choose from groups, of several choices the first."""
    return [a.split(",")[0] for a in arguments if a.partition("=")[0] in _groups()]


def _compose(overrides: list[str], with_hydra: bool = False) -> DictConfig:
    """As Hydra composes it, empty where that fails."""
    try:
        return _composed(overrides, with_hydra)
    except (HydraException, OmegaConfBaseException):
        return OmegaConf.create()


def compose(overrides: Sequence[str]) -> DictConfig:
    """The config that train.py would run with these overrides.

    Raises
    ------
    ConfigError
        A name or key is unknown, or an override is not of the form key=value; names the nearest.
    """
    try:
        return _composed(list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise explain_composition(error, list(overrides)) from error


def _composed(overrides: list[str], with_hydra: bool = False) -> DictConfig:
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    register_resolvers()
    register_user_conf()
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        return hydra.compose("train", overrides=overrides, return_hydra_config=with_hydra)


class UserConf(SearchPathPlugin):
    """Lets Hydra also look for the choices of a group in the ``conf/`` folder of the working directory."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        folder = user_conf()
        if folder is not None:
            search_path.append("user", f"file://{folder}")


def register_user_conf() -> None:
    """Let Hydra use `UserConf`. Choices of TimeVis take precedence over a user's choice of the same name."""
    Plugins.instance().register(UserConf)
