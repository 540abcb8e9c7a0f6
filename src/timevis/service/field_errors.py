"""The texts of wrong fields that pydantic finds in a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from timevis.messages import Text
from timevis.service.troubleshooting import printed_text


def place_of(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The keys that lead to the wrong value of an entry, also if the value decides about the schema of the others."""
    is_kind = error["type"] in ("union_tag_invalid", "union_tag_not_found")
    return (*error["loc"], *([error["ctx"]["discriminator"].strip("'")] if is_kind else []))


def with_field(pointer: str, text: Text) -> Text:
    """What is wrong with a field, with its name."""
    return Text("wrong-field", "{field}: {detail}", field=pointer or "request", detail=text)


def wrong_form() -> Text:
    """The text of a name with a character that is not allowed."""
    return Text("text-has-a-wrong-form", "has characters or a form that is not allowed")


def field_error(error: Mapping[str, Any]) -> Text:
    """The text of an entry of `pydantic.ValidationError.errors`."""
    context = error.get("ctx") or {}
    kind = error["type"]
    if kind in ("too_long", "too_short") and context["field_type"] == "Value":  # the text of a `Secret`
        kind = f"string_{kind}"
    match kind:
        case "missing" | "union_tag_not_found":
            return Text("field-missing", "the field is missing")
        case "extra_forbidden":
            return Text("field-unknown", "there is no such field")
        case "greater_than_equal":
            return Text("number-too-small", "must be at least {minimum}", minimum=context["ge"])
        case "less_than_equal":
            return Text("number-too-large", "must be at most {maximum}", maximum=context["le"])
        case "greater_than":
            return Text("number-not-above", "must be above {bound}", bound=context["gt"])
        case "less_than":
            return Text("number-not-below", "must be below {bound}", bound=context["lt"])
        case "int_type" | "int_parsing" | "int_from_float":
            return Text("not-a-whole-number", "must be a whole number")
        case "float_type" | "float_parsing" | "finite_number":
            return Text("not-a-number", "must be a number")
        case "bool_type" | "bool_parsing":
            return Text("not-true-or-false", "must be true or false")
        case "string_type":
            return Text("not-a-text", "must be a text")
        case "list_type":
            return Text("not-a-list", "must be a list")
        case "dict_type" | "model_type" | "model_attributes_type":
            return Text("not-an-object", "must be an object")
        case "literal_error" | "union_tag_invalid":
            choices = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
            return Text("not-a-choice", "must be one of {choices}", choices=choices)
        case "string_too_long":
            return Text("text-too-long", "must have at most {maximum} characters", maximum=context["max_length"])
        case "string_too_short":
            return Text("text-too-short", "must have at least {minimum} characters", minimum=context["min_length"])
        case "string_pattern_mismatch":
            return wrong_form()
        case "too_long":
            return Text("list-too-long", "must have at most {maximum} entries", maximum=context["max_length"])
        case "too_short":
            return Text("list-too-short", "must have at least {minimum} entries", minimum=context["min_length"])
    cause = context.get("error")
    if isinstance(cause, ValueError) and cause.args and isinstance(cause.args[0], Text):
        return cause.args[0]
    return printed_text(str(error["msg"]).removeprefix("Value error, "))
