"""From a validated training request to a run folder: the typed options of the command line, as request schemas."""

from __future__ import annotations

import copy
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, get_args, get_origin

from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from timevis.config.compose import compose
from timevis.config.options import Option, Range, options_of, parameter_help
from timevis.config.sections import EvaluationOptions, FitOptions, RunOptions
from timevis.config.validate import check
from timevis.errors import ConfigError
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder

MODELS = ("seasonal_naive", "linear", "boosted", "lstm", "qwen", "qwen_patch")
DATA_KEYS = ("target", "covariates", "season", "split", "cleaning")
"""Keys of the config section `data` that a training request may set; the dataset has the others."""
MAX_GROUP_TASKS = 100
PLAIN_TYPES = (int, float, bool, str, type(None))
_hydra_lock = Lock()


class StrictModel(BaseModel):
    """A request: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class CleaningRequest(StrictModel):
    """How cleaning may act on the data; see `timevis.data.options.CleaningOptions`."""

    outliers: Literal["report", "mask"] = "report"
    day_first: bool | None = None
    decimal: Literal["point", "comma"] | None = None
    missing: list[str] = []


@cache
def base_config(model: str) -> DictConfig:
    """The config of a model with its defaults, for a file and without Weights & Biases."""
    assert model in MODELS
    with _hydra_lock:  # Hydra has one global state
        cfg = compose([f"model={model}", "data=file", "logger=csv"])
    cfg.trainer.enable_progress_bar = False
    return cfg


def model_options(model: str) -> list[Option]:
    """The options of a model whose values are numbers, texts, choices, or lists of them.

    Sections such as `backbone` are left out: a request cannot name a folder of the server.
    """
    sources = RunConfig.from_config(base_config(model)).model.forecaster_class.option_sources()
    written = base_config(model).model
    return [o for o in options_of(*sources) if _is_plain(o.annotation) and o.name in written]


def _is_plain(annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_plain(arguments[0])
    if origin is Literal:
        return True
    if origin in (typing.Union, types.UnionType):
        return all(map(_is_plain, arguments))
    if origin in (Sequence, list):
        return _is_plain(arguments[0])
    return annotation in PLAIN_TYPES


def to_pydantic(annotation: Any) -> Any:
    """An annotation with `Range` as one with the bounds of pydantic."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        plain, *metadata = arguments
        bounds = next((m for m in metadata if isinstance(m, Range)), Range())
        if get_origin(plain) in (Sequence, list):
            lengths = {"min_length": bounds.minimum, "max_length": bounds.maximum}
            return Annotated[
                to_pydantic(plain), Field(**{k: int(v) for k, v in lengths.items() if v is not None})  # type: ignore
            ]
        limits = {"ge": bounds.minimum, "le": bounds.maximum, "gt": bounds.above, "lt": bounds.below}
        return Annotated[plain, Field(**{k: v for k, v in limits.items() if v is not None})]  # type: ignore
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(to_pydantic(part) for part in arguments)]  # noqa: UP007
    if origin in (Sequence, list):
        return list[to_pydantic(arguments[0])]  # type: ignore[misc]
    return annotation


def run_options() -> list[Option]:
    """The keys at the top of a config; `options_of` leaves the lengths out, since they are no hyperparameters."""
    hints = typing.get_type_hints(RunOptions, include_extras=True)
    texts = parameter_help(RunOptions.__doc__ or "")
    return [Option(name, annotation, MISSING, texts.get(name, "")) for name, annotation in hints.items()]


def _fields(options: Sequence[Option], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a pydantic model: type, default, and a sentence of help, as on the command line."""
    found = {}
    for option in options:
        default = defaults.get(option.name, None if option.default is MISSING else option.default)
        found[option.name] = (to_pydantic(option.annotation), Field(default=default, description=option.help or None))
    return found


def _request_of(model: str) -> type[BaseModel]:
    cfg = base_config(model)
    plain: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    title = "".join(part.capitalize() for part in model.split("_"))
    options = create_model(f"{title}Options", __base__=StrictModel, **_fields(model_options(model), plain["model"]))
    evaluation = create_model(
        f"{title}Evaluation", __base__=StrictModel, **_fields(options_of(EvaluationOptions), plain["evaluation"])
    )
    name_of_model: Any = Literal[model]
    return create_model(
        f"Train{title}",
        __base__=StrictModel,
        model=(name_of_model, Field(description="The forecaster.")),
        dataset=(str, Field(description="Identifier of a dataset.", max_length=64)),
        name=(str | None, Field(default=None, description="Name of the trained model.", max_length=200)),
        target=(list[str] | None, Field(default=None, description="Channels to forecast; null takes all.")),
        covariates=(
            dict[str, str] | None,
            Field(default=None, description="Covariate to known or observed; holiday to a country code."),
        ),
        season=(Annotated[int, Field(ge=1)] | None, Field(default=None, description="Rows of one season.")),
        split=(
            list[int | float | str],
            Field(default=[0.7, 0.1, 0.2], description="Shares of training, validation and test; or rows, or dates."),
        ),
        cleaning=(CleaningRequest | None, Field(default=None, description="How cleaning may act on the data.")),
        options=(options, Field(default_factory=options, description="Options of the model.")),
        evaluation=(evaluation, Field(default_factory=evaluation, description="Which windows are scored.")),
        **_fields(run_options(), plain),
        **_fields(options_of(FitOptions), plain["model"]["fit"]),
    )


@cache
def train_request() -> type[BaseModel]:
    """The request of POST /api/train: one schema for each model, selected by the field `model`."""
    alternatives: Any = typing.Union[tuple(_request_of(model) for model in MODELS)]  # noqa: UP007
    selected: Any = Annotated[alternatives, Field(discriminator="model")]
    return create_model("TrainRequest", __base__=RootModel[selected])


@cache
def group_request() -> type[BaseModel]:
    """The request of POST /api/groups: several trainings, each as in POST /api/train."""
    trainings: Any = Annotated[list[train_request()], Field(min_length=1, max_length=MAX_GROUP_TASKS)]  # type: ignore
    return create_model("GroupRequest", __base__=StrictModel, trainings=(trainings, Field(description="The sweep.")))


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
    cfg = copy.deepcopy(base_config(given["model"]))
    fit = {name: given[name] for name in (o.name for o in options_of(FitOptions)) if name in given}
    data = {key: given[key] for key in DATA_KEYS if given.get(key) is not None}
    values: dict[str, Any] = {
        **{
            f"data.{key}": value
            for key, value in {**dataset_options, **data, "path": str(path), "name": name}.items()
        },
        **{option.name: given[option.name] for option in run_options() if option.name in given},
        **{f"model.fit.{key}": value for key, value in fit.items()},
        **{f"model.{key}": value for key, value in given.get("options", {}).items()},
        **{f"evaluation.{key}": value for key, value in given.get("evaluation", {}).items()},
    }
    for key, value in values.items():
        OmegaConf.update(cfg, key, value, merge=False, force_add=True)
        if "${" in str(value):
            raise ConfigError(f"{key} holds ${{, which a config would evaluate", "write it without the brace")
    check(cfg)
    RunConfig.from_config(cfg)
    return cfg


def pointer_of(message: str) -> str:
    """The JSON pointer of the request field that the message of a ConfigError names; empty if it names none."""
    found = re.search(r"\b(data|model|evaluation|context_length|horizon|conformal|seed)((?:\.\w+)*)", message)
    if found is None:
        return ""
    parts = [part for part in found[2].split(".") if part]
    match found[1], parts:
        case "data", _:
            return "/" + "/".join(parts)
        case "model", ["fit", *rest]:
            return "/" + "/".join(rest)
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
