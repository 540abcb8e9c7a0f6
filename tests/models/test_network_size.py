"""The size of networks, from their options."""

from __future__ import annotations

from typing import Any

import pytest

from timevis.models.declaration import recurrent_size
from timevis.models.lstm import RecurrentEnsemble

OPTIONS: dict[str, Any] = {
    **{"hidden_size": 24, "num_layers": 1, "segment_length": 12, "members": 1, "cell": "lstm", "highway": False},
    **{"calendar": ["hour"], "calendar_size": 8, "channel_embedding": True},
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_layers": 3, "cell": "gru", "members": 2},
        {"segment_length": 1, "num_layers": 2, "highway": True},
        {"calendar": [], "channel_embedding": False, "hidden_size": 7},
    ],
)
@pytest.mark.parametrize("covariates", [0, 2])
def test_the_parameters_of_a_recurrent_network_are_counted_without_building_it(
    changes: dict[str, Any], covariates: int
) -> None:
    options = OPTIONS | changes
    size = recurrent_size(50, 20, 3, covariates, options)
    network = RecurrentEnsemble(50, 20, 3, covariates, 15, **options)
    assert size.parameters == pytest.approx(sum(p.numel() for p in network.parameters()), rel=0.03, abs=100)
    assert recurrent_size(100, 20, 3, covariates, options).operations > 1.3 * size.operations
