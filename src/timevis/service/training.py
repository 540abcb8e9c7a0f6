"""From a validated training request to a run folder: the options that the command line checks, and the config."""

from __future__ import annotations

import copy
import re
import typing
from collections.abc import Mapping
from dataclasses import MISSING
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel

from timevis.config.compose import compose
from timevis.config.options import Option, options_of, parameter_help
from timevis.config.sections import FitOptions, RunOptions
from timevis.config.stored import escape
from timevis.config.validate import check
from timevis.data.read_options import ReadOptions
from timevis.runs.config import check_sections_without_model
from timevis.runs.folder import RunFolder
from timevis.service.schemas.stored_options import stored_models

MODELS = ("seasonal_naive", "linear", "boosted", "lstm", "qwen", "qwen_patch")
BACKBONES = ("nano", "qwen2.5-0.5b", "qwen3-0.6b")
"""Choices of conf/model/backbone that a request may name; the others need a folder of the server."""
MODEL_TITLES = {
    "seasonal_naive": "Seasonal naive",
    "linear": "Linear",
    "boosted": "Boosted trees",
    "lstm": "LSTM",
    "qwen": "Qwen, digits",
    "qwen_patch": "Qwen, patches",
}
"""What lists and names of models call them."""
UNTRAINED_METHODS = {"seasonal_naive": "Seasonal naive", "nano": "Nano, not fine-tuned"}
"""Forecasters that can be asked without a training, and their names in results."""
UNTRAINED_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "seasonal_naive": ("seasonal_naive", {}),
    "nano": ("qwen", {"model.tune": "none", "model.calibrate_temperature": False}),
}
"""Model and config values of each of them."""
SECTIONS = ("backbone", "prompt", "lora")
"""Sections of a model that a request may set."""
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
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "quick": {
        "lstm": {"model.fit.max_epochs": 5, "model.fit.patience": 2},
        "qwen": {"model.fit.max_epochs": 1},
        "qwen_patch": {"model.fit.max_epochs": 4},
    },
    "best": {
        "lstm": {"model.members": 3, "model.fit.max_epochs": 40, "model.fit.patience": 5},
        "qwen": {"model.fit.max_epochs": 4},
        "qwen_patch": {"model.fit.max_epochs": 20, "model.fit.patience": 5},
    },
}
"""Config values of a preset for each model; fields of the request take precedence."""
MODELS_OF_PRESET = {
    "quick": ("seasonal_naive", "linear", "lstm"),
    "best": ("seasonal_naive", "linear", "boosted", "lstm", "qwen"),
}
"""Models that a group with a preset trains."""
_hydra_lock = Lock()


@cache
def base_config(model: str, backbone: str | None = None) -> DictConfig:
    """The config of a model with its defaults, for a file and without Weights & Biases.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    backbone : str, optional
        One of `BACKBONES`, which changes further defaults; None takes that of the model.
    """
    assert model in MODELS
    assert backbone is None or backbone in BACKBONES
    chosen = [] if backbone is None else [f"model/backbone={backbone}"]
    with _hydra_lock:  # Hydra has one global state
        cfg = compose([f"model={model}", *chosen, "data=file", "logger=csv"])
    cfg.trainer.enable_progress_bar = False
    return cfg


def untrained_config(method: str) -> DictConfig:
    """The config of a forecaster that is asked without a training; `method` is one of `UNTRAINED_METHODS`."""
    model, values = UNTRAINED_CONFIGS[method]
    cfg = copy.deepcopy(base_config(model))
    for key, value in values.items():
        OmegaConf.update(cfg, key, value)
    return cfg


def model_options(model: str) -> list[Option]:
    """The options of a model whose values are numbers, texts, choices, or lists of them; without its sections."""
    return stored_models()[model].options


def section_options(model: str) -> Mapping[str, list[Option]]:
    """The options of each section of a model that a request may set, such as `lora`."""
    return stored_models()[model].sections


def run_options() -> list[Option]:
    """The keys at the top of a config; `options_of` leaves the lengths out, since they are no hyperparameters."""
    hints = typing.get_type_hints(RunOptions, include_extras=True)
    texts = parameter_help(RunOptions.__doc__ or "")
    return [Option(name, annotation, MISSING, texts.get(name, "")) for name, annotation in hints.items()]


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
        **PRESETS.get(given.get("preset") or "", {}).get(given["model"], {}),
        **{f"data.{key}": value for key, value in {**dataset_options, **data}.items()},
        **{option.name: given[option.name] for option in run_options() if option.name in given},
        **{f"model.fit.{o.name}": given[o.name] for o in options_of(FitOptions) if o.name in given},
        **{f"model.{key}": value for key, value in given.get("options", {}).items()},
        **{
            f"model.{section}.{key}": value
            for section in SECTIONS
            for key, value in (given.get(section) or {}).items()
            if (section, key) != ("backbone", "name")
        },
        **({"trainer.max_time": duration_text(given["minutes"])} if given.get("minutes") else {}),
        **{f"evaluation.{key}": value for key, value in given.get("evaluation", {}).items()},
    }


def duration_text(minutes: float) -> str:
    """Minutes as ``days:hours:minutes:seconds``, the form of `trainer.max_time`."""
    seconds = max(1, round(60 * minutes))
    days, rest = divmod(seconds, 86_400)
    return f"{days:02d}:{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"


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
    values = {**config_values(given, dataset_options), "data.path": str(path), "data.name": name}
    for key, value in values.items():
        OmegaConf.update(cfg, key, escape(value), merge=False, force_add=True)
    check(cfg)
    check_sections_without_model(cfg)
    return cfg


def pointer_of(message: str) -> str:
    """The JSON pointer of the request field that the message of a ConfigError names; empty if it names none."""
    if "trainer.max_time" in message:
        return "/minutes"
    found = re.search(r"\b(data|model|evaluation|context_length|horizon|conformal|seed)((?:\.\w+)*)", message)
    if found is None:
        return ""
    parts = [part for part in found[2].split(".") if part]
    match found[1], parts:
        case "data", _:
            return "/" + "/".join(parts)
        case "model", ["fit", *rest]:
            return "/" + "/".join(rest)
        case "model", [section, *_] if section in SECTIONS:
            return "/" + "/".join(parts)
        case "model", _:
            return "/options/" + "/".join(parts)
        case "evaluation", _:
            return "/evaluation/" + "/".join(parts)
    return f"/{found[1]}"


def log_to_wandb(cfg: DictConfig, mode: str, project: str) -> None:
    """Add Weights & Biases to the loggers of a run; the data themselves are not sent (`logger.log_data`)."""
    wandb = {"project": project, "entity": None, "mode": mode, "tags": ["service"]}
    OmegaConf.update(cfg, "logger.wandb", wandb, merge=False, force_add=True)


def create_run(cfg: DictConfig, folder: Path) -> RunFolder:
    """Write the config of a run into its folder; ``timevis train resume=FOLDER`` then carries it out."""
    return RunFolder.create(folder, cfg, ())
