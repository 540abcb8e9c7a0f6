"""Errors as problem details (RFC 9457): a stable code, a sentence, advice, and the field of the request."""

from __future__ import annotations

import logging
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
from timevis.messages import Text, code_and_params
from timevis.service.messages import field_error, sentence
from timevis.service.operations.troubleshooting import UNREACHABLE_REDIS
from timevis.service.training import MODELS, pointer_of

log = logging.getLogger(__name__)


class Problem(Exception):
    """An error with a status, a stable code and, where it has one, a field of the request."""

    def __init__(self, status: int, code: str, detail: str, advice: str = "", pointer: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.advice, self.pointer = status, code, detail, advice, pointer
        self.headers: dict[str, str] = {}
        self.field_code = "invalid-value"
        self.params: dict[str, Any] = {"detail": detail}


def wrong_field(code: str, pointer: str, advice: str = "", **params: Any) -> Problem:
    """A request with a wrong field; `code` and `params` are those of `timevis.service.messages`."""
    found = Problem(422, "invalid-request", sentence(code, params), advice, pointer)
    found.field_code, found.params = code, params
    return found


def problem(
    status: int,
    code: str,
    detail: str,
    advice: str = "",
    errors: list[dict[str, Any]] | None = None,
    params: dict[str, Any] | None = None,
) -> Response:
    """The response of an error."""
    title = code.replace("-", " ").capitalize()
    body: dict[str, Any] = {"type": f"urn:timevis:{code}", "title": title, "status": status}
    body |= {"code": code, "params": {"detail": detail} if params is None else params, "detail": detail}
    body |= _codes(detail=body["params"].get("detail", detail), advice=advice)
    if advice:
        body["advice"] = advice
    if errors:
        body["errors"] = errors
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def register_error_handlers(app: APIFlask) -> None:
    """Answer every error with a problem."""

    @app.error_processor
    def _validation(error: HTTPError) -> Any:
        found = error.__cause__.errors() if isinstance(error.__cause__, ValidationError) else []
        errors = []
        for entry in found:
            code, params = field_error(entry)
            errors.append(_field(_pointer(".".join(map(str, entry["loc"]))), code, params))
        if not errors:
            return problem(error.status_code, _code(error.status_code), str(error.message))
        first = errors[0]
        return problem(422, "invalid-request", f"{first['pointer'] or 'request'}: {first['detail']}", errors=errors)

    app.register_error_handler(Problem, _own_problem)
    app.register_error_handler(TimeVisError, _library_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DatabaseError, _database_error)
    app.register_error_handler(NoConnectionError, _database_error)
    app.register_error_handler(DatabaseValueError, _value_error)
    app.register_error_handler(OperationalError, _broker_error)
    app.register_error_handler(Exception, _defect)


def _pointer(dotted: str) -> str:
    """A JSON pointer; the name of the model, which pydantic writes before the fields of its schema, is left out."""
    parts = [part for part in dotted.split(".") if part]
    fields = [
        part
        for position, part in enumerate(parts)
        if not (part in MODELS and position in (0, 2) and (position == 0 or parts[1].isdigit()))
    ]
    return "".join(f"/{part}" for part in fields)


def _field(pointer: str, code: str, params: dict[str, Any]) -> dict[str, Any]:
    """One wrong field of a request."""
    field = {"pointer": pointer, "code": code, "params": params, "detail": sentence(code, params)}
    return field | _codes(detail=params.get("detail", ""))


def _codes(**texts: str) -> dict[str, dict[str, Any]]:
    """Code and params of the texts that have a code, as ``detail_code`` and ``advice_code``."""
    found = {f"{name}_code": code_and_params(text) for name, text in texts.items()}
    return {name: coded for name, coded in found.items() if coded is not None}


def _own_problem(error: Problem) -> Response:
    errors = None if error.pointer is None else [_field(error.pointer, error.field_code, error.params)]
    response = problem(error.status, error.code, error.detail, error.advice, errors)
    response.headers.update(error.headers)
    return response


def _library_error(error: TimeVisError) -> Response:
    if isinstance(error, ConfigError):
        pointer = pointer_of(error.message)
        field = _field(pointer, "invalid-config", {"detail": error.message})
        return problem(422, "invalid-request", error.message, error.advice, [field])
    code = "invalid-data" if isinstance(error, DataError) else "invalid-run"
    return problem(409 if isinstance(error, RunFolderError) else 422, code, error.message, error.advice)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    detail, advice, limit = error.description or error.name, "", request.max_content_length
    if status == 413 and limit is not None and (request.content_length or 0) > limit:
        detail = Text("request-too-large", "the request has more than {megabytes} MB", megabytes=limit // 2**20)
        advice = Text(
            "send-less",
            "upload rows as a file (POST /api/upload); compress a file that is too large, or leave out rows",
        )
    response = problem(status, _code(status), detail, advice)
    for name in ("Allow", "Location", "Retry-After"):
        if value := dict(error.get_headers()).get(name):
            response.headers[name] = value
    return response


def _database_error(error: DatabaseError | NoConnectionError) -> Response:
    log.error("the database cannot be used: %s", error)
    return problem(503, "database-unavailable", "the database cannot be used", "try again; see the log of the server")


def _value_error(error: DatabaseValueError) -> Response:
    detail = "a text holds a character that the database cannot store"
    return problem(422, "invalid-request", detail, "leave out the character with the code 0")


def _broker_error(error: OperationalError) -> Response:
    return problem(
        503,
        "broker-unavailable",
        "the message broker cannot be reached",
        f"start Redis, then try again; see {UNREACHABLE_REDIS}",
    )


def _defect(error: Exception) -> Response:
    current_app.logger.exception("unexpected error")
    return problem(500, "internal-error", "the server has a defect", "see the log of the server")


def _code(status: int) -> str:
    codes = {
        **{400: "bad-request", 401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"},
        **{409: "conflict", 413: "too-large", 415: "unsupported-media-type", 422: "invalid-request"},
        429: "too-many-requests",
    }
    return codes.get(status, "server-error" if status >= 500 else "request-error")
