"""Parameters, operations and memory of networks, from their options, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
