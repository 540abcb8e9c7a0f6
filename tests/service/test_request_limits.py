"""Limits of requests: size, depth and number of values, and texts that a database cannot store."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TOKEN, plant_csv

from timevis.service import request_limits
from timevis.service.api import training
from timevis.service.app import create_app
from timevis.service.db.tables import Dataset, Task
from timevis.service.schemas.common import MAX_CHANNELS
from timevis.service.schemas.option_fields import MAX_LIST_ITEMS
from timevis.service.settings import Settings

SECONDS = 10.0
"""Time of the processor for a refusal; without limits these requests took between 30 s and minutes."""
BOUNDARY = "part"
UTF_16 = json.dumps({"name": "\x00"}).encode("utf-16")


def without_limit(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], path: str, known: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Paths of texts, lists, objects and whole numbers without a largest size.

    Numbers with a fraction cost the same whatever their value is.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in known:
            yield from without_limit(schemas[name], schemas, path, known | {name})
        return
    alternatives = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]
    for part in alternatives:
        yield from without_limit(part, schemas, path, known)
    if alternatives or "enum" in schema or "const" in schema:
        return
    match schema.get("type"):
        case "string":
            if "maxLength" not in schema and schema.get("format") != "binary":
                yield f"{path}: text"
        case "integer":
            if "maximum" not in schema and "exclusiveMaximum" not in schema:
                yield f"{path}: whole number"
        case "array":
            if "maxItems" not in schema:
                yield f"{path}: list"
            yield from without_limit(schema["items"], schemas, f"{path}[]", known)
        case "object":
            for name, field in schema.get("properties", {}).items():
                yield from without_limit(field, schemas, f"{path}.{name}", known)
            if (further := schema.get("additionalProperties", False)) is not False:
                if "maxProperties" not in schema:
                    yield f"{path}: object"
                if isinstance(further, dict):
                    yield from without_limit(further, schemas, f"{path}{{}}", known)
        case "number" | "boolean" | "null":
            pass
        case other:
            yield f"{path}: {other}"


def test_every_text_list_object_and_whole_number_of_a_request_has_a_limit(http: FlaskClient) -> None:
    specification = http.get("/api/openapi.json").json
    schemas, found, checked = specification["components"]["schemas"], list[str](), 0
    for path, operations in specification["paths"].items():
        for method, operation in operations.items():
            parameters = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
            bodies = [one["schema"] for one in operation.get("requestBody", {}).get("content", {}).values()]
            for place, schema in [(one["name"], one["schema"]) for one in parameters] + [("", one) for one in bodies]:
                checked += 1
                found.extend(without_limit(schema, schemas, f"{method} {path} {place}"))
    assert found == []
    assert checked > 60


def test_a_schema_without_a_limit_is_found() -> None:
    inner = {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}
    assert list(without_limit({"$ref": "#/Inner"}, {"Inner": inner}, "body")) == [
        "body.names: list",
        "body.names[]: text",
    ]


@pytest.fixture
def refuse(http: FlaskClient, dataset: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Send a body, of which nothing may be composed, and return the problem."""

    def fail(*_: Any) -> None:
        raise AssertionError("a config was composed")

    monkeypatch.setattr(training, "config_of", fail)

    def send(path: str, body: dict[str, Any] | bytes, content_type: str = "application/json") -> Any:
        content = {"data": body} if isinstance(body, bytes) else {"json": {"dataset": dataset, **body}}
        started = time.process_time()
        answer = http.post(path, **content, content_type=content_type)
        assert time.process_time() - started < SECONDS
        return answer

    return send


@pytest.mark.parametrize("field", ["target", "covariates"])
@pytest.mark.parametrize(("count", "status"), [(MAX_CHANNELS + 1, 422), (100_001, 413)])
def test_too_many_names_are_refused_before_a_config_is_composed(
    refuse: Callable[..., Any], field: str, count: int, status: int
) -> None:
    names = [f"channel {number}" for number in range(count)]
    answer = refuse(
        "/api/train", {"model": "linear", field: names if field == "target" else dict.fromkeys(names, "known")}
    )
    assert answer.status_code == status
    if status == 422:
        assert answer.json["errors"][0]["pointer"] == f"/{field}"
        assert answer.json["errors"][0]["params"] == {"maximum": MAX_CHANNELS}


def test_a_season_of_a_thousand_million_rows_is_refused(refuse: Callable[..., Any]) -> None:
    for body, pointer in (
        ({"model": "linear", "season": 10**9}, "/season"),
        ({"model": "seasonal_naive", "options": {"season": 10**9}}, "/options/season"),
        ({"model": "linear", "evaluation": {"num_samples": 10**9}}, "/evaluation/num_samples"),
    ):
        answer = refuse("/api/train", body)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
        assert answer.json["errors"][0]["code"] == "number-too-large"


def test_an_ensemble_of_a_thousand_members_is_refused(refuse: Callable[..., Any]) -> None:
    members = [f"linear name=member{number}" for number in range(1000)]
    answer = refuse("/api/train", {"model": "ensemble", "options": {"members": members}})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/options/members")
    assert answer.json["errors"][0]["params"] == {"maximum": MAX_LIST_ITEMS}


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("/api/train", b"", b""),
        ("/api/train", b'{"model": "linear", "split": ', b"}"),
        ("/api/predict", b'{"method": "seasonal_naive", "values": ', b"}"),
        ("/api/predict", b'{"method": "seasonal_naive", "values": [{"a": 1}], "known": {"a": ', b"}}"),
    ],
)
def test_an_array_of_14_megabytes_of_numbers_is_refused_before_it_is_parsed(
    refuse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: str, before: bytes, after: bytes
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("the JSON was parsed")

    monkeypatch.setattr(request_limits.ShallowJson, "loads", fail)
    body = before + b"[" + b"1," * 7_000_000 + b"1]" + after
    for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=b"):
        answer = refuse(path, body, content_type)
        assert answer.status_code == 413
        assert b"urn:timevis:too-large" in answer.data


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"values": [{"time": [], "load": []}] * 100_000}, "/values/0/time"),
        ({"values": [1] * 100_001}, "/values/0"),
        ({"values": [{f"channel {number}": 1 for number in range(400_000)}]}, "/values/0"),
        ({"values": [{"a": 1}], "known": {f"{number}": [1] for number in range(400_000)}}, "/known"),
        ({"values": [{"a": 1}], "known": {"a": ["x"] * 100_000}}, "/known/a/0"),
        ({"values": [{"a": "x" * 1001}]}, "/values/0/a"),
        ({"values": [{"a": 10**30}]}, "/values/0/a"),
    ],
)
def test_the_check_of_wrong_rows_ends_soon(refuse: Callable[..., Any], body: dict[str, Any], pointer: str) -> None:
    answer = refuse("/api/predict", {"method": "seasonal_naive", **body})
    assert answer.status_code == 422
    assert re.match(pointer, answer.json["errors"][0]["pointer"])


def test_rows_of_the_largest_request_are_accepted(http: FlaskClient) -> None:
    rows = [
        {"time": f"{2000 + number}", "load": 1.5, "text": "a", "day": True, "gap": None} for number in range(100_000)
    ]
    body = {"method": "seasonal_naive", "values": rows, "dry_run": True}
    answer = http.post("/api/predict", json=body)
    assert answer.status_code == 200, answer.json


@pytest.fixture
def on_postgres(make_settings: Callable[..., Settings], postgres_url: str) -> FlaskClient:
    client = create_app(make_settings(TIMEVIS_DATABASE_URL=postgres_url)).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


def form(file_name: str, **fields: str) -> dict[str, Any]:
    """An upload, of which no client has changed the texts."""
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append((f'name="file"; filename="{file_name}"', plant_csv(rows=200)))
    whole = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value for head, value in parts
    ]
    data = b"\r\n".join([*whole, f"--{BOUNDARY}--\r\n".encode()])
    return {"data": data, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "upload", form("\x00n.csv"), "/file"),
    ("POST", "upload", form("a\x1bb.csv"), "/file"),
    ("POST", "upload", form("plant.csv", name="a\x00"), "/name"),
    ("POST", "upload", form("plant.csv", time="\x00"), "/time"),
    ("POST", "tokens", {"json": {"name": "\x00"}}, "/name"),
    ("POST", "session", {"json": {"name": "\x00", "password": "x"}}, "/name"),
    ("POST", "session", {"json": {"name": "anna", "password": "\x00"}}, "/password"),
    ("POST", "predict", {"json": {"method": "seasonal_naive", "values": [{"a": "\x00"}]}}, "/values/0/a"),
    ("POST", "predict", {"json": {"method": "seasonal_naive", "values": [{"\x00": 1}]}}, "/values/0"),
    ("POST", "predict", {"json": {"method": "seasonal_naive", "values": [{"a": "\ud800"}]}}, "/values/0/a"),
    ("POST", "monitors", {"json": {"receivers": [{"address": "http://x/\x00"}]}}, "/receivers/0/address"),
    (
        "POST",
        "train",
        {"data": json.dumps({"name": "\x00"}).encode("utf-16"), "content_type": "application/json"},
        "/name",
    ),
    ("GET", "datasets?search=%00", {}, "/search"),
    ("GET", "audit?user=%00", {}, "/user"),
    ("GET", "models?%00=1", {}, ""),
]


@pytest.mark.parametrize(("method", "path", "arguments", "pointer"), REFUSED)
def test_a_text_that_cannot_be_stored_is_refused_as_a_name_that_is_not_allowed(
    on_postgres: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    arguments: dict[str, Any],
    pointer: str,
) -> None:
    answer = on_postgres.open(f"/api/{path}", method=method, **arguments)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid-request"), answer.json
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [
        (pointer, "text-has-a-wrong-form")
    ]
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    with on_postgres.application.extensions["timevis"].sessions() as session:
        assert session.query(Task).count() == session.query(Dataset).count() == 0


def test_an_address_with_such_a_character_leads_to_nothing(
    on_postgres: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for method, path in (("GET", "/api/datasets/%00"), ("DELETE", "/api/tokens/%00"), ("GET", "/assets/%00")):
        assert on_postgres.open(path, method=method).status_code == 404
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_pair_of_surrogates_and_a_written_escape_are_ordinary_texts(on_postgres: FlaskClient) -> None:
    body = json.dumps({"name": "\\u0000 \U0001f600", "password": "x"})
    assert r"\\u0000 \ud83d" in body
    answer = on_postgres.post("/api/session", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")  # there is no such user
    search = on_postgres.get("/api/datasets", query_string={"search": "\U0001f600"})
    assert (search.status_code, search.json["total"]) == (200, 0)
