"""A complete Python script that does the same as a task, with the client of the service."""

from __future__ import annotations

from pprint import pformat
from textwrap import indent
from typing import Any

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
