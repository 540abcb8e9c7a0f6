"""The language of the texts that are made: English, except within `in_language`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

_language: ContextVar[Language] = ContextVar("language", default="en")


def language() -> Language:
    """The language of texts in this thread."""
    return _language.get()


@contextmanager
def in_language(chosen: Language) -> Iterator[None]:
    """Give the words of every `timevis.messages.Text`, and the percent signs, in a language.

    Only what is shown at once is made within it: files of a run, logs and answers of the service are in English.
    """
    token = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(token)
