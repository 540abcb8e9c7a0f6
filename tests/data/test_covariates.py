from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from timevis.data.catalog import load_panel
from timevis.data.covariates import covariates_of, described
from timevis.data.windows import SeriesStore

HOURS = pd.date_range("2024-01-01", periods=200, freq="h")


@pytest.mark.parametrize(
    ("channels", "names", "found"),
    [
        ("a b", "", {}),
        ("a b", "temp holiday", {"temp": [0, 0], "holiday": [1, 1]}),
        ("a b", "temp price/a price/b", {"temp": [0, 0], "price": [1, 2]}),
        ("b a", "price/a temp price/b", {"temp": [1, 1], "price": [2, 0]}),
        ("a/x a/y b/x b/y", "price/a price/b", {"price": [0, 0, 1, 1]}),
        ("shop/a shop/b", "price/shop/a price/shop/b", {"price": [0, 1]}),
        ("a b c", "price/a price/b", {"price/a": [0, 0, 0], "price/b": [1, 1, 1]}),
        ("a b", "price price/a price/b", {"price": [0, 0], "price/a": [1, 1], "price/b": [2, 2]}),
        ("load", "wind/speed", {"wind/speed": [0]}),
    ],
)
def test_a_channel_reads_the_columns_of_its_own_series(channels, names, found):
    assert covariates_of(channels.split(), dict.fromkeys(names.split(), "known")) == found


def test_columns_of_two_kinds_are_not_one_covariate():
    kinds = {"price/a": "known", "price/b": "observed"}
    assert covariates_of(["a", "b"], kinds) == {"price/a": [0, 0], "price/b": [1, 1]}


def long_table(promo: dict[str, np.ndarray]) -> pd.DataFrame:
    noise = np.random.default_rng(0).normal(size=(len(promo), len(HOURS)))
    return pd.concat(
        [
            pd.DataFrame({"time": HOURS, "shop": name, "sales": noise[i], "promo": own, "temp": noise[0]})
            for i, (name, own) in enumerate(promo.items())
        ]
    )


def panel_of(table: pd.DataFrame, tmp_path):
    table.to_csv(tmp_path / "shops.csv", index=False)
    covariates = {"promo": "known", "temp": "observed"}
    cfg = {"name": "csv", "path": str(tmp_path / "shops.csv"), "target": ["sales"], "covariates": covariates}
    return load_panel(cfg)[0]


def test_a_window_has_the_covariates_of_its_own_series_and_those_of_all(tmp_path):
    promo = {name: np.random.default_rng(i + 1).integers(0, 2, len(HOURS)) for i, name in enumerate("abc")}
    table = long_table(promo)
    panel = panel_of(table, tmp_path)
    assert panel.covariate_names == ("promo/a", "promo/b", "promo/c", "temp")
    batch = SeriesStore(panel).gather(torch.tensor([50, 60, 50]), torch.tensor([2, 0, 1]), 24, 6)
    assert batch.covariates.shape == (3, 30, 2)
    for row, (name, origin) in enumerate((("c", 50), ("a", 60), ("b", 50))):
        np.testing.assert_array_equal(batch.covariates[row, :, 0], promo[name][origin - 24 : origin + 6])
        temp = table["temp"].to_numpy()[origin - 24 : origin]
        np.testing.assert_allclose(batch.covariates[row, :24, 1], temp, rtol=1e-6)
    assert batch.covariate_mask[:, 24:].all(1).tolist() == [[True, False]] * 3  # temp is observed, so hidden ahead


def test_a_covariate_is_left_out_only_where_it_changes_in_no_series(tmp_path):
    never, now_and_then = np.zeros(len(HOURS)), np.arange(len(HOURS)) % 2
    panel = panel_of(long_table({"a": never, "b": now_and_then}), tmp_path)
    assert panel.covariate_names == ("promo/a", "promo/b", "temp")
    panel = panel_of(long_table({"a": never, "b": never + 1}), tmp_path)
    assert panel.covariate_names == ("temp",)


def test_what_each_series_has_for_itself_is_described_together():
    report = {
        "temp": {"kind": "observed", "missing": 2},
        "promo/a": {"kind": "known", "missing": 1},
        "promo/b": {"kind": "known", "missing": 3},
    }
    assert described(["a", "b"], report) == {
        "temp": {"kind": "observed", "missing": 2},
        "promo of each series": {"kind": "known", "missing": 4},
    }


def test_many_series_may_each_have_covariates_of_their_own(tmp_path):
    promo = {f"s{i:02}": np.random.default_rng(i).integers(0, 2, len(HOURS)) for i in range(70)}
    panel = panel_of(long_table(promo), tmp_path)
    assert len(panel.covariate_names) == 71
    assert len(panel.covariates_of_channels) == 2


@pytest.mark.parametrize("kinds", [("known", "observed"), ("observed", "known")])
def test_what_is_only_observed_is_hidden_ahead_beside_what_is_known(tmp_path, kinds):
    noise = np.random.default_rng(0).normal(size=(4, len(HOURS)))
    table = pd.DataFrame({"time": HOURS, "a": noise[0], "b": noise[1], "price/a": noise[2], "price/b": noise[3]})
    table.to_csv(tmp_path / "wide.csv", index=False)
    covariates = dict(zip(("price/a", "price/b"), kinds, strict=True))
    cfg = {"name": "csv", "path": str(tmp_path / "wide.csv"), "target": ["a", "b"], "covariates": covariates}
    batch = SeriesStore(load_panel(cfg)[0]).gather(torch.tensor([50, 50]), torch.tensor([0, 1]), 24, 6)
    assert batch.covariate_mask[:, 24:].all(1).tolist() == [[kind == "known" for kind in kinds]] * 2
