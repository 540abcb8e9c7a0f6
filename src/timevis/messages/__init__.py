"""Texts for users by code, so that a page can word them in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timevis.errors import TimeVisError
from timevis.messages.data import DATA_MESSAGES
from timevis.messages.runs import RUN_MESSAGES
from timevis.utils.json_types import to_json_types

CODED_MESSAGES = {**DATA_MESSAGES, **RUN_MESSAGES}
"""Code of every text that has one to the text."""

PARAMS_OF_ENGLISH = {
    **{"place": "row", "other_place": "other_row", "more": "count", "times": "count", "delimiter": "character"},
    **{"where": "source", "reasons": "columns", "named": "name_format", "found_format": "content_format"},
    "others": "sheets",
}
"""Parameter that is in English to the parameter beside it with which another language says the same."""


class Message(str):
    """An English text that also carries its code and the numbers and names in it.

    Attributes
    ----------
    code : str
        A key of `CODED_MESSAGES`.
    params : dict
        JSON types; a `Message` among them becomes its code and params. Beside those in English are others; see
        `PARAMS_OF_ENGLISH`.
    """

    code: str
    params: dict[str, Any]


def message(code: str, **params: Any) -> Message:
    """The text of a code.

    Parameters
    ----------
    code : str
        A key of `CODED_MESSAGES`.
    **params
        Numbers and names in the text, and others that a page may use.
    """
    template = CODED_MESSAGES[code]
    found = Message(template.format(**params))
    for english, other in PARAMS_OF_ENGLISH.items():
        if f"{{{english}}}" in template and other not in params:
            raise KeyError(f"{code}: {other}")
    found.code = code
    found.params = to_json_types({key: code_and_params(value) or value for key, value in params.items()})
    return found


def message_of(coded: Mapping[str, Any]) -> Message:
    """The text of a result of `code_and_params`."""
    inner = {key: message_of(value) if isinstance(value, dict) else value for key, value in coded["params"].items()}
    return message(coded["code"], **inner)


def code_and_params(text: object) -> dict[str, Any] | None:
    """Code and params of a `Message`; None for another text."""
    return {"code": text.code, "params": text.params} if isinstance(text, Message) else None


def codes_of(error: object, advice: object) -> dict[str, Any]:
    """`code_and_params` of an error and of its advice, under the keys ``error_code`` and ``advice_code``."""
    return {"error_code": code_and_params(error), "advice_code": code_and_params(advice)}


def with_code(text: str, coded: Mapping[str, Any] | None) -> str:
    """The text as a `Message` with the code and params that were stored beside it; unchanged without them."""
    if not coded:
        return text
    found = Message(text)
    found.code, found.params = coded["code"], dict(coded["params"])
    return found


def error_to_json(error: TimeVisError) -> dict[str, Any]:
    """Message and advice of an error, and their codes; `error_from_json` reads it."""
    return {"error": error.message, "advice": error.advice, **codes_of(error.message, error.advice)}


def error_from_json(values: Mapping[str, Any]) -> TimeVisError:
    """The error that `error_to_json` or status.json describes."""
    error = with_code(values.get("error") or "", values.get("error_code"))
    return TimeVisError(error, with_code(values.get("advice") or "", values.get("advice_code")))
