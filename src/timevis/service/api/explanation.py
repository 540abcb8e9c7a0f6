"""Which inputs a model and its forecast depend on."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.runs.explanation import Explanation
from timevis.service.api.submit import submit_once
from timevis.service.context import context, find, find_present
from timevis.service.db.tables import Model, Task, new_id
from timevis.service.schemas.analysis import ModelExplanation
from timevis.service.schemas.tasks import TaskDetail
from timevis.service.tasks.states import COMPLETED, EXPLAIN

blueprint = APIBlueprint("explanation", __name__, tag="Models")


@blueprint.get("/models/<model_id>/explanation")
@blueprint.output(ModelExplanation)
@blueprint.doc(summary="Which inputs a forecast depends on")
def get_explanation(model_id: str) -> Any:
    """Return the rise of the error and the move of the forecast when an input is hidden or replaced."""
    with context().sessions() as session:
        model = find(session, Model, model_id)
        result = _newest_result(session, model_id)
    return {"explanation": result or Explanation.read(context().storage.fetched_run(model.run_id))}


@blueprint.post("/models/<model_id>/explanation")
@blueprint.output(TaskDetail, status_code=202)
@blueprint.doc(summary="Explain a model", responses={200: "The task has ended (Prefer: wait)"})
def explain(model_id: str) -> Any:
    """Measure which inputs the model and its forecast depend on: two passes over 100 windows for each input."""
    values = {"models": [model_id]}

    def make_task() -> Task:
        with context().sessions() as session:
            find_present(session, Model, model_id)
        return Task(id=new_id(), kind=EXPLAIN, request=values)

    return submit_once(EXPLAIN, values, make_task)


def _newest_result(session: Session, model_id: str) -> dict[str, Any] | None:
    """The result of the last explanation of a model that was completed."""
    query = select(Task.request, Task.result).where(Task.kind == EXPLAIN, Task.state == COMPLETED)
    tasks = session.execute(query.order_by(Task.finished.desc()))
    return next((result for request, result in tasks if request["models"] == [model_id]), None)
