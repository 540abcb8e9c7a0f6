"""The JSON of requests: objects and lists are not nested deeply, and a database can store each text."""

from __future__ import annotations

from typing import Any

from flask.json.provider import DefaultJSONProvider

from timevis.messages import Text
from timevis.service.problems import Problem
from timevis.service.request_texts import are_storable, not_allowed, unstorable_place

MAX_DEPTH = 50


class ShallowJson(DefaultJSONProvider):
    """Reads and writes JSON; what is nested more deeply than any request is refused, and a text with a NUL."""

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
            texts = (part for part in level if isinstance(part, str))
            keys = (key for part in level if isinstance(part, dict) for key in part)
            if not (are_storable(texts) and are_storable(keys)):
                raise not_allowed(unstorable_place(value) or "")
            inner = [part for part in level if isinstance(part, dict | list)]
            level = [item for part in inner for item in (part.values() if isinstance(part, dict) else part)]
        return value


def _too_deep() -> Problem:
    text = Text("request-json-too-deep", "the JSON of the request has more than {maximum} levels", maximum=MAX_DEPTH)
    return Problem(400, "bad-request", text)
