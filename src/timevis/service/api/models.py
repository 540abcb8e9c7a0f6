"""The registry of trained models, their reports, and their files without the paths of the server in them."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from omegaconf import OmegaConf
from sqlalchemy import ColumnElement, cast, func, or_, select
from sqlalchemy import Text as LongText
from sqlalchemy.orm import InstrumentedAttribute, Session

from timevis.messages import Text
from timevis.metrics.specs import METRICS
from timevis.runs.folder import RunFolder
from timevis.service.api.commands import model_commands
from timevis.service.api.model_analysis import scored_run
from timevis.service.context import context, delete_row, find, find_present, list_rows, restore_row
from timevis.service.db.tables import Dataset, Model
from timevis.service.db.versions import later_versions
from timevis.service.problems import Problem, conflict, wrong_field
from timevis.service.schemas.models import (
    MODEL_CHANGE_EXAMPLE,
    ModelChange,
    ModelDetail,
    ModelPage,
    ModelQuery,
    ModelSummary,
    ReportQuery,
)
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
TEXT_SUFFIXES = frozenset({".yaml", ".json", ".log", ".csv", ".html", ".md", ".txt"})
PACKAGES = Path(__file__).parents[3]
"""The folder of the package timevis."""
CHUNK_BYTES = 2**18


@blueprint.get("/models")
@blueprint.input(ModelQuery, location="query", arg_name="query")
@blueprint.output(ModelPage)
def list_models(query: ModelQuery) -> Any:
    """List the models, newest first."""
    conditions = [Model.dataset_id == query.dataset] if query.dataset else []
    conditions += [Model.kind == query.kind] if query.kind else []
    conditions += [_has_tag(Model.tags, query.tag)] if query.tag else []
    return list_rows(Model, query, SORT_COLUMNS, _model_summaries, conditions)


def _has_tag(column: InstrumentedAttribute[list[str]], tag: str) -> ColumnElement[bool]:
    """Whether a column with a JSON list of texts holds a text. Databases store letters outside ASCII in two ways.

    REPLACE distinguishes capital letters in every database, and LIKE does not in SQLite.
    """
    texts, stored = {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}, cast(column, LongText)
    return or_(*(func.replace(stored, text, "") != stored for text in sorted(texts)))


@blueprint.get("/models/<model_id>")
@blueprint.output(ModelDetail)
def get_model(model_id: str) -> Any:
    """Return a model with its config, its results over all series and its training curve."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
        summary, commands = _model_summary(session, model), model_commands(session, model)
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
@blueprint.input(ModelChange, arg_name="change", example=MODEL_CHANGE_EXAMPLE)
@blueprint.output(ModelSummary)
def change_model(model_id: str, change: ModelChange) -> Any:
    """Change the name, the notes or the tags of a model, or make it the champion of its dataset."""
    values = change.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None:
            raise wrong_field(f"/{name}", Text("{field} cannot be null", field=name), Text("leave it out"))
    is_champion = values.pop("champion", None)
    with context().sessions.begin() as session:
        model = find_present(session, Model, model_id)
        for name, value in values.items():
            setattr(model, name, value)
        if is_champion is None:
            return _model_summary(session, model)
        if model.dataset_id is None:
            raise conflict(
                Text("the data of the model {name!r} are not a dataset", name=model.name), Text("upload their file")
            )
        dataset = find(session, Dataset, model.dataset_id)
        for version in (dataset, *later_versions(session, dataset.id)):
            if is_champion:
                version.champion_id = model.id
            elif version.champion_id == model.id:
                version.champion_id = None
        return _model_summary(session, model)


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
    return restore_row(Model, model_id, _model_summary)


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
        raise Problem(404, "not-found", Text("the model {name!r} has no report", name=model.name))
    if query.lang == "en":
        content = path.read_bytes()
    else:
        from timevis.report.page import report_page

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
    parts = _stream_zip(folder, NOT_DOWNLOADED, _without_paths(model, folder), TEXT_SUFFIXES)
    return Response(parts, mimetype="application/zip", headers=headers)


def _without_paths(model: Model, folder: Path) -> Callable[[Path, bytes], bytes]:
    with context().sessions() as session:
        dataset = session.get(Dataset, model.dataset_id) if model.dataset_id else None
    return _path_remover(folder, context().settings.home, dataset.file_name if dataset else None)


def _path_remover(run: Path, home: Path, file_name: str | None) -> Callable[[Path, bytes], bytes]:
    """A function that receives a path and the content of a file of a run, and replaces paths of the server in it.

    Parameters
    ----------
    run, home : Path
        The folder of the run, and of the service.
    file_name : str, optional
        What the client called the file of the data.
    """
    data = RunFolder(run).config.data.get("path")
    names = {str(data): file_name or Path(str(data)).name} if data else {}
    names |= {str(run): ".", str(run.resolve()): ".", str(home): "TIMEVIS_HOME", str(home.resolve()): "TIMEVIS_HOME"}
    names |= {str(PACKAGES): ".", sys.prefix: "PYTHON", sys.base_prefix: "PYTHON", str(Path.home()): "~"}
    pairs = [(path.encode(), name.encode()) for path, name in names.items() if len(path) > 1]
    pairs.sort(key=lambda pair: -len(pair[0]))  # an inner folder before the one around it

    def remove(path: Path, content: bytes) -> bytes:
        if path.suffix in TEXT_SUFFIXES:
            for old, new in pairs:
                content = content.replace(old, new)
        return content

    return remove


class _Buffer(io.RawIOBase):
    """Collects what the zip file writes until it is taken."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # bytes, which the base class calls a buffer
        self._parts += view
        return view.nbytes

    def take(self) -> bytes:
        taken = bytes(self._parts)
        self._parts.clear()
        return taken


def _stream_zip(
    folder: Path, left_out: frozenset[str], change: Callable[[Path, bytes], bytes], changed_suffixes: frozenset[str]
) -> Iterator[bytes]:
    """The parts of a zip file with all files of a folder. Links that lead out of the folder are left out.

    Parameters
    ----------
    folder : Path
    left_out : frozenset of str
        Names at the top of the folder that are not included.
    change : callable
        Receives path and content of each file with one of `changed_suffixes`, and returns what is included.
    """
    buffer, root = _Buffer(), folder.resolve()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder)
            if not path.is_file() or inner.parts[0] in left_out or not path.resolve().is_relative_to(root):
                continue
            if path.suffix in changed_suffixes:
                archive.writestr(zipfile.ZipInfo.from_file(path, str(inner)), change(path, path.read_bytes()))
                yield buffer.take()
                continue
            with path.open("rb") as source, archive.open(zipfile.ZipInfo.from_file(path, str(inner)), "w") as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield buffer.take()
    yield buffer.take()


def _model_summaries(session: Session, models: Sequence[Model]) -> list[dict[str, Any]]:
    """Models in a list; one query reads which of them are preferred for a dataset."""
    columns = ("id", "name", "kind", "summary", "notes", "tags", "created_by", "created", "deleted")
    ids = [model.id for model in models]
    champions = set(session.scalars(select(Dataset.champion_id).where(Dataset.champion_id.in_(ids))))
    return [
        {
            **{name: getattr(model, name) for name in columns},
            "dataset": model.dataset_id,
            "task": model.task_id,
            "forecast": model.summary.get("forecast"),
            "champion": model.id in champions,
        }
        for model in models
    ]


def _model_summary(session: Session, model: Model) -> dict[str, Any]:
    """One model as in a list."""
    return _model_summaries(session, [model])[0]
