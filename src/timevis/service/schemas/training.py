"""Training requests: one schema for each model, generated from the options that the command line checks."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from omegaconf import OmegaConf
from pydantic import BaseModel, Field, RootModel, create_model, model_validator

from timevis.config.options import options_of, parameter_help
from timevis.config.sections import EvaluationOptions, FitOptions
from timevis.data.options import CleaningOptions, DataOptions
from timevis.messages import Text
from timevis.models.catalog import declared_models
from timevis.models.declaration import Preset
from timevis.service.schemas.common import (
    EXAMPLE_DATASET,
    MAX_CHANNELS,
    ChannelName,
    ChannelNames,
    Commands,
    Id,
    Name,
    Number,
    Season,
    StrictModel,
)
from timevis.service.schemas.option_fields import (
    MAX_WHOLE_NUMBER,
    annotated,
    list_of,
    option_fields,
    read_fields,
)
from timevis.service.training import base_config, run_options, sections_of

MAX_GROUP_TASKS = 100
DATA_HELP = parameter_help(DataOptions.__doc__ or "")
Cleaning: Any = create_model(
    "CleaningRequest",
    __base__=StrictModel,
    __doc__="What happens to outliers.",
    **option_fields(options_of(CleaningOptions)),
)


class PresetRequest(StrictModel):
    """Train the best forecaster within a time limit: the model `auto`, which decides which models are tried."""

    name: Preset = Field("quick", description="quick: within 2 minutes; best: within 10 minutes.")
    dataset: Id
    horizon: Annotated[int, Field(ge=1, le=10**6)] | None = None
    context_length: Annotated[int, Field(ge=1, le=10**6)] | None = None
    target: ChannelNames | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    minutes: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        None, description="Another time limit of the run."
    )


class Estimate(BaseModel):
    """A rough estimate; the fit may end earlier, by early stopping."""

    seconds_low: Number
    seconds_high: Number
    memory_mb: Number = Field(description="Largest resident memory of the process, in MB of 2**20 bytes.")
    parameters: int | None = Field(description="Of the network; null for a model whose size is not known before.")
    steps: int | None = Field(description="Optimizer steps of the whole fit; null for a model without them.")


class DryRun(BaseModel):
    """A training that would be accepted."""

    valid: Literal[True]
    estimate: Estimate
    config: dict[str, Any]
    commands: Commands


@cache
def train_request() -> type[BaseModel]:
    """The request of POST /api/train: one schema for each model, selected by the field `model`."""
    alternatives: Any = typing.Union[tuple(_request_of(model) for model in declared_models())]  # noqa: UP007
    root: Any = RootModel
    selected = annotated(alternatives, Field(discriminator="model"))
    return create_model("TrainRequest", __base__=root[selected])


@cache
def group_request() -> type[BaseModel]:
    """The request of POST /api/groups: several requests of POST /api/train, or a preset that chooses models."""
    trainings = annotated(list_of(train_request()), Field(min_length=1, max_length=MAX_GROUP_TASKS))
    validators: dict[str, Any] = {"one_form": model_validator(mode="after")(_check_group)}
    return create_model(
        "GroupRequest",
        __base__=StrictModel,
        trainings=(trainings | None, Field(default=None, description="A training run each.")),
        preset=(
            PresetRequest | None,
            Field(default=None, description="Chooses models, in place of `trainings`."),
        ),
        __validators__=validators,
    )


def _check_group(group: Any) -> Any:
    if (group.trainings is None) == (group.preset is None):
        raise ValueError(Text("give either trainings or preset"))
    return group


def _request_of(model: str) -> type[BaseModel]:
    cfg = base_config(model)
    plain: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    title = "".join(part.capitalize() for part in model.split("_"))
    options = create_model(
        f"{title}Options", __base__=StrictModel, **option_fields(declared_models()[model].options, plain["model"])
    )
    evaluation = create_model(
        f"{title}Evaluation",
        __base__=StrictModel,
        **option_fields(options_of(EvaluationOptions), plain["evaluation"]),
    )
    name_of_model: Any = Literal[model]
    split_by: Any = get_type_hints(DataOptions)["split_by"]
    return create_model(
        f"Train{title}",
        __base__=StrictModel,
        model=(name_of_model, Field(description="The forecaster.")),
        dataset=(str, Field(description="Identifier of a dataset.", max_length=64)),
        name=(Name | None, Field(default=None, description="Name of the trained model.")),
        target=(ChannelNames | None, Field(default=None, description=DATA_HELP["target"])),
        covariates=(
            dict[ChannelName, Annotated[str, Field(max_length=100)]] | None,
            Field(
                default=None,
                max_length=MAX_CHANNELS,
                description="Covariate to known or observed; holiday to a country code.",
            ),
        ),
        season=(Season | None, Field(default=None, description=DATA_HELP["season"])),
        split=(
            list[Annotated[int, Field(ge=0, le=MAX_WHOLE_NUMBER)] | float | Annotated[str, Field(max_length=40)]],
            Field(
                default=[0.7, 0.1, 0.2],
                max_length=3,
                description="Shares of training, validation and test; or rows, or dates.",
            ),
        ),
        split_by=(split_by, Field(default=DataOptions.split_by, description=DATA_HELP["split_by"])),
        cleaning=(Cleaning | None, Field(default=None, description="What happens to outliers.")),
        **read_fields(),
        minutes=(
            Annotated[float, Field(gt=0, le=10_000)] | None,
            Field(
                default=None,
                description="Longest time of the fit, whose best weights so far are then used; of the whole run for "
                "ensemble and for auto, which takes 10 minutes when null.",
            ),
        ),
        preset=(
            Preset | None,
            Field(default=None, description="Fewer or more epochs and networks, where the request does not say."),
        ),
        dry_run=(bool, Field(default=False, description="Only check the request, and estimate time and memory.")),
        options=(options, Field(default_factory=options, description="Options of the model.")),
        evaluation=(evaluation, Field(default_factory=evaluation, description="Which windows are scored.")),
        **_sections(model, title, plain["model"]),
        **option_fields(run_options(), plain),
        **option_fields(options_of(FitOptions), plain["model"]["fit"]),
    )


def _sections(model: str, title: str, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the sections of a model."""
    fields = {}
    for section, options in sections_of(model).items():
        schema = create_model(
            f"{title}{section.capitalize()}", __base__=StrictModel, **option_fields(options, plain[section])
        )
        fields[section] = (schema | None, Field(default=None, description=f"Options of the section {section}."))
    return fields


TRAIN_EXAMPLE: dict[str, Any] = {
    "dataset": EXAMPLE_DATASET,
    "model": "lstm",
    "horizon": 24,
    "max_epochs": 10,
    "options": {"hidden_size": 64},
}
GROUP_EXAMPLE: dict[str, Any] = {"trainings": [TRAIN_EXAMPLE | {"seed": seed} for seed in range(2)]}
