"""What a model declares for the service and its page, and the size of its network; without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Literal, TypeAlias

from timevis.data.calendar import CALENDAR_FIELDS, CALENDAR_SIZES

GATES = {"lstm": 4, "gru": 3}
OUTPUTS = 16
"""Numbers that a network gives for each step: the point forecast and the quantiles."""
OPERATIONS_PER_WEIGHT = 6
"""A multiplication and an addition in the forward pass, and two of each in the backward pass."""
BYTES_PER_PARAMETER = 24
"""The weight, its gradient, two moments of AdamW, the moving average, and the checkpoint that is written."""
BYTES_PER_VALUE = 8
"""A value that the backward pass needs, and its gradient."""


@dataclass(frozen=True)
class NetworkSize:
    """The size of a network.

    Attributes
    ----------
    parameters : int
    operations : float
        Floating-point operations of one window in one optimizer step.
    values : float
        Values of one window that the backward pass needs.
    sequential_steps : int
        Steps that wait for each other, in each layer of each network.
    """

    parameters: int
    operations: float
    values: float
    sequential_steps: int

    def megabytes(self, batch_size: int) -> float:
        """Memory of the network and of one batch, in MB of 2**20 bytes."""
        return (self.parameters * BYTES_PER_PARAMETER + batch_size * self.values * BYTES_PER_VALUE) / 2**20


def recurrent_size(
    context_length: int, horizon: int, num_channels: int, num_covariates: int, model: Mapping[str, Any]
) -> NetworkSize:
    """The size of `timevis.models.lstm.RecurrentEnsemble`.

    Parameters
    ----------
    context_length, horizon : int
        In rows.
    num_channels, num_covariates : int
    model : mapping
        The section `model` of the config.
    """
    hidden, segment, members = model["hidden_size"], model["segment_length"], model["members"]
    steps, steps_ahead = -(-context_length // segment), -(-horizon // segment)
    calendar = model["calendar_size"] if model["calendar"] else 0
    width, width_ahead = segment * (2 + 2 * num_covariates) + calendar, segment * 2 * num_covariates + calendar
    gates = GATES[model["cell"]]
    first = width if segment == 1 else hidden
    layer = gates * hidden * (hidden + 2)
    encoder = gates * hidden * first + layer + (model["num_layers"] - 1) * (gates * hidden * hidden + layer)
    decoder = model["num_layers"] * (gates * hidden * hidden + layer)
    embedding = 0 if segment == 1 else (width + 1) * hidden
    head = (hidden + 1) * segment * OUTPUTS
    highway = context_length * horizon if model["highway"] else 0
    tables = hidden * (steps_ahead + width_ahead + (num_channels if model["channel_embedding"] else 0))
    tables += calendar * _calendar_values(model["calendar"])
    parameters = encoder + (decoder if segment == 1 else 0) + embedding + head + highway + tables
    weights = steps * (encoder + embedding) + steps_ahead * (decoder + head + width_ahead * hidden) + highway
    values = (steps + steps_ahead) * model["num_layers"] * hidden * (gates + 2) + steps_ahead * segment * OUTPUTS
    return NetworkSize(
        int(members * parameters),
        float(members * weights * OPERATIONS_PER_WEIGHT),
        float(members * (values + steps * width)),
        members * model["num_layers"] * (steps + 1),  # the decoder computes its steps at the same time
    )


def _calendar_values(fields: Sequence[str] | None) -> int:
    """Rows of the embeddings of calendar fields."""
    return sum(size for field, size in zip(CALENDAR_FIELDS, CALENDAR_SIZES, strict=True) if field in (fields or ()))


Preset: TypeAlias = Literal["quick", "best"]


@dataclass(frozen=True)
class Untrained:
    """How a model forecasts without a training run.

    Attributes
    ----------
    name : str
        The method in requests.
    title : str
        What results call it.
    values : mapping
        Config keys and values that switch off what would be fitted.
    max_channels : int, optional
        Maximum number of channels of the data.
    prior_weight : float
        Weight of the model, relative to others, in an ensemble whose validation part is too short to select weights.
    """

    name: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    max_channels: int | None = None
    prior_weight: float = 0.0


@dataclass(frozen=True)
class Declaration:
    """What the service and its page say of a model and need to know before a training run.

    Attributes
    ----------
    title : str
        What lists call the model.
    rough_seconds : float
        Time of one optimizer step, or of the whole fit of a model without optimizer steps; used for estimates until
        training runs were timed.
    rough_memory_mb : float
        Memory of a training run, used in the same way.
    rough_forecasts_per_second : float
        Windows of one channel that it forecasts in a second, used in the same way.
    rough_values_per_second : float, optional
        In place of it, for a model that forecasts value after value: values that it forecasts in a second.
    queue : {"cpu", "gpu"}
        ``gpu``: its training runs go to the queue gpu while a worker consumes it.
    is_recommended : bool
        Whether a form chooses the model where the user has chosen none.
    basic_options : sequence of str
        Options that a form shows at once, below `model` in the config, such as ``hidden_size`` or ``lora.rank``.
    presets : mapping
        Config values of the presets, such as ``{"quick": {"model.fit.max_epochs": 5}}``.
    untrained : Untrained, optional
        None if the model cannot forecast without a training run.
    finishes_on_interrupt : bool
        Whether Ctrl-C ends the fit of members, and the run goes on to its scores with those so far.
    options_with_events : mapping
        Values of options below `model`, such as ``{"tune": "none"}``, with which the model reads events in words;
        empty if it never does.
    """

    title: str
    rough_seconds: float
    rough_memory_mb: float = 700.0
    rough_forecasts_per_second: float = 1000.0
    rough_values_per_second: float | None = None
    queue: Literal["cpu", "gpu"] = "cpu"
    is_recommended: bool = False
    basic_options: Sequence[str] = ()
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    untrained: Untrained | None = None
    finishes_on_interrupt: bool = False
    options_with_events: Mapping[str, Any] = field(default_factory=dict)

    def reads_events(self, options: Mapping[str, Any]) -> bool:
        """Whether the model reads events in words with these options below `model`, where sections are mappings."""
        return bool(self.options_with_events) and _has_values(options, self.options_with_events)

    def prior_weight(self, options: Mapping[str, Any]) -> float:
        """The weight of the model with these options where validation is too short to select weights.

        It is 0 for a model that has to be trained, or that has options with which it is trained.
        """
        if self.untrained is None:
            return 0.0
        wanted = {key.removeprefix("model."): value for key, value in self.untrained.values.items()}
        return self.untrained.prior_weight if _has_values(options, wanted) else 0.0

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Declaration:
        """Read what `dataclasses.asdict` and JSON have written."""
        untrained = stored["untrained"]
        return cls(**{**stored, "untrained": None if untrained is None else Untrained(**untrained)})


def _has_values(options: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether options have these values; a section is a mapping, and its options have dotted keys in `wanted`."""

    def value(key: str) -> Any:
        return reduce(lambda section, name: section.get(name, {}), key.split("."), options)

    return all(value(key) == expected for key, expected in wanted.items())
