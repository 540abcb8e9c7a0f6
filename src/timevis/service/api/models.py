"""The registry of trained models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from omegaconf import OmegaConf

from timevis.messages import Text
from timevis.metrics.specs import METRICS
from timevis.runs.folder import RunFolder
from timevis.service.api.commands import model_commands
from timevis.service.api.listing import delete_row, has_tag, list_rows, restore_row
from timevis.service.api.public_files import TEXT_SUFFIXES, path_remover
from timevis.service.api.views import model_summaries, model_summary
from timevis.service.api.zip_stream import stream_zip
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import Dataset, Model
from timevis.service.db.versions import later_versions
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.schemas import examples
from timevis.service.schemas.models import ModelChange, ModelDetail, ModelPage, ModelQuery, ModelSummary, ReportQuery
from timevis.service.scored_runs import scored_run
from timevis.service.security.roles import EDIT_OWN, access
from timevis.service.tasks.following import read_history
from timevis.service.written_answers import limited_read

blueprint = APIBlueprint("models", __name__, tag="Models")
NOT_DOWNLOADED = frozenset({"checkpoints", ".lock"})
SORT_COLUMNS: dict[str, Any] = {
    **{name: getattr(Model, name) for name in ("created", "name", "kind")},
    **{name: Model.summary["metrics"][name]["value"].as_float() for name in METRICS},
    "validation_relative_wql": Model.summary["validation"]["relative_wql"].as_float(),
    "skill_wql": Model.summary["skill"]["wql"]["value"].as_float(),
    "fit_seconds": Model.summary["cost"]["fit_seconds"].as_float(),
}


@blueprint.get("/models")
@blueprint.input(ModelQuery, location="query", arg_name="query")
@blueprint.output(ModelPage)
def list_models(query: ModelQuery) -> Any:
    """List the models, newest first."""
    conditions = [Model.dataset_id == query.dataset] if query.dataset else []
    conditions += [Model.kind == query.kind] if query.kind else []
    conditions += [has_tag(Model.tags, query.tag)] if query.tag else []
    return list_rows(Model, query, SORT_COLUMNS, model_summaries, conditions)


@blueprint.get("/models/<model_id>")
@blueprint.output(ModelDetail)
def get_model(model_id: str) -> Any:
    """Return a model with its config, its results over all series and its training curve."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
        summary, commands = model_summary(session, model), model_commands(session, model)
    folder = RunFolder(context().storage.fetched_run(model.run_id))
    return {
        **summary,
        "config": _public_config(folder),
        "results": scored_run(folder.path).results.overall(),
        "training": read_history(context().storage, model.run_id),
        "commands": commands,
    }


def _public_config(folder: RunFolder) -> dict[str, Any]:
    """The config of a run without the path of the stored file."""
    config: Any = OmegaConf.to_container(folder.config, resolve=True)
    config["data"].pop("path", None)
    return config


@blueprint.patch("/models/<model_id>")
@blueprint.input(ModelChange, arg_name="change", example=examples.MODEL_CHANGE)
@blueprint.output(ModelSummary)
def change_model(model_id: str, change: ModelChange) -> Any:
    """Change the name, the notes or the tags of a model, or make it the champion of its dataset."""
    values = change.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None:
            raise wrong_field(
                f"/{name}",
                Text("cannot-be-null", "{field} cannot be null", field=name),
                Text("leave-it-out", "leave it out"),
            )
    is_champion = values.pop("champion", None)
    with context().sessions.begin() as session:
        model = find_present(session, Model, model_id)
        for name, value in values.items():
            setattr(model, name, value)
        if is_champion is None:
            return model_summary(session, model)
        if model.dataset_id is None:
            raise conflict(
                Text("model-without-dataset", "the data of the model {name!r} are not a dataset", name=model.name),
                Text("upload-their-file", "upload their file"),
            )
        dataset = find(session, Dataset, model.dataset_id)
        for version in (dataset, *later_versions(session, dataset.id)):
            if is_champion:
                version.champion_id = model.id
            elif version.champion_id == model.id:
                version.champion_id = None
        return model_summary(session, model)


@blueprint.delete("/models/<model_id>")
@blueprint.output({}, status_code=204)
@access(EDIT_OWN, Model, "model_id")
def delete_model(model_id: str) -> Any:
    """Delete a model. Its run folder is kept, and the model can be restored; a run of the command line is hidden."""
    return delete_row(Model, model_id)


@blueprint.post("/models/<model_id>/restore")
@blueprint.output(ModelSummary)
def restore_model(model_id: str) -> Any:
    """Restore a deleted model."""
    return restore_row(Model, model_id, model_summary)


@blueprint.get("/models/<model_id>/report")
@blueprint.input(ReportQuery, location="query", arg_name="query")
@blueprint.doc(responses={200: "The report of the run, as HTML", 429: "Too many reads at once"})
@limited_read
def get_report(model_id: str, query: ReportQuery) -> Any:
    """Return the report of the run, a page that needs no other file. Another language takes about a second."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
    folder = context().storage.fetched_run(model.run_id)
    path = folder / "report.html"
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):  # a link could lead anywhere
        raise Problem(404, "not-found", Text("no-report", "the model {name!r} has no report", name=model.name))
    if query.lang == "en":
        content = path.read_bytes()
    else:
        from timevis.report.page import report_page  # imports SciPy

        content = report_page(folder, query.lang).encode()
    response = Response(_without_paths(model, folder)(path, content), mimetype="text/html")
    # the page has scripts of its own; sandboxed, they cannot use the session of the service
    response.headers["Content-Security-Policy"] = "sandbox allow-scripts"
    return response


@blueprint.get("/models/<model_id>/download")
@blueprint.doc(responses={200: "A zip file", 429: "Too many reads at once"})
@limited_read
def download_run(model_id: str) -> Any:
    """Return the run folder as a zip file, without its checkpoints."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
    folder = context().storage.fetched_run(model.run_id)
    headers = {"Content-Disposition": f"attachment; filename={model.id}.zip"}
    parts = stream_zip(folder, NOT_DOWNLOADED, _without_paths(model, folder), TEXT_SUFFIXES)
    return Response(parts, mimetype="application/zip", headers=headers)


def _without_paths(model: Model, folder: Path) -> Callable[[Path, bytes], bytes]:
    with context().sessions() as session:
        dataset = session.get(Dataset, model.dataset_id) if model.dataset_id else None
    return path_remover(folder, context().settings.home, dataset.file_name if dataset else None)
