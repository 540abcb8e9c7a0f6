"""Compose configs from overrides, and explain the errors of wrong overrides. Imports no large library."""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra._internal.utils import get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException, OverrideParseException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from timevis.config.paths import BUILT_IN_BACKBONES, CONF, user_conf
from timevis.config.stored import escape, has_reference
from timevis.config.suggestions import did_you_mean, unknown_key_error
from timevis.config.validate import keys_of
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.commands import train_command

RESUMABLE_SECTIONS = ("trainer", "logger", "minutes")
"""Sections of the config that may change when a run is resumed."""
OUTPUT_FOLDER_KEYS = ("dir", "folder", "out", "out_dir", "output", "output_dir", "output_folder", "run_dir")
"""What other programs call the folder of the results."""


def register_resolvers() -> None:
    """Register the resolvers that conf/ uses.

    ``timevis.token`` is 4 random hex digits, which are the same for all jobs of a sweep, because Hydra passes the
    cache of the config to them. ``timevis.run_dir`` is the folder of a resumed run, or a new one.
    ``timevis.backbone_size`` is ``small`` or ``large``, depending on the path of a backbone, and ``timevis.by_size``
    selects a default by `model.backbone.size`. ``timevis.choices`` lists the choices of a config group for a sweep.
    """
    token = secrets.token_hex(2)
    OmegaConf.register_new_resolver("timevis.token", lambda: token, use_cache=True, replace=True)
    OmegaConf.register_new_resolver("timevis.run_dir", lambda resume, new: resume or new, replace=True)
    OmegaConf.register_new_resolver(
        "timevis.backbone_size", lambda path: "small" if path in BUILT_IN_BACKBONES else "large", replace=True
    )
    OmegaConf.register_new_resolver("timevis.by_size", _by_size, replace=True)
    OmegaConf.register_new_resolver("timevis.choices", lambda group: ",".join(choices_of(group)), replace=True)


def _by_size(small: Any, large: Any, *, _root_: DictConfig) -> Any:
    return small if _root_.model.backbone.size == "small" else large


def added_keys(overrides: Sequence[str]) -> list[str]:
    """Keys that overrides add with ``+`` or ``++``."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return [o.key_or_group for o in parsed if o.is_add() or o.is_force_add()]


def cannot_change_on_resume(override: str | None) -> ConfigError:
    """The error for an override of a section that is not in `RESUMABLE_SECTIONS`."""
    message = Text("{override} cannot change with resume=: the run keeps its own config", override=str(override))
    advice = Text("leave it out, start a new run, or override minutes, trainer.* or logger.* only")
    return ConfigError(message, advice)


def explain_composition(error: Exception, arguments: list[str]) -> ConfigError:
    """Explain an error of Hydra or OmegaConf in terms of the command line.

    Parameters
    ----------
    error : Exception
    arguments : list of str
        Arguments of the command line.

    Returns
    -------
    ConfigError
        Names the wrong argument and the nearest valid one.
    """
    text = f"{error}\n{error.__cause__ or ''}"
    if match := re.search(r"Could not override '([^']+)'", text):
        resumed = any(a.startswith("resume=") and a != "resume=null" for a in arguments)
        if resumed and match[1].split(".")[0] not in RESUMABLE_SECTIONS:  # Hydra composes the default model
            return cannot_change_on_resume(match[1])
        return _unknown_key(match[1], arguments)
    if match := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        files = [a.removeprefix("data=") for a in arguments if a.startswith("data=") and Path(a).suffix]
        if files and match[1].split("/")[0] == "data":
            return ConfigError(Text("{name} is not a data set", name=files[0]), _use_data_file(files[0]))
        group, name = match[1], match[2]
        choices = getattr(error, "options", None) or choices_of(group)  # Hydra lists the choices of plugins
        for key, _, value in (a.partition("=") for a in arguments):
            if "/" in value and f"{key}/{value}" == f"{group}/{name}":  # a choice in a folder, as data=fev/NAME
                folder = value.rpartition("/")[0]
                choices = [*choices, *(f"{folder}/{choice}" for choice in choices_of(group))]
                group, name = key, value
                break
        message = Text("{group}={name} is not a choice", group=group, name=name)
        return ConfigError(message, did_you_mean(name, choices), group)
    if match := re.search(r"Ambiguous value for argument '(([^'=]+)=(.*))'", text):
        one_value: Text | str = ""
        if match[2] not in _groups() and re.search(r"[^\d.,]", match[3]):
            one_value = Text(
                "; for one name: {name}; for a list: '{key}=[{values}]'",
                name=_quoted_example(match[1]),
                key=match[2],
                values=match[3],
            )
        message = Text("{argument} has several values for one run", argument=match[1])
        advice = Text(
            "for one run with each value: {command} -m {argument}{one_value}",
            command=train_command(),
            argument=match[1],
            one_value=one_value,
        )
        return ConfigError(message, advice)
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            return ConfigError(
                Text("{argument} is not of the form key=value", argument=error.override),
                _use_data_file(error.override) if Path(error.override).suffix else Text("for example: model=lstm"),
            )
        advice = Text(
            "close each bracket, and put a name with spaces, commas, parentheses, =, ~ or characters beyond a to z "
            "in quotes, such as {example}; {help}",
            example=_quoted_example(error.override),
            help=_see_help(),
        )
        return ConfigError(Text("{override} cannot be read", override=error.override), advice)
    return ConfigError(Text("{reason}", reason=str(error).strip()), _see_help())


def _see_help() -> Text:
    return Text("{command} --help lists the keys", command=train_command())


def in_quotes(argument: str) -> str:
    """``key=value`` with the value in quotes, which Hydra reads as text, and with ``~`` expanded."""
    key, _, value = argument.partition("=")
    text = os.path.expanduser(value).replace('"', '\\"')
    return f'{key}="{text}"'


def literal_file_names(arguments: Sequence[str]) -> list[str]:
    """The arguments, with quotes around the name of an existing file that contains ``${`` in its name."""
    quoted = []
    for argument in arguments:
        key, _, value = argument.partition("=")
        is_file_name = key in ("data.path", "resume") and has_reference(value) and Path(value).expanduser().exists()
        quoted.append(in_quotes(f"{key}={escape(value)}") if is_file_name else argument)
    return quoted


def without_dashes(arguments: Sequence[str]) -> list[str]:
    """The arguments, with ``key=value`` for each ``--key=value`` that is no option of Hydra.

    Agents of Weights & Biases, and other programs that search settings, write them with dashes.
    """
    options = get_args_parser()._option_string_actions
    return [
        argument[2:] if re.match(r"--\w[^=]*=", argument) and argument.partition("=")[0] not in options else argument
        for argument in arguments
    ]


def _quoted_example(argument: str) -> Text | str:
    """The argument with its value in quotes, for a shell; another example if the value has brackets or quotes."""
    key, _, value = argument.partition("=")
    if key.isascii() and not value.startswith(("[", "{")) and not set(value) & set("\"'"):
        return shlex.quote(in_quotes(argument))
    return Text("\"data.path='a, b.csv'\" or \"data.target=['Load (MW)']\"")


def _use_data_file(path: str) -> Text:
    return Text("for your own file: data=file data.path={path}", path=path)


def _unknown_key(wrong: str, arguments: list[str]) -> ConfigError:
    """The error for a key that no chosen config has, or that only some of the choices of its group have."""
    group, section = re.split("[./]", wrong)[0], wrong.rpartition(".")[0]
    chosen = _selected_choices_of(group, [a for a in arguments if a.partition("=")[0] != wrong])
    keys = {choice: _keys_and_groups_with(f"{group}={choice}") for choice in choices_of(group)}
    choices_with_key = [choice for choice in keys if wrong in keys[choice]]
    without_key = [f"{group}={choice}" for choice in chosen if choice not in choices_with_key]
    if choices_with_key and without_key:
        rest: Text | str = ""
        if len(chosen) > len(without_key):
            rest = Text(": leave the key out, or sweep over these choices only")
        return ConfigError(
            Text("there is no config key {key} with {choices}", key=wrong, choices=without_key),
            Text("{group}={choice} has it{rest}", group=group, choice=choices_with_key[0], rest=rest)
            if len(choices_with_key) == 1
            else Text("{group}={choices} have it{rest}", group=group, choices=choices_with_key, rest=rest),
            wrong,
        )
    if wrong in OUTPUT_FOLDER_KEYS:
        return unknown_key_error(
            wrong, Text("to choose the folder of the run: hydra.run.dir=..., of a sweep: hydra.sweep.dir=...")
        )
    known = [*_known_keys(arguments, wrong), *(key for choice in chosen[1:] for key in keys.get(choice, []))]
    if section.startswith("model.") and section in known and not any(key.startswith(f"{section}.") for key in known):
        # an empty section such as model.codec
        return unknown_key_error(
            wrong, Text("write +{key}=... to add a key to {section}", key=wrong, section=section)
        )
    return unknown_key_error(wrong, did_you_mean(wrong, dict.fromkeys(known)))


def _keys_and_groups_with(argument: str) -> list[str]:
    """The keys of the config that an argument composes, and the config groups that have a choice in it."""
    cfg = _try_compose([argument], with_hydra=True)
    return [*keys_of(cfg), *map(str, cfg.hydra.runtime.choices)] if cfg else []


def _selected_choices_of(group: str, arguments: list[str]) -> list[str]:
    """The choices of a group by the arguments, or by the config files that they select; several in a sweep."""
    typed = [a.partition("=")[2] for a in arguments if a.partition("=")[0] == group]
    if not typed and (cfg := _try_compose(_group_choices_of(arguments), with_hydra=True)):
        swept = OmegaConf.select(cfg, "hydra.sweeper.params") or {}
        typed = [str(swept.get(group) or cfg.hydra.runtime.choices.get(group) or "")]
    return typed[-1].split(",") if typed else []


def choices_of(group: str) -> list[str]:
    """The choices of a config group, also those that the ``conf/`` folder in the working directory adds."""
    folders = [folder / group for folder in (CONF, user_conf()) if folder is not None]
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def _known_keys(arguments: list[str], wrong: str) -> list[str]:
    """The groups, and the keys of the config that the other arguments compose."""
    chosen = [a for a in _group_choices_of(arguments) if not a.startswith(wrong)]
    return [*_groups(), *keys_of(_try_compose(chosen) or _try_compose([]))]


def _groups() -> list[str]:
    return [str(path.relative_to(CONF)) for path in CONF.rglob("*") if path.is_dir() and "hydra" not in path.parts]


def _group_choices_of(arguments: list[str]) -> list[str]:
    """The arguments that choose from groups; of several choices only the first one."""
    return [a.split(",")[0] for a in arguments if a.partition("=")[0] in _groups()]


def _try_compose(overrides: list[str], with_hydra: bool = False) -> DictConfig:
    """The composed config; empty if the overrides are wrong."""
    try:
        return _compose_or_raise(overrides, with_hydra)
    except (HydraException, OmegaConfBaseException):
        return OmegaConf.create()


def compose(overrides: Sequence[str]) -> DictConfig:
    """Compose the config that train.py would use with these overrides.

    Raises
    ------
    ConfigError
        A name or key is unknown (the advice names the nearest one), or an override is not of the form key=value.
    """
    try:
        return _compose_or_raise(literal_file_names(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise explain_composition(error, list(overrides)) from error


def _compose_or_raise(overrides: list[str], with_hydra: bool = False) -> DictConfig:
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    register_resolvers()
    register_user_conf()
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        return hydra.compose("train", overrides=overrides, return_hydra_config=with_hydra)


class UserConf(SearchPathPlugin):
    """Lets Hydra also search the ``conf/`` folder in the working directory for choices of groups."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        folder = user_conf()
        if folder is not None:
            search_path.append("user", f"file://{folder}")


def register_user_conf() -> None:
    """Register `UserConf`. A choice of TimeVis takes precedence over a user's choice with the same name."""
    Plugins.instance().register(UserConf)
