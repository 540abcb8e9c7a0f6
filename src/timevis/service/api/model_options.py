"""The models that can be trained, and the options of each, from which a form is made."""

from __future__ import annotations

from dataclasses import MISSING
from functools import cache
from typing import Any

from apiflask import APIBlueprint
from omegaconf import OmegaConf

from timevis.config.options import Option, options_of
from timevis.config.sections import EvaluationOptions, FitOptions
from timevis.service.context import context
from timevis.service.problems import Problem
from timevis.service.schemas.models import ModelOptions
from timevis.service.schemas.option_fields import option_view
from timevis.service.schemas.stored_options import stored_models
from timevis.service.tasks.estimate import GRADIENT_MODELS, typical_seconds
from timevis.service.training import (
    BACKBONES,
    MODEL_TITLES,
    MODELS,
    base_config,
    model_options,
    run_options,
    section_options,
)

blueprint = APIBlueprint("model_options", __name__, tag="Training")
BASIC_OPTIONS = frozenset(
    {
        *("horizon", "context_length", "max_epochs", "batch_size", "patience", "learning_rate"),
        *("hidden_size", "num_layers", "dropout", "cell", "name", "text", "rank"),
    }
)
"""Options that a form shows at once; the others are advanced."""


@blueprint.get("/model-options")
@blueprint.output(list[ModelOptions])  # type: ignore[arg-type]  # APIFlask accepts a list of a model
@blueprint.doc(summary="Models and their options")
def list_models_with_options() -> Any:
    """List the models that can be trained, with the options of each: default, range, choices and help."""
    return [_view(model) for model in MODELS]


@blueprint.get("/model-options/<model>")
@blueprint.output(ModelOptions)
@blueprint.doc(summary="Options of a model")
def get_model_options(model: str) -> Any:
    """List the options of a model, with default, range, choices and a sentence of help."""
    if model not in MODELS:
        raise Problem(404, "not-found", f"there is no model {model!r}", f"the models are {', '.join(MODELS)}")
    return _view(model)


def _view(model: str) -> dict[str, Any]:
    with context().sessions() as session:
        seconds = typical_seconds(session, model)
    return {**_description(model), "seconds_hint": seconds}


@cache
def _description(model: str) -> dict[str, Any]:
    cfg: Any = OmegaConf.to_container(base_config(model), resolve=True)
    sections: dict[str, tuple[list[Option], Any]] = {
        "run": (run_options(), cfg),
        "fit": (options_of(FitOptions) if model in GRADIENT_MODELS else [], cfg["model"]["fit"]),
        "options": (model_options(model), cfg["model"]),
        **{name: (options, cfg["model"][name]) for name, options in section_options(model).items()},
        "evaluation": (options_of(EvaluationOptions), cfg["evaluation"]),
    }
    options = [_option(section, o, defaults) for section, (found, defaults) in sections.items() for o in found]
    if "backbone" in sections:
        help_text = "The language model; nano is part of TimeVis, the others are downloaded."
        options.append(
            {
                **{"name": "name", "section": "backbone", "kind": f"one of {', '.join(BACKBONES)}", "type": "choice"},
                **{"default": "nano", "minimum": None, "maximum": None, "nullable": False},
                **{"choices": list(BACKBONES), "help": help_text, "advanced": False},
            }
        )
    return {
        "model": model,
        "title": MODEL_TITLES[model],
        "help": stored_models()[model].help,
        "trainable": model in GRADIENT_MODELS,
        "options": options,
    }


def _option(section: str, option: Option, defaults: Any) -> dict[str, Any]:
    default = defaults.get(option.name, None if option.default is MISSING else option.default)
    return {**option_view(option, default), "section": section, "advanced": option.name not in BASIC_OPTIONS}
