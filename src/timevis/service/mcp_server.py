"""Tools for assistants over the Model Context Protocol: each one calls the service, with the rights of its token."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import requests
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from timevis import __version__
from timevis.service.client import Client, ServiceError

INSTRUCTIONS = """\
TimeVis forecasts time series. First inspect the data; forecast without training (method nano-patch or
seasonal_naive) or with a trained model; train takes minutes and is followed with task. Always report the verdict and
the interval of a model beside its forecast, and whether a difference may be chance."""
READS = ToolAnnotations(read_only_hint=True)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False)
MAX_WAIT_SECONDS = 300
SHOWN_STEPS = 200
SIGNIFICANCE_LEVEL = 0.05
UNTRAINED = "no error is known, since nothing was trained; train a model to get a verdict"

DatasetId = Annotated[str, Field(description="Identifier of a dataset, from list_datasets or inspect_file.")]
ModelId = Annotated[str, Field(description="Identifier of a model, from list_models or a completed training task.")]


class ToolClient(Client):
    """A client whose problems reach the assistant as words."""

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            return super().call(method, path, **arguments)
        except ServiceError as problem:
            raise ToolError(str(problem)) from None
        except requests.RequestException as error:
            raise ToolError(
                f"the service at {self.address} does not answer ({error}); start it: timevis serve"
            ) from None


def make_server(address: str, token: str | None) -> MCPServer:
    """The tools of one service.

    Parameters
    ----------
    address : str
        Of the service, such as ``http://localhost:5000``.
    token : str, optional
        For stdio. None for HTTP, where each request sends the token of its caller, and no file here is read.
    """
    server = MCPServer("timevis", version=__version__, instructions=INSTRUCTIONS)

    def service(context: Context) -> Client:
        if token is not None:
            return ToolClient(address, token)
        scheme, _, given = (context.headers or {}).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise ToolError("the request has no token: send the header Authorization: Bearer TOKEN of the service")
        return ToolClient(address, given)

    if token is not None:

        @server.tool(annotations=WRITES)
        def inspect_file(
            context: Context, path: Annotated[str, Field(description="CSV, Excel, JSON, Parquet")]
        ) -> dict[str, Any]:
            """Upload a file of this machine, and report how it was read: rows, channels, frequency, defects."""
            return _inspection(service(context).upload(Path(path).expanduser()))

    @server.tool(annotations=READS)
    def list_datasets(context: Context, search: str = "") -> dict[str, Any]:
        """List the newest datasets."""
        page = service(context).call("GET", "datasets", params={"search": search} if search else {})
        keys = ("id", "name", "rows", "channel_count", "first_channels", "frequency", "start", "end", "champion")
        return {"datasets": [_chosen(item, *keys) for item in page["items"]]}

    @server.tool(annotations=READS)
    def inspect_dataset(context: Context, dataset: DatasetId) -> dict[str, Any]:
        """Report how a dataset was read: rows, channels, frequency, and defects in words."""
        return _inspection(service(context).call("GET", f"datasets/{dataset}"))

    @server.tool(annotations=READS)
    def list_models(context: Context, dataset: str | None = None) -> dict[str, Any]:
        """List trained models, best first by the WQL on validation relative to seasonal naive (below 1 is better)."""
        query = {"sort": "validation_relative_wql", "order": "asc", **({"dataset": dataset} if dataset else {})}
        items = service(context).call("GET", "models", params=query)["items"]
        keys = ("id", "name", "kind", "dataset", "champion", "summary")
        return {"models": [_chosen(item, *keys) for item in items]}

    @server.tool(annotations=READS)
    def verdict(context: Context, model: ModelId) -> dict[str, Any]:
        """Say whether a model beats seasonal naive, whether that may be chance, and whether its intervals hold."""
        return _verdict(service(context), model)

    @server.tool(annotations=WRITES)
    def forecast(
        context: Context,
        dataset: DatasetId,
        model: Annotated[str | None, Field(description="A trained model; without one, method is used.")] = None,
        method: Annotated[
            str, Field(description="nano-patch, nano or seasonal_naive; nothing is trained.")
        ] = "nano-patch",
        horizon: Annotated[int | None, Field(description="Rows to forecast; by default by the data.")] = None,
    ) -> dict[str, Any]:
        """Forecast the rows after the end of a dataset: median and 80 % interval of each step, and the verdict."""
        client = service(context)
        body = {"dataset": dataset, **({"models": [model]} if model else {"method": method})}
        started = client.call("POST", "predict", json=body | ({"horizon": horizon} if horizon else {}))
        items = client.result(_completed(client.wait(started, MAX_WAIT_SECONDS)))["items"]
        judged = _verdict(client, model) if model else UNTRAINED
        return {"verdict": judged, "forecasts": [_forecast(item) for item in items]}

    @server.tool(annotations=WRITES)
    def train(
        context: Context,
        dataset: DatasetId,
        model: Annotated[
            str, Field(description="auto tries several within the minutes; or one, such as lstm, boosted or linear.")
        ] = "auto",
        horizon: int | None = None,
        minutes: Annotated[float | None, Field(description="Limit of the training time; 10 for auto.")] = None,
    ) -> dict[str, Any]:
        """Start a training run; returns its task, which `task` follows until it names the model."""
        given = {"horizon": horizon, "minutes": minutes}
        settings: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        return _task(service(context).train(dataset, model, **settings))

    @server.tool(annotations=READS)
    def task(
        context: Context, task: str, wait_seconds: Annotated[float, Field(ge=0, le=MAX_WAIT_SECONDS)] = 0
    ) -> dict[str, Any]:
        """Show the state and progress of a task, after waiting for its end; a completed training names its model."""
        client = service(context)
        current = client.task(task)
        if wait_seconds:
            try:
                current = client.wait(current, wait_seconds)
            except TimeoutError:
                current = client.task(task)
        return _task(current)

    @server.tool(annotations=READS)
    def list_monitors(context: Context) -> dict[str, Any]:
        """List the monitors, which forecast a dataset regularly: recent error, drift and open alerts of each."""
        keys = ("id", "name", "dataset", "model", "enabled", "open_alerts", "relative_wql", "coverage_80", "is_drift")
        items = service(context).call("GET", "monitors", params={"per_page": 200})["items"]
        return {"monitors": [_chosen(item, *keys, "last_origin", "task_state") for item in items]}

    @server.tool(annotations=READS)
    def monitor_status(
        context: Context, monitor: Annotated[str, Field(description="Identifier of a monitor, from list_monitors.")]
    ) -> dict[str, Any]:
        """Report how the last forecasts of a monitor did, beside the test of its model: errors, drift, alerts."""
        client = service(context)
        status = client.call("GET", f"monitors/{monitor}")
        alerts = client.call("GET", "alerts", params={"monitor": monitor, "per_page": 10})["items"]
        keys = ("id", "name", "dataset_name", "model_name", "enabled", "schedule", "next_run", "last_origin", "state")
        shown = [_chosen(alert, "kind", "text", "data_time", "resolved") for alert in alerts]
        return _chosen(status, *keys, "bounds") | {"alerts": shown}

    @server.tool(annotations=WRITES)
    def compare(context: Context, models: list[ModelId], reference: str | None = None) -> dict[str, Any]:
        """Compare models on the same test windows: differences with intervals, and whether they may be chance."""
        result = service(context).compare(*models, reference=reference)
        for pair in result["pairs"]:
            pair["may_be_chance"] = pair["p_holm"] is None or pair["p_holm"] > SIGNIFICANCE_LEVEL
        return _chosen(result, "data", "notes", "reference", "models", "pairs")

    return server


def _chosen(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: values[key] for key in keys}


def _inspection(dataset: dict[str, Any]) -> dict[str, Any]:
    findings = [_chosen(finding, "severity", "text") for finding in dataset["findings"]]
    return _chosen(dataset, "id", "name", "rows", "channels", "frequency", "start", "end") | {"findings": findings}


def _verdict(client: Client, model: str) -> dict[str, Any]:
    verdict = client.call("GET", f"models/{model}/verdict")
    findings = [_chosen(finding, "severity", "text") for finding in verdict["findings"]]
    return _chosen(verdict, "severity", "text") | {"findings": findings}


def _completed(task: dict[str, Any]) -> dict[str, Any]:
    if task["state"] != "completed":
        raise ToolError(f"task {task['id']} is {task['state']}: {task.get('error') or 'no reason is known'}")
    return task


def _task(task: dict[str, Any]) -> dict[str, Any]:
    return {key: task.get(key) for key in ("id", "kind", "state", "progress", "error", "advice", "result")}


def _forecast(item: dict[str, Any]) -> dict[str, Any]:
    """Median and 80 % interval, at most `SHOWN_STEPS` steps."""
    if item["error"]:
        return _chosen(item, "channel", "error", "advice")
    levels = [round(level, 4) for level in item["levels"]]
    low, median, high = (item["quantiles"][levels.index(level)][:SHOWN_STEPS] for level in (0.1, 0.5, 0.9))
    steps = {"time": item["time"][:SHOWN_STEPS], "low_80": low, "median": median, "high_80": high}
    return _chosen(item, "channel", "unit", "scored") | steps
