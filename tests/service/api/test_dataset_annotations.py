"""Annotations of a dataset: every version shows them, also after the first one is removed."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import upload

from timevis.service.db.tables import Dataset
from timevis.service.tasks.retention import purge

HEADER = "time,load\n"


def rows(first: int, count: int) -> bytes:
    hours = range(first, first + count)
    lines = [f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00+01:00,{10 + hour % 24}\n" for hour in hours]
    return (HEADER + "".join(lines)).encode()


def add_rows(http: FlaskClient, dataset: str, content: bytes) -> str:
    data = {"file": (io.BytesIO(content), "new.csv")}
    answer = http.post(f"/api/datasets/{dataset}/rows", data=data, content_type="multipart/form-data")
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def test_annotations_belong_to_all_versions_of_a_dataset_and_keep_local_times(http: FlaskClient) -> None:
    first = upload(http, rows(0, 200), "load.csv", timezone="Europe/Berlin").json["id"]
    path = f"/api/datasets/{first}/annotations"
    span = {"start": "2026-01-03T08:00Z", "end": "2026-01-03 12:00", "text": " Meter replaced. "}
    made = http.post(path, json=span)
    assert made.status_code == 201, made.json
    assert [made.json[key] for key in ("start", "end", "text")] == [
        "2026-01-03T09:00:00",  # 8 o'clock UTC is 9 o'clock in Berlin
        "2026-01-03T12:00:00",
        "Meter replaced.",
    ]
    second = add_rows(http, first, rows(200, 20))
    later = f"/api/datasets/{second}/annotations"
    assert http.get(later).json["items"] == [made.json]
    assert http.post(later, json={"start": "2026-01-01", "text": "Holiday"}).status_code == 201
    assert [item["text"] for item in http.get(path).json["items"]] == ["Holiday", "Meter replaced."]

    changed = http.patch(f"{later}/{made.json['id']}", json={"end": None, "text": "A new meter"}).json
    assert (changed["start"], changed["end"], changed["text"]) == ("2026-01-03T09:00:00", None, "A new meter")
    service = http.application.extensions["timevis"]
    with service.sessions.begin() as session:
        session.get_one(Dataset, first).deleted = time.time() - 40 * 86_400
    assert purge(service.sessions, service.settings, time.time() + 2 * 86_400)["datasets"] == 1
    assert [item["text"] for item in http.get(later).json["items"]] == ["Holiday", "A new meter"]
    assert http.delete(f"{later}/{made.json['id']}").status_code == 204
    assert [item["text"] for item in http.get(later).json["items"]] == ["Holiday"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"start": "2026-01-03T12:00", "end": "2026-01-03T11:00", "text": "x"}, "/end"),
        ({"start": "2026-13-40", "text": "x"}, "/start"),
        ({"start": "2026-01-03", "text": "x" * 501}, "/text"),
        ({"start": "2026-01-03", "text": "  "}, "/text"),
    ],
)
def test_a_wrong_annotation_names_the_field(
    http: FlaskClient, dataset: str, body: dict[str, Any], pointer: str
) -> None:
    answer = http.post(f"/api/datasets/{dataset}/annotations", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == pointer
    assert http.delete(f"/api/datasets/{dataset}/annotations/{'0' * 32}").status_code == 404
