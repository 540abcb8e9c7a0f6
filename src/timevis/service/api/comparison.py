"""Compare trained models on one window set."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from timevis.service import schemas
from timevis.service.api.forecasts import require_models
from timevis.service.api.submit import accepted, known_task, submit
from timevis.service.context import context
from timevis.service.db.tables import Task, new_id
from timevis.service.problems import Problem

blueprint = APIBlueprint("comparison", __name__, tag="Comparison")


@blueprint.post("/compare")
@blueprint.input(schemas.CompareRequest, arg_name="body")
@blueprint.output(schemas.TaskDetail, status_code=202)
@blueprint.doc(summary="Compare models", responses={200: "The task has ended (Prefer: wait)"})
def compare(body: schemas.CompareRequest) -> Any:
    """Compare models window by window: metrics, paired differences with intervals, error by horizon, and cost."""
    values = body.model_dump(exclude_unset=True, mode="json")
    if body.reference is not None and body.reference not in body.models:
        raise Problem(422, "invalid-request", "reference is not one of the models", "add it to models", "/reference")
    if (task := known_task("compare", values)) is not None:
        return accepted(task)
    with context().sessions() as session:
        require_models(session, body.models)
    return submit(Task(id=new_id(), kind="compare", request=values))
