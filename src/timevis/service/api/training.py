"""Train a model on a dataset."""

from __future__ import annotations

from collections import Counter
from typing import Any

from apiflask import APIBlueprint
from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel
from sqlalchemy import select

from timevis.config.suggestions import did_you_mean
from timevis.errors import ConfigError
from timevis.service import schemas
from timevis.service.api.submit import accepted, known_group, known_task, submit, submit_group
from timevis.service.api.views import task_summary
from timevis.service.context import context, find
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.problems import Problem
from timevis.service.training import (
    MODELS,
    base_config,
    config_of,
    create_run,
    group_request,
    log_to_wandb,
    model_options,
    pointer_of,
    train_request,
)

blueprint = APIBlueprint("training", __name__, tag="Training")


def register_train_routes() -> None:
    """Add POST /train and POST /groups. Their schemas are the options of the models, which imports PyTorch."""

    @blueprint.post("/train")
    @blueprint.input(train_request(), arg_name="body")
    @blueprint.output(schemas.TaskDetail, status_code=202)
    @blueprint.doc(summary="Train a model", responses={200: "The task has ended (Prefer: wait)"})
    def train(body: Any) -> Any:
        """Validate a training, store its config in a run folder and queue its task."""
        if (task := known_task("train", _values(body.root))) is not None:
            return accepted(task)
        return submit(_create_task(body.root, _config(body.root)))

    @blueprint.post("/groups")
    @blueprint.input(group_request(), arg_name="body")
    @blueprint.output(schemas.Group, status_code=202)
    @blueprint.doc(summary="Train several models")
    def train_group(body: Any) -> Any:
        """Validate several trainings, then queue a task for each; none is queued if one is wrong."""
        chosen = [training.root for training in body.trainings]
        if (known := known_group([_values(training) for training in chosen])) is not None:
            return _group(known)
        configs = []
        for position, training in enumerate(chosen):
            try:
                configs.append(_config(training))
            except Problem as error:
                error.pointer = f"/trainings/{position}{error.pointer or ''}"
                raise
            except ConfigError as error:
                pointer = f"/trainings/{position}{pointer_of(error.message)}"
                raise Problem(422, "invalid-request", error.message, error.advice, pointer) from None
        group_id = new_id()
        return _group(submit_group([_create_task(*pair, group_id) for pair in zip(chosen, configs, strict=True)]))


def _values(chosen: BaseModel) -> dict[str, Any]:
    return chosen.model_dump(exclude_unset=True, mode="json")


def _config(chosen: BaseModel) -> DictConfig:
    """The config of a training.

    Raises
    ------
    Problem, ConfigError
        What is wrong with the request.
    """
    values, service = _values(chosen), context()
    with service.sessions() as session:
        dataset = find(session, Dataset, values["dataset"], "/dataset")
    if dataset.deleted is not None:
        raise Problem(422, "invalid-request", f"dataset {dataset.id} is deleted", "restore it", "/dataset")
    _require_channels(dataset, values.get("target"))
    path = service.storage.upload(dataset.content_hash, dataset.suffix)
    return config_of(chosen, path, dataset.name, dataset.options)


def _create_task(chosen: BaseModel, cfg: DictConfig, group_id: str | None = None) -> Task:
    """Write the run folder of a training; returns its task, which is not stored yet."""
    values, run_id, settings = _values(chosen), new_id(), context().settings
    if settings.wandb_mode != "disabled":
        log_to_wandb(cfg, settings.wandb_mode, settings.wandb_project)
    create_run(cfg, context().storage.run(run_id))
    return Task(
        id=new_id(), kind="train", request=values, dataset_id=values["dataset"], run_id=run_id, group_id=group_id
    )


@blueprint.get("/groups/<group_id>")
@blueprint.output(schemas.Group)
def get_group(group_id: str) -> Any:
    """Return the tasks of a group, and the leaderboard of those that have completed."""
    return _group(group_id)


def _group(group_id: str) -> dict[str, Any]:
    with context().sessions() as session:
        tasks = list(session.scalars(select(Task).where(Task.group_id == group_id).order_by(Task.created, Task.id)))
        if not tasks:
            raise Problem(404, "not-found", f"there is no group {group_id}")
        ids = [task.id for task in tasks]
        models = list(session.scalars(select(Model).where(Model.task_id.in_(ids), Model.deleted.is_(None))))
    return {
        "id": group_id,
        "states": dict(Counter(task.state for task in tasks)),
        "tasks": [task_summary(task) for task in tasks],
        "leaderboard": sorted((_leaderboard_row(model) for model in models), key=_sort_key),
    }


def _leaderboard_row(model: Model) -> dict[str, Any]:
    summary = model.summary
    return {
        **{"task": model.task_id, "model": model.id, "name": model.name, "kind": model.kind},
        "validation_relative_wql": summary["validation"]["relative_wql"],
        "test_wql": summary["metrics"]["wql"]["value"],
        "skill_wql": summary["skill"]["wql"]["value"],
    }


def _sort_key(row: dict[str, Any]) -> tuple[bool, float]:
    relative_wql = row["validation_relative_wql"]
    return relative_wql is None, relative_wql or 0.0


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
