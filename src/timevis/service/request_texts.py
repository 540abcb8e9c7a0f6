"""Texts of requests: one with a character that a database cannot store is refused, wherever it stands in a request.

These are the character with the code 0, which PostgreSQL refuses, and halves of a pair of surrogates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Request, abort

from timevis.messages import Text
from timevis.service.field_errors import with_field, wrong_form
from timevis.service.problems import Problem, wrong_field

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
HINT = re.compile(rb"\\u|\x00|\xed[\xa0-\xbf]")
"""JSON without these bytes has no such character: an escape, the encoding UTF-16 or UTF-32, or one half in UTF-8."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class StorableRequest(Request):
    """A request whose form and names of files are checked before a route reads them, and whose JSON is named JSON."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The JSON, also for APIFlask only if the Content-Type says so: a form of a foreign page can send text."""
        value = super().get_json(silent=silent, cache=cache)
        if HINT.search(self.get_data()) and (place := _unstorable_place(value)) is not None:
            raise not_allowed(place)
        return value

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        if e is not None:
            return super().on_json_loading_failed(e)
        raise Problem(
            415,
            "unsupported-media-type",
            Text("content-not-json", "the Content-Type of the request is {kind!r}", kind=self.mimetype[:100]),
            Text("send-json", "send JSON with the header Content-Type: application/json"),
        )

    def _load_form_data(self) -> None:  # werkzeug calls it when the form or a file is read for the first time
        is_read = "form" in self.__dict__
        super()._load_form_data()
        if is_read:
            return
        _check_pairs(self.form.items(multi=True))
        for field, file in self.files.items(multi=True):
            if CONTROL.search(file.filename or ""):
                raise not_allowed(f"/{field}")


def check_address(request: Request) -> None:
    """Refuse a path, a query or a header with a character that cannot be stored.

    Raises
    ------
    Problem, NotFound
    """
    if not are_storable([request.path]):
        abort(404)
    if not are_storable(request.headers.values()):
        raise not_allowed("")
    _check_pairs(request.args.items(multi=True))


def are_storable(texts: Iterable[str]) -> bool:
    """Whether a database can store all of the texts."""
    return not any(UNSTORABLE.search(text) for text in texts)


def _unstorable_place(value: Any) -> str | None:
    """The JSON pointer of the first text in JSON that cannot be stored, or of the object with such a key."""
    if isinstance(value, str):
        return None if are_storable([value]) else ""
    pairs: Iterable[tuple[Any, Any]] = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict):
        if not are_storable(value):
            return ""
        pairs = value.items()
    for key, item in pairs:
        if (place := _unstorable_place(item)) is not None:
            return f"/{key}{place}"
    return None


def not_allowed(pointer: str) -> Problem:
    """The problem of a text with such a character, as of a name with one."""
    found = wrong_field(pointer, with_field(pointer, wrong_form()))
    found.field_detail = wrong_form()
    return found


def _check_pairs(pairs: Iterable[tuple[str | None, str]]) -> None:
    for key, value in pairs:
        name = key or ""  # a part of a form can lack a name
        if not are_storable((name, value)):
            raise not_allowed(f"/{name}" if name and are_storable([name]) else "")
