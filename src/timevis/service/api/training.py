"""Train a model on a dataset."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from omegaconf import OmegaConf
from pydantic import BaseModel

from timevis.config.suggestions import did_you_mean
from timevis.service import schemas
from timevis.service.api.submit import accepted, known_task, submit
from timevis.service.context import context, find
from timevis.service.db.tables import Dataset, Task, new_id
from timevis.service.problems import Problem
from timevis.service.training import MODELS, base_config, config_of, create_run, model_options, train_request

blueprint = APIBlueprint("training", __name__, tag="Training")


def register_train_route() -> None:
    """Add POST /train. Its schema is made from the options of the models, which imports PyTorch."""

    @blueprint.post("/train")
    @blueprint.input(train_request(), arg_name="body")
    @blueprint.output(schemas.TaskDetail, status_code=202)
    @blueprint.doc(summary="Train a model", responses={200: "The task has ended (Prefer: wait)"})
    def train(body: Any) -> Any:
        """Validate a training, store its config in a run folder and queue its task."""
        chosen: BaseModel = body.root
        values = chosen.model_dump(exclude_unset=True, mode="json")
        if (task := known_task("train", values)) is not None:
            return accepted(task)
        service = context()
        with service.sessions() as session:
            dataset = find(session, Dataset, values["dataset"], "/dataset")
        if dataset.deleted is not None:
            raise Problem(422, "invalid-request", f"dataset {dataset.id} is deleted", "restore it", "/dataset")
        _require_channels(dataset, values.get("target"))
        path = service.storage.upload(dataset.content_hash, dataset.suffix)
        cfg = config_of(chosen, path, dataset.name, dataset.options)
        run_id = new_id()
        create_run(cfg, service.storage.run(run_id))
        return submit(Task(id=new_id(), kind="train", request=values, dataset_id=dataset.id, run_id=run_id))


def _require_channels(dataset: Dataset, target: list[str] | None) -> None:
    channels = list(dataset.report["channels"])
    for position, name in enumerate(target or ()):
        if name not in channels:
            detail = f"dataset {dataset.id} has no channel {name!r}"
            raise Problem(422, "invalid-request", detail, did_you_mean(name, channels), f"/target/{position}")


@blueprint.get("/model-options/<model>")
@blueprint.output(schemas.ModelOptions)
def list_model_options(model: str) -> Any:
    """List the options of a model, with default, choices and a sentence of help."""
    if model not in MODELS:
        raise Problem(404, "not-found", f"there is no model {model!r}", f"the models are {', '.join(MODELS)}")
    plain_values: Any = OmegaConf.to_container(base_config(model), resolve=True)["model"]  # type: ignore
    return {
        "model": model,
        "options": [
            {
                "name": option.name,
                "kind": option.kind,
                "default": plain_values[option.name],
                "choices": list(option.choices),
                "help": option.help,
            }
            for option in model_options(model)
        ],
    }
