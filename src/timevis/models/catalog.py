"""The models that interfaces offer, as a stored file, so that the web process and short commands need no PyTorch.

    python -m timevis.models.catalog

writes the file again after a change of a declaration or of an option; a test compares it with the models. A model is
a file of ``conf/model`` whose class has a `Forecaster.declaration`. The training process checks the values of
options once more by the models themselves.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Interval, Len

from timevis.config.options import Option, bounds_of, options_of
from timevis.models.declaration import Declaration, NetworkSize
from timevis.utils.files import write_text

FILE = Path(__file__).with_name("catalog.json")
TYPES: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str, "null": type(None)}
HIDDEN_OPTIONS = {"backbone": ("path", "size", "seed", "note")}
"""Options of a section that a request cannot set: they name a folder of the server, or follow from the others."""


@dataclass(frozen=True)
class DeclaredModel:
    """What a forecaster class declares, and its options whose values are numbers, texts, choices, or lists of them.

    Attributes
    ----------
    declaration : Declaration
    help : str
        The first paragraph of the documentation of its class.
    has_gradient_fit : bool
        Whether it is fitted in optimizer steps.
    readable_covariates : mapping
        `Forecaster.readable_covariates`.
    default_steps_per_epoch : callable, optional
        `Forecaster.default_steps_per_epoch`.
    network_size : callable, optional
        `Forecaster.network_size`.
    options : list of Option
        Keys of the section `model`.
    sections : mapping
        The options of the sections of the model that the config has values for, such as ``lora``.
    """

    declaration: Declaration
    help: str
    has_gradient_fit: bool
    readable_covariates: Mapping[str, str | None]
    default_steps_per_epoch: Callable[..., int] | None
    network_size: Callable[..., NetworkSize] | None
    options: list[Option]
    sections: Mapping[str, list[Option]]


@cache
def declared_models() -> dict[str, DeclaredModel]:
    """The models that interfaces offer, by their names in ``conf/model``; the fastest ones come first."""
    return {name: _from_json(stored) for name, stored in json.loads(FILE.read_text(encoding="utf-8")).items()}


def file_content() -> str:
    """The content of the file, from the models themselves; this imports PyTorch."""
    from timevis.config.compose import choices_of, compose
    from timevis.config.instantiate import class_of
    from timevis.models.forecaster import Forecaster

    stored: dict[str, dict[str, Any]] = {}
    for name in choices_of("model"):
        written = compose([f"model={name}", "data=file"]).model
        cls = class_of(written, Forecaster, "model")
        if cls.declaration is None:
            continue
        sections = {
            section: _options(function, written=written[section], hidden=HIDDEN_OPTIONS.get(section, ()))
            for section, function in cls.sections.items()
        }
        stored[name] = {
            "declaration": asdict(cls.declaration),
            "help": " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split()),
            "has_gradient_fit": cls.loss is not Forecaster.loss,
            "readable_covariates": dict(cls.readable_covariates),
            "default_steps_per_epoch": _dotted_name(cls.default_steps_per_epoch),
            "network_size": _dotted_name(cls.network_size),
            "options": _options(*cls.option_sources(), written=written),
            "sections": {section: options for section, options in sections.items() if options},
        }

    def speed(name: str) -> tuple[bool, float]:
        return stored[name]["has_gradient_fit"], stored[name]["declaration"]["rough_seconds"]

    return json.dumps({name: stored[name] for name in sorted(stored, key=speed)}, indent=1) + "\n"


def _options(*sources: Callable[..., Any], written: Mapping[str, Any], hidden: Collection[str] = ()) -> list[Any]:
    """The options that have a value in a section of the config, as JSON; without those in `hidden`."""
    options = [option for option in options_of(*sources) if option.name in written and option.name not in hidden]
    return [_to_json(option) for option in options if alternatives(option.annotation)]


def _dotted_name(function: Callable[..., Any] | None) -> str | None:
    return None if function is None else f"{function.__module__}:{function.__qualname__}"


def _from_json(stored: Mapping[str, Any]) -> DeclaredModel:
    sections = stored["sections"]
    functions = {name: stored[name] for name in ("default_steps_per_epoch", "network_size")}
    values = {
        "declaration": Declaration.from_json(stored["declaration"]),
        **{name: None if dotted is None else resolve_name(dotted) for name, dotted in functions.items()},
        "options": [_option(option) for option in stored["options"]],
        "sections": {name: [_option(option) for option in options] for name, options in sections.items()},
    }
    return DeclaredModel(**{**stored, **values})


def _to_json(option: Option) -> dict[str, Any]:
    default = {} if option.default is MISSING else {"default": option.default}
    return {"name": option.name, "help": option.help, "values": alternatives(option.annotation), **default}


def _option(stored: Mapping[str, Any]) -> Option:
    default = stored.get("default", MISSING)
    return Option(stored["name"], _annotation(stored["values"]), default, stored["help"])


def alternatives(annotation: Any) -> list[dict[str, Any]]:
    """The types, choices and lists of an annotation, each with its bounds; empty if a value may be anything else."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        parts = [alternatives(member) for member in arguments]
        return [values for part in parts for values in part] if all(parts) else []
    if origin is Annotated:
        lengths = next((part for part in arguments if isinstance(part, Len)), None)
        limits = {"min_length": lengths.min_length} if lengths else {}
        limits |= {key: bound for key, bound in asdict(bounds_of(annotation)).items() if bound is not None}
        return [values | {"bounds": limits} for values in alternatives(arguments[0])]
    if origin is Literal:
        return [{"choices": list(arguments)}]
    if origin in (Sequence, list):
        element = alternatives(arguments[0])
        return [{"list": element}] if element else []
    return [{"type": name} for name, plain in TYPES.items() if plain is annotation]


def _annotation(alternatives: Sequence[Mapping[str, Any]]) -> Any:
    """The annotation that `_alternatives` described."""
    parts: list[Any] = []
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
        bounds = values.get("bounds")
        kind = Len if bounds and "min_length" in bounds else Interval
        parts.append(annotated[part, kind(**bounds)] if bounds else part)
    return typing.Union[tuple(parts)]  # noqa: UP007


if __name__ == "__main__":
    write_text(FILE, file_content())
