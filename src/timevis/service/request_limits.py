"""What a request may contain: JSON of limited size and depth, and texts that a database can store.

A text with the character of the code 0, which PostgreSQL refuses, or with half of a pair of surrogates is refused,
wherever it stands in a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, Request, abort, request
from flask.json.provider import DefaultJSONProvider

from timevis.messages import Text
from timevis.service.problems import Problem, with_field, wrong_field, wrong_form

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
HINT = re.compile(rb"\\u|\x00|\xed[\xa0-\xbf]")
"""JSON without these bytes has no such character: an escape, the encoding UTF-16 or UTF-32, or one half in UTF-8."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MAX_BODY_MEGABYTES = 16
"""Limit of a request that uploads no file, such as a forecast with its rows in the request."""
MAX_DEPTH = 50
FILE_ENDPOINTS = ("datasets.upload_file", "datasets.add_rows")
ROWS_ENDPOINTS = ("forecasts.predict",)
"""Requests that may contain rows of data; the others name things and set options."""
MAX_ROWS_VALUES = 1_000_000
MAX_MEGABYTES, MAX_VALUES = 2, 100_000
"""Limits of all other requests without a file."""


class StorableRequest(Request):
    """A request whose form and names of files are checked before a route reads them, and whose JSON is named JSON."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The JSON, also for APIFlask only if the Content-Type says so: a form of a foreign page can send text."""
        value = super().get_json(silent=silent, cache=cache)
        if HINT.search(self.get_data()) and (place := _unstorable_place(value)) is not None:
            raise _not_allowed(place)
        return value

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        if e is not None:
            return super().on_json_loading_failed(e)
        raise Problem(
            415,
            "unsupported-media-type",
            Text("the Content-Type of the request is {kind!r}", kind=self.mimetype[:100]),
            Text("send JSON with the header Content-Type: application/json"),
        )

    def _load_form_data(self) -> None:  # werkzeug calls it when the form or a file is read for the first time
        is_read = "form" in self.__dict__
        super()._load_form_data()
        if is_read:
            return
        _check_pairs(self.form.items(multi=True))
        for field, file in self.files.items(multi=True):
            if CONTROL.search(file.filename or ""):
                raise _not_allowed(f"/{field}")


def check_address(request: Request) -> None:
    """Refuse a path, a query or a header with a character that cannot be stored.

    Raises
    ------
    Problem, NotFound
    """
    if not _are_storable([request.path]):
        abort(404)
    if not _are_storable(request.headers.values()):
        raise _not_allowed("")
    _check_pairs(request.args.items(multi=True))


def _are_storable(texts: Iterable[str]) -> bool:
    """Whether a database can store all of the texts."""
    return not any(UNSTORABLE.search(text) for text in texts)


def _unstorable_place(value: Any) -> str | None:
    """The JSON pointer of the first text in JSON that cannot be stored, or of the object with such a key."""
    if isinstance(value, str):
        return None if _are_storable([value]) else ""
    pairs: Iterable[tuple[Any, Any]] = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict):
        if not _are_storable(value):
            return ""
        pairs = value.items()
    for key, item in pairs:
        if (place := _unstorable_place(item)) is not None:
            return f"/{key}{place}"
    return None


def _not_allowed(pointer: str) -> Problem:
    """The problem of a text with such a character, as of a name with one."""
    found = wrong_field(pointer, with_field(pointer, wrong_form()))
    found.field_detail = wrong_form()
    return found


def _check_pairs(pairs: Iterable[tuple[str | None, str]]) -> None:
    for key, value in pairs:
        name = key or ""  # a part of a form can lack a name
        if not _are_storable((name, value)):
            raise _not_allowed(f"/{name}" if name and _are_storable([name]) else "")


class ShallowJson(DefaultJSONProvider):
    """Reads and writes JSON; a text that is nested more deeply than any request is a bad request."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            value = super().loads(s, **kwargs)
        except RecursionError:
            raise _too_deep() from None
        level, depth = [value], 0
        while level:
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep()
            inner = [part for part in level if isinstance(part, dict | list)]
            level = [item for part in inner for item in (part.values() if isinstance(part, dict) else part)]
        return value


def limit_bodies(app: Flask) -> None:
    """Refuse JSON that is larger than any request of its endpoint, whatever its content type says."""

    @app.before_request
    def check_size() -> None:
        if request.endpoint in FILE_ENDPOINTS or request.method in ("GET", "HEAD", "OPTIONS"):
            return
        has_rows = request.endpoint in ROWS_ENDPOINTS
        request.max_content_length = (MAX_BODY_MEGABYTES if has_rows else MAX_MEGABYTES) * 2**20
        body, maximum = request.get_data(), MAX_ROWS_VALUES if has_rows else MAX_VALUES
        if body.count(b",") >= maximum:  # counted before an object is made of each value
            raise Problem(
                413,
                "too-large",
                Text("the request has more than {maximum:,} values", maximum=maximum),
                Text("upload rows as a file, and leave out what the request does not need"),
            )


def _too_deep() -> Problem:
    text = Text("the JSON of the request has more than {maximum} levels", maximum=MAX_DEPTH)
    return Problem(400, "bad-request", text)
