"""Problems as RFC 9457 describes them, and the texts of wrong fields that pydantic finds in a request."""

from __future__ import annotations

import errno
import logging
import math
import re
from collections.abc import Mapping
from typing import Any

from apiflask import APIFlask, HTTPError
from flask import Response, current_app, json, request
from kombu.exceptions import OperationalError
from pydantic import ValidationError
from sqlalchemy.exc import DataError as DatabaseValueError
from sqlalchemy.exc import OperationalError as DatabaseError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from werkzeug.exceptions import HTTPException

from timevis.errors import ConfigError, DataError, RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.models.catalog import declared_models
from timevis.service.training import pointer_of
from timevis.service.troubleshooting import FULL_DISK, UNREACHABLE_REDIS, printed_text

MAX_WRONG_FIELDS = 20
"""Wrong fields that the answer to one request names."""
FULL_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
log = logging.getLogger(__name__)


class Problem(Exception):
    """An error with a status, a stable code of its kind and, where it has one, a field of the request.

    Parameters
    ----------
    status : int
    code : str
        The kind of the problem, such as ``conflict``; the detail has a code of its own.
    detail, advice : Text
    pointer : str, optional
        JSON pointer of the wrong field; `field_detail` says what is wrong with it, if `detail` says more than that.
    """

    field_detail: Text | None = None

    def __init__(
        self, status: int, code: str, detail: Text, advice: Text | None = None, pointer: str | None = None
    ) -> None:
        super().__init__(str(detail))
        self.status, self.code, self.detail, self.advice, self.pointer = status, code, detail, advice, pointer
        self.headers: dict[str, str] = {}


def wrong_field(pointer: str, detail: Text, advice: Text | None = None) -> Problem:
    """A request with a wrong field."""
    return Problem(422, "invalid-request", detail, advice, pointer)


def conflict(detail: Text, advice: Text | None = None) -> Problem:
    """A request that the present state does not allow."""
    return Problem(409, "conflict", detail, advice)


def too_many_requests(seconds: float, detail: Text) -> Problem:
    """A request that its caller may send again after some seconds."""
    whole = math.ceil(seconds)
    error = Problem(429, "too-many-requests", detail, Text("wait {seconds} s", seconds=whole))
    error.headers["Retry-After"] = str(whole)
    return error


def problem(
    status: int, code: str, detail: Text, advice: Text | None = None, errors: list[dict[str, Any]] | None = None
) -> Response:
    """The response of an error."""
    body: dict[str, Any] = {
        "type": f"urn:timevis:{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": str(detail),
        "detail_code": detail.to_json(),
    }
    if advice is not None:
        body |= {"advice": str(advice), "advice_code": advice.to_json()}
    if errors:
        body["errors"] = errors
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def register_error_handlers(app: APIFlask) -> None:
    """Answer every error with a problem."""

    @app.error_processor
    def _validation(error: HTTPError) -> Any:
        cause = error.__cause__
        given = cause.errors(include_url=False, include_input=False) if isinstance(cause, ValidationError) else []
        shown = given[:MAX_WRONG_FIELDS]
        wrong = [(_pointer(".".join(map(str, _place_of(entry)))), _field_error(entry)) for entry in shown]
        if not wrong:
            return problem(error.status_code, _code(error.status_code), printed_text(str(error.message)))
        pointer, text = wrong[0]
        detail = with_field(pointer, text)
        if (count := len(given) - len(shown)) > 0:
            detail = Text("{detail}; {count:,} values more are wrong", detail=detail, count=count)
        return problem(422, "invalid-request", detail, errors=[_field(*pair) for pair in wrong])

    app.register_error_handler(Problem, _own_problem)
    app.register_error_handler(TimeVisError, _library_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DatabaseError, _database_error)
    app.register_error_handler(NoConnectionError, _database_error)
    app.register_error_handler(DatabaseValueError, _value_error)
    app.register_error_handler(OperationalError, _broker_error)
    app.register_error_handler(OSError, _system_error)
    app.register_error_handler(Exception, _defect)


def _pointer(dotted: str) -> str:
    """A JSON pointer; the name of the model, which pydantic writes before the fields of its schema, is left out."""
    parts = [part for part in dotted.split(".") if part]
    fields = [
        part
        for position, part in enumerate(parts)
        if not (part in declared_models() and position in (0, 2) and (position == 0 or parts[1].isdigit()))
    ]
    return "".join(f"/{part}" for part in fields)


def _field(pointer: str, text: Text) -> dict[str, Any]:
    """One wrong field of a request."""
    return {"pointer": pointer, **text.to_json(), "detail": str(text)}


def _own_problem(error: Problem) -> Response:
    errors = None if error.pointer is None else [_field(error.pointer, error.field_detail or error.detail)]
    response = problem(error.status, error.code, error.detail, error.advice, errors)
    response.headers.update(error.headers)
    return response


def _library_error(error: TimeVisError) -> Response:
    if isinstance(error, ConfigError):
        field = _field(pointer_of(error.field), error.message)
        return problem(422, "invalid-request", error.message, error.advice, [field])
    code = "invalid-data" if isinstance(error, DataError) else "invalid-run"
    return problem(409 if isinstance(error, RunFolderError) else 422, code, error.message, error.advice)


def _http_error(error: HTTPException) -> Response:
    status, advice, limit = error.code or 500, None, request.max_content_length
    detail = printed_text(error.description or error.name)
    if status == 413 and limit is not None and (request.content_length or 0) > limit:
        detail = Text("the request has more than {megabytes} MB", megabytes=limit // 2**20)
        advice = Text("upload rows as a file; compress a file that is too large, or leave out rows")
    response = problem(status, _code(status), detail, advice)
    for name in ("Allow", "Location", "Retry-After"):
        if value := dict(error.get_headers()).get(name):
            response.headers[name] = value
    return response


def _database_error(error: DatabaseError | NoConnectionError) -> Response:
    log.error("the database cannot be used: %s", error)
    if isinstance(error, DatabaseError) and "disk is full" in str(error.orig):
        return _full_disk()
    return problem(
        503, "database-unavailable", Text("the database cannot be used"), Text("try again; see the log of the server")
    )


def _system_error(error: OSError) -> Response:
    return _full_disk() if error.errno in FULL_DISK_ERRORS else _defect(error)


def _full_disk() -> Response:
    current_app.logger.exception("the disk is full")
    return problem(
        507,
        "insufficient-storage",
        Text("the disk of the service is full"),
        Text("free space below TIMEVIS_HOME, or delete datasets and models; see {section}", section=FULL_DISK),
    )


def _value_error(error: DatabaseValueError) -> Response:
    return problem(
        422,
        "invalid-request",
        Text("a text contains a character that the database cannot store"),
        Text("leave out the character with the code 0"),
    )


def _broker_error(error: OperationalError) -> Response:
    return problem(
        503,
        "broker-unavailable",
        Text("the message broker cannot be reached"),
        Text("start Redis, then try again; see {section}", section=UNREACHABLE_REDIS),
    )


def _defect(error: Exception) -> Response:
    current_app.logger.exception("unexpected error")
    return problem(500, "internal-error", Text("the server has a defect"), Text("see the log of the server"))


def _code(status: int) -> str:
    codes = {
        **{400: "bad-request", 401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"},
        **{409: "conflict", 413: "too-large", 415: "unsupported-media-type", 422: "invalid-request"},
        **{429: "too-many-requests", 507: "insufficient-storage"},
    }
    return codes.get(status, "server-error" if status >= 500 else "request-error")


def _place_of(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The keys that lead to the wrong value of an entry, also if the value decides about the schema of the others."""
    is_kind = error["type"] in ("union_tag_invalid", "union_tag_not_found")
    return (*error["loc"], *([error["ctx"]["discriminator"].strip("'")] if is_kind else []))


def with_field(pointer: str, text: Text) -> Text:
    """What is wrong with a field, with its name."""
    return Text("{field}: {detail}", field=pointer or "request", detail=text)


def wrong_form() -> Text:
    """The text of a name with a character that is not allowed."""
    return Text("has characters or a form that is not allowed", code="text-has-a-wrong-form")


def _field_error(error: Mapping[str, Any]) -> Text:
    """The text of an entry of `pydantic.ValidationError.errors`."""
    context = error.get("ctx") or {}
    kind = error["type"]
    if kind in ("too_long", "too_short") and context["field_type"] == "Value":  # the text of a `Secret`
        kind = f"string_{kind}"
    match kind:
        case "missing" | "union_tag_not_found":
            return Text("the field is missing", code="field-missing")
        case "extra_forbidden":
            return Text("there is no such field", code="field-unknown")
        case "greater_than_equal":
            return Text("must be at least {minimum}", code="number-too-small", minimum=context["ge"])
        case "less_than_equal":
            return Text("must be at most {maximum}", code="number-too-large", maximum=context["le"])
        case "greater_than":
            return Text("must be above {bound}", code="number-not-above", bound=context["gt"])
        case "less_than":
            return Text("must be below {bound}", code="number-not-below", bound=context["lt"])
        case "int_type" | "int_parsing" | "int_from_float":
            return Text("must be a whole number", code="not-a-whole-number")
        case "float_type" | "float_parsing" | "finite_number":
            return Text("must be a number", code="not-a-number")
        case "bool_type" | "bool_parsing":
            return Text("must be true or false", code="not-true-or-false")
        case "string_type":
            return Text("must be a text", code="not-a-text")
        case "list_type":
            return Text("must be a list", code="not-a-list")
        case "dict_type" | "model_type" | "model_attributes_type":
            return Text("must be an object", code="not-an-object")
        case "literal_error" | "union_tag_invalid":
            choices = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
            return Text("must be one of {choices}", code="not-a-choice", choices=choices)
        case "string_too_long":
            return Text("must have at most {maximum} characters", code="text-too-long", maximum=context["max_length"])
        case "string_too_short":
            return Text(
                "must have at least {minimum} characters", code="text-too-short", minimum=context["min_length"]
            )
        case "string_pattern_mismatch":
            return wrong_form()
        case "too_long":
            return Text("must have at most {maximum} entries", code="list-too-long", maximum=context["max_length"])
        case "too_short":
            return Text("must have at least {minimum} entries", code="list-too-short", minimum=context["min_length"])
    cause = context.get("error")
    if isinstance(cause, ValueError) and cause.args and isinstance(cause.args[0], Text):
        return cause.args[0]
    return printed_text(str(error["msg"]).removeprefix("Value error, "))
