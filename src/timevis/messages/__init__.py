"""Texts for users: English stands where a text is made; its sentence is the key of its translations.

`scripts/extract_messages.py` collects the texts of the source and checks that the catalogue of every other language,
such as ``zh.json``, has words for each. `str` gives the words of the language of
`timevis.utils.language.in_language`, which is English elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from timevis.messages.translation import catalogue, filled
from timevis.utils.formatting import format_number
from timevis.utils.json_types import to_json_types
from timevis.utils.language import in_language, language


class Text:
    """An English text with parameters, from which other languages make their own sentence.

    Parameters
    ----------
    template : str
        The English text, for `str.format`; a literal, so that it can be extracted.
    code : str, optional
        In kebab-case: a name by which a program recognises the text, or by which two texts with the same English
        words get different translations. The texts with one code have one template. The code of a text without
        one is its template.
    **params
        Values of JSON, `Setting`s, and other `Text`s within this one; the items of a list are joined with commas.
    """

    __slots__ = ("code", "params", "template")

    def __init__(self, template: str, /, *, code: Any = None, **params: Any) -> None:  # Any: for calls with **params
        self.template, self.code, self.params = template, template if code is None else code, params

    def __str__(self) -> str:
        if language() != "en" and (words := catalogue(language()).get(self.code)) is not None:
            try:
                return filled(words, self.params)
            except LookupError:  # an earlier version stored it, with other parameters
                return self.english
        return self.english

    @property
    def english(self) -> str:
        """The English text; `str` gives it too where a text that an earlier version stored has no other words."""
        with in_language("en"):  # for the texts within this one
            return self.template.format(**{name: _in_template(value) for name, value in self.params.items()})

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Text({str(self)!r})" if self.code == self.template else f"Text({str(self)!r}, code={self.code!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.code, self.english) == (other.code, other.english)

    def __hash__(self) -> int:
        return hash((self.code, self.english))

    def __reduce__(self) -> tuple:
        return _text, (self.template, self.code, self.params)

    def to_json(self) -> dict[str, Any]:
        """Code and params, as values of JSON; a `Text` among the params also has its English under ``text``."""
        return {"code": self.code, "params": {name: _param_to_json(value) for name, value in self.params.items()}}

    @staticmethod
    def from_json(text: str, coded: Mapping[str, Any]) -> Text:
        """The text whose English and whose `to_json` were stored."""
        params = {name: _param_from_json(value) for name, value in coded["params"].items()}
        return _text(text.replace("{", "{{").replace("}", "}}"), coded["code"], params)


class Setting:
    """A config key, with its value if one is given; a page shows the label of its field instead.

    Parameters
    ----------
    key : str
        Dotted, such as ``data.split``.
    value
        Of JSON types.
    """

    def __init__(self, key: str, value: Any = None) -> None:
        self.key, self.value = key, value

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key}={self.value}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Setting({self.key!r}, {self.value!r})"


class Share:
    """A share, which is shown in percent.

    Parameters
    ----------
    value : float
        1 is 100 %.
    """

    def __init__(self, value: float) -> None:
        self.value = value

    def __str__(self) -> str:
        return format_number(self.value, percent=True)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def listed(items: Sequence[str | Text], max_items: int = 20, count: int | None = None) -> list[str | Text]:
    """The first items for a list in a `Text`, and how many more there are.

    Parameters
    ----------
    items : sequence of str or Text
    max_items : int
    count : int, optional
        Of all items, if `items` is only some of them.
    """
    more = (len(items) if count is None else count) - min(len(items), max_items)
    return [*items[:max_items], *([Text("and {count:,} more", count=more)] if more > 0 else [])]


def _in_template(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _text(template: str, code: str, params: Mapping[str, Any]) -> Text:
    return Text(template, code=code, **params)


def _param_to_json(value: Any) -> Any:
    if isinstance(value, Text):
        return value.to_json() | {"text": value.english}
    if isinstance(value, Setting):
        return {"key": value.key, "value": to_json_types(value.value), "text": str(value)}
    if isinstance(value, Share):
        return {"share": value.value, "text": str(value)}
    if isinstance(value, list | tuple):
        return [_param_to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _param_to_json(item) for name, item in value.items()}
    return to_json_types(value)


def _param_from_json(value: Any) -> Any:
    match value:
        case {"code": str(), "params": dict(), "text": str(text)}:
            return Text.from_json(text, value)
        case {"key": str(key), "value": setting, "text": str()}:
            return Setting(key, setting)
        case {"share": share, "text": str()}:
            return Share(share)
    return value
