"""The JSON of requests, whose size, number of values and depth are limited before anything is made of them."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask.json.provider import DefaultJSONProvider

from timevis.messages import Text
from timevis.service.problems import Problem
from timevis.service.security.gate import MAX_BODY_MEGABYTES

MAX_DEPTH = 50
FILE_ENDPOINTS = ("datasets.upload_file", "datasets.add_rows")
ROWS_ENDPOINTS = ("forecasts.predict",)
"""Requests that may contain rows of data; the others name things and set options."""
MAX_ROWS_VALUES = 1_000_000
MAX_MEGABYTES, MAX_VALUES = 2, 100_000
"""Limits of all other requests without a file."""


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
                Text("too-many-values", "the request has more than {maximum:,} values", maximum=maximum),
                Text("upload-rows", "upload rows as a file, and leave out what the request does not need"),
            )


def _too_deep() -> Problem:
    text = Text("request-json-too-deep", "the JSON of the request has more than {maximum} levels", maximum=MAX_DEPTH)
    return Problem(400, "bad-request", text)
