"""Files and requests that are made to harm: too many columns, pickles, paths, broken multipart, script."""

from __future__ import annotations

import gzip
import io
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from flask.testing import FlaskClient
from service_data import TINY_RUN, TOKEN, plant_csv, upload

from timevis.errors import DataError
from timevis.service.app import create_app
from timevis.service.security.gate import MAX_BODY_MEGABYTES
from timevis.service.settings import Settings
from timevis.service.table_limits import TableLimits

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
BOUNDARY = "b"
PATHS = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%c0%ae%c0%ae/etc/passwd",
    "..%00/etc/passwd",
    "~root",
    "file:///etc/passwd",
)


class Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.write_text, (self.path, "unpickled")


@pytest.fixture
def large_http(make_settings: Callable[..., Settings]) -> FlaskClient:
    client = create_app(make_settings(TIMEVIS_MAX_UPLOAD_MEGABYTES="64")).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client


def test_a_csv_with_a_million_columns_is_refused_at_once(large_http: FlaskClient) -> None:
    header = "time," + ",".join(f"c{number}" for number in range(10**6))
    started = time.monotonic()
    answer = upload(large_http, f"{header}\n2026-01-01{',1' * 10**6}\n".encode())
    assert answer.status_code == 422
    assert "10,000 columns: 1,000,001" in answer.json["detail"]
    assert time.monotonic() - started < 60


def test_rows_columns_and_sheets_have_limits(tmp_path: Path) -> None:
    limits = TableLimits(rows=10, columns=3, sheets=2, megabytes=1)
    frame = pd.DataFrame({name: range(5) for name in "abc"})
    frame.to_csv(tmp_path / "small.csv", index=False)
    frame.to_parquet(tmp_path / "small.parquet", index=False)
    long, wide = pd.concat([frame] * 3), frame.assign(d=1)
    long.to_csv(tmp_path / "long.csv.gz", index=False)
    long.to_parquet(tmp_path / "long.parquet", index=False)
    wide.to_csv(tmp_path / "wide.csv", index=False, sep=";")
    wide.to_parquet(tmp_path / "wide.parquet", index=False)
    book = openpyxl.Workbook()
    for _ in range(2):
        book.create_sheet()
    book.save(tmp_path / "sheets.xlsx")
    for name in ("small.csv", "small.parquet"):
        limits.check_file(tmp_path / name)
    for name, kind in {
        "long.csv.gz": "rows",
        "long.parquet": "rows",
        "wide.csv": "columns",
        "wide.parquet": "columns",
        "sheets.xlsx": "sheets",
    }.items():
        with pytest.raises(DataError, match=kind) as found:
            limits.check_file(tmp_path / name)
        assert f"TIMEVIS_MAX_{kind.upper()}" in str(found.value.advice)


@pytest.mark.parametrize("suffix", [".csv.gz", ".json.gz", ".zip", ".xlsx"])
def test_a_small_file_that_decompresses_to_a_large_one_is_not_read(tmp_path: Path, suffix: str) -> None:
    path, content = tmp_path / f"bomb{suffix}", b"1," * 2**20
    if suffix.endswith(".gz"):
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml" if suffix == ".xlsx" else "bomb.csv", content)
    assert path.stat().st_size < 2**14
    with pytest.raises(DataError, match="decompresses to more than 1 MB") as refused:
        TableLimits(rows=10**6, columns=10**7, sheets=10, megabytes=1).check_file(path)
    assert "TIMEVIS_MAX_UNPACKED_MEGABYTES" in str(refused.value.advice)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".xls", ".json", ".parquet", ".csv.gz", ".zip"])
def test_a_pickle_that_poses_as_a_dataset_is_not_loaded(http: FlaskClient, tmp_path: Path, suffix: str) -> None:
    mark = tmp_path / "mark"
    answer = upload(http, pickle.dumps(Harmful(mark)), f"data{suffix}")
    assert (answer.status_code, answer.json["code"]) == (422, "invalid-data")
    assert not mark.exists()


@pytest.mark.parametrize("text", PATHS)
def test_no_path_of_a_request_leads_out_of_the_home_folder(http: FlaskClient, dataset: str, text: str) -> None:
    for resource in ("datasets", "models", "tasks", "groups"):
        answer = http.get(f"/api/{resource}/{text}")
        assert answer.status_code in (308, 404), (resource, text)
        assert b"root:" not in answer.data
    assert http.get(f"/api/docs/assets/{text}").status_code in (308, 404)
    for body in ({"dataset": text}, {"dataset": dataset, "model": text}):
        assert http.post("/api/train", json={"model": "linear", **body}).status_code == 422
    assert http.post("/api/predict", json={"models": [text]}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b\r\n",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntime,x\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv\r\n\r\nx\r\n--b--\r\n',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\n\x00\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext in place of a file\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + b"x" * 2_000_000 + b"\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 60 + b"--b--\r\n",
        bytes(range(256)) * 10,
    ],
)
def test_a_malformed_form_is_refused(http: FlaskClient, body: bytes) -> None:
    answer = http.post("/api/upload", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
    assert answer.status_code in (400, 413, 422)
    assert answer.content_type == "application/problem+json"
    assert http.get("/api/datasets").json["total"] == 0


def test_script_in_every_text_is_stored_as_text_and_sent_as_json(http: FlaskClient) -> None:
    table = plant_csv().replace(b"load", b"<b>load</b>")
    made = upload(http, table, name=SCRIPT, unit=SCRIPT[:50], description=SCRIPT, domain="electricity")
    assert made.status_code == 201
    assert (made.json["name"], made.json["options"]["description"]) == (SCRIPT, SCRIPT)
    named = upload(http, plant_csv(seed=1), f"{SCRIPT.replace('/', '')}.csv")
    body = {"dataset": made.json["id"], "model": "seasonal_naive", "name": SCRIPT, **TINY_RUN}
    task = http.post("/api/train", json=body)
    assert task.status_code == 202
    wrong = [http.post("/api/train", json=body | {key: SCRIPT}) for key in ("dataset", "model", "horizon", "target")]
    wrong.append(http.get("/api/tasks", query_string={"state": SCRIPT}))
    wrong.append(http.get(f"/api/datasets/{made.json['id']}/series", query_string={"channel": SCRIPT}))
    wrong.append(http.get(f"/api/{SCRIPT}"))
    assert {answer.status_code for answer in wrong} == {422, 404}
    for answer in (made, named, task, *wrong):
        assert answer.content_type in ("application/json", "application/problem+json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_form_has_few_parts(http: FlaskClient) -> None:
    data = {f"field{number}": "x" for number in range(60)} | {"file": (io.BytesIO(plant_csv()), "a.csv")}
    assert http.post("/api/upload", data=data, content_type="multipart/form-data").status_code == 413


def test_a_request_that_uploads_no_file_has_a_limit_of_its_own(http: FlaskClient) -> None:
    body = b'{"items": [' + b" " * (MAX_BODY_MEGABYTES * 2**20) + b"]}"
    answer = http.post("/api/predict", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too-large")
    assert answer.json["detail"] == f"the request has more than {MAX_BODY_MEGABYTES} MB"
    assert answer.json["detail_code"] == {
        "code": "the request has more than {megabytes} MB",
        "params": {"megabytes": MAX_BODY_MEGABYTES},
    }
    assert answer.json["advice_code"] == {
        "code": "upload rows as a file; compress a file that is too large, or leave out rows",
        "params": {},
    }
