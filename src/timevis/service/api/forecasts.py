"""Forecast the future with trained models, and compare models on one window set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, json
from sqlalchemy.orm import Session

from timevis.data.read_events import read_events
from timevis.errors import DataError, RunFolderError
from timevis.messages import Setting, Text
from timevis.models.catalog import declared_models
from timevis.runs.folder import RunFolder
from timevis.service.api.commands import commands_of
from timevis.service.api.submit import submit_once
from timevis.service.api.training import require_channels
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.problems import Problem, wrong_field
from timevis.service.schemas import examples
from timevis.service.schemas.forecasts import CompareRequest, ForecastEvent, PredictItem, PredictRequest
from timevis.service.schemas.tasks import TaskDetail
from timevis.service.tasks.states import COMPLETED, TRAIN
from timevis.service.training import event_readers, untrained_methods

blueprint = APIBlueprint("forecasts", __name__, tag="Forecasts")
comparison_blueprint = APIBlueprint("comparison", __name__, tag="Comparison")


@blueprint.post("/predict")
@blueprint.input(PredictRequest, arg_name="body", examples=examples.PREDICT_FORMS)
@blueprint.output(TaskDetail, status_code=202)
@blueprint.doc(summary="Forecast", responses={200: "The task has ended (Prefer: wait)"})
def predict(body: PredictRequest) -> Any:
    """Forecast the rows after the last value of the model's own data, of another dataset, or of given rows.

    With `method`, nothing is trained: seasonal naive, or nano as it was pretrained, forecasts a dataset or rows.
    With `training`, the best combination so far of a training run that goes on forecasts its data.
    With `dry_run`, nothing is forecast: the answer has the commands that do the same.
    """
    values = body.model_dump(exclude_unset=True, mode="json", exclude={"dry_run"}, by_alias=True)
    given: list[tuple[str, PredictItem | PredictRequest]] = (
        [("", body)] if body.items is None else [(f"/items/{n}", item) for n, item in enumerate(body.items)]
    )
    for pointer, item in given:
        if item.dataset is not None and item.values is not None:
            raise wrong_field(
                f"{pointer}/values",
                Text("dataset-and-values", "a dataset and values are both given"),
                Text("leave-one-out", "leave one of them out"),
            )
        try:
            read_events([event.model_dump(by_alias=True) for event in item.events or ()])
        except DataError as error:
            raise wrong_field(f"{pointer}/{error.field}", error.message, error.advice) from None
    datasets = {item.dataset for _, item in given if item.dataset is not None}

    def make_task() -> Task:
        with context().sessions() as session:
            if body.items is None and body.dataset is not None:
                find(session, Dataset, body.dataset, "/dataset")
            if body.training is not None:
                datasets.add(_require_result(session, body.training, body.events))
            elif body.method is not None:
                _require_target(session, body)
            elif body.items is None:
                for model in require_models(session, body.models or [], "/models/{}"):
                    _require_reader(model.kind, body.events, "/events", model.run_id)
            else:
                _require_an_item(session, body.items)
            dataset_id = next(iter(datasets)) if len(datasets) == 1 else None
            if dataset_id is not None and session.get(Dataset, dataset_id) is None:
                dataset_id = None
        return Task(id=new_id(), kind="predict", request=values, dataset_id=dataset_id)

    if body.dry_run:
        g.changes_nothing = True
        task = make_task()
        with context().sessions() as session:
            dataset = session.get(Dataset, task.dataset_id) if task.dataset_id else None
        return Response(json.dumps({"commands": commands_of(task, dataset)}), mimetype="application/json")
    return submit_once("predict", values, make_task)


def _require_reader(
    model: str, events: Sequence[ForecastEvent] | None, pointer: str, run_id: str | None = None
) -> None:
    """Refuse events for a model that cannot read them, or cannot with the options of its run.

    With a model that declares nothing, or a run that cannot be read, the task fails.
    """
    declared = declared_models().get(model)
    if not events or declared is None:
        return
    title, needed = declared.declaration.title, declared.declaration.options_with_events
    message = Text("model-cannot-read-events", "{model} does not read events", model=title)
    if needed:
        try:
            run = run_id and RunFolder(context().storage.fetched_run(run_id)).config.model
        except RunFolderError:
            return
        if not run or declared.declaration.reads_events(run):
            return
        options = [Setting(f"model.{key}", value) for key, value in needed.items()]
        message = Text(
            "run-cannot-read-events", "{model} reads events only with {options}", model=title, options=options
        )
    advice = Text("methods-that-read-events", "leave them out, or forecast with {methods}", methods=event_readers())
    raise wrong_field(pointer, message, advice)


def _require_result(session: Session, task_id: str, events: Sequence[ForecastEvent] | None) -> str:
    """Refuse a task that is no training run with a result; returns the identifier of its dataset."""
    task = find(session, Task, task_id, "/training")
    has_result = task.state == COMPLETED or task.progress.get("combination") is not None
    if task.kind != TRAIN or task.run_id is None or task.dataset_id is None or not has_result:
        raise wrong_field(
            "/training",
            Text("no-result-so-far", "the task is no training run that can forecast already"),
            Text("result-after-first-member", "auto and ensemble can forecast after their first member"),
        )
    _require_reader(task.request["model"], events, "/events", task.run_id)
    return task.dataset_id


def _require_target(session: Session, body: PredictRequest) -> None:
    """Refuse events that the method cannot read, a deleted dataset, and a channel that the dataset does not have."""
    assert body.method is not None
    _require_reader(untrained_methods()[body.method][0], body.events, "/events")
    if body.dataset is not None:
        require_channels(find_present(session, Dataset, body.dataset, "/dataset"), body.target)


def _require_an_item(session: Session, items: list[PredictItem]) -> None:
    """Refuse items of which none can be forecast; the others fail alone, when they are forecast."""
    problems = list[Problem]()
    for position, item in enumerate(items):
        try:
            model = find_present(session, Model, item.model, f"/items/{position}/model")
            _require_reader(model.kind, item.events, f"/items/{position}/events", model.run_id)
            if item.dataset is not None:
                find(session, Dataset, item.dataset, f"/items/{position}/dataset")
        except Problem as error:
            problems.append(error)
    if len(problems) == len(items):
        raise problems[0]


def require_models(session: Session, models: list[str], pointer: str) -> list[Model]:
    """The models; refuses the first identifier that is of none; its position fills the braces of `pointer`."""
    return [find_present(session, Model, one, pointer.format(models.index(one))) for one in dict.fromkeys(models)]


@comparison_blueprint.post("/compare")
@comparison_blueprint.input(CompareRequest, arg_name="body", example=examples.COMPARE)
@comparison_blueprint.output(TaskDetail, status_code=202)
@comparison_blueprint.doc(summary="Compare models", responses={200: "The task has ended (Prefer: wait)"})
def compare(body: CompareRequest) -> Any:
    """Compare models window by window: metrics, paired differences with intervals, error by horizon, and cost."""
    values = body.model_dump(exclude_unset=True, mode="json")
    if body.reference is not None and body.reference not in body.models:
        raise wrong_field(
            "/reference",
            Text("reference-not-compared", "the reference is not one of the models that are compared"),
            Text("add-reference", "add it to the models"),
        )

    def make_task() -> Task:
        with context().sessions() as session:
            require_models(session, body.models, "/models/{}")
        return Task(id=new_id(), kind="compare", request=values)

    return submit_once("compare", values, make_task)
