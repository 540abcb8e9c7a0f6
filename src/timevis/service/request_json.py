"""The JSON of requests, whose objects and lists may not be nested deeply."""

from __future__ import annotations

from typing import Any

from flask.json.provider import DefaultJSONProvider

from timevis.messages import Text
from timevis.service.problems import Problem

MAX_DEPTH = 50


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


def _too_deep() -> Problem:
    text = Text("request-json-too-deep", "the JSON of the request has more than {maximum} levels", maximum=MAX_DEPTH)
    return Problem(400, "bad-request", text)
