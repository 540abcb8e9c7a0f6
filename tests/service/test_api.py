"""The routes, called in this process; no worker runs, and the broker cannot be reached."""

from __future__ import annotations

import io
import json
import pickle
import re
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from service_data import TINY_LSTM_RUN, TINY_RUN, TOKEN, plant_csv, upload
from sqlalchemy import event

from timevis.config.stored import load_config
from timevis.data.catalog import load_panel
from timevis.runs.config import RunConfig
from timevis.service.app import create_app
from timevis.service.db.tables import Dataset, Task, Worker
from timevis.service.settings import Settings
from timevis.service.web.page import register_page


def train(http: FlaskClient, dataset: str, model: str = "lstm", headers: dict | None = None, **settings: object):
    return http.post("/api/train", json={"dataset": dataset, "model": model, **settings}, headers=headers)


def test_an_uploaded_file_becomes_a_dataset_with_a_quality_report(http: FlaskClient) -> None:
    answer = upload(http, plant_csv(), name="Plant A", unit="MW", domain="electricity")
    assert answer.status_code == 201
    found = answer.json
    assert (found["name"], found["file_name"], found["channels"], found["rows"]) == (
        "Plant A",
        "plant.csv",
        ["load"],
        600,
    )
    assert found["report"]["gaps"]["count"] == 2
    assert found["report"]["left_out"] == {"site": "contains text"}
    assert found["report"]["card"]["unit"] == "MW"


def test_the_list_of_datasets_names_few_of_many_series_and_reads_no_quality_report(
    http: FlaskClient, dataset: str
) -> None:
    service = http.application.extensions["timevis"]
    names = ["load"] + [f"store {number}" for number in range(30_489)]
    with service.sessions.begin() as session:
        row = session.get_one(Dataset, dataset)
        channel = row.report["channels"]["load"]
        row.report = {**row.report, "channels": dict.fromkeys(names, channel)}
    statements: list[str] = []
    event.listen(service.sessions.kw["bind"], "before_cursor_execute", lambda *given: statements.append(given[2]))
    answer = http.get("/api/datasets")
    (item,) = answer.json["items"]
    assert (item["channel_count"], item["first_channels"], item["rows"]) == (30_490, names[:3], 600)
    assert len(answer.data) < 1_000
    assert not any("datasets.report" in statement for statement in statements)
    assert http.get(f"/api/datasets/{dataset}").json["channels"] == names


def test_the_same_file_again_returns_the_same_dataset(http: FlaskClient, dataset: str) -> None:
    again = upload(http, plant_csv(), file_name="renamed.csv")
    assert (again.status_code, again.json["id"]) == (200, dataset)
    assert upload(http, plant_csv(seed=1)).json["id"] != dataset


def test_a_file_of_json_lines_is_read(http: FlaskClient) -> None:
    rows = [json.dumps({"time": f"2026-01-{day:02}", "load": day % 7}) for day in range(1, 29)]
    answer = upload(http, "\n".join(rows).encode(), "plant.jsonl")
    assert (answer.status_code, answer.json["rows"]) == (201, 28)


def test_an_unreadable_cell_is_named_with_file_row_and_column(http: FlaskClient) -> None:
    rows = plant_csv().decode().splitlines()
    rows[5] = "not a time,1.0,north"
    answer = upload(http, "\n".join(rows).encode())
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "invalid-data"
    assert "plant.csv" in answer.json["detail"]
    assert "row 6" in answer.json["detail"]
    assert "time" in answer.json["detail"]
    coded = answer.json["detail_code"]
    assert coded["code"] == "{source}: {place}, column {column!r}: the time{cell} is not a date or time{more}"
    assert (coded["params"]["source"], coded["params"]["column"]) == ("plant.csv", "time")
    assert coded["params"]["place"] == {"code": "row {row}", "params": {"row": 6}, "text": "row 6"}
    assert answer.json["advice_code"]["code"].startswith("every row needs a time such as 2020-01-31 13:00")
    assert answer.json["advice_code"]["params"]["setting"]["key"] == "data.time"


def test_a_file_that_cannot_be_read_is_kept(http: FlaskClient, tmp_path: Path) -> None:
    content = b"this,is\nno,table of numbers\n"
    assert upload(http, content).status_code == 422
    assert [path.read_bytes() for path in (tmp_path / "home/uploads").iterdir()] == [content]


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "empty.csv", "invalid-data"),
        (b"a,b\n1,2\n", "table.exe", "invalid-data"),
        (b"x" * (1024 * 1024 + 1), "large.csv", "invalid-data"),
        (b"x" * (3 * 1024 * 1024), "larger.csv", "too-large"),
        (pickle.dumps({"a": [1, 2, 3]}), "model.csv", "invalid-data"),
        (b"PK\x03\x04broken", "broken.xlsx", "invalid-data"),
    ],
)
def test_a_file_that_is_no_table_is_refused(http: FlaskClient, content: bytes, name: str, code: str) -> None:
    answer = upload(http, content, name)
    assert (answer.status_code, answer.json["code"]) == (413 if code == "too-large" else 422, code)


@pytest.mark.parametrize("name", ["../../outside.csv", "..\\outside.csv", "/etc/outside.csv", "a\nb.csv", ".csv"])
def test_no_file_name_leaves_the_home_folder(http: FlaskClient, tmp_path: Path, name: str) -> None:
    upload(http, plant_csv(rows=200), name)
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert all(path.is_relative_to(tmp_path / "home") for path in written)
    assert not any("outside" in path.name for path in written)


def test_a_zip_bomb_is_refused(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(TIMEVIS_PROFILE_MEGABYTES="1500", TIMEVIS_PROFILE_SECONDS="60")
    http = create_app(settings).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("bomb.csv", "w") as file,
    ):
        for _ in range(1024):
            file.write(b"0" * 2**20)
    assert upload(http, buffer.getvalue(), "bomb.zip").status_code == 422


def test_datasets_can_be_searched_deleted_and_restored(http: FlaskClient, dataset: str) -> None:
    upload(http, plant_csv(seed=1), "other_%.csv")
    assert http.get("/api/datasets?search=PLANT").json["total"] == 1
    assert http.get("/api/datasets?search=%25").json["items"][0]["name"] == "other_%"
    assert http.get("/api/datasets?per_page=1&page=2").json["items"][0]["id"] == dataset
    assert http.delete(f"/api/datasets/{dataset}").status_code == 204
    assert http.get("/api/datasets").json["total"] == 1
    assert http.get("/api/datasets?deleted=true").json["items"][0]["id"] == dataset
    assert train(http, dataset, "linear").json["errors"][0]["pointer"] == "/dataset"
    http.post(f"/api/datasets/{dataset}/restore")
    assert http.get("/api/datasets").json["total"] == 2


def test_a_dataset_is_renamed_and_read_again_with_other_columns(http: FlaskClient, dataset: str) -> None:
    path = f"/api/datasets/{dataset}"
    assert http.patch(path, json={"name": "North"}).json["name"] == "North"
    found = http.patch(path, json={"unit": "MW", "target": ["load"]}).json
    assert found["options"] == {"unit": "MW", "target": ["load"]}
    assert found["report"]["card"]["unit"] == "MW"
    wrong = http.patch(path, json={"target": ["lode"]})
    assert (wrong.status_code, wrong.json["code"]) == (422, "invalid-data")
    assert http.patch(path, json={"frequency": "often"}).json["errors"][0]["pointer"] == "/frequency"
    assert http.get(path).json["options"] == found["options"]


def test_an_identifier_or_search_with_strange_characters_finds_nothing(http: FlaskClient) -> None:
    for text in ("%00", "..%2f..%2fetc%2fpasswd", "'%20OR%201=1", "%F0%9F%8E%B2"):
        assert http.get(f"/api/datasets/{text}").status_code == 404
        assert http.get(f"/api/datasets?search={text}").status_code in (200, 422)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"options": {"hidden_size": 0}}, "/options/hidden_size"),
        ({"options": {"hidden_sise": 8}}, "/options/hidden_sise"),
        ({"options": {"cell": "rnn"}}, "/options/cell"),
        ({"horizon": 0}, "/horizon"),
        ({"horizon": "24"}, "/horizon"),
        ({"max_epochs": 1.5}, "/max_epochs"),
        ({"seed": -1}, "/seed"),
        ({"split": [0.5, 0.1]}, "/split"),
        ({"covariates": {"site": "future"}}, "/covariates/site"),
        ({"target": ["lode"]}, "/target/0"),
        ({"evaluation": {"stride": 0}}, "/evaluation/stride"),
        ({"cleaning": {"outliers": "drop"}}, "/cleaning/outliers"),
        ({"dataset": "0" * 32}, "/dataset"),
        ({"dataset": "../../etc/passwd"}, "/dataset"),
        ({"trainer": {"devices": 8}}, "/trainer"),
        ({"options": {"_target_": "os.system"}}, "/options/_target_"),
    ],
)
def test_a_wrong_training_names_the_field(http: FlaskClient, dataset: str, change: dict, pointer: str) -> None:
    answer = http.post("/api/train", json={"dataset": dataset, "model": "lstm", **change})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == pointer
    assert http.get("/api/tasks").json["total"] == 0


def test_an_unknown_model_is_refused(http: FlaskClient, dataset: str) -> None:
    assert train(http, dataset, "oracle").status_code == 422
    assert http.post("/api/train", data="{", content_type="application/json").json["code"] == "bad-request"


def test_a_training_is_stored_as_the_config_of_a_run_and_stays_queued_without_a_broker(
    http: FlaskClient, dataset: str, tmp_path: Path
) -> None:
    answer = train(http, dataset, **TINY_LSTM_RUN)
    assert answer.status_code == 202
    task = answer.json
    assert (task["state"], task["queue_position"], task["dataset"]) == ("queued", 1, dataset)
    assert answer.headers["Location"] == f"/api/tasks/{task['id']}"
    (config,) = (tmp_path / "home/runs").glob("*/config.yaml")
    assert "hidden_size: 8" in config.read_text()
    assert http.get(f"/api/tasks/{task['id']}/result").status_code == 409
    assert http.post(f"/api/tasks/{task['id']}/cancel").json["state"] == "cancelled"
    retried = http.post(f"/api/tasks/{task['id']}/retry").json
    assert (retried["state"], retried["retry_of"]) == ("queued", task["id"])
    assert http.post(f"/api/tasks/{task['id']}/retry").status_code == 409
    assert http.get("/api/tasks?state=queued&kind=train").json["total"] == 1


def test_a_horizon_that_is_left_out_is_derived_by_the_run_and_conformal_reaches_its_config(
    http: FlaskClient, dataset: str, tmp_path: Path
) -> None:
    assert train(http, dataset, "linear", conformal="split").status_code == 202
    (stored,) = (tmp_path / "home/runs").glob("*/config.yaml")
    cfg = load_config(stored)
    assert (cfg.context_length, cfg.horizon, cfg.conformal) == (None, None, "split")
    completed = RunConfig.from_config(cfg).completed_for(load_panel(cfg.data)[0])
    assert (completed.context_length, completed.horizon) == (168, 24)


def test_an_idempotency_key_makes_one_task(http: FlaskClient, dataset: str) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = train(http, dataset, "seasonal_naive", headers, **TINY_RUN).json["id"]
    assert train(http, dataset, "seasonal_naive", headers, **TINY_RUN).json["id"] == first
    reused = train(http, dataset, "linear", headers, **TINY_RUN)
    assert (reused.status_code, reused.json["code"]) == (422, "idempotency-key-reused")
    assert http.get("/api/tasks").json["total"] == 1


def test_an_idempotency_key_makes_one_group(http: FlaskClient, dataset: str) -> None:
    trainings = [{"dataset": dataset, "model": "seasonal_naive", **TINY_RUN, "seed": seed} for seed in range(2)]

    def post(body: list[dict]) -> Any:
        return http.post("/api/groups", json={"trainings": body}, headers={"Idempotency-Key": "sweep"})

    first = post(trainings)
    assert first.status_code == 202
    assert post(trainings).json["id"] == first.json["id"]
    assert post(trainings[:1]).json["code"] == "idempotency-key-reused"
    assert train(http, headers={"Idempotency-Key": "sweep"}, **trainings[0]).json["code"] == "idempotency-key-reused"
    assert http.get("/api/tasks").json["total"] == 2


def test_a_training_goes_to_the_gpu_queue_while_a_worker_consumes_it(http: FlaskClient, dataset: str) -> None:
    def queue_of(model: str) -> str:
        task_id = train(http, dataset, model, **TINY_RUN).json["id"]
        with http.application.extensions["timevis"].sessions() as session:
            return session.get(Task, task_id).queue

    assert queue_of("lstm") == "cpu"
    with http.application.extensions["timevis"].sessions.begin() as session:
        session.add(Worker(id="w", queues=["gpu"], heartbeat=time.time()))
    assert (queue_of("lstm"), queue_of("linear")) == ("gpu", "cpu")


def test_a_sweep_is_one_call_that_makes_a_group_of_tasks(http: FlaskClient, dataset: str) -> None:
    trainings = [{"dataset": dataset, "model": "lstm", **TINY_LSTM_RUN, "seed": seed} for seed in range(2)]
    group = http.post("/api/groups", json={"trainings": trainings}).json
    assert (group["states"], group["leaderboard"]) == ({"queued": 2}, [])
    assert http.get(f"/api/groups/{group['id']}").json == group
    assert http.get("/api/tasks").json["items"][0]["group"] == group["id"]
    assert http.get(f"/api/groups/{'0' * 32}").status_code == 404
    for change, pointer in (({"options": {"cell": "rnn"}}, "options/cell"), ({"split": [2]}, "split")):
        wrong = [trainings[0], trainings[1] | change]
        answer = http.post("/api/groups", json={"trainings": wrong})
        assert answer.json["errors"][0]["pointer"] == f"/trainings/1/{pointer}"
    assert http.get("/api/tasks").json["total"] == 2


def test_the_options_of_a_model_have_default_choices_and_help(http: FlaskClient) -> None:
    options = {option["name"]: option for option in http.get("/api/model-options/lstm").json["options"]}
    assert options["hidden_size"]["default"] == 128
    assert options["cell"]["choices"] == ["lstm", "gru"]
    assert all(option["help"] for option in options.values())
    assert "backbone" not in {o["name"] for o in http.get("/api/model-options/qwen").json["options"]}


def test_a_forecast_of_unknown_models_names_the_item(http: FlaskClient) -> None:
    answer = http.post("/api/predict", json={"models": ["0" * 32]})
    assert answer.json["errors"][0]["pointer"] == "/models/0"
    assert http.post("/api/compare", json={"models": []}).json["errors"][0]["pointer"] == "/models"


def test_every_route_but_health_and_documentation_needs_the_token(http: FlaskClient) -> None:
    public = {
        "/",
        "/<page:path>",
        "/api/",
        "/api/live",
        "/api/health",
        "/api/docs",
        "/api/openapi.json",
        "/api/session",  # says how to sign in
        "/api/docs/assets/<name>",
    }
    del http.environ_base["HTTP_AUTHORIZATION"]
    checked = 0
    for rule in http.application.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "swagger-ui.css", rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            status = http.open(path, method=method).status_code
            assert (status != 401) == (rule.rule in public), (method, rule.rule, status)
            checked += 1
    assert checked > 30
    assert http.get("/api/tasks", headers={"Authorization": "Bearer wrong"}).headers["WWW-Authenticate"] == "Bearer"


def test_the_printed_link_sets_a_cookie_that_opens_the_api(http: FlaskClient) -> None:
    del http.environ_base["HTTP_AUTHORIZATION"]
    answer = http.get(f"/?token={TOKEN}")
    assert answer.status_code == 302
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert TOKEN not in answer.headers["Location"]
    assert http.get("/api/tasks").status_code == 200


def test_a_request_for_another_host_is_refused(http: FlaskClient) -> None:
    assert http.get("/api/tasks", headers={"Host": "attacker.example:5000"}).json["code"] == "bad-host"


def test_the_token_file_belongs_to_its_owner_only(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings(TIMEVIS_TOKEN="")
    assert len(settings.token) >= 24
    assert make_settings(TIMEVIS_TOKEN="").token == settings.token
    assert (tmp_path / "home/token").stat().st_mode & 0o777 == 0o600


def test_errors_are_problem_details(http: FlaskClient) -> None:
    for path, status in (("/api/nowhere", 404), ("/api/tasks/none", 404), ("/api/tasks?page=0", 422)):
        answer = http.get(path)
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert {"type", "title", "status", "code", "detail"} <= set(answer.json)
    assert http.put("/api/tasks").status_code == 405


def test_the_specification_is_openapi_3_1_and_its_references_resolve(http: FlaskClient) -> None:
    spec = http.get("/api/openapi.json").json
    assert spec["openapi"].startswith("3.1")
    assert {"/api/upload", "/api/train", "/api/predict", "/api/compare", "/api/health"} <= set(spec["paths"])
    for reference in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(spec)):
        assert reference in spec["components"]["schemas"], reference
    hidden = spec["components"]["schemas"]["LstmOptions"]["properties"]["hidden_size"]
    assert (hidden["default"], hidden["minimum"]) == (128, 1)
    assert hidden["description"]


@pytest.mark.parametrize("is_built", [True, False], ids=["with the page", "without the page"])
def test_the_documentation_loads_nothing_from_elsewhere(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_built: bool
) -> None:
    folder = tmp_path / "page"
    if is_built:
        folder.mkdir()
        (folder / "index.html").write_text("the page")
    monkeypatch.setattr("timevis.service.app.register_page", partial(register_page, folder=folder))
    client = create_app(make_settings()).test_client()
    address = client.get("/api/").headers["Location"]
    assert address == "/api/docs"
    page = client.get(address).text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) == 4
    for source in sources:
        answer = client.get(urljoin(address, source))
        assert answer.status_code == 200, source
        assert answer.mimetype in ("text/css", "text/javascript", "image/png"), source
    assert "http://" not in page
    assert "https://" not in page


def test_health_names_the_parts_that_do_not_work(http: FlaskClient) -> None:
    answer = http.get("/api/health")
    assert answer.status_code == 503
    assert answer.json["database"]["ok"]
    assert not answer.json["broker"]["ok"]
    assert "timevis serve worker" in answer.json["worker"]["detail"]
    assert answer.json["max_upload_megabytes"] == http.application.extensions["timevis"].settings.max_upload_megabytes


def test_statistics_count_what_there_is(http: FlaskClient, dataset: str) -> None:
    train(http, dataset, "seasonal_naive", **TINY_RUN)
    found = http.get("/api/stats").json
    assert (found["datasets"], found["models"], found["tasks"]) == (1, 0, {"queued": 1})
