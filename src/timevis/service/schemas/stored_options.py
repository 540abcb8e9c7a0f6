"""The options of the models as a stored file, so that the web process needs no PyTorch.

    python -m timevis.service.schemas.stored_options

writes the file again after a change of an option; a test compares it with the models. The training process checks
the values once more by the models themselves.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from timevis.config.options import Option, Range, options_of
from timevis.utils.files import write_text

FILE = Path(__file__).with_name("model_options.json")
TYPES: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str, "null": type(None)}
SERVER_OPTIONS = frozenset({"path", "size", "seed", "note"})
"""Options of a backbone that a request cannot set: they name a folder of the server, or follow from the others."""


@dataclass(frozen=True)
class StoredModel:
    """The options of a model whose values are numbers, texts, choices, or lists of them.

    Attributes
    ----------
    help : str
        The first paragraph of the documentation of its class.
    options : list of Option
        Keys of the section `model`.
    sections : mapping
        Options of the sections of the model that a request may set, such as ``lora``.
    """

    help: str
    options: list[Option]
    sections: Mapping[str, list[Option]]


@cache
def stored_models() -> dict[str, StoredModel]:
    """The options of each model."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: StoredModel(
            values["help"],
            [_option(option) for option in values["options"]],
            {section: [_option(option) for option in options] for section, options in values["sections"].items()},
        )
        for name, values in stored.items()
    }


def file_content() -> str:
    """The content of the file, from the models themselves; this imports PyTorch."""
    from timevis.config.instantiate import class_of
    from timevis.models.forecaster import Forecaster
    from timevis.service.training import MODELS, SECTIONS, base_config

    stored = {}
    for model in MODELS:
        written = base_config(model).model
        found = class_of(written, Forecaster, "model")
        options = [o for o in options_of(*found.option_sources()) if _is_plain(o.annotation) and o.name in written]
        sections = {
            name: [
                option
                for option in options_of(found.sections[name])
                if _is_plain(option.annotation)
                and option.name in written[name]
                and not (name == "backbone" and option.name in SERVER_OPTIONS)
            ]
            for name in SECTIONS
            if name in found.sections and (name, model) != ("backbone", "qwen_patch")  # it has one choice only
        }
        stored[model] = {
            "help": " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split()),
            "options": [_to_json(option) for option in options],
            "sections": {name: [_to_json(option) for option in listed] for name, listed in sections.items()},
        }
    return json.dumps(stored, indent=1) + "\n"


def _to_json(option: Option) -> dict[str, Any]:
    default = {} if option.default is MISSING else {"default": option.default}
    return {"name": option.name, "help": option.help, "values": _alternatives(option.annotation), **default}


def _option(stored: Mapping[str, Any]) -> Option:
    default = stored.get("default", MISSING)
    return Option(stored["name"], _annotation(stored["values"]), default, stored["help"])


def _alternatives(annotation: Any) -> list[dict[str, Any]]:
    """The types, choices and lists of an annotation, each with its range."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return [part for member in arguments for part in _alternatives(member)]
    if origin is Annotated:
        plain, *metadata = arguments
        (values,) = _alternatives(plain)
        bounds = next(asdict(found) for found in metadata if isinstance(found, Range))
        return [values | {"range": {key: bound for key, bound in bounds.items() if bound is not None}}]
    if origin is Literal:
        return [{"choices": list(arguments)}]
    if origin in (Sequence, list):
        return [{"list": _alternatives(arguments[0])}]
    return [{"type": next(name for name, found in TYPES.items() if found is annotation)}]


def _annotation(alternatives: Sequence[Mapping[str, Any]]) -> Any:
    """The annotation that `_alternatives` described."""
    found = []
    for values in alternatives:
        part: Any
        if "choices" in values:
            part = Literal[tuple(values["choices"])]
        elif "list" in values:
            sequence: Any = Sequence
            part = sequence[_annotation(values["list"])]
        else:
            part = TYPES[values["type"]]
        annotated: Any = Annotated
        found.append(annotated[part, Range(**values["range"])] if "range" in values else part)
    return typing.Union[tuple(found)]  # noqa: UP007


def _is_plain(annotation: Any) -> bool:
    """Whether the values of an option are numbers, texts, choices, or lists of them."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_plain(arguments[0])
    if origin is Literal:
        return True
    if origin in (typing.Union, types.UnionType):
        return all(map(_is_plain, arguments))
    if origin in (Sequence, list):
        return _is_plain(arguments[0])
    return annotation in TYPES.values()


if __name__ == "__main__":
    write_text(FILE, file_content())
