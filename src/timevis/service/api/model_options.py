"""The models that can be trained, and the options of each, from which a form is made."""

from __future__ import annotations

from dataclasses import MISSING
from functools import cache
from typing import Any

from apiflask import APIBlueprint
from omegaconf import OmegaConf

from timevis.config.options import Option, options_of
from timevis.config.sections import EvaluationOptions, FitOptions, RunOptions
from timevis.messages import Text
from timevis.models.catalog import declared_models
from timevis.service.backbones import absent_backbones
from timevis.service.context import context
from timevis.service.problems import Problem
from timevis.service.schemas.models import ModelOptions
from timevis.service.schemas.option_fields import option_view
from timevis.service.tasks.estimate import typical_seconds
from timevis.service.training import base_config, run_options, sections_of

blueprint = APIBlueprint("model_options", __name__, tag="Training")


@blueprint.get("/model-options")
@blueprint.output(list[ModelOptions])  # type: ignore[arg-type]  # APIFlask accepts a list of a model
@blueprint.doc(summary="Models and their options")
def list_models_with_options() -> Any:
    """List the models that can be trained, with the options of each: default, range, choices and help."""
    return [_view(model) for model in declared_models()]


@blueprint.get("/model-options/<model>")
@blueprint.output(ModelOptions)
@blueprint.doc(summary="Options of a model")
def get_model_options(model: str) -> Any:
    """List the options of a model, with default, range, choices and a sentence of help."""
    if model not in declared_models():
        raise Problem(
            404,
            "not-found",
            Text("no-model-of-name", "there is no model {name!r}", name=model),
            Text("names-of-models", "the models are {names}", names=", ".join(declared_models())),
        )
    return _view(model)


def _view(model: str) -> dict[str, Any]:
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
    absent = absent_backbones(paths)
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
