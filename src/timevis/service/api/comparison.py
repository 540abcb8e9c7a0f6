"""Compare trained models on one window set."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from timevis.messages import Text
from timevis.service.api.forecasts import require_models
from timevis.service.api.submit import submit_once
from timevis.service.context import context
from timevis.service.db.tables import Task, new_id
from timevis.service.problems import wrong_field
from timevis.service.schemas import examples
from timevis.service.schemas.forecasts import CompareRequest
from timevis.service.schemas.tasks import TaskDetail

blueprint = APIBlueprint("comparison", __name__, tag="Comparison")


@blueprint.post("/compare")
@blueprint.input(CompareRequest, arg_name="body", example=examples.COMPARE)
@blueprint.output(TaskDetail, status_code=202)
@blueprint.doc(summary="Compare models", responses={200: "The task has ended (Prefer: wait)"})
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
