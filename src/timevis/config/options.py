"""Check the values of config sections by type annotations, and list their options with help texts from docstrings.

A config section is a dataclass, or the keyword arguments of functions. The annotations give the valid values
(`PositiveInt`, `Literal["lstm", "gru"]`, ``int | None`` ...), and the NumPy docstring gives their help texts.
The command line and all other user interfaces use this module to check and explain options.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from annotated_types import Interval

from timevis.config.suggestions import did_you_mean, unknown_key_error
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


PositiveInt: TypeAlias = Annotated[int, Interval(ge=1)]
NonNegativeInt: TypeAlias = Annotated[int, Interval(ge=0)]
PositiveFloat: TypeAlias = Annotated[float, Interval(gt=0)]
NonNegativeFloat: TypeAlias = Annotated[float, Interval(ge=0)]
Fraction: TypeAlias = Annotated[float, Interval(ge=0, le=1)]
PositiveFraction: TypeAlias = Annotated[float, Interval(gt=0, le=1)]
FractionBelowOne: TypeAlias = Annotated[float, Interval(ge=0, lt=1)]
Seed: TypeAlias = Annotated[int, Interval(ge=0, le=2**32 - 1)]

_NAMES: dict[Any, Text] = {
    int: Text("a whole number"),
    float: Text("a number"),
    bool: Text("true or false"),
    str: Text("text"),
    type(None): Text("null"),
}
_LISTS: dict[Any, tuple[Text, str]] = {
    int: (Text("a list of whole numbers"), "[24,168]"),
    float: (Text("a list of numbers"), "[0.1,1]"),
    str: (Text("a list of texts"), "[a,b]"),
}
"""The description of a list by the type of its elements, and an example."""
_SECTIONS = (Text("a list of sections"), "[{name: value}]")


@dataclass(frozen=True)
class Option:
    """One option of a config section.

    Attributes
    ----------
    name : str
    annotation : type
        With bounds and `Literal`, as written.
    default : Any
        `dataclasses.MISSING` if the option must be given.
    help : str
        Text of the docstring.
    """

    name: str
    annotation: Any
    default: Any
    help: str = ""

    @property
    def choices(self) -> tuple[Any, ...]:
        """The valid values of a choice; empty for another option."""
        return tuple(c for part in _alternatives(self.annotation) for c in _literals(part))

    @property
    def bounds(self) -> Interval:
        """The bounds of a number; an empty interval if the option is not a number or has no bounds."""
        found = [bounds_of(part) for part in _alternatives(self.annotation)]
        return next((bounds for bounds in found if list(bounds)), Interval())

    @property
    def kind(self) -> str:
        """A description of valid values, such as ``a whole number of at least 1 or null``."""
        return str(describe(self.annotation))


def check_value(key: str, value: Any, annotation: Any) -> None:
    """Check that a value fits an annotation.

    Parameters
    ----------
    key : str
        The dotted config key, for the message.
    value : Any
        From a config: numbers, text, lists, mappings, None.
    annotation : type
        Of any type that pydantic can check, such as int, `Literal`, `PositiveInt`, ``Sequence[str]``, or a union. A
        whole number is also a float; nothing else is converted.

    Raises
    ------
    ConfigError
        Names the key, and the valid values or the nearest choice.
    """
    from pydantic import ValidationError  # takes 0.1 s to import

    try:
        _adapter(annotation).validate_python(value)
    except ValidationError:
        pass
    else:
        return
    alternatives = _alternatives(annotation)
    sequence = next((plain for part in alternatives if get_origin(plain := _unwrap(part)[0]) in _SEQUENCES), None)
    if sequence is not None:
        (element,) = get_args(sequence)[:1]
        if isinstance(value, list | tuple):
            for item in value:
                if (
                    choices := [c for part in _alternatives(element) for c in _literals(part)]
                ) and item not in choices:
                    raise _not_a_choice(key, item, choices)
        elif isinstance(value, str):
            setting = Setting(key, value)
            message = Text("{setting} must be a list, such as [{value}]", setting=setting, value=value)
            raise ConfigError(message, field=key)
    choices = [c for part in alternatives for c in _literals(part)]
    if isinstance(value, str) and choices and all(_literals(part) or part is type(None) for part in alternatives):
        raise _not_a_choice(key, value, choices)
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else value
    raise ConfigError(
        Text("{setting} must be {kind}", setting=Setting(key, text), kind=describe(annotation)), field=key
    )


def check_choice(value: Any, choices: Iterable[Any], key: str) -> Any:
    """Return `value` if it is one of `choices`, and raise a ConfigError that names the nearest one otherwise."""
    if value not in choices:
        raise _not_a_choice(key, value, choices)
    return value


def check_arguments(section: str, values: Mapping[str, Any], *functions: Callable[..., Any]) -> None:
    """Check that each key of a config section is an argument of one of the functions, and that its value fits.

    Parameters
    ----------
    section : str
        The dotted key of the section.
    values : mapping
        The section.
    functions : callable
        Each function passes the keywords that it does not have to the next one. If the last one accepts any keyword,
        all names are valid.

    Raises
    ------
    ConfigError
        Names the key, and the nearest argument or the valid values.
    """
    options = {option.name: option for option in options_of(*functions)}
    for name, value in values.items():
        if name in options:
            check_value(f"{section}.{name}", value, options[name].annotation)
    parameters = inspect.signature(functions[-1]).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return
    for name in values:
        if name not in options:
            raise unknown_key_error(f"{section}.{name}", did_you_mean(name, options))


def options_of(*sources: Callable[..., Any]) -> list[Option]:
    """The options of dataclasses, or of functions by their keyword arguments.

    The arguments in `NOT_OPTIONS` are left out.
    """
    options: dict[str, Option] = {}
    for source in sources:
        documented = reversed(source.__mro__) if inspect.isclass(source) else [source]
        help_texts = {name: text for part in documented for name, text in parameter_help(part.__doc__ or "").items()}
        for name, annotation, default in _declared(source):
            if name in options and not options[name].help:
                options[name] = dataclasses.replace(options[name], help=help_texts.get(name, ""))
            elif name not in options and name not in NOT_OPTIONS:
                options[name] = Option(name, annotation, default, help_texts.get(name, ""))
    return list(options.values())


NOT_OPTIONS = frozenset(
    {
        "self",
        "cls",
        "datamodule",
        "context_length",
        "horizon",
        "num_channels",
        "num_covariates",
        "num_quantiles",
        "covariate_columns",
        "stretch",
        "mean_settings",
        "width",
        "series",
        "callbacks",
        "logger",
        "default_root_dir",
        "enable_model_summary",
        "num_sanity_val_steps",
        "use_distributed_sampler",
    }
)
"""Arguments that are not config keys, because TimeVis sets them. The `width` of a digit codec is `model.digits`."""


def section_from_config(cls: type[T], values: Mapping[str, Any], section: str) -> T:
    """Create a dataclass from a config section, and check the values by the annotations of its fields.

    Raises
    ------
    ConfigError
        A key is unknown, or a value does not fit its annotation.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    names = [f.name for f in dataclasses.fields(cls) if f.init]  # type: ignore[arg-type]
    prefix = f"{section}." if section else ""
    for name, value in values.items():
        if name not in names:
            raise unknown_key_error(f"{prefix}{name}", did_you_mean(str(name), names))
        check_value(f"{prefix}{name}", value, hints[name])
    return cls(**values)


def describe(annotation: Any) -> Text | str:
    """A description of the values that fit an annotation, for error messages."""
    *parts, last = [_describe_part(part) for part in _alternatives(annotation)]
    return Text("{first} or {last}", first=parts, last=last) if parts else last


def parameter_help(docstring: str) -> dict[str, str]:
    """The texts of a NumPy docstring about its parameters or attributes, by name."""
    help_texts: dict[str, str] = {}
    sections = re.split(r"(?m)^([A-Z][a-z]+)\n-{3,}\n", inspect.cleandoc(docstring))
    for title, body in zip(sections[1::2], sections[2::2], strict=True):
        if title not in ("Parameters", "Attributes"):
            continue
        for entry in re.split(r"(?m)^(?=\S)", body):
            head, _, text = entry.partition("\n")
            names = head.partition(" : ")[0]
            for name in names.split(","):
                if name.strip().isidentifier():
                    help_texts[name.strip()] = " ".join(text.split())
    return help_texts


_SEQUENCES = (Sequence, list, tuple)


def _declared(source: Callable[..., Any]) -> Iterable[tuple[str, Any, Any]]:
    """Name, annotation and default of each field of a dataclass, or of each keyword argument of a function."""
    if dataclasses.is_dataclass(source) and isinstance(source, type):
        hints = typing.get_type_hints(source, include_extras=True)
        for field in dataclasses.fields(source):
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            yield field.name, hints[field.name], default
        return
    function = source.__init__ if inspect.isclass(source) else source
    hints = typing.get_type_hints(function, include_extras=True)
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for parameter in inspect.signature(source).parameters.values():
        if parameter.kind not in several:
            default = MISSING if parameter.default is inspect.Parameter.empty else parameter.default
            yield parameter.name, hints.get(parameter.name, Any), default


def _alternatives(annotation: Any) -> list[Any]:
    """The members of a union, or the annotation alone."""
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return [part for member in get_args(annotation) for part in _alternatives(member)]
    return [annotation]


def _unwrap(annotation: Any) -> tuple[Any, Sequence[Any]]:
    """The plain type of an annotation, and what it is annotated with."""
    if get_origin(annotation) is Annotated:
        plain, *metadata = get_args(annotation)
        return plain, metadata
    return annotation, ()


def bounds_of(annotation: Any) -> Interval:
    """The bounds of a number."""
    return next((part for part in _unwrap(annotation)[1] if isinstance(part, Interval)), Interval())


def bounds_text(bounds: Interval) -> Text | None:
    """Bounds in words, such as ``at least 0 and below 1``; None without any."""
    texts = []
    if bounds.ge is not None:
        texts.append(Text("at least {bound:g}", bound=bounds.ge))
    if bounds.gt is not None:
        texts.append(Text("above {bound:g}", bound=bounds.gt))
    if bounds.le is not None:
        texts.append(Text("at most {bound:g}", bound=bounds.le))
    if bounds.lt is not None:
        texts.append(Text("below {bound:g}", bound=bounds.lt))
    if len(texts) == 2:
        return Text("{first} and {second}", first=texts[0], second=texts[1])
    return texts[0] if texts else None


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(annotation, config=ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True))


def _literals(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _describe_part(annotation: Any) -> Text | str:
    plain, _ = _unwrap(annotation)
    if choices := _literals(plain):
        words = [str(c).lower() if isinstance(c, bool) else str(c) for c in choices]
        return words[0] if len(words) == 1 else Text("one of {choices}", choices=words)
    if get_origin(plain) in _SEQUENCES:
        element = get_args(plain)[0]
        if choices := _literals(element):
            return Text("a list of these: {choices}, such as []", choices=choices)
        name, example = _LISTS.get(_unwrap(element)[0], _SECTIONS)
        described = _with_bounds(name, bounds_of(element))
        return Text("{list}, such as {example}", list=described, example=example)
    if get_origin(plain) in (Mapping, dict):
        return Text("a section with keys and values")
    return _with_bounds(_NAMES[plain], bounds_of(annotation)) if plain in _NAMES else str(plain)


def _with_bounds(kind: Text, bounds: Interval) -> Text:
    text = bounds_text(bounds)
    if text is None:
        return kind
    if bounds.ge is not None:
        return Text("{kind} of {range}", kind=kind, range=text)
    return Text("{kind} {range}", kind=kind, range=text)


def _not_a_choice(key: str, value: Any, choices: Iterable[Any]) -> ConfigError:
    message = Text("{key}={value!r} is not a choice", key=Setting(key), value=value)
    return ConfigError(message, did_you_mean(value, map(str, choices)), key)
