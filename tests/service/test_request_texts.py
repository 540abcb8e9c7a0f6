"""A text with a character that PostgreSQL cannot store is refused, wherever it stands in a request."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TOKEN, plant_csv

from timevis.service.app import create_app
from timevis.service.db.tables import Dataset, Task
from timevis.service.settings import Settings

BOUNDARY = "part"
UTF_16 = json.dumps({"name": "\x00"}).encode("utf-16")


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
