"""A complete Python script that does the same as a task, with the client of the service."""

from __future__ import annotations

from pprint import pformat
from typing import Any

LINE_WIDTH = 100
FORECAST = """\
task = client.complete(client.call("POST", "predict", json={request}))
    Path("forecast.csv").write_text(client.result(task, "csv"), encoding="utf-8")
    print("wrote forecast.csv")"""
STEPS = {
    "predict": (
        "Forecast, and save the forecast as forecast.csv.",
        FORECAST.format(request="REQUEST"),
    ),
    "train": (
        "Train a model, forecast with it, and save the forecast as forecast.csv.",
        'task = client.complete(client.call("POST", "train", json=REQUEST))\n'
        '    model = task["result"]["model"]\n'
        '    print("trained the model", model)\n'
        "    " + FORECAST.format(request='{"models": [model]}'),
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
{path}REQUEST = {request}

token = os.environ.get("TIMEVIS_TOKEN") or sys.exit("error: set TIMEVIS_TOKEN to a token of the service")
client = Client(SERVICE, token)
try:
    {steps}
except (ServiceError, OSError) as problem:  # refused or failed; not reached, or too late
    sys.exit(f"error: {{problem}}")
'''


def python_script(kind: str, address: str, path: str, request: dict[str, Any]) -> str:
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
    modules = ["json"] if "json." in steps else []
    imports = "\n".join(f"import {name}" for name in [*modules, "os", "sys"])
    if "Path(" in steps:
        imports += "\nfrom pathlib import Path"
    return SCRIPT.format(
        purpose=purpose,
        imports=imports,
        address=address,
        path=f"PATH = {path!r}\n" if "PATH" in steps else "",
        request=pformat(request, width=LINE_WIDTH, sort_dicts=False, compact=True),
        steps=steps,
    )
