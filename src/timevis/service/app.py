"""The application factory, with the one gate that every request passes."""

from __future__ import annotations

import hmac
from importlib.resources import files
from typing import Any

from apiflask import APIFlask
from flask import Response, redirect, request, send_from_directory

from timevis import __version__
from timevis.service.api import comparison, datasets, forecasts, models, system, tasks, training
from timevis.service.context import Context
from timevis.service.db.database import open_database
from timevis.service.problems import Problem, register_error_handlers
from timevis.service.schemas import ProblemDetails
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.queue import make_celery

RESOURCES = (system, datasets, training, tasks, models, forecasts, comparison)
PUBLIC_PATHS = ("/", "/api/", "/api/health", "/api/docs", "/api/openapi.json")
ASSETS = "/api/docs/assets/"
TOKEN_COOKIE = "timevis_token"
MULTIPART_OVERHEAD_BYTES = 2**20
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'"
)


def create_app(settings: Settings) -> APIFlask:
    """The WSGI application."""
    app = APIFlask("timevis.service", title="TimeVis", version=__version__, spec_path=None, docs_path=None)
    app.config.update(
        SPEC_FORMAT="json",
        AUTO_404_RESPONSE=True,
        HTTP_ERROR_SCHEMA=ProblemDetails.model_json_schema(),
        VALIDATION_ERROR_SCHEMA=ProblemDetails.model_json_schema(),
        MAX_CONTENT_LENGTH=settings.max_upload_megabytes * 2**20 + MULTIPART_OVERHEAD_BYTES,
        MAX_FORM_PARTS=50,
        MAX_FORM_MEMORY_SIZE=2**20,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["timevis"] = Context(
        settings, open_database(settings.database_url), make_celery(settings), Storage(settings.home)
    )
    register_error_handlers(app)
    _register_gate(app, settings.token, {*LOCAL_HOSTS, *settings.allowed_hosts})
    if not training.blueprint._got_registered_once:
        training.register_train_routes()
    for resource in RESOURCES:
        app.register_blueprint(resource.blueprint, url_prefix="/api")
    _register_documentation(app)
    return app


def _register_gate(app: APIFlask, token: str, hosts: set[str]) -> None:
    """Refuse requests without the token, and requests for another host."""

    @app.before_request
    def check_access() -> Any:
        if request.host.rpartition(":")[0] not in hosts and request.host not in hosts:
            raise Problem(400, "bad-host", f"the host {request.host[:100]!r} is not one of this service")
        if _is_token(request.args.get("token"), token) and request.method == "GET":
            response = redirect(request.path)
            response.set_cookie(TOKEN_COOKIE, token, httponly=True, samesite="Strict")
            return response
        if request.path in PUBLIC_PATHS or request.path.startswith(ASSETS):
            return None
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else request.cookies.get(TOKEN_COOKIE)
        if not _is_token(given, token):
            advice = "send the header Authorization: Bearer TOKEN, or open the link that timevis serve printed"
            raise Problem(401, "unauthorized", "the request has no valid token", advice)
        return None

    @app.after_request
    def add_security_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.update(
            {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
        )
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response


def _is_token(given: str | None, token: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), token.encode())


def _register_documentation(app: APIFlask) -> None:
    """Serve the specification, and Swagger UI with assets from an installed package."""
    assets = files("flask_swagger_ui") / "dist"

    @app.spec_processor
    def describe_problems(spec: Any) -> Any:
        for operations in spec["paths"].values():
            for operation in operations.values():
                operation["security"] = [{"token": []}]
                for status, response in operation["responses"].items():
                    if status >= "400" and (content := response.get("content", {}).pop("application/json", None)):
                        response["content"]["application/problem+json"] = content
        spec.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        return spec

    @app.get("/")
    @app.doc(hide=True)
    def home() -> Any:
        return redirect("/api/docs")

    @app.get("/api/openapi.json")
    @app.doc(hide=True)
    def specification() -> Any:
        return app._get_spec("json")

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


DOCUMENTATION_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>TimeVis API</title>
<link rel="stylesheet" href="{ASSETS}swagger-ui.css"><link rel="icon" href="{ASSETS}favicon-32x32.png">
</head>
<body>
<div id="api"></div>
<script src="{ASSETS}swagger-ui-bundle.js"></script><script src="{ASSETS}start.js"></script>
</body>
</html>
"""
DOCUMENTATION_SCRIPT = """\
SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null});
"""
