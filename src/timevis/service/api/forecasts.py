"""Forecast the future with trained models."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from timevis.service import schemas
from timevis.service.api.submit import accepted, known_task, submit
from timevis.service.context import context, find
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.problems import Problem

blueprint = APIBlueprint("forecasts", __name__, tag="Forecasts")


@blueprint.post("/predict")
@blueprint.input(schemas.PredictRequest, arg_name="body")
@blueprint.output(schemas.TaskDetail, status_code=202)
@blueprint.doc(summary="Forecast", responses={200: "The task has ended (Prefer: wait)"})
def predict(body: schemas.PredictRequest) -> Any:
    """Forecast the rows after the last value of the model's own data, of another dataset, or of given rows."""
    values = body.model_dump(exclude_unset=True, mode="json")
    if body.dataset is not None and body.values is not None:
        raise Problem(422, "invalid-request", "dataset and values are both given", "leave one of them out", "/values")
    if (task := known_task("predict", values)) is not None:
        return accepted(task)
    with context().sessions() as session:
        require_models(session, body.models)
        if body.dataset is not None:
            find(session, Dataset, body.dataset, "/dataset")
    return submit(Task(id=new_id(), kind="predict", request=values, dataset_id=body.dataset))


def require_models(session: Any, models: list[str]) -> None:
    """Refuse the first identifier that is not one of a model."""
    for position, model_id in enumerate(models):
        model = find(session, Model, model_id, f"/models/{position}")
        if model.deleted is not None:
            pointer = f"/models/{position}"
            raise Problem(422, "invalid-request", f"model {model_id} is deleted", "restore it", pointer)
