"""A LightningModule from outside TimeVis that has `loss` and `forecast` is trained, scored and loaded like ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import open_dict

from timevis.config.instantiate import ALLOW_TARGETS_VARIABLE
from timevis.errors import ConfigError
from timevis.inference.predict import predict
from timevis.runs.folder import RunFolder
from timevis.training.run import run

MODULE = '''
import pytorch_lightning as pl
import torch
from torch import nn

from timevis.models.forecaster import Forecast
from timevis.utils.levels import QUANTILE_LEVELS


class Drift(pl.LightningModule):
    """The last value plus a learned drift, with normal errors of a learned width.

    Parameters
    ----------
    horizon : int
    rate : float
        Learning rate.
    """

    def __init__(self, horizon: int, rate: float = 0.05) -> None:
        super().__init__()
        self.rate = rate
        self.drift, self.width = nn.Parameter(torch.zeros(horizon)), nn.Parameter(torch.zeros(horizon))

    def distribution(self, batch):
        return torch.distributions.Normal(batch.context[:, -1:] + self.drift, self.width.exp())

    def loss(self, batch):
        return -(self.distribution(batch).log_prob(batch.target) * batch.target_mask).mean()

    def forecast(self, batch):
        normal = self.distribution(batch)
        levels = torch.tensor(QUANTILE_LEVELS, device=batch.context.device).view(-1, 1, 1)
        return Forecast(normal.mean, normal.icdf(levels).transpose(0, 1))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.rate)


class WithoutForecast(pl.LightningModule):
    def loss(self, batch):
        return 0
'''


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_timevis.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = "outside_timevis.Drift,outside_timevis.WithoutForecast"
    monkeypatch.setenv(ALLOW_TARGETS_VARIABLE, names)


@pytest.mark.usefixtures("outside")
def test_it_is_trained_scored_and_reported_and_forecasts_from_its_run_folder(compose_config, tmp_path) -> None:
    cfg = compose_config("model=linear", "logger=none")
    with open_dict(cfg):
        model = {"name": "drift", "_target_": "outside_timevis.Drift", "rate": 0.02}
        cfg.model = {**model, "fit": cfg.model.fit}
    run(cfg, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert folder.results.metrics["wql"].value > 0
    assert folder.results.validation_score > 0
    assert folder.results.run.model == "drift"
    assert "drift" in (tmp_path / "run/report.html").read_text()
    loaded = folder.load_forecaster()
    assert loaded.module.rate == 0.02
    assert float(loaded.module.width.detach().abs().max()) > 0
    assert predict(tmp_path / "run").notna().all().all()


@pytest.mark.usefixtures("outside")
def test_a_module_without_forecast_is_refused_with_the_name_of_the_method(compose_config, tmp_path) -> None:
    cfg = compose_config("model=seasonal_naive", "++model._target_=outside_timevis.WithoutForecast")
    with pytest.raises(ConfigError, match="WithoutForecast is not a model: it has no method forecast"):
        run(cfg, tmp_path / "run")
    assert not (tmp_path / "run").exists()
