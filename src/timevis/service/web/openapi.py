"""The OpenAPI specification with what APIFlask cannot infer, and its documentation in the browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from apiflask import APIFlask
from flask import Response, request, send_from_directory

from timevis.config.options import parameter_help
from timevis.service.schemas.common import ProblemDetails
from timevis.service.schemas.forecasts import ComparisonResult, ForecastDryRun, ForecastResult
from timevis.service.schemas.training import DryRun

ASSETS = "/api/docs/assets/"
BINARY_RESPONSES = {
    ("/api/models/{model_id}/report", "get"): "text/html",
    ("/api/models/{model_id}/download", "get"): "application/zip",
    ("/api/metrics", "get"): "text/plain",
    ("/api/tasks/{task_id}/events", "get"): "text/event-stream",
}
READING = (
    ("/api/upload", "post"),
    ("/api/sample-data", "post"),
    ("/api/datasets/{dataset_id}/rows", "post"),
    ("/api/datasets/{dataset_id}", "patch"),
)
"""Requests whose answer has status 202 if the file is not read within a second."""


def complete_specification(app: APIFlask, lowest_role: Callable[[str, str, Any], str | None]) -> None:
    """Add to the specification: who may do what, a success that has two status codes, files, and the dry run.

    `lowest_role` gives the role that an operation needs, from its path, method and function; None if it needs none.
    """

    @app.spec_processor
    def complete(spec: Any) -> Any:
        schemas = spec.setdefault("components", {}).setdefault("schemas", {})
        _add_schema(schemas, "ProblemDetails", ProblemDetails.model_json_schema(ref_template=REFERENCE))
        for model in (DryRun, ForecastDryRun, ForecastResult, ComparisonResult):
            _add_schema(
                schemas, model.__name__, model.model_json_schema(ref_template=REFERENCE, mode="serialization")
            )
        result = spec["paths"]["/api/tasks/{task_id}/result"]["get"]["responses"]["200"]
        kinds = [{"$ref": REFERENCE.format(model=name)} for name in ("ForecastResult", "ComparisonResult")]
        result["content"] = {
            "application/json": {"schema": {"anyOf": [*kinds, {"type": "object"}]}},
            "text/csv": {"schema": {"type": "string"}},
        }
        problem = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="ProblemDetails")}}}
        views = {
            (re.sub(r"<(?:[^>:]+:)?([^>]+)>", r"{\1}", rule.rule), method.lower()): app.view_functions[rule.endpoint]
            for rule in app.url_map.iter_rules()
            for method in rule.methods or ()
        }
        for path, operations in spec["paths"].items():
            for method, operation in operations.items():
                responses = operation["responses"]
                operation["security"] = [{"token": []}]
                if (role := lowest_role(path, method.upper(), views.get((path, method)))) is not None:
                    operation["x-role"] = role
                _copy_success(responses)
                if (path, method) in BINARY_RESPONSES:
                    content = {BINARY_RESPONSES[path, method]: {"schema": {"type": "string", "format": "binary"}}}
                    responses["200"]["content"] = content
                for status, response in responses.items():
                    if status >= "400":
                        response["content"] = problem
                responses["default"] = {"description": "A problem", "content": problem}
        for unused in ("HTTPError", "ValidationError"):  # every problem has the schema ProblemDetails
            schemas.pop(unused, None)
        for path, name in (("/api/train", "DryRun"), ("/api/predict", "ForecastDryRun")):
            success = spec["paths"][path]["post"]["responses"]["200"]
            success["description"] = "The task has ended (Prefer: wait), or the answer to a dry run"
            content = success["content"]["application/json"]
            content["schema"] = {"anyOf": [content["schema"], {"$ref": REFERENCE.format(model=name)}]}
        for path, method in READING:
            schema = {"$ref": REFERENCE.format(model="TaskDetail")}
            answer = {"description": "The task that still reads the file after a second, or after Prefer: wait"}
            spec["paths"][path][method]["responses"]["202"] = {
                **answer,
                "content": {"application/json": {"schema": schema}},
            }
        audit = spec["paths"]["/api/audit"]["get"]["responses"]["200"]
        audit["content"]["text/csv"] = {"schema": {"type": "string"}}
        health = spec["paths"]["/api/health"]["get"]["responses"]
        health["503"]["content"] = health["200"]["content"]
        spec["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        return _with_short_names(spec)


REFERENCE = "#/components/schemas/{model}"


def _with_short_names(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with each schema once: APIFlask adds a copy of an inner schema for each outer one.

    The copies have names such as ``ModelDetail.Results``. The NumPy docstring of a dataclass becomes the descriptions
    of its fields.
    """
    text = re.sub(r'"#/components/schemas/\w+\.(\w+)"', r'"#/components/schemas/\1"', json.dumps(dict(spec)))
    short: dict[str, Any] = json.loads(text)
    schemas: dict[str, Any] = {}
    for name, schema in short["components"]["schemas"].items():
        text = schema.get("description", "")
        for field, help_text in parameter_help(text).items():
            schema["properties"].get(field, {}).setdefault("description", help_text)
        if "\n---" in text:
            schema["description"] = text.partition("\n\n")[0]
        if schemas.setdefault(name.rpartition(".")[2], schema) != schema:
            raise ValueError(f"two schemas have the name {name.rpartition('.')[2]}")
    short["components"]["schemas"] = schemas
    return short


def problem_schema() -> dict[str, Any]:
    """The schema of an error; `complete_specification` adds the schemas that it refers to."""
    schema = ProblemDetails.model_json_schema(ref_template=REFERENCE)
    schema.pop("$defs", None)
    return schema


def _add_schema(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    """Add a schema and those that it refers to."""
    for inner, definition in schema.pop("$defs", {}).items():
        schemas.setdefault(inner, definition)
    schemas[name] = schema


def _copy_success(responses: dict[str, Any]) -> None:
    """A request that makes something answers 200 with the same schema if there is nothing to make or to wait for."""
    described = responses.get("200", {}).get("content", {}).get("application/json", {}).get("schema")
    if "200" not in responses or described:
        return
    for status in ("201", "202"):
        if content := responses.get(status, {}).get("content"):
            responses["200"]["content"] = json.loads(json.dumps(content))


def register_documentation(app: APIFlask) -> None:
    """Serve the specification, and Swagger UI with assets from an installed package."""
    assets = files("flask_swagger_ui") / "dist"

    @app.get("/api/openapi.json")
    @app.doc(hide=True)
    def specification() -> Any:
        place = {"servers": [{"url": request.script_root}]} if request.script_root else {}
        spec = app._get_spec("json")
        assert isinstance(spec, dict)  # "json" was asked for
        return spec | place

    @app.get("/api/docs")
    @app.doc(hide=True)
    def documentation() -> Any:
        return Response(DOCUMENTATION_PAGE, mimetype="text/html")

    @app.get(f"{ASSETS}<name>")
    @app.doc(hide=True)
    def asset(name: str) -> Any:
        if name == "start.js":
            return Response(DOCUMENTATION_SCRIPT, mimetype="text/javascript")
        return send_from_directory(str(assets), name)


DOCUMENTATION_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>TimeVis API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css"><link rel="icon" href="docs/assets/favicon-32x32.png">
</head>
<body>
<div id="api"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script><script src="docs/assets/start.js"></script>
</body>
</html>
"""
DOCUMENTATION_SCRIPT = """\
SwaggerUIBundle({url: "openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null});
"""
