"""Who may call the service: tokens, origins, rates, and headers."""

from __future__ import annotations

import io
import json
import stat
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from service_data import TINY_RUN, TOKEN

from timevis.cli.main import main
from timevis.errors import ConfigError
from timevis.service.app import create_app
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.security.gate import RateLimiter
from timevis.service.security.users import SESSION_SECONDS
from timevis.service.settings import Settings

PAGE = "https://dashboard.example"


def client(settings: Settings, token: str | None = TOKEN) -> FlaskClient:
    made = create_app(settings).test_client()
    if token is not None:
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return made


@pytest.fixture
def command(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs `timevis serve token` for the home folder of the test; returns what it prints."""
    monkeypatch.setenv("TIMEVIS_HOME", str(make_settings().home))

    def run(*arguments: str) -> str:
        capsys.readouterr()  # what requests before this command logged
        assert main(["serve", "token", *arguments]) == 0
        return capsys.readouterr().out.strip()

    return run


def test_a_named_token_is_recorded_with_what_it_made_and_can_be_removed(
    http: FlaskClient, dataset: str, command: Callable[..., str]
) -> None:
    secret = command("add", "anna@example")
    body = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}
    answer = http.post("/api/train", json=body, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 202
    with http.application.extensions["timevis"].sessions() as session:
        assert session.get(Task, answer.json["id"]).created_by == "anna@example"
        assert session.get(Dataset, dataset).created_by == "owner"
    assert command("list") == "anna@example\tanna@example\teditor"
    command("remove", "anna@example")
    assert http.get("/api/tasks", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize("name", ["", "owner", "a b", "../x", "x" * 101])
def test_a_token_needs_a_plain_name(name: str, make_settings: Callable) -> None:
    from timevis.service.db.database import open_database
    from timevis.service.security.users import add_token

    with pytest.raises(ConfigError), open_database(make_settings().database_url).begin() as session:
        add_token(session, name, "owner")


def test_a_caller_that_sends_too_many_requests_is_told_when_to_try_again(
    make_settings: Callable[..., Settings],
) -> None:
    http = client(make_settings(TIMEVIS_REQUESTS_PER_MINUTE="3"))
    answers = [http.get("/api/tasks") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json["code"] == "too-many-requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20


def test_guessing_tokens_is_slow(make_settings: Callable[..., Settings]) -> None:
    http = client(make_settings(TIMEVIS_FAILED_TOKENS_PER_MINUTE="3"), token=None)
    answers = [http.get("/api/tasks", headers={"Authorization": f"Bearer {n}"}) for n in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert http.get("/api/health").status_code == 503  # no broker; but the gate lets it through


def test_tokens_cannot_be_guessed_by_links_to_the_page(make_settings: Callable[..., Settings]) -> None:
    http = client(make_settings(TIMEVIS_FAILED_TOKENS_PER_MINUTE="3"), token=None)
    answers = [http.get(f"/?token={n}") for n in range(5)]
    assert [answer.status_code for answer in answers[3:]] == [429, 429]
    assert http.get(f"/?token={TOKEN}").status_code == 429


def test_wrong_tokens_of_others_at_an_address_do_not_stop_a_token_that_was_accepted(
    make_settings: Callable[..., Settings],
) -> None:
    http = client(make_settings(TIMEVIS_FAILED_TOKENS_PER_MINUTE="3"))
    assert http.get("/api/tasks").status_code == 200
    wrong = [http.get("/api/tasks", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(4)]
    assert wrong == [401, 401, 401, 429]
    assert http.get("/api/tasks").status_code == 200


def test_requests_without_a_token_are_limited_and_their_methods_make_no_new_metrics(
    make_settings: Callable[..., Settings],
) -> None:
    http = client(make_settings(TIMEVIS_REQUESTS_PER_MINUTE="3"), token=None)
    answers = [http.open("/api/tasks", method=f"WORD{n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    text = http.get("/api/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert 'method="other"' in text
    assert "WORD" not in text


def test_a_link_in_a_run_folder_leads_to_no_file_outside(
    http: FlaskClient, add_model: Callable[..., str], tmp_path: Path
) -> None:
    model = add_model("model=linear")
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        folder = service.storage.run(session.get(Model, model).run_id)
    (folder / "report.html").symlink_to(secret)
    (folder / "plots").mkdir(exist_ok=True)
    (folder / "plots" / "linked").symlink_to(tmp_path)
    for language in ("en", "zh"):
        assert http.get(f"/api/models/{model}/report?lang={language}").status_code == 404
    names = zipfile.ZipFile(io.BytesIO(http.get(f"/api/models/{model}/download").data)).namelist()
    assert "results.json" in names
    assert not any("linked" in name or name == "report.html" for name in names)


def test_allowed_requests_come_back_with_time() -> None:
    limiter = RateLimiter(per_minute=60)
    assert [limiter.seconds_to_wait("a", now=0.0) for _ in range(61)] == [0.0] * 60 + [1.0]
    assert limiter.seconds_to_wait("b", now=0.0) == 0.0
    assert limiter.seconds_to_wait("a", now=1.0) == 0.0
    assert limiter.seconds_to_wait("a", now=1.0) == 1.0


def test_only_pages_of_the_allow_list_may_call_from_elsewhere(make_settings: Callable[..., Settings]) -> None:
    http = client(make_settings(TIMEVIS_CORS_ORIGINS=PAGE))
    question = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    asked = http.options("/api/train", headers=question)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert http.get("/api/tasks", headers={"Origin": PAGE}).headers["Access-Control-Allow-Origin"] == PAGE
    other = http.options("/api/train", headers=question | {"Origin": "https://attacker.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    with pytest.raises(ConfigError, match="TIMEVIS_CORS_ORIGINS"):
        make_settings(TIMEVIS_CORS_ORIGINS="*")


def test_the_cookie_of_the_page_does_not_work_for_changes_by_pages_of_other_ports(
    make_settings: Callable[..., Settings],
) -> None:
    http = client(make_settings(), token=None)
    assert http.get(f"/?token={TOKEN}").status_code == 302
    path = f"/api/tasks/{'0' * 32}/cancel"
    assert http.post(path, headers={"Origin": "http://localhost:3000"}).status_code == 403
    assert http.post(path, headers={"Origin": "http://localhost"}).status_code == 404


def test_a_link_with_a_token_keeps_the_rest_of_its_query(make_settings: Callable[..., Settings]) -> None:
    answer = client(make_settings(), token=None).get(f"/train?dataset=a%26b&token={TOKEN}&models=x&models=y")
    assert (answer.status_code, answer.location) == (302, "/train?dataset=a%26b&models=x&models=y")


def test_a_cookie_that_is_no_token_any_more_is_deleted(make_settings: Callable[..., Settings]) -> None:
    http = client(make_settings(), token=None)
    http.set_cookie("timevis_session", "old")
    assert "Max-Age=0" in http.get("/api/tasks").headers["Set-Cookie"]


def test_a_browser_gets_a_session_of_its_own_that_ends_with_its_time_or_its_token(
    make_settings: Callable[..., Settings], command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    http = client(settings, token=None)
    named = command("add", "anna").strip()
    cookie = http.get(f"/?token={named}", base_url="https://localhost").headers["Set-Cookie"]
    assert named not in cookie
    assert {"Secure", "HttpOnly", "SameSite=Strict", f"Max-Age={SESSION_SECONDS}"} <= set(cookie.split("; "))
    http.get(f"/?token={named}")
    assert http.get("/api/tasks").status_code == 200
    command("remove", "anna")
    assert http.get("/api/tasks").status_code == 401
    http.get(f"/?token={TOKEN}")
    assert http.get("/api/tasks").status_code == 200
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + SESSION_SECONDS + 1)
    assert http.get("/api/tasks").status_code == 401


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_open_the_home_folder_and_the_database(make_settings: Callable[..., Settings]) -> None:
    home = make_settings().home
    home.chmod(0o755)
    client(make_settings())
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.glob("timevis.db*")} == {0o600}


def test_an_idempotency_key_belongs_to_its_token(
    http: FlaskClient, dataset: str, command: Callable[..., str]
) -> None:
    body, headers = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}, {"Idempotency-Key": "key"}
    own = http.post("/api/train", json=body, headers=headers).json["id"]
    other = {**headers, "Authorization": f"Bearer {command('add', 'ben').strip()}"}
    assert http.post("/api/train", json=body, headers=other).json["id"] != own
    assert http.post("/api/train", json=body, headers=headers).json["id"] == own


def test_a_download_names_no_path_of_the_server(
    http: FlaskClient, dataset: str, add_model: Callable[..., str]
) -> None:
    service = http.application.extensions["timevis"]
    with service.sessions() as session:
        row = session.get_one(Dataset, dataset)
    data = str(service.storage.upload(row.content_hash, row.suffix))
    lengths = ("context_length=24", "horizon=6", "evaluation.max_windows=10", "evaluation.val_windows=10")
    model = add_model("model=seasonal_naive", "data=file", f"data.path={data}", "data.name=plant", *lengths)
    with service.sessions() as session:
        folder = service.storage.run(session.get_one(Model, model).run_id)
    (folder / "report.html").write_text(f"<p>{folder} {service.settings.home}/uploads/x.csv {data}</p>")
    archive = zipfile.ZipFile(io.BytesIO(http.get(f"/api/models/{model}/download").data))
    for name in archive.namelist():
        for path in (data, str(folder), str(service.settings.home), sys.prefix):
            assert path.encode() not in archive.read(name), name
    assert b"plant.csv" in archive.read("config.yaml")
    assert http.get(f"/api/models/{model}/report").data == b"<p>. TIMEVIS_HOME/uploads/x.csv plant.csv</p>"
    chinese = http.get(f"/api/models/{model}/report?lang=zh")
    assert "季节朴素法" in chinese.text
    assert chinese.headers["Content-Security-Policy"] == "sandbox allow-scripts"
    for path in (data, str(folder), str(service.settings.home), sys.prefix):
        assert path not in chinese.text


def test_every_response_has_the_security_headers(http: FlaskClient) -> None:
    for path in ("/", "/api/docs", "/api/tasks", "/api/nowhere"):
        headers = http.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["script-src"] == "'self'"
        assert policy["object-src"] == "'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert http.get("/api/tasks").headers["Cache-Control"] == "no-store"


PASSWORD = "correct horse battery"
FOREIGN_PAGES = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://["},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example", "Authorization": "Basic YW5uYTpwYXNzd29yZA=="},
]
OWN_PAGES: list[dict[str, str]] = [
    {},  # a program on the command line
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"},
]


@pytest.fixture
def visitor(make_settings: Callable[..., Settings]) -> FlaskClient:
    """A client without a token, of a service with the user anna."""
    settings = make_settings(TIMEVIS_CORS_ORIGINS=PAGE, TIMEVIS_SIGN_INS_PER_MINUTE="1000")
    user = {"name": "anna", "role": "editor", "password": PASSWORD}
    assert client(settings).post("/api/users", json=user).status_code == 201
    return client(settings, token=None)


@pytest.mark.parametrize("root", ["http://localhost", "http://localhost/timevis"])
def test_only_pages_of_this_address_and_programs_can_sign_in(visitor: FlaskClient, root: str) -> None:
    body = {"name": "anna", "password": PASSWORD}
    for headers in FOREIGN_PAGES:
        for answer in (
            visitor.post("/api/session", json=body, headers=headers, base_url=root),
            visitor.post("/api/session", data=json.dumps(body), headers=headers, base_url=root),
        ):
            assert (answer.status_code, answer.json["code"]) == (403, "forbidden"), headers
            assert "Set-Cookie" not in answer.headers
            assert "TIMEVIS_CORS_ORIGINS" in answer.json["advice"]
    for headers in OWN_PAGES:
        answer = visitor.post("/api/session", json=body, headers=headers, base_url=root)
        assert answer.status_code == 200, headers
        assert "timevis_session" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_json_is_read_only_if_it_is_named_json(visitor: FlaskClient, kind: str | None) -> None:
    body = json.dumps({"name": "anna", "password": PASSWORD})
    answer = visitor.post("/api/session", data=body, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type")
    assert "Set-Cookie" not in answer.headers
    assert "application/json" in answer.json["advice"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert visitor.post("/api/users", data=body, content_type=kind, headers=headers).status_code == 415
    assert visitor.post("/api/session", data=body, content_type="application/json; charset=utf-8").status_code == 200


def test_an_upload_needs_a_page_of_this_address_or_a_token(visitor: FlaskClient) -> None:
    assert visitor.post("/api/session", json={"name": "anna", "password": PASSWORD}).status_code == 200
    foreign, own = {"Origin": "http://evil.example"}, {"Origin": "http://localhost"}

    def send(**headers: str) -> int:
        data = {"file": (io.BytesIO(b"a,b\n1,2\n"), "table.exe")}
        answer = visitor.post("/api/upload", data=data, content_type="multipart/form-data", headers=headers)
        return int(answer.status_code)

    assert send(**foreign) == 403
    assert send(**own) == send(**foreign, Authorization=f"Bearer {TOKEN}") == 422  # the ending is unknown
