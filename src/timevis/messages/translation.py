"""Fill the template of another language with values, as the web page does (`frontend/src/i18n`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from timevis.utils.formatting import format_number
from timevis.utils.language import language

MARK = "\u2060"
"""Stands around a value while it is put into a Chinese text; it is in no text of its own."""
HAN, LATIN = r"[\u3400-\u9fff]", r"[0-9A-Za-z\u00c0-\u024f]"
BEFORE_VALUE = re.compile(f"({HAN}){MARK}+(?={LATIN})")
AFTER_VALUE = re.compile(f"({LATIN}|%){MARK}+(?={HAN})")


class _MarkingFormatter(Formatter):
    """Puts marks around values, and formats the numbers that have no format of their own."""

    def format_field(self, value: Any, format_spec: str) -> str:
        shown = format(value, format_spec) if format_spec else shown_value(value)
        return f"{MARK}{shown}{MARK}" if shown else ""


def shown_value(value: Any) -> str:
    """A parameter of a text: items of a list with marks between them, numbers with four significant digits."""
    if isinstance(value, list | tuple):
        return catalogue(language())["between-items"].join(map(shown_value, value))
    return format_number(value)


def filled(template: str, params: Mapping[str, Any]) -> str:
    """A Chinese text, with a space between a Chinese character and a value that begins or ends with a Latin one."""
    text = _MarkingFormatter().vformat(template, (), params)
    return AFTER_VALUE.sub(r"\1 ", BEFORE_VALUE.sub(r"\1 ", text)).replace(MARK, "")


@cache
def catalogue(language: str) -> dict[str, str]:
    """The template of every text in a language, by its code.

    ``former.json`` has the codes that texts had in earlier versions, so that stored texts keep their translation: it
    gives the present code of each.
    """
    texts = _content(f"{language}.json")
    former = _content("former.json")
    return texts | {code: texts[present] for code, present in former.items() if present in texts}


def _content(name: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return texts
