"""Configs in files, and overrides: values are texts, numbers, lists and mappings, and none of them is evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from timevis.errors import RunFolderError
from timevis.messages import Text
from timevis.utils.files import damaged_file_error

MAX_CONFIG_BYTES = 2**20
DELETED_OPTIONS = {"ordinal_loss_weight": 0.0, "number_token_loss_weight": 0.0}
"""Options of models that stored runs may have, and the value at which they did nothing; any other is refused."""
ESCAPED_OR_NOT = re.compile(r"(\\*)\$\{")
"""Backslashes before ``${``; an odd number of them makes it text."""
NUMBER_WITH_EXPONENT = re.compile(r"[-+]?[0-9]+(_[0-9]+)*(\.[0-9_]*)?[eE][-+]?[0-9]+$")
"""YAML 1.1 reads such a number as text if it has no point, or no sign in its exponent."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml is seven times as fast
    """Reads the YAML of OmegaConf: numbers such as ``1e-3`` are floats, times are text, and keys are unique."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            raise yaml.constructor.ConstructorError(problem="a key occurs twice", problem_mark=node.start_mark)
        return mapping


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER_WITH_EXPONENT, list("-+0123456789"))


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested dicts and lists, without the dicts and lists themselves."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def escape(value: Any) -> Any:
    """A nested config value in which OmegaConf evaluates no text, neither a key nor a value."""
    if isinstance(value, dict):
        return {key: escape(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [escape(part) for part in value]
    return ESCAPED_OR_NOT.sub(r"\1\1\\${", value) if isinstance(value, str) else value


def unescape(value: Any) -> Any:
    """The inverse of `escape`, for a stored config that was read without OmegaConf."""
    if isinstance(value, dict):
        return {key: unescape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [unescape(part) for part in value]
    if isinstance(value, str):
        return ESCAPED_OR_NOT.sub(lambda match: "\\" * (len(match[1]) // 2) + "${", value)
    return value


def has_reference(text: object) -> bool:
    """Whether OmegaConf would evaluate a part of a text."""
    return any(len(match[1]) % 2 == 0 for match in ESCAPED_OR_NOT.finditer(str(text)))


def parse_value(text: str) -> Any:
    """Read one value as a config file has it: a number, a text, true, null, or a list of them.

    Raises
    ------
    yaml.YAMLError
        The text is not YAML.
    """
    return yaml.load(text, _Loader)


def to_yaml(value: Any) -> str:
    """YAML of a nested list or dict, or of a config whose references are replaced by their values."""
    plain = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    return OmegaConf.to_yaml(OmegaConf.create(escape(plain)))


def load_list(path: Path) -> list[Any]:
    """Read a list that `to_yaml` wrote; see `load_config`."""
    values = _load(path)
    if not isinstance(values, list):
        raise damaged_file_error(path, Text("it contains no list"))
    return [unescape(value) for value in values]


def load_config(path: Path) -> DictConfig:
    """Read a config that `to_yaml` wrote.

    Raises
    ------
    RunFolderError
        The file is damaged, is larger than `MAX_CONFIG_BYTES`, or contains what TimeVis does not write: a value that
        OmegaConf would evaluate, or an alias of YAML, with which a small file describes a huge one.
    """
    values = _load_mapping(path)
    if isinstance(values.get("model"), dict):
        values["model"] = without_deleted_options(values["model"])
    try:
        return OmegaConf.create(values)
    except (OmegaConfBaseException, RecursionError) as error:
        raise _damaged(path, error) from error


def without_deleted_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a stored model without those of `DELETED_OPTIONS` that changed nothing."""
    return {name: value for name, value in options.items() if DELETED_OPTIONS.get(name, object()) != value}


def load_values(path: Path) -> dict[str, Any]:
    """The values of `load_config` as dicts and lists, in a fraction of the time: no nodes of OmegaConf are made."""
    values: dict[str, Any] = unescape(_load_mapping(path))
    return values


def _load_mapping(path: Path) -> dict[str, Any]:
    values = _load(path)
    if not values or not isinstance(values, dict):
        reason = Text("it contains no mapping") if values else Text("it is empty")
        raise damaged_file_error(path, reason)
    for key, value in leaves(values):
        if has_reference(value):
            raise _foreign_error(path, Text("{key} contains ${{, which would be evaluated", key=key))
    return values


def _load(path: Path) -> Any:
    if path.stat().st_size > MAX_CONFIG_BYTES:
        reason = Text("it is larger than {count:,} bytes", count=MAX_CONFIG_BYTES)
        raise damaged_file_error(path, reason)
    try:
        text = path.read_text(encoding="utf-8")
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise _foreign_error(path, Text("it contains an alias of YAML"))
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> RunFolderError:
    return damaged_file_error(path, str(error).partition("\n")[0] or type(error).__name__)


def _foreign_error(path: Path, problem: Text) -> RunFolderError:
    advice = Text("TimeVis does not write such values: get an unchanged copy of the run")
    return RunFolderError(Text("{path}: {problem}", path=str(path), problem=problem), advice)


PLAIN_TEXT = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*")
RESERVED_TEXTS = ("null", "true", "false", "nan", "inf", "on", "off", "yes", "no")


def override(key: str, value: Any) -> str:
    """``key=value`` that Hydra reads as this key and value.

    Parameters
    ----------
    key : str
        Dotted config key.
    value : Any
        Number, text, bool, None, or lists and mappings of them.
    """
    return f"{key}={override_value(value)}"


def override_value(value: Any) -> str:
    """A value in the grammar of Hydra; texts are quoted where they could be read as something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{override_value(str(key))}:{override_value(part)}' for key, part in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{','.join(map(override_value, value))}]"
    text = str(value)
    if PLAIN_TEXT.fullmatch(text) and text.lower() not in RESERVED_TEXTS:
        return text
    quoted = re.sub(r"(\\*)(\"|$)", lambda match: 2 * match[1] + ("\\" if match[2] else "") + match[2], escape(text))
    return f'"{quoted}"'
