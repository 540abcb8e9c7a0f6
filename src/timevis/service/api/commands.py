"""The command line, the Python script and the curl call that do the same as a task."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pprint import pformat
from textwrap import indent
from types import MappingProxyType
from typing import Any

from flask import request as http_request
from sqlalchemy.orm import Session

from timevis.config.stored import override
from timevis.runs.folder import read_overrides
from timevis.service.context import context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.training import config_values, untrained_methods

MAX_SHOWN_ROWS = 3
RUN_PLACEHOLDER = "RUN"
FILE_PLACEHOLDER = "FILE"
"""The file of a dataset that was removed."""
LINE_WIDTH = 100
STEPS = {
    "predict": (
        "Forecast, and save the forecast as forecast.csv.",
        'task = client.complete(client.call("POST", "predict", json=REQUEST))\n'
        '    Path("forecast.csv").write_text(client.result(task, "csv"), encoding="utf-8")\n'
        '    print("wrote forecast.csv")',
    ),
    "train": (
        "Train models, forecast with each, and save its forecast as a CSV file.",
        "for number, request in enumerate(REQUESTS, 1):\n"
        '        model = client.complete(client.call("POST", "train", json=request))["result"]["model"]\n'
        '        task = client.complete(client.call("POST", "predict", json={"models": [model]}))\n'
        "        path = Path(f\"forecast-{number}-{request['model']}.csv\")\n"
        '        path.write_text(client.result(task, "csv"), encoding="utf-8")\n'
        '        print(f"trained the model {model} and wrote {path}")',
    ),
    "compare": (
        "Compare models, and save the tables of the comparison as comparison.json.",
        'task = client.complete(client.call("POST", "compare", json=REQUEST))\n'
        '    Path("comparison.json").write_text(json.dumps(client.result(task), indent=1), encoding="utf-8")\n'
        '    print("wrote comparison.json")',
    ),
    "explain": (
        "Explain a model, and save the result as explanation.json.",
        'task = client.complete(client.call("POST", PATH, json=REQUEST))\n'
        '    Path("explanation.json").write_text(json.dumps(client.result(task), indent=1), encoding="utf-8")\n'
        '    print("wrote explanation.json")',
    ),
    "monitor": (
        "Run a cycle of a monitor, and print what it did.",
        'cycle = client.call("POST", PATH, json=REQUEST)\n'
        '    print(client.complete({"id": cycle["task"]})["result"])',
    ),
}
"""What the script of each kind of task does, and its calls."""
SCRIPT = '''\
"""{purpose}

Set the environment variable TIMEVIS_TOKEN to a token of the service.
"""

{imports}

from timevis.service.client import Client, ServiceError

SERVICE = {address!r}
{path}{request}

token = os.environ.get("TIMEVIS_TOKEN") or sys.exit("error: set TIMEVIS_TOKEN to a token of the service")
client = Client(SERVICE, token)
try:
    {steps}
except (ServiceError, OSError) as problem:  # refused or failed; not reached, or too late
    sys.exit(f"error: {{problem}}")
'''


def commands_of(task: Task, dataset: Dataset | None) -> dict[str, str]:
    """What does the same as a task.

    Parameters
    ----------
    task : Task
        Stored or not.
    dataset : Dataset, optional
        The dataset of the request; its file stands in the commands under its name. None if it was removed.
    """
    body = dict(task.request)
    file_name = dataset.file_name if dataset is not None else None
    if task.kind == "train":
        return _commands(_training_words(body, dataset), task.kind, "train", body)
    if task.kind == "monitor":
        wanted = {"forecast": body["forecast"], "train": body["training"] is not None}
        return _commands([], task.kind, f"monitors/{body['monitor']}/run", wanted)
    if task.kind == "compare":
        runs = [RUN_PLACEHOLDER + str(number) for number in range(1, len(body["models"]) + 1)]
        names = dict(zip(body["models"], runs, strict=True))
        reference = names.get(body.get("reference") or "")
        cli = ["timevis", "compare", *runs, *(["--reference", reference] if reference else [])]
        return _commands(cli, task.kind, "compare", body)
    is_changed = bool(body.get("known")) or any(item.get("events") for item in (body, *(body.get("items") or [])))
    if task.kind == "explain":
        path = f"models/{body['models'][0]}/explanation"
        return _commands(["timevis", "explain", RUN_PLACEHOLDER], task.kind, path, {})
    if method := body.get("method"):
        model, untrained = untrained_methods()[method]
        values = {**untrained.values, **({"horizon": body["horizon"]} if body.get("horizon") else {})}
        training = {"model": model, **({"target": body["target"]} if body.get("target") else {})}
        commands = _commands([], task.kind, "predict", body)
        if body.get("kind") == "backtest" or is_changed:
            return commands
        first = shlex.join(_training_words(training, dataset, values))
        return commands | {"cli": f"{first}\ntimevis predict {RUN_PLACEHOLDER}"}
    words = ["timevis", "predict", RUN_PLACEHOLDER, *([file_name] if file_name else [])]
    if rows := body.get("horizon"):
        words += ["--horizon", str(rows)]
    if body.get("kind") == "backtest":
        words.append("--backtest")
    return _commands([] if is_changed else words, task.kind, "predict", body)


def model_commands(session: Session, model: Model) -> dict[str, str]:
    """What trains a model again; of a run of the command line, only the command that started it."""
    if model.task_id is None:
        overrides = read_overrides(context().storage.fetched_run(model.run_id))
        return {"cli": shlex.join(["timevis", "train", *overrides]), "python": "", "curl": ""}
    task = session.get(Task, model.task_id)
    assert task is not None
    return commands_of(task, session.get(Dataset, model.dataset_id) if model.dataset_id else None)


def _training_words(
    body: dict[str, Any], dataset: Dataset | None, more: Mapping[str, Any] = MappingProxyType({})
) -> list[str]:
    file_name, options = (FILE_PLACEHOLDER, {}) if dataset is None else (dataset.file_name, dataset.options)
    values = {**config_values(body, options), **more}
    first = {key: values.pop(key) for key in ("minutes", "horizon", "context_length", "seed") if key in values}
    overrides = [override(key, value) for key, value in values.items()]
    path = override("data.path", file_name)
    words = [f"model={body['model']}", "data=file", path, "logger=csv"]
    if backbone := (body.get("backbone") or {}).get("name"):
        overrides.insert(0, f"model/backbone={backbone}")
    return ["timevis", "train", *words, *(override(key, value) for key, value in first.items()), *overrides]


def _commands(cli: list[str], kind: str, path: str, body: dict[str, Any]) -> dict[str, str]:
    """A command, a script and a call; of many `values`, only the first rows, which a comment says."""
    sent = {key: value for key, value in body.items() if key != "dry_run"}
    comment, rows = "", len(sent.get("values") or [])
    if rows > MAX_SHOWN_ROWS:
        sent["values"] = sent["values"][:MAX_SHOWN_ROWS]
        comment = f"# with the first {MAX_SHOWN_ROWS} of {rows} rows\n"
    address = http_request.root_url.rstrip("/")
    return {
        "cli": shlex.join(cli),
        "python": comment + _python_script(kind, address, path, sent),
        "curl": comment + _curl(f"{address}/api/{path}", sent),
    }


def _curl(address: str, body: dict[str, Any]) -> str:
    shown = json.dumps(body, ensure_ascii=False)
    header = '-H "Authorization: Bearer $TIMEVIS_TOKEN" -H "Content-Type: application/json"'
    return f"curl {header} -d {shlex.quote(shown)} {shlex.quote(address)}"


def _python_script(kind: str, address: str, path: str, request: dict[str, Any]) -> str:
    """A script that sends a request, waits for its task, and saves the result.

    Parameters
    ----------
    kind : str
        Of the task.
    address : str
        Of the service, such as ``http://localhost:5000``.
    path : str
        Of the request, below ``/api``; of a forecast, a training run and a comparison it is the kind.
    request : dict
        The body of the request.
    """
    purpose, steps = STEPS[kind]
    shown = pformat(request, width=LINE_WIDTH, sort_dicts=False, compact=True)
    modules = ["json"] if "json." in steps else []
    imports = "\n".join(f"import {name}" for name in [*modules, "os", "sys"])
    if "Path(" in steps:
        imports += "\nfrom pathlib import Path"
    return SCRIPT.format(
        purpose=purpose,
        imports=imports,
        address=address,
        path=f"PATH = {path!r}\n" if "PATH" in steps else "",
        request=f"REQUESTS = [\n{indent(shown, '    ')},\n]" if "REQUESTS" in steps else f"REQUEST = {shown}",
        steps=steps,
    )
