"""`lstm`: a recurrent network that answers the whole horizon at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timevis.models.direct import DirectForecaster
from timevis.models.forecaster import QUANTILE_LEVELS
from timevis.models.recurrent import CELLS, RecurrentEnsemble, RecurrentNet


class LSTM(DirectForecaster):
    """Direct multi-horizon LSTM or GRU with quantile output.

    Its parameters are those of `DirectForecaster`, of `RecurrentEnsemble` (``members``) and of `RecurrentNet`.
    """

    choices = {**DirectForecaster.choices, "cell": CELLS}

    def build_network(self, **options: Any) -> RecurrentEnsemble:
        columns, levels = len(self.covariate_columns), len(QUANTILE_LEVELS)
        return RecurrentEnsemble(self.context_length, self.horizon, self.num_channels, columns, levels, **options)

    @classmethod
    def takers(cls) -> tuple[Callable[..., Any], ...]:
        return *super().takers(), RecurrentEnsemble, RecurrentNet
