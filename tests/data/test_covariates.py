from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from timevis.data.catalog import load_panel
from timevis.data.windows import SeriesStore
from timevis.report.data_console import covariate_name

HOURS = pd.date_range("2024-01-01", periods=200, freq="h")


def long_table(promo: dict[str, np.ndarray]) -> pd.DataFrame:
    noise = np.random.default_rng(0).normal(size=(len(promo), len(HOURS)))
    return pd.concat(
        [
            pd.DataFrame({"time": HOURS, "shop": name, "sales": noise[i], "promo": values, "temp": noise[0]})
            for i, (name, values) in enumerate(promo.items())
        ]
    )


def load(table: pd.DataFrame, tmp_path, target=("sales",)):
    table.to_csv(tmp_path / "shops.csv", index=False)
    covariates = {"promo": "known", "temp": "observed"}
    cfg = {"name": "file", "path": str(tmp_path / "shops.csv"), "target": [*target], "covariates": covariates}
    return load_panel(cfg)


def panel_of_table(table: pd.DataFrame, tmp_path):
    return load(table, tmp_path)[0]


def context_values(panel, channel: str, covariate: str) -> np.ndarray:
    """The values of a covariate in the context windows of a channel."""
    (j, k), rows = (panel.channels.index(channel), panel.covariate_names.index(covariate)), len(panel) - 1
    batch = SeriesStore(panel).gather(torch.tensor([rows]), torch.tensor([j]), rows, 1)
    return batch.covariates[0, :rows, k].numpy()


def test_a_window_has_the_covariates_of_its_own_series_and_the_shared_ones(tmp_path):
    promo = {name: np.random.default_rng(i + 1).integers(0, 2, len(HOURS)) for i, name in enumerate("abc")}
    table = long_table(promo)
    panel = panel_of_table(table, tmp_path)
    assert panel.covariate_names == ("promo", "temp")
    batch = SeriesStore(panel).gather(torch.tensor([50, 60, 50]), torch.tensor([2, 0, 1]), 24, 6)
    assert batch.covariates.shape == (3, 30, 2)
    for row, (name, origin) in enumerate((("c", 50), ("a", 60), ("b", 50))):
        np.testing.assert_array_equal(batch.covariates[row, :, 0], promo[name][origin - 24 : origin + 6])
        temp = table["temp"].to_numpy()[origin - 24 : origin]
        np.testing.assert_allclose(batch.covariates[row, :24, 1], temp, rtol=1e-6)
    assert batch.covariate_mask[:, 24:].all(1).tolist() == [[True, False]] * 3  # temp is observed


def test_a_covariate_is_left_out_only_if_it_is_constant_in_every_series(tmp_path):
    constant, changing = np.zeros(len(HOURS)), np.arange(len(HOURS)) % 2
    panel = panel_of_table(long_table({"a": constant, "b": changing}), tmp_path)
    assert panel.covariate_names == ("promo", "temp")
    assert context_values(panel, "a", "promo").tolist() == [0] * 199
    panel = panel_of_table(long_table({"a": constant, "b": constant + 1}), tmp_path)
    assert panel.covariate_names == ("temp",)


def test_the_covariates_of_a_series_are_left_out_with_it(tmp_path):
    promo = {name: np.random.default_rng(i + 1).integers(0, 2, len(HOURS)) for i, name in enumerate("abc")}
    table = long_table(promo)
    table.loc[table["shop"] == "b", "sales"] = 5
    panel, report = load(table, tmp_path)
    assert (panel.channels, panel.covariate_names) == (("a", "c"), ("promo", "temp"))
    assert panel.covariates.shape == (len(HOURS), 3)
    for channel in "ac":
        assert context_values(panel, channel, "promo").tolist() == promo[channel][:-1].tolist()
    assert list(report.left_out) == ["b"]


def test_all_targets_of_a_series_have_its_covariates(tmp_path):
    promo = {name: np.random.default_rng(i + 1).integers(0, 2, len(HOURS)) for i, name in enumerate("ab")}
    table = long_table(promo).assign(visits=np.random.default_rng(9).normal(size=2 * len(HOURS)))
    panel, _ = load(table, tmp_path, ("sales", "visits"))
    assert panel.channels == ("a/sales", "a/visits", "b/sales", "b/visits")
    for channel in panel.channels:
        assert context_values(panel, channel, "promo").tolist() == promo[channel[0]][:-1].tolist()


def test_a_covariate_that_differs_between_series_is_one_covariate_of_the_report(tmp_path):
    promo = {name: np.arange(len(HOURS)) % (i + 2.0) for i, name in enumerate("ab")}
    promo["a"][3], promo["b"][[5, 6]] = np.nan, np.nan
    _, report = load(long_table(promo), tmp_path)
    assert report.covariates == {
        "promo": {"kind": "known", "missing": 3, "of_each_series": True},
        "temp": {"kind": "observed", "missing": 0, "of_each_series": False},
    }
    assert [covariate_name(*entry) for entry in report.covariates.items()] == ["promo of each series", "temp"]


def test_every_channel_of_a_wide_table_has_all_covariates_whatever_their_names(tmp_path):
    noise = np.random.default_rng(0).normal(size=(4, len(HOURS))).astype(np.float32)
    names = ("a", "b", "temp/a", "temp/b")
    pd.DataFrame({"time": HOURS} | dict(zip(names, noise, strict=True))).to_csv(tmp_path / "wide.csv", index=False)
    covariates = {"temp/a": "known", "temp/b": "known"}
    cfg = {"name": "file", "path": str(tmp_path / "wide.csv"), "target": ["a", "b"], "covariates": covariates}
    panel, _ = load_panel(cfg)
    assert panel.covariate_names == ("temp/a", "temp/b")
    for channel in "ab":
        for k, name in enumerate(panel.covariate_names):
            np.testing.assert_allclose(context_values(panel, channel, name), noise[2 + k, :-1], rtol=1e-6)


def test_many_series_can_each_have_their_own_covariates(tmp_path):
    promo = {f"s{i:02}": np.random.default_rng(i).integers(0, 2, len(HOURS)) for i in range(70)}
    panel = panel_of_table(long_table(promo), tmp_path)
    assert panel.covariates.shape[1] == 71
    assert panel.covariate_names == ("promo", "temp")


@pytest.mark.parametrize("kinds", [("known", "observed"), ("observed", "known")])
def test_an_observed_covariate_is_masked_over_the_horizon_and_a_known_one_is_not(tmp_path, kinds):
    noise = np.random.default_rng(0).normal(size=(4, len(HOURS)))
    table = pd.DataFrame({"time": HOURS, "a": noise[0], "b": noise[1], "price/a": noise[2], "price/b": noise[3]})
    table.to_csv(tmp_path / "wide.csv", index=False)
    covariates = dict(zip(("price/a", "price/b"), kinds, strict=True))
    cfg = {"name": "file", "path": str(tmp_path / "wide.csv"), "target": ["a", "b"], "covariates": covariates}
    batch = SeriesStore(load_panel(cfg)[0]).gather(torch.tensor([50, 50]), torch.tensor([0, 1]), 24, 6)
    assert batch.covariate_mask[:, 24:].all(1).tolist() == [[kind == "known" for kind in kinds]] * 2
