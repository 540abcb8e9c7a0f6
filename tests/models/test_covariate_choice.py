"""`covariates=auto`: covariates are read if they lower the error of small boosted models on validation."""

from __future__ import annotations

import numpy as np
import pytest
from panels import panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.models.boosted import Boosted, covariates_to_read
from timevis.models.lstm import LSTM

ROWS = 900
NOISE = np.random.default_rng(0)
USEFUL, USELESS = NOISE.normal(size=(2, ROWS))


def datamodule_of(values: np.ndarray) -> WindowDataModule:
    covariates = np.stack([USEFUL, USELESS], 1)
    panel = panel_of(values.astype(np.float32), covariates.astype(np.float32), (True, False))
    return WindowDataModule(panel, context_length=24, horizon=4)


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        (3 * USEFUL, [0]),
        (NOISE.normal(size=ROWS), []),
        (3 * np.roll(USELESS, 1), [0, 1]),  # the last known value of the observed covariate is the next target
    ],
)
def test_covariates_are_read_if_they_lower_the_validation_error(values: np.ndarray, columns: list[int]) -> None:
    datamodule = datamodule_of(values + 0.1 * NOISE.normal(size=ROWS))
    model = LSTM.from_data(datamodule, covariates="auto", hidden_size=4)
    assert model.covariates_read == tuple(columns)
    assert model.refit_arguments()["covariate_columns"] == columns
    assert covariates_to_read(datamodule, "auto", can_read_observed=False) == ([0] if columns == [0] else [])


def test_boosted_trees_read_the_chosen_covariates_only() -> None:
    datamodule = datamodule_of(3 * USEFUL)
    widths = {}
    for choice in ("none", "known", "all", "auto"):
        model = Boosted.from_data(datamodule, covariates=choice, max_rounds=2)
        model.prepare(datamodule)
        widths[choice] = model.table(datamodule, "tuning")[0].shape[1]
    assert widths["auto"] == widths["known"] == widths["none"] + 2
    assert widths["all"] == widths["none"] + 4
