"""Users with roles: what each may do, how they sign in, shared links, and the audit log."""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from service_data import TOKEN, plant_csv
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from werkzeug import security
from werkzeug.test import TestResponse

from timevis.cli.main import main
from timevis.errors import ConfigError
from timevis.service.app import create_app
from timevis.service.db.monitor_tables import Champion, Monitor
from timevis.service.db.tables import (
    Annotation,
    AuditEntry,
    Base,
    Dataset,
    Model,
    Sessions,
    Share,
    Task,
    User,
    new_id,
)
from timevis.service.security import users
from timevis.service.security.roles import LOWEST_ROLE, MANAGE, READ, SELF, access_of
from timevis.service.server import PEER_KEY
from timevis.service.settings import Settings
from timevis.service.tasks.retention import purge

PASSWORD = "three quiet words"
OF_VIEWERS = {"POST /api/session/password", "POST /api/tokens", "DELETE /api/tokens/<name>"}
OF_ALL = {"POST /api/session", "DELETE /api/session"}
"""A viewer may carry out these operations besides GET: sign in and out, own password and tokens."""


def prefix_of(path: str) -> str:
    """The part of the address of a shared link that stands before all its addresses."""
    return "/".join(path.split("/")[:3])


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "PASSWORD_METHOD", "scrypt:256:8:1")


@pytest.fixture
def sessions(http: FlaskClient) -> Sessions:
    made: Sessions = http.application.extensions["timevis"].sessions
    return made


@pytest.fixture
def add_user(http: FlaskClient) -> Callable[..., dict[str, str]]:
    """Add a user, whose headers it returns."""

    def add(name: str, role: str, password: str | None = None) -> dict[str, str]:
        made = http.post("/api/users", json={"name": name, "role": role, "password": password})
        assert made.status_code == 201, made.json
        secret = http.post("/api/tokens", json={"name": f"{name}-token", "user": name}).json["secret"]
        return {"Authorization": f"Bearer {secret}"}

    return add


def browser(http: FlaskClient) -> FlaskClient:
    return http.application.test_client()


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
    return client.post("/api/session", json={"name": name, "password": password})


def entries(sessions: Sessions) -> list[tuple[str, str, str, str | None, int]]:
    with sessions() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.time))
        return [(row.user_name, row.kind, row.operation, row.object_id, row.status) for row in rows]


def test_every_operation_answers_each_role_as_it_declares(http: FlaskClient, add_user: Callable) -> None:
    headers = {role: add_user(f"a-{role}", role) for role in ("viewer", "editor")}
    seen = set()
    for rule in http.application.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = f"{method} {rule.rule}"
            needed = access_of(http.application.view_functions[rule.endpoint], method).kind
            path = re.sub(r"<[^>]+>", "0" * 32, rule.rule)
            if method != "GET" and operation not in OF_ALL:
                answer = http.open(path, method=method, headers=headers["viewer"])
                assert (answer.status_code == 403) == (operation not in OF_VIEWERS), operation
                assert operation in OF_VIEWERS or "is a viewer, who may only read" in answer.json["detail"]
                seen.add(operation)
            if needed == MANAGE:
                answer = http.open(path, method=method, headers=headers["editor"])
                assert answer.status_code == 403, operation
                assert answer.json["detail_code"]["code"] == "{name!r} is an editor; only an owner may do this"
                assert answer.json["advice_code"]["code"] == "ask an owner to do it, or for another role"
    assert len(seen) > 25
    assert seen > OF_VIEWERS


def test_the_specification_says_who_may_do_what(http: FlaskClient) -> None:
    paths = http.get("/api/openapi.json").json["paths"]
    assert paths["/api/models/{model_id}"]["get"]["x-role"] == LOWEST_ROLE[READ] == "viewer"
    assert paths["/api/models/{model_id}"]["delete"]["x-role"] == "editor"
    assert paths["/api/users"]["get"]["x-role"] == "owner"
    assert paths["/api/tokens"]["post"]["x-role"] == LOWEST_ROLE[SELF]
    assert "x-role" not in paths["/api/session"]["post"]
    assert list(paths["/api/audit"]) == ["get"]  # nothing changes the audit log


def test_an_editor_deletes_what_it_made_and_nothing_else(
    http: FlaskClient, dataset: str, add_model: Callable[..., str], add_user: Callable, sessions: Sessions
) -> None:
    anna, ben = add_user("anna", "editor"), add_user("ben", "editor")
    own, other = add_model("model=linear", created_by="anna"), add_model("model=linear", created_by="ben")
    assert http.get(f"/api/models/{own}", headers=anna).json["created_by"] == "anna"
    assert http.patch(f"/api/models/{other}", json={"notes": "daily work"}, headers=anna).status_code == 200
    refused = http.delete(f"/api/models/{other}", headers=anna)
    assert (refused.status_code, refused.json["detail_code"]["code"]) == (
        403,
        "{name!r} is an editor, who may delete only what they made",
    )
    assert http.delete(f"/api/datasets/{dataset}", headers=anna).status_code == 403  # of the owner
    assert http.delete(f"/api/models/{own}", headers=anna).status_code == 204
    assert http.delete(f"/api/models/{other}", headers=ben).status_code == 204
    assert http.delete(f"/api/datasets/{dataset}").status_code == 204
    with sessions() as session:
        assert session.get_one(Model, other).deleted
    assert entries(sessions)[-5:] == [
        ("anna", "delete", "DELETE /api/models/{model_id}", other, 403),
        ("anna", "delete", "DELETE /api/datasets/{dataset_id}", dataset, 403),
        ("anna", "delete", "DELETE /api/models/{model_id}", own, 204),
        ("ben", "delete", "DELETE /api/models/{model_id}", other, 204),
        ("owner", "delete", "DELETE /api/datasets/{dataset_id}", dataset, 204),
    ]


def test_everything_that_a_request_makes_names_its_user(
    http: FlaskClient, dataset: str, add_model: Callable[..., str], add_user: Callable, sessions: Sessions
) -> None:
    model, headers = add_model("model=linear"), add_user("anna", "editor")
    body: dict[str, dict[str, Any]] = {
        "train": {"dataset": dataset, "model": "linear", "context_length": 24, "horizon": 6},
        "predict": {"method": "seasonal_naive", "dataset": dataset},
        "monitors": {"dataset": dataset, "model": model},
        f"datasets/{dataset}/annotations": {"start": "2026-01-02T00:00", "text": "Meter replaced."},
        "shares": {"kind": "model", "object": model},
    }
    for path, value in body.items():
        assert http.post(f"/api/{path}", json=value, headers=headers).status_code in (201, 202), path
    upload_of_anna = {"file": (io.BytesIO(plant_csv(seed=9)), "anna.csv")}
    made = http.post("/api/upload", data=upload_of_anna, headers=headers, content_type="multipart/form-data")
    assert made.status_code == 201
    of_requests = {Dataset: 1, Task: 3, Monitor: 1, Champion: 1, Annotation: 1, Share: 1}
    with sessions() as session:
        for table, count in of_requests.items():
            found = session.scalars(select(table.created_by)).all()
            assert found.count("anna") == count, table
    recording = {mapper.class_ for mapper in Base.registry.mappers if hasattr(mapper.class_, "created_by")}
    assert recording == {*of_requests, Model}  # a model is made by its task, whose user it names


def test_a_session_of_a_password_ends_when_its_user_is_removed_or_gets_another_role_or_password(
    http: FlaskClient, add_user: Callable
) -> None:
    assert http.get("/api/session").json == {
        **{"name": "owner", "role": "owner", "way": "token", "users": False, "passwords": False, "shared": None}
    }
    add_user("anna", "viewer", PASSWORD)
    changes: list[Callable[[], TestResponse]] = [
        lambda: http.patch("/api/users/anna", json={"role": "editor"}),
        lambda: http.patch("/api/users/anna", json={"password": PASSWORD}),
        lambda: http.delete("/api/users/anna"),
    ]
    client = browser(http)
    assert client.get("/api/session").json["passwords"] is True
    for change in changes:
        signed_in = sign_in(client, "anna")
        assert (signed_in.status_code, signed_in.json["name"]) == (200, "anna")
        assert {"HttpOnly", "SameSite=Strict"} <= set(signed_in.headers["Set-Cookie"].split("; "))
        assert client.get("/api/tasks").status_code == 200
        assert change().status_code in (200, 204)
        assert client.get("/api/tasks").status_code == 401
    assert sign_in(client, "anna").status_code == 401


def test_a_user_changes_its_password_and_signs_out(http: FlaskClient, add_user: Callable) -> None:
    add_user("anna", "viewer", PASSWORD)
    client, other = browser(http), browser(http)
    sign_in(client, "anna")
    sign_in(other, "anna")
    body = {"old": "a wrong password", "new": "four other quiet words"}
    assert client.post("/api/session/password", json=body).json["errors"][0]["pointer"] == "/old"
    weak = client.post("/api/session/password", json={"old": PASSWORD, "new": "short"})
    assert weak.json["errors"][0]["code"] == "a password needs {minimum} to {maximum} characters, and is not the name"
    assert client.post("/api/session/password", json=body | {"old": PASSWORD}).status_code == 204
    assert (client.get("/api/tasks").status_code, other.get("/api/tasks").status_code) == (200, 401)
    foreign = client.delete("/api/session", headers={"Origin": "http://localhost:3000"})
    assert foreign.status_code == 403
    assert client.delete("/api/session").status_code == 204
    assert client.get("/api/tasks").status_code == 401
    assert sign_in(client, "anna", "four other quiet words").status_code == 200


def test_passwords_cannot_be_guessed_quickly(make_settings: Callable[..., Settings]) -> None:
    http = create_app(make_settings(TIMEVIS_SIGN_INS_PER_MINUTE="3")).test_client()
    with http.application.extensions["timevis"].sessions.begin() as session:
        users.add_user(session, "anna", "viewer", PASSWORD)
        users.add_user(session, "ben", "viewer", PASSWORD)
    answers = [sign_in(http, "anna", f"guess {n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["Retry-After"]) <= 20
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    body = {"name": "anna", "password": PASSWORD}
    assert http.post("/api/session", json=body, environ_base=elsewhere).status_code == 429  # of the name
    assert http.post("/api/session", json=body | {"name": "ben"}, environ_base=elsewhere).status_code == 200
    audit = entries(http.application.extensions["timevis"].sessions)
    assert ("anna", "sign_in", "POST /api/session", None, 401) in audit


def test_checking_a_password_takes_as_long_if_there_is_no_such_user(
    http: FlaskClient, add_user: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "PASSWORD_METHOD", users.NO_PASSWORD.partition("$")[0])
    add_user("anna", "viewer", PASSWORD)
    add_user("robot", "viewer")
    costs = []
    check = users.check_password_hash
    monkeypatch.setattr(
        users, "check_password_hash", lambda stored, given: costs.append(stored.split("$")[0]) or check(stored, given)
    )
    assert users.has_password(sessions, "anna", PASSWORD)
    assert not users.has_password(sessions, "nobody", PASSWORD)
    assert not users.has_password(sessions, "robot", PASSWORD)
    assert costs == [users.NO_PASSWORD.partition("$")[0]] * 3  # the method of a hash and its cost
    with sessions() as session:
        stored = session.get_one(User, "anna").password
    assert stored is not None
    assert len(stored) == len(users.NO_PASSWORD)
    assert PASSWORD not in stored
    assert security.check_password_hash(stored, PASSWORD)


def test_the_header_of_a_proxy_counts_only_where_it_is_configured_and_from_this_proxy(
    make_settings: Callable[..., Settings],
) -> None:
    def ask(http: FlaskClient, peer: str, name: str = "anna@plant.example", **headers: str) -> TestResponse:
        base = {"REMOTE_ADDR": "192.0.2.7", PEER_KEY: peer}
        return http.get("/api/tasks", headers={"X-Auth-Request-Email": name, **headers}, environ_base=base)

    plain = create_app(make_settings()).test_client()
    assert ask(plain, "10.0.3.9").status_code == 401
    variables = {"TIMEVIS_SSO_HEADER": "X-Auth-Request-Email", "TIMEVIS_SSO_PROXIES": "10.0.3.0/24"}
    http = create_app(make_settings(**variables, TIMEVIS_SSO_ROLE="editor")).test_client()
    spoofed = ask(http, "192.0.2.7")
    assert (spoofed.status_code, spoofed.json["detail_code"]["code"]) == (
        403,
        "the header {header} of the address {address} is not believed",
    )
    assert ask(http, "10.0.3.9", "owner").status_code == 403
    assert ask(http, "10.0.3.9", "a b").status_code == 403
    assert ask(http, "10.0.3.9").status_code == 200
    assert ask(http, "10.0.3.9").status_code == 200
    sessions = http.application.extensions["timevis"].sessions
    with sessions() as session:
        assert [(user.name, user.role) for user in session.scalars(select(User))] == [
            ("anna@plant.example", "editor")
        ]
    assert entries(sessions) == [("anna@plant.example", "change", "single sign-on", "anna@plant.example", 201)]
    base = {"REMOTE_ADDR": "192.0.2.7", PEER_KEY: "10.0.3.9"}
    headers = {"X-Auth-Request-Email": "anna@plant.example", "Origin": "https://attacker.example"}
    assert (
        http.post("/api/tasks/cancel", json={"kind": "train"}, headers=headers, environ_base=base).status_code == 403
    )
    with pytest.raises(ConfigError, match="TIMEVIS_SSO_HEADER"):
        make_settings(TIMEVIS_SSO_HEADER="X-Auth-Request-Email")


def test_a_shared_link_opens_its_result_and_nothing_else(
    http: FlaskClient, dataset: str, add_model: Callable[..., str], add_user: Callable, sessions: Sessions
) -> None:
    model, other = add_model("model=linear", created_by="anna"), add_model("model=linear")
    tasks = {kind: new_id() for kind in ("compare", "predict")}
    with sessions.begin() as session:
        for kind, task_id in tasks.items():
            session.add(Task(id=task_id, kind=kind, queue="cpu", state="completed", request={}, result={"data": "x"}))
    anna, ben = add_user("anna", "editor"), add_user("ben", "editor")
    bodies = {
        "model": {"kind": "model", "object": model, "days": 7},
        "report": {"kind": "report", "object": model},
        "comparison": {"kind": "comparison", "object": tasks["compare"]},
    }
    made = {kind: http.post("/api/shares", json=body, headers=anna).json for kind, body in bodies.items()}
    assert http.post("/api/shares", json=bodies["comparison"] | {"object": tasks["predict"]}).status_code == 422
    opened = {
        "model": {"", "/report", "/forecasts", "/scored-period", "/residuals", "/calibration", "/verdict"}
        | {"/explanation"},
        "report": {"/report"},
        "comparison": {"", "/result"},
    }
    always = {"/api/", "/api/live", "/api/health", "/api/session", "/api/messages", "/api/metric-specs"}
    client = browser(http)
    client.get(f"/?token={TOKEN}")  # the cookie of an owner counts for nothing below a link
    for kind, share in made.items():
        prefix = prefix_of(share["path"])
        own = tasks["compare"] if kind == "comparison" else model
        folder = "tasks" if kind == "comparison" else "models"
        expected = {f"/api/{folder}/{own}{rest}" for rest in opened[kind]} | always
        answered = set()
        for rule in http.application.url_map.iter_rules():
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                if not rule.rule.startswith("/api/") or rule.rule.startswith(("/api/docs", "/api/openapi")):
                    continue
                for identifier in {own, other, model, dataset, *tasks.values()}:
                    path = re.sub(r"<[^>]+>", identifier, rule.rule)
                    answer = client.open(prefix + path, method=method, headers={"Authorization": f"Bearer {TOKEN}"})
                    if answer.status_code != 403:
                        answered.add(path)
                        assert method == "GET", path
        assert answered == expected
        shown = client.get(f"{prefix}/api/session").json
        assert (shown["shared"], shown["name"], shown["role"]) == ({"kind": kind, "object": own}, None, None)
    prefix = prefix_of(made["model"]["path"])
    assert client.get(f"{prefix}/api/models/{model}").json["id"] == model
    assert client.get(f"/shared/{'x' * 32}/api/models/{model}").status_code == 401

    listed = http.get(f"/api/shares?object={model}", headers=ben).json["items"]
    assert {(item["kind"], item["created_by"]) for item in listed} == {("model", "anna"), ("report", "anna")}
    assert "path" not in listed[0]
    assert http.delete(f"/api/shares/{made['report']['id']}", headers=ben).status_code == 403
    assert http.delete(f"/api/shares/{made['report']['id']}", headers=anna).status_code == 204
    gone = prefix_of(made["report"]["path"])
    assert client.get(f"{gone}/api/models/{model}/report").status_code == 401
    with sessions.begin() as session:
        session.get_one(Share, made["model"]["id"]).expires = time.time() - 1
    assert (
        client.get(f"{prefix}/api/models/{model}").json["detail_code"]["code"]
        == "this link has expired, was revoked, or never existed"
    )


def test_the_audit_log_is_filtered_written_as_csv_and_never_changes(
    http: FlaskClient, dataset: str, add_model: Callable[..., str], add_user: Callable, sessions: Sessions
) -> None:
    model = add_model("model=linear")
    anna = add_user("anna", "editor")
    http.get(f"/api/models/{model}/download", headers=anna)
    http.get(f"/api/models/{model}", headers=anna)  # reading is not recorded
    http.post("/api/train", json={"dataset": dataset, "model": "lstm", "dry_run": True}, headers=anna)
    http.patch(f"/api/models/{model}", json={"name": "winter"}, headers=anna)
    page = http.get("/api/audit?user=anna&per_page=1").json
    assert (page["total"], len(page["items"])) == (2, 1)
    newest = page["items"][0]
    assert (newest["operation"], newest["object"], newest["object_name"], newest["status"], newest["address"]) == (
        *("PATCH /api/models/{model_id}", model, "winter", 200, "127.0.0.1"),
    )
    assert newest["request_id"]
    downloads = http.get(f"/api/audit?kind=download&object={model}").json["items"]
    assert [item["user"] for item in downloads] == ["anna"]
    assert http.get("/api/audit", headers=anna).status_code == 403
    assert [item["user"] for item in http.get("/api/audit?refused=true").json["items"]] == []
    lines = http.get("/api/audit?user=anna&format=csv").text.splitlines()
    assert lines[0].startswith("id,time,user,role,kind,operation")
    assert len(lines) == 3
    with pytest.raises(DatabaseError, match="never change"), sessions.begin() as session:
        session.execute(text("UPDATE audit_entries SET user_name = 'ben'"))
    service = http.application.extensions["timevis"]
    count = len(entries(sessions))
    assert count > 3
    purge(sessions, service.settings, time.time() + 364 * 86_400)
    assert len(entries(sessions)) == count
    assert purge(sessions, service.settings, time.time() + 366 * 86_400)["audit entries"] == count


def test_users_are_managed_by_a_command(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings()
    monkeypatch.setenv("TIMEVIS_HOME", str(settings.home))

    def command(*arguments: str, line: str = "") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(line))
        status = main(["users", *arguments])
        output = capsys.readouterr()
        return output.out if status == 0 else output.err

    command("add", "anna", "--role", "editor", line=f"{PASSWORD}\n")
    command("add", "robot", "--no-password")
    assert command("list") == "anna\teditor\tpassword\nrobot\tviewer\tno password or token\n"
    http = create_app(settings).test_client()
    assert sign_in(http, "anna").status_code == 200
    command("set-role", "anna", "viewer")
    assert http.get("/api/tasks").status_code == 401
    command("set-password", "anna", line="four other quiet words\n")
    assert sign_in(http, "anna", "four other quiet words").json["role"] == "viewer"
    assert "10 to 200 characters" in command("set-password", "anna", line="short\n")
    assert "the roles are" in command("add", "carl", "--no-password", "--role", "admin")
    assert "choose another name for the user" in command("add", "Anna", "--no-password")
    command("remove", "anna")
    assert command("list") == "robot\tviewer\tno password or token\n"
    recorded = entries(http.application.extensions["timevis"].sessions)
    assert recorded[-1][1:] == ("delete", "timevis users remove", "anna", 200)
    assert recorded[-1][0].startswith("command line: ")
