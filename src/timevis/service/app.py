"""The application factory, with the one gate that every request passes."""

from __future__ import annotations

from apiflask import APIFlask

from timevis import __version__
from timevis.service.api import (
    accounts,
    dataset_views,
    datasets,
    forecasts,
    model_analysis,
    models,
    monitor_scores,
    monitors,
    system,
    tasks,
    training,
)
from timevis.service.api.system import Metrics
from timevis.service.context import Canary, Context
from timevis.service.db.database import open_database
from timevis.service.problems import register_error_handlers
from timevis.service.request_limits import ShallowJson, StorableRequest, limit_bodies
from timevis.service.security.gate import Gate, lowest_role
from timevis.service.security.roles import SharedPaths
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks.queue import make_celery
from timevis.service.web.openapi import complete_specification, problem_schema, register_documentation
from timevis.service.web.page import register_page
from timevis.service.written_answers import WrittenAnswers

BLUEPRINTS = (
    system.blueprint,
    datasets.blueprint,
    dataset_views.blueprint,
    dataset_views.series_list_blueprint,
    training.options_blueprint,
    training.training_blueprint,
    tasks.blueprint,
    models.blueprint,
    model_analysis.blueprint,
    model_analysis.explanation_blueprint,
    forecasts.blueprint,
    forecasts.comparison_blueprint,
    monitors.blueprint,
    monitor_scores.blueprint,
    monitor_scores.period_blueprint,
    dataset_views.annotations_blueprint,
    accounts.session_blueprint,
    accounts.users_blueprint,
    accounts.shares_blueprint,
    accounts.audit_blueprint,
)
MULTIPART_OVERHEAD_BYTES = 2**20


def create_app(settings: Settings) -> APIFlask:
    """The WSGI application."""
    app = APIFlask(
        "timevis.service",
        title="TimeVis",
        version=__version__,
        spec_path=None,
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask accepts None
    )
    app.config.update(
        SPEC_FORMAT="json",
        AUTO_404_RESPONSE=True,
        HTTP_ERROR_SCHEMA=problem_schema(),
        VALIDATION_ERROR_SCHEMA=problem_schema(),
        MAX_CONTENT_LENGTH=settings.max_upload_megabytes * 2**20 + MULTIPART_OVERHEAD_BYTES,
        MAX_FORM_PARTS=50,
        MAX_FORM_MEMORY_SIZE=2**20,
    )
    app.json = ShallowJson(app)
    app.request_class = StorableRequest
    app.json.sort_keys = False
    sessions = open_database(settings.database_url)
    celery = make_celery(settings)
    app.extensions["timevis"] = Context(
        *(settings, sessions, celery, Canary(celery), Storage.open(settings, sessions)),
        WrittenAnswers(settings.home / "results"),
    )
    register_error_handlers(app)
    Metrics(app.extensions["timevis"]).register(app)  # first, so that it counts what the gate refuses
    Gate(settings, sessions).register(app)
    limit_bodies(app)
    app.wsgi_app = SharedPaths(app.wsgi_app)  # type: ignore[method-assign]  # as the documentation of Flask adds a middleware

    if not training.training_blueprint._got_registered_once:
        training.register_train_routes()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix="/api")
    complete_specification(app, lowest_role)
    register_documentation(app)
    register_page(app)
    return app
