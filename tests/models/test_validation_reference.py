import numpy as np
import pytest
import pytorch_lightning as pl
from panels import panel_of
from trainers import quiet_trainer

from timevis.data.datamodule import WindowDataModule
from timevis.evaluation.backtest import scores_of
from timevis.models.linear import Linear
from timevis.models.lstm import LSTM
from timevis.models.seasonal_naive import SeasonalNaive

T = np.arange(1500)
NOISE = np.random.default_rng(0).normal(size=(1500, 2))


def datamodule_of(series: np.ndarray) -> WindowDataModule:
    return WindowDataModule(panel_of(series), context_length=24, horizon=6, val_windows=30, max_windows=30)


def validated(model, datamodule):
    model.prepare(datamodule)
    model.calibrate(datamodule)
    trainer = quiet_trainer()
    trainer.validate(model, datamodule=datamodule, verbose=False)
    return scores_of(trainer)


def test_the_relative_wql_on_validation_is_the_geometric_mean_of_the_ratios_to_seasonal_naive():
    data = datamodule_of(10 + np.sin(2 * np.pi * T / 24)[:, None] + [1, 100] * NOISE)
    linear, naive = Linear.from_data(data), SeasonalNaive.from_data(data)
    scores = [validated(model, data) for model in (linear, naive)]
    assert scores[1].validation_scores()["relative_wql"] == pytest.approx(1)
    ratios = np.divide(*(found.validation.compute()["by_channel"]["wql"] for found in scores))
    assert scores[0].validation_scores()["relative_wql"] == pytest.approx(np.exp(np.log(ratios).mean()), rel=1e-6)


class Scores(pl.Callback):
    def __init__(self) -> None:
        self.rows = []

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            self.rows.append([float(trainer.callback_metrics[f"tuning/{name}"]) for name in ("wql", "relative_wql")])


def test_for_one_channel_the_relative_wql_ranks_epochs_as_the_wql_does():
    data, scores = datamodule_of(np.sin(2 * np.pi * T / 24) + 0.2 * NOISE[:, 0]), Scores()
    model = LSTM.from_data(data, hidden_size=8, learning_rate=1e-2)
    model.prepare(data)
    quiet_trainer(max_epochs=3, callbacks=[scores]).fit(model, datamodule=data)
    wql, relative = np.array(scores.rows).T
    assert len(wql) == 3
    assert relative / wql == pytest.approx(np.full(3, relative[0] / wql[0]), rel=1e-4)


def test_where_seasonal_naive_has_no_error_models_are_selected_by_the_wql():
    data = datamodule_of(10 + (T % 24 < 12).astype(float))
    scores = validated(Linear.from_data(data), data).validation_scores()
    assert scores["relative_wql"] == scores["wql"]
    assert np.isfinite(scores["wql"])
