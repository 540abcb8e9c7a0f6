"""`covariates=auto`: covariates are read if they lower the error of small boosted models on validation."""

from __future__ import annotations

import numpy as np
import pytest
from panels import panel_of

from timevis.data.datamodule import WindowDataModule
from timevis.models.boosted import Boosted, covariates_to_read
from timevis.models.lstm import LSTM

ROWS, TRAIN_ROWS = 900, 630
NOISE = np.random.default_rng(0)
SIGNAL = 3 * NOISE.normal(size=ROWS)
MISLEADING = np.where(np.arange(ROWS) < TRAIN_ROWS, SIGNAL, -SIGNAL)
"""Equal to the target in the training part only."""


def datamodule_of(known: np.ndarray, observed: np.ndarray) -> WindowDataModule:
    """A panel of which `observed` shows at each row the value of the next one."""
    values = SIGNAL + 0.1 * NOISE.normal(size=ROWS)
    covariates = np.stack([known, np.roll(observed, -1)], 1)
    panel = panel_of(values.astype(np.float32), covariates.astype(np.float32), (True, False))
    return WindowDataModule(panel, context_length=24, horizon=1)


@pytest.mark.parametrize(
    ("known", "observed", "columns"),
    [(SIGNAL, MISLEADING, [0]), (MISLEADING, MISLEADING, []), (NOISE.normal(size=ROWS), SIGNAL, [0, 1])],
)
def test_covariates_are_read_if_they_lower_the_validation_error(
    known: np.ndarray, observed: np.ndarray, columns: list[int]
) -> None:
    datamodule = datamodule_of(known, observed)
    model = LSTM.from_data(datamodule, covariates="auto", hidden_size=4)
    assert model.covariates_read == tuple(columns)
    assert model.refit_arguments()["covariate_columns"] == columns
    if known is not SIGNAL and observed is MISLEADING:
        assert covariates_to_read(datamodule, "auto", can_read_observed=False) == []


@pytest.mark.parametrize(("noise", "by_networks"), [(3.0, [0]), (9.0, [])])
def test_a_network_reads_an_observed_covariate_only_if_it_helps_the_trees_much(
    noise: float, by_networks: list[int]
) -> None:
    rng = np.random.default_rng(0)
    signal = 3 * rng.normal(size=3000)
    observed = np.roll(signal + noise * rng.normal(size=3000), -1)
    panel = panel_of(signal.astype(np.float32), observed[:, None].astype(np.float32), (False,))
    datamodule = WindowDataModule(panel, context_length=24, horizon=1)
    assert covariates_to_read(datamodule, "auto") == [0]
    assert LSTM.from_data(datamodule, covariates="auto", hidden_size=4).covariates_read == tuple(by_networks)


def test_boosted_trees_read_the_chosen_covariates_only() -> None:
    datamodule = datamodule_of(SIGNAL, MISLEADING)
    widths = {}
    for choice in ("none", "known", "all", "auto"):
        model = Boosted.from_data(datamodule, covariates=choice, max_rounds=2)
        model.prepare(datamodule)
        widths[choice] = model.table(datamodule, "tuning")[0].shape[1]
    assert widths["auto"] == widths["known"] == widths["none"] + 2
    assert widths["all"] == widths["none"] + 4


def test_noise_on_a_short_file_is_not_read_and_a_real_covariate_is() -> None:
    selected = {"noise": 0, "real": 0}
    for seed in range(6):
        rng, rows = np.random.default_rng(seed), np.arange(150)
        noise = np.stack([rng.normal(size=150), np.cumsum(rng.normal(size=150)), rng.random(150) < 0.1], 1)
        values = 50 + 6 * np.sin(2 * np.pi * rows / 12) + rng.normal(size=150)
        for name, effect in (("noise", 0.0), ("real", 6.0)):
            panel = panel_of(values + effect * noise[:, 0], noise, (True, True, True), freq="MS")
            datamodule = WindowDataModule(panel, context_length=24, horizon=6)
            selected[name] += covariates_to_read(datamodule, "auto") != []
    assert selected["noise"] <= 1
    assert selected["real"] >= 5
