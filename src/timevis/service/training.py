"""From a validated training request to a run folder: the options that the command line checks, and the config."""

from __future__ import annotations

import copy
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel

from timevis.config.compose import choices_of, compose
from timevis.config.members import COMBINING_MODELS, parse_members
from timevis.config.options import Option, check_choice, options_of, parameter_help
from timevis.config.sections import FitOptions, RunOptions
from timevis.config.stored import escape
from timevis.config.validate import check
from timevis.data.read_options import ReadOptions
from timevis.models.catalog import declared_models
from timevis.models.declaration import Untrained
from timevis.runs.config import check_sections_without_model
from timevis.runs.folder import RunFolder

BACKBONE = Option(
    "name",
    Literal[tuple(name for name in choices_of("model/backbone") if name != "local")],
    "nano",
    "The language model; nano is part of TimeVis, the others are downloaded.",
)
"""Choices of conf/model/backbone; ``local`` is left out, since it needs a folder of the server."""
DATA_KEYS = (
    "target",
    "covariates",
    "season",
    "split",
    "split_by",
    "cleaning",
    *(option.name for option in options_of(ReadOptions)),
)
"""Keys of the config section `data` that a training request may set; the dataset has the others."""
_hydra_lock = Lock()


@cache
def base_config(model: str, backbone: str | None = None) -> DictConfig:
    """The config of a model with its defaults, for a file and without Weights & Biases.

    Parameters
    ----------
    model : str
        One of `declared_models`.
    backbone : str, optional
        One of the choices of `BACKBONE`, which changes further defaults; the backbone of the model when None.
    """
    assert model in declared_models()
    assert backbone is None or backbone in BACKBONE.choices
    chosen = [] if backbone is None else [f"model/backbone={backbone}"]
    with _hydra_lock:  # Hydra has one global state
        cfg = compose([f"model={model}", *chosen, "data=file", "logger=csv"])
    cfg.trainer.enable_progress_bar = False
    return cfg


def untrained_methods() -> dict[str, tuple[str, Untrained]]:
    """The forecasters that can be asked without a training run, by the method in requests, each with its model."""
    declared = {model: declared.declaration.untrained for model, declared in declared_models().items()}
    return {untrained.name: (model, untrained) for model, untrained in declared.items() if untrained is not None}


def event_readers() -> list[str]:
    """The methods in requests that can read events in words."""
    models = declared_models()
    methods = untrained_methods().items()
    return [name for name, (model, _) in methods if models[model].declaration.options_with_events]


def untrained_config(method: str) -> DictConfig:
    """The config of a forecaster that is asked without a training run; `method` is one of `untrained_methods`."""
    model, untrained = untrained_methods()[method]
    cfg = copy.deepcopy(base_config(model))
    for key, value in untrained.values.items():
        OmegaConf.update(cfg, key, value)
    return cfg


def sections_of(model: str) -> dict[str, list[Option]]:
    """The options of each section of a model that a request may set; a backbone also has a name."""
    sections = declared_models()[model].sections
    return {name: [*options, BACKBONE] if name == "backbone" else options for name, options in sections.items()}


def sections_of_models() -> set[str]:
    """Sections of a model that a request may set, such as ``lora``."""
    return {section for model in declared_models().values() for section in model.sections}


def run_options() -> list[Option]:
    """The keys at the top of a config; `options_of` leaves the lengths out, since they are no hyperparameters."""
    hints = typing.get_type_hints(RunOptions, include_extras=True)
    texts = parameter_help(RunOptions.__doc__ or "")
    names = [f.name for f in fields(RunOptions) if f.name != "minutes"]  # a field of its own in requests
    return [Option(name, hints[name], MISSING, texts.get(name, "")) for name in names]


def config_values(given: Mapping[str, Any], dataset_options: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted config keys and values of a training request, without the path of the data.

    Parameters
    ----------
    given : mapping
        The fields of the request that were given.
    dataset_options : mapping
        Keys of the section `data` that belong to the dataset.
    """
    data = {key: given[key] for key in DATA_KEYS if given.get(key) is not None}
    return {
        **declared_models()[given["model"]].declaration.presets.get(given.get("preset") or "", {}),
        **{f"data.{key}": value for key, value in {**dataset_options, **data}.items()},
        **{option.name: given[option.name] for option in run_options() if option.name in given},
        **{f"model.fit.{o.name}": given[o.name] for o in options_of(FitOptions) if o.name in given},
        **{f"model.{key}": value for key, value in given.get("options", {}).items()},
        **{
            f"model.{section}.{key}": value
            for section in sorted(sections_of_models())
            for key, value in (given.get(section) or {}).items()
            if (section, key) != ("backbone", "name")
        },
        **({"minutes": given["minutes"]} if given.get("minutes") else {}),
        **{f"evaluation.{key}": value for key, value in given.get("evaluation", {}).items()},
    }


def config_of(request: BaseModel, path: Path, name: str, dataset_options: Mapping[str, Any]) -> DictConfig:
    """The config of a run, from a validated request; values become nodes of the config, never text of an override.

    Parameters
    ----------
    request : BaseModel
        One of the alternatives of `train_request`.
    path : Path
        The stored upload.
    name : str
        What the data are called in reports.
    dataset_options : mapping
        Keys of the section `data` that belong to the dataset.

    Raises
    ------
    ConfigError
        Names the config key; `pointer_of` gives the field of the request.
    """
    given = request.model_dump(exclude_unset=True)
    backbone = (given.get("backbone") or {}).get("name")
    cfg = copy.deepcopy(base_config(given["model"], backbone))
    check_member_names(given.get("options", {}).get("members"))
    values = {**config_values(given, dataset_options), "data.path": str(path), "data.name": name}
    for key, value in values.items():
        OmegaConf.update(cfg, key, escape(value), merge=False, force_add=True)
    check(cfg)
    check_sections_without_model(cfg)
    return cfg


def check_member_names(members: Sequence[str] | None) -> None:
    """Check that a request names only models as members: their options could name folders of the server.

    Raises
    ------
    ConfigError
    """
    if members is not None:
        parse_members(members)
        names = [name for name in declared_models() if name not in COMBINING_MODELS]
        for member in members:
            check_choice(member, names, "model.members")


def pointer_of(key: str) -> str:
    """The JSON pointer of the request field that sets a config key; empty if the error is about no key."""
    match key.split("."):
        case ["trainer", "max_time"] | ["minutes"]:
            return "/minutes"
        case ["data" | "model", *parts] if not parts:
            return ""
        case ["data", *parts]:
            return "/" + "/".join(parts)
        case ["model", "fit", *parts]:
            return "/" + "/".join(parts)
        case ["model", section, *parts] if section in sections_of_models():
            return "/" + "/".join([section, *parts])
        case ["model", *parts]:
            return "/options/" + "/".join(parts)
        case ["name" | "role" | "password"] as parts:
            return f"/{parts[0]}"
        case ["evaluation" | "context_length" | "horizon" | "conformal" | "seed", *_] as parts:
            return "/" + "/".join(parts)
    return ""


def log_to_wandb(cfg: DictConfig, mode: str, project: str) -> None:
    """Add Weights & Biases to the loggers of a run; the data themselves are not sent (`logger.log_data`)."""
    wandb = {"project": project, "entity": None, "mode": mode, "tags": ["service"]}
    OmegaConf.update(cfg, "logger.wandb", wandb, merge=False, force_add=True)


def create_run(cfg: DictConfig, folder: Path) -> RunFolder:
    """Write the config of a run into its folder; ``timevis train resume=FOLDER`` then carries it out."""
    return RunFolder.create(folder, cfg, ())
