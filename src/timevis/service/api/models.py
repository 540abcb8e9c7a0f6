"""The registry of trained models."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

from apiflask import APIBlueprint
from flask import Response, send_file
from omegaconf import OmegaConf
from sqlalchemy import func, select

from timevis.runs.folder import RunFolder
from timevis.service import schemas
from timevis.service.api.views import model_summary
from timevis.service.context import context, find, page_of
from timevis.service.db.tables import Model
from timevis.service.problems import Problem
from timevis.utils.files import to_json_types

blueprint = APIBlueprint("models", __name__, tag="Models")


@blueprint.get("/models")
@blueprint.input(schemas.ModelQuery, location="query", arg_name="query")
@blueprint.output(schemas.ModelPage)
def list_models(query: schemas.ModelQuery) -> Any:
    """List the models, newest first."""
    rows = select(Model).where(Model.deleted.is_not(None) if query.deleted else Model.deleted.is_(None))
    if query.dataset:
        rows = rows.where(Model.dataset_id == query.dataset)
    if query.kind:
        rows = rows.where(Model.kind == query.kind)
    if query.search:
        rows = rows.where(func.lower(Model.name).contains(query.search.lower(), autoescape=True))
    with context().sessions() as session:
        return page_of(session, rows.order_by(Model.created.desc(), Model.id), query, model_summary)  # type: ignore


@blueprint.get("/models/<model_id>")
@blueprint.output(schemas.ModelDetail)
def get_model(model_id: str) -> Any:
    """Return a model with its config, its results and its training curve."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
    folder = RunFolder(context().storage.run(model.run_id))
    return {
        **model_summary(model),
        "config": _public_config(folder),
        "results": folder.results,
        "training": _training_curve(folder),
    }


def _public_config(folder: RunFolder) -> dict[str, Any]:
    """The config of a run without the path of the stored file."""
    config: Any = OmegaConf.to_container(folder.config, resolve=True)
    config["data"].pop("path", None)
    return config


def _training_curve(folder: RunFolder) -> list[dict[str, Any]]:
    import pandas as pd

    path = folder.path / "metrics.csv"
    if not path.is_file() or not path.stat().st_size:
        return []
    rows = pd.read_csv(path).to_dict("records")
    return [{key: value for key, value in to_json_types(row).items() if value is not None} for row in rows]


@blueprint.patch("/models/<model_id>")
@blueprint.input(schemas.ModelChange, arg_name="change")
@blueprint.output(schemas.ModelSummary)
def change_model(model_id: str, change: schemas.ModelChange) -> Any:
    """Change the name, the notes or the tags of a model."""
    with context().sessions.begin() as session:
        model = find(session, Model, model_id)
        for name, value in change.model_dump(exclude_unset=True).items():
            if value is None:
                raise Problem(422, "invalid-request", f"{name} cannot be null", "leave it out", f"/{name}")
            setattr(model, name, value)
        return model_summary(model)


@blueprint.delete("/models/<model_id>")
@blueprint.output({}, status_code=204)
def delete_model(model_id: str) -> Any:
    """Delete a model. Its run folder is kept, and the model can be restored."""
    with context().sessions.begin() as session:
        model = find(session, Model, model_id)
        model.deleted = model.deleted or time.time()
    return Response(status=204)


@blueprint.post("/models/<model_id>/restore")
@blueprint.output(schemas.ModelSummary)
def restore_model(model_id: str) -> Any:
    """Restore a deleted model."""
    with context().sessions.begin() as session:
        model = find(session, Model, model_id)
        model.deleted = None
        return model_summary(model)


@blueprint.get("/models/<model_id>/report")
@blueprint.doc(responses={200: "report.html of the run"})
def get_report(model_id: str) -> Any:
    """Return the report of the run, a page that needs no other file."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
    path = context().storage.run(model.run_id) / "report.html"
    if not path.is_file():
        raise Problem(404, "not-found", f"model {model.id} has no report")
    response = send_file(path, mimetype="text/html")
    # the page has scripts of its own; sandboxed, they cannot use the session of the service
    response.headers["Content-Security-Policy"] = "sandbox allow-scripts"
    return response


@blueprint.get("/models/<model_id>/download")
@blueprint.doc(responses={200: "A zip file"})
def download_run(model_id: str) -> Any:
    """Return the run folder as a zip file, without its checkpoints."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
    folder = context().storage.run(model.run_id)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder)
            if path.is_file() and inner.parts[0] != "checkpoints":
                archive.write(path, str(inner))
    buffer.seek(0)
    return send_file(buffer, mimetype="application/zip", as_attachment=True, download_name=f"{model.id}.zip")
