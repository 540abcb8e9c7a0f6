"""The web process starts without PyTorch, and answers what the page asks without it."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from service_data import TINY_RUN, TOKEN
from tiny import TINY_LSTM

from timevis.service.db.tables import Task
from timevis.service.tasks.jobs import Worker, execute

ANSWER_ALL = """
import json, os, sys
from timevis.service.app import create_app
from timevis.service.settings import Settings

identifiers = json.loads(sys.argv[1])
app = create_app(Settings.from_environment())
heavy = [name for name in ("torch", "pytorch_lightning", "transformers") if name in sys.modules]
assert not heavy, heavy
client = app.test_client()
client.environ_base["HTTP_AUTHORIZATION"] = "Bearer " + os.environ["TIMEVIS_TOKEN"]
answers = {}
for rule in app.url_map.iter_rules():
    path = rule.rule
    for name, value in identifiers.items():
        path = path.replace(f"<{name}>", value)
    if "GET" in rule.methods and "<" not in path:
        answers[path] = client.get(path).status_code
        assert "torch" not in sys.modules, path
body = {"dataset": identifiers["dataset_id"], "model": "qwen", "dry_run": True, "context_length": 24, "horizon": 6}
answers["dry run"] = client.post("/api/train", json=body).status_code
assert "torch" not in sys.modules
print(json.dumps(answers))
"""


def test_all_get_routes_and_a_dry_run_are_answered_without_pytorch(
    http: FlaskClient, dataset: str, add_model: Callable[..., str]
) -> None:
    service = http.application.extensions["timevis"]
    model = add_model(*TINY_LSTM)
    worker = Worker(service.settings, service.sessions, ("interactive",))
    task = http.post("/api/predict", json={"models": [model]}).json["id"]
    execute(worker, task)
    group = uuid.uuid4().hex
    with service.sessions.begin() as session:
        request = {"dataset": dataset, "model": "linear", **TINY_RUN}
        session.add(Task(kind="train", queue="cpu", request=request, dataset_id=dataset, group_id=group))
    identifiers = {"dataset_id": dataset, "model_id": model, "task_id": task, "group_id": group, "model": "lstm"}
    variables = {"TIMEVIS_HOME": str(service.settings.home), "TIMEVIS_TOKEN": TOKEN}
    variables["TIMEVIS_BROKER_URL"] = service.settings.broker_url.get_secret_value()
    answers = answers_of_a_new_process(identifiers, variables)
    others = {path: status for path, status in answers.items() if status not in (200, 302)}
    assert others == {"/api/health": 503, f"/api/models/{model}/report": 404}  # no worker; the run made no report
    for path in ("residuals", "calibration", "forecasts", "verdict", "download"):
        assert answers[f"/api/models/{model}/{path}"] == 200
    assert answers[f"/api/tasks/{task}/result"] == 200


def answers_of_a_new_process(identifiers: dict[str, Any], variables: dict[str, str]) -> dict[str, int]:
    command = [sys.executable, "-c", ANSWER_ALL, json.dumps(identifiers)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found
