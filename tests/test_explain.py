"""The inputs that cause a series are the inputs that an explanation names, for models that read them in any way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from peers import needs_peers

import timevis
from timevis.data.windows import WindowCopies
from timevis.errors import ConfigError, DataError
from timevis.evaluation.explain import context_groups
from timevis.inference.explain import explain
from timevis.inference.predict import predict
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs.explanation import Explanation
from timevis.runs.folder import RunFolder
from timevis.runs.reload import load_run_data
from timevis_research.peers.process import PeerProcess

COLUMNS = ("data.target=[load]", "data.covariates={price: known, other: known}")
WINDOWS = ("evaluation.max_windows=8", "evaluation.stride=6")


def caused_rows(rows: int = 2800) -> pd.DataFrame:
    """Hourly rows: each value is the value 24 rows before it, and the price of its own row; nothing else matters."""
    price, other, noise = np.random.default_rng(0).normal(0, 1, (3, rows))
    load = noise.copy()
    for row in range(24, rows):
        load[row] = 0.9 * load[row - 24] + 0.8 * price[row] + 0.1 * noise[row]
    times = pd.date_range("2024-01-01", periods=rows, freq="h")
    return pd.DataFrame({"time": times, "load": load, "price": price, "other": other})


@pytest.fixture(scope="module")
def caused_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "caused.csv"
    rows = caused_rows()
    rows.loc[len(rows) - 24 :, "load"] = np.nan  # the prices of the forecast are known
    rows.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def caused_run(finished_run, caused_file):
    """A finished run of a model on the series with a known cause."""

    def run(model: str, *options: str, context_length: int = 336, horizon: int = 24) -> Path:
        lengths = (f"context_length={context_length}", f"horizon={horizon}")
        data = ("data=file", f"data.path={caused_file}", *COLUMNS, *lengths, *WINDOWS)
        return finished_run(f"model={model}", *options, *data)

    return run


def rises(explanation: Explanation) -> pd.Series:
    return explanation.table.set_index("input")["error_rise"]


def test_the_causes_of_a_series_are_the_inputs_that_boosted_trees_use(caused_run):
    run = caused_run("boosted", "model.max_rounds=60", "model.num_leaves=15", "model.max_rows=20000")
    explanation = timevis.Run(run).explain()
    table = explanation.table.set_index("input")
    causes, no_causes = ["the last day", "covariate price"], ["covariate other", "calendar"]
    assert set(table.index[:2]) == set(causes)
    assert (table.loc[causes, "error_low"] > 0.3).all()
    assert (table.loc[no_causes, "error_rise"].abs() < 0.1).all()
    assert table.loc[causes, "forecast_change"].min() > 4 * table.loc[no_causes, "forecast_change"].max()
    assert RunFolder(run).path.joinpath("explanation.json").is_file()
    assert Explanation.read(run) == explanation
    page = (run / "report.html").read_text()
    assert 'id="explanation"' in page
    assert "covariate price" in page
    assert explanation.forecasts == 8 * (explanation.windows + 4)  # seven groups, and the forecast as it is


def test_a_linear_map_uses_the_last_day_alone_and_reads_neither_covariates_nor_calendar(caused_run, no_report):
    explanation = explain(caused_run("linear"))
    rise = rises(explanation)
    assert rise.idxmax() == "the last day"
    assert rise["the last day"] > 0.3
    assert rise["calendar"] == 0
    assert explanation.covariates_not_read == ["price", "other"]
    assert not [name for name in rise.index if name.startswith("covariate")]


@pytest.fixture
def peer_requests(monkeypatch) -> list[str]:
    """The commands that processes of other libraries receive."""
    commands, request = [], PeerProcess.request

    def recorded(process: PeerProcess, command: str, **values: object) -> dict[str, object]:
        commands.append(command)
        return request(process, command, **values)

    monkeypatch.setattr(PeerProcess, "request", recorded)
    return commands


@needs_peers
def test_the_causes_of_a_series_are_the_inputs_that_a_network_of_another_library_uses(caused_run, peer_requests):
    fit = ("model.max_steps=400", "model.val_check_steps=50", "model.learning_rates=[3e-3]", "model.covariates=known")
    run = caused_run("peer/tide", *fit, "conformal=none", context_length=48, horizon=12)
    peer_requests.clear()
    table = timevis.Run(run).explain().table.set_index("input")
    causes, no_causes = ["the last day", "covariate price"], ["covariate other", "calendar"]
    assert set(table.index[:2]) == set(causes)
    assert (table.loc[causes, "error_low"] > 0.5).all()
    assert (table.loc[no_causes, "error_rise"].abs() < 0.15).all()
    passes = 2 * (len(table) + 1)  # the windows of a pass are one request, and nothing is fitted again
    assert peer_requests == ["load", "restore", *["forecast"] * passes]


@needs_peers
def test_a_method_of_another_library_that_is_fitted_at_each_origin_is_explained(caused_run, peer_requests, no_report):
    run = caused_run("peer/autotheta", "model.history_length=96", context_length=48, horizon=12)
    peer_requests.clear()
    explanation = explain(run)
    rise = rises(explanation)
    assert rise["the last day"] > 0.1
    assert rise["calendar"] == 0  # which it does not read
    assert explanation.covariates_not_read == ["price", "other"]
    assert peer_requests == ["load", *["forecast"] * 2 * (len(rise) + 1)]


def test_the_forecast_of_new_rows_is_explained_without_a_change_of_the_run(caused_run, tmp_path):
    run = caused_run("seasonal_naive")
    before = sorted(path.name for path in run.iterdir())
    rows = caused_rows(400)
    flat = rows.assign(load=np.where(np.arange(400) < 376, 5.0, 8.0))
    explanation = explain(run, flat)
    last_day = explanation.by_channel.set_index("input").loc["the last day"]
    scale = float(RunFolder(run).load_forecaster().channel_std[0])
    assert last_day["forecast_contribution"] == pytest.approx(3 / scale)  # 8 instead of 5 on each day before
    assert explanation.first_target == str(predict(run, flat)["timestamp"].min())
    assert sorted(path.name for path in run.iterdir()) == before


def test_a_hidden_day_leads_to_the_forecast_of_a_series_with_a_gap(caused_run):
    """A forecast from a changed copy equals the forecast from a series that lacks the values."""
    config, panel, _ = load_run_data(RunFolder(caused_run("seasonal_naive")))
    datamodule = config.datamodule(panel)
    origin, length, horizon = 700, 336, 24
    gappy = panel.values.copy()
    gappy[origin - 24 : origin] = np.nan
    gappy[origin:] = panel.values[origin:]
    with_gap = config.datamodule(panel.with_values(gappy)).series
    hidden = torch.zeros(2, 340, dtype=torch.bool)
    hidden[1, -24:] = True
    copies = WindowCopies(datamodule.series, torch.tensor([500, origin]), 340, horizon, hidden=hidden)
    naive = SeasonalNaive.fitted(datamodule)
    channel = torch.zeros(1, dtype=torch.long)
    changed = copies.gather(copies.origin_rows[1:], channel, length, horizon)
    expected = with_gap.gather(torch.tensor([origin]), channel, length, horizon)
    for name in ("context", "context_mask", "target", "target_mask", "calendar", "covariates", "covariate_mask"):
        assert torch.equal(getattr(changed, name), getattr(expected, name)), name
    assert torch.equal(naive.forecast(changed).quantiles, naive.forecast(expected).quantiles)


@pytest.mark.parametrize(
    ("freq", "seasons", "season", "length", "horizon", "labels"),
    [
        (
            "h",
            (1, 24, 168),
            24,
            336,
            24,
            {
                "the last day": 24,
                "the same time of the days before": 36,
                "other times of the days before": 108,
                "the rows before the last week": 168,
            },
        ),
        (
            "D",
            (1, 7),
            7,
            35,
            1,
            {"the last week": 7, "the same time of the weeks before": 4, "other times of the weeks before": 24},
        ),
        ("MS", (1, 12), 12, 10, 6, {"the last 3 rows": 3, "the 7 rows before the last 3": 7}),
        ("YS", (1, 1), 1, 1, 1, {"the context": 1}),
    ],
)
def test_the_parts_of_a_context_follow_from_frequency_and_season(freq, seasons, season, length, horizon, labels):
    groups = context_groups(freq, seasons, season, length, horizon)
    assert {str(group.label): group.rows for group in groups} == labels
    assert all(group.steps.sum(0).tolist() == [1] * horizon for group in groups)


def test_what_cannot_be_explained_is_refused(caused_run, tmp_path):
    run = caused_run("seasonal_naive")
    with pytest.raises(ConfigError, match="5 windows are too few"):
        explain(run, windows=5)
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        caused_rows(400).to_csv(path, index=False)
    with pytest.raises(DataError, match="several series"):
        explain(run, paths)
