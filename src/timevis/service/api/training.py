"""Train a model on a dataset; the models that can be trained, with the options of each, from which a form is made."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, json
from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel
from sqlalchemy import select

from timevis.config.options import Option, options_of
from timevis.config.sections import EvaluationOptions, FitOptions, RunOptions
from timevis.config.stored import unescape
from timevis.config.suggestions import did_you_mean
from timevis.errors import ConfigError, DataError
from timevis.messages import Text
from timevis.models.catalog import declared_models
from timevis.service.api.commands import commands_of
from timevis.service.api.submit import known_group, submit_group, submit_once, task_summaries
from timevis.service.context import context, find, find_present, unknown_channel
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.problems import Problem, wrong_field
from timevis.service.profiling import PREVIEW_FILE
from timevis.service.schemas.models import ModelOptions
from timevis.service.schemas.option_fields import option_view, read_options
from timevis.service.schemas.tasks import Group, TaskDetail
from timevis.service.schemas.training import GROUP_EXAMPLE, TRAIN_EXAMPLE, PresetRequest, group_request, train_request
from timevis.service.tasks.estimate import check_lengths, estimate, typical_seconds
from timevis.service.training import (
    base_config,
    config_of,
    create_run,
    log_to_wandb,
    pointer_of,
    run_options,
    sections_of,
)
from timevis.utils.files import read_json
from timevis.utils.json_types import to_json_types

options_blueprint = APIBlueprint("model_options", __name__, tag="Training")
training_blueprint = APIBlueprint("training", __name__, tag="Training")
SHORT_SECONDS = 120.0
"""Training runs that are expected to end within this time do not wait for longer ones."""


@options_blueprint.get("/model-options")
@options_blueprint.output(list[ModelOptions])  # type: ignore[arg-type]  # APIFlask accepts a list of a model
@options_blueprint.doc(summary="Models and their options")
def list_models_with_options() -> Any:
    """List the models that can be trained, with the options of each: default, range, choices and help."""
    return [_model_view(model) for model in declared_models()]


@options_blueprint.get("/model-options/<model>")
@options_blueprint.output(ModelOptions)
@options_blueprint.doc(summary="Options of a model")
def get_model_options(model: str) -> Any:
    """List the options of a model, with default, range, choices and a sentence of help."""
    if model not in declared_models():
        raise Problem(
            404,
            "not-found",
            Text("there is no model {name!r}", name=model),
            Text("the models are {names}", names=", ".join(declared_models())),
        )
    return _model_view(model)


def _model_view(model: str) -> dict[str, Any]:
    with context().sessions() as session:
        seconds = typical_seconds(session, model)
    description = _description(model)
    options = [_without_absent(model, option) for option in description["options"]]
    return {**description, "options": options, "seconds_hint": seconds}


def _without_absent(model: str, option: dict[str, Any]) -> dict[str, Any]:
    """An option of which only the backbones on this machine can be chosen."""
    if (option["section"], option["name"]) != ("backbone", "name"):
        return {**option, "absent": {}}
    paths = {name: str(base_config(model, name).model.backbone.path) for name in option["choices"]}
    absent = _absent_backbones(paths)
    return {**option, "choices": [name for name in option["choices"] if name not in absent], "absent": absent}


@cache
def _description(model: str) -> dict[str, Any]:
    declared, cfg = declared_models()[model], base_config(model)
    declaration = declared.declaration
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    sections: dict[str, tuple[list[Option], Any]] = {
        "run": (run_options(), plain),
        "fit": (options_of(FitOptions) if declared.has_gradient_fit else [], plain["model"]["fit"]),
        "options": (declared.options, plain["model"]),
        **{name: (options, plain["model"][name]) for name, options in sections_of(model).items()},
        "evaluation": (options_of(EvaluationOptions), plain["evaluation"]),
    }
    basic = {f"run.{name}" for name in RunOptions.basic} | {f"fit.{name}" for name in FitOptions.basic}
    basic |= {name if "." in name else f"options.{name}" for name in declaration.basic_options}
    options = [
        _option(section, option, defaults, f"{section}.{option.name}" in basic)
        for section, (listed, defaults) in sections.items()
        for option in listed
    ]
    untrained = declaration.untrained
    return {
        "model": model,
        "title": declaration.title,
        "help": declared.help,
        "trainable": declared.has_gradient_fit,
        "queue": declaration.queue,
        "recommended": declaration.is_recommended,
        "preset_groups": list(declaration.presets) if model == "auto" else [],
        "covariates": [*declared.readable_covariates, *(["events"] if declaration.options_with_events else [])],
        "untrained": untrained and {"method": untrained.name, "title": untrained.title},
        "options": options,
    }


def _option(section: str, option: Option, defaults: Any, is_basic: bool) -> dict[str, Any]:
    default = defaults.get(option.name, None if option.default is MISSING else option.default)
    return {**option_view(option, default), "section": section, "advanced": not is_basic}


def _absent_backbones(hub_ids: dict[str, str]) -> dict[str, str]:
    """The backbones, by name, whose hub id is not in the cache of the hub; local folders are always present."""
    cache = _cache_folder()
    return {name: hub_id for name, hub_id in hub_ids.items() if "/" in hub_id and not _is_in(cache, hub_id)}


def _is_in(cache: Path, hub_id: str) -> bool:
    snapshots = (cache / f"models--{hub_id.replace('/', '--')}" / "snapshots").glob("*")
    return Path(hub_id).is_dir() or any((folder / "config.json").is_file() for folder in snapshots)


def _cache_folder() -> Path:
    """Where huggingface_hub keeps its downloads."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def register_train_routes() -> None:
    """Add POST /train and POST /groups, whose schemas are the options of the models."""

    @training_blueprint.post("/train")
    @training_blueprint.input(train_request(), arg_name="body", example=TRAIN_EXAMPLE)
    @training_blueprint.output(TaskDetail, status_code=202)
    @training_blueprint.doc(summary="Train a model", responses={200: "The task has ended (Prefer: wait)"})
    def train(body: Any) -> Any:
        """Validate a training, store its config in a run folder and queue its task; or only validate it (dry_run)."""
        if body.root.dry_run:
            return _dry_run(body.root)
        return submit_once("train", _values(body.root), lambda: _create_task(body.root, _checked(body.root)))

    @training_blueprint.post("/groups")
    @training_blueprint.input(group_request(), arg_name="body", example=GROUP_EXAMPLE)
    @training_blueprint.output(Group, status_code=202)
    @training_blueprint.doc(summary="Train several models")
    def train_group(body: Any) -> Any:
        """Validate several training runs, then queue a task for each; none is queued if one is wrong."""
        trainings = [_request_of_preset(body.preset)] if body.trainings is None else body.trainings
        chosen = [training.root for training in trainings]
        if tried := [position for position, training in enumerate(chosen) if training.dry_run]:
            raise wrong_field(
                f"/trainings/{tried[0]}/dry_run",
                Text("a group has no dry run"),
                Text("check its training runs one by one"),
            )
        if (known := known_group([_values(training) for training in chosen])) is not None:
            return _group(known)
        checked = []
        for position, training in enumerate(chosen):
            try:
                checked.append(_checked(training))
            except Problem as error:
                error.pointer = f"/trainings/{position}{error.pointer or ''}"
                raise
            except ConfigError as error:
                pointer = f"/trainings/{position}{pointer_of(error.field)}"
                raise wrong_field(pointer, error.message, error.advice) from None
        group_id = new_id()
        return _group(submit_group([_create_task(*pair, group_id) for pair in zip(chosen, checked, strict=True)]))


def _request_of_preset(preset: PresetRequest) -> Any:
    given = preset.model_dump(exclude={"name"}, exclude_none=True)
    return train_request().model_validate({**given, "model": "auto", "preset": preset.name})


def _values(chosen: BaseModel) -> dict[str, Any]:
    return chosen.model_dump(exclude_unset=True, mode="json")


@dataclass(frozen=True)
class _Checked:
    """The config of a training run, and the estimate of its time and memory."""

    cfg: DictConfig
    estimate: dict[str, Any]


def _checked(chosen: BaseModel) -> _Checked:
    """The config of a training run, which fits its data and this machine.

    Raises
    ------
    Problem, ConfigError
        What is wrong with the request.
    """
    values, service = _values(chosen), context()
    with service.sessions() as session:
        dataset = find_present(session, Dataset, values["dataset"], "/dataset")
    require_channels(dataset, values.get("target"))
    if not any(values.get(option.name) for option in read_options()):  # with others, the file has other columns
        _require_columns(dataset, values.get("covariates") or {})
    path = service.storage.upload(dataset.content_hash, dataset.suffix)
    cfg = config_of(chosen, path, dataset.name, dataset.options)
    try:
        check_lengths(cfg, dataset.report)
    except DataError as error:
        raise wrong_field("/horizon", error.message, error.advice) from None
    with service.sessions() as session:
        estimated = estimate(session, values["model"], cfg, dataset)
    _require_memory(estimated, service.settings.training_megabytes)
    return _Checked(cfg, estimated)


def _require_memory(estimated: Mapping[str, Any], megabytes: int) -> None:
    """Refuse a training run whose network does not fit into the memory."""
    if estimated["parameters"] is not None and estimated["memory_mb"] > megabytes:
        raise wrong_field(
            "/options",
            Text(
                "the training run needs about {needed:,} MB of memory for a network of {parameters:,} parameters and "
                "its batches; {available:,} MB are available",
                needed=estimated["memory_mb"],
                parameters=estimated["parameters"],
                available=megabytes,
            ),
            Text("make the network, the batch or the context smaller"),
        )


def _dry_run(chosen: BaseModel) -> Response:
    """Check a training, and estimate its time and memory."""
    g.changes_nothing = True
    checked, values = _checked(chosen), _values(chosen)
    with context().sessions() as session:
        dataset = find(session, Dataset, values["dataset"])
    task = Task(kind="train", request=values)
    config: Any = unescape(OmegaConf.to_container(checked.cfg, resolve=True))
    config["data"].pop("path")
    answer = {"valid": True, "estimate": checked.estimate, "config": config, "commands": commands_of(task, dataset)}
    return Response(json.dumps(to_json_types(answer)), mimetype="application/json")


def _create_task(chosen: BaseModel, checked: _Checked, group_id: str | None = None) -> Task:
    """Write the run folder of a training; returns its task, which is not stored yet."""
    values, run_id, settings, cfg = _values(chosen), new_id(), context().settings, checked.cfg
    storage = context().storage
    if settings.wandb_mode != "disabled":
        log_to_wandb(cfg, settings.wandb_mode, settings.wandb_project)
    create_run(cfg, storage.run(run_id))
    storage.share(storage.run(run_id))
    return Task(
        id=new_id(),
        kind="train",
        request=values,
        dataset_id=values["dataset"],
        run_id=run_id,
        group_id=group_id,
        is_short=checked.estimate["seconds_high"] <= SHORT_SECONDS,
    )


@training_blueprint.get("/groups/<group_id>")
@training_blueprint.output(Group)
def get_group(group_id: str) -> Any:
    """Return the tasks of a group, and the leaderboard of those that have completed."""
    return _group(group_id)


def _group(group_id: str) -> dict[str, Any]:
    with context().sessions() as session:
        tasks = list(session.scalars(select(Task).where(Task.group_id == group_id).order_by(Task.created, Task.id)))
        if not tasks:
            raise Problem(
                404, "not-found", Text("there is no group {identifier}", code="no-group", identifier=group_id)
            )
        ids = [task.id for task in tasks]
        models = list(session.scalars(select(Model).where(Model.task_id.in_(ids), Model.deleted.is_(None))))
        summaries = task_summaries(session, tasks)
    leaderboard = sorted((_leaderboard_row(model) for model in models), key=_sort_key)
    return {
        "id": group_id,
        "best": leaderboard[0]["model"] if leaderboard else None,
        "states": dict(Counter(task.state for task in tasks)),
        "tasks": summaries,
        "leaderboard": leaderboard,
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


def _require_columns(dataset: Dataset, covariates: dict[str, str]) -> None:
    """Refuse the first covariate that is not a column of the file; holidays follow from a country."""
    path = context().storage.fetched_dataset(dataset.id) / PREVIEW_FILE
    if not covariates or not path.is_file():
        return
    columns = list(read_json(path)["columns"])
    for name in covariates:
        if name not in columns and name != "holiday":
            pointer = "/covariates/" + name.replace("~", "~0").replace("/", "~1")
            text = Text("the file has no column {column!r}", column=name)
            raise wrong_field(pointer, text, did_you_mean(name, columns))


def require_channels(dataset: Dataset, target: list[str] | None) -> None:
    """Refuse the first name in `target` that is not one of a channel of the dataset."""
    channels = list(dataset.report["channels"])
    for position, name in enumerate(target or ()):
        if name not in channels:
            raise unknown_channel(f"/target/{position}", name, channels)
