"""Forecasts of runs in which each series has its own covariate values."""

import numpy as np
import pandas as pd
import pytest

from timevis.inference.predict import predict
from timevis.runs.folder import RunFolder

ROWS, FUTURE_ROWS = 300, 6


def series(site: str, seed: int, price: np.ndarray, rows: int = ROWS) -> pd.DataFrame:
    """Hourly values of a daily cycle, and a price that is also known for the hours after the last value."""
    time = pd.date_range("2024-01-01", periods=rows + FUTURE_ROWS, freq="h")
    noise = np.random.default_rng(seed).normal(0, 0.1, rows + FUTURE_ROWS)
    load = np.where(
        np.arange(rows + FUTURE_ROWS) < rows, 10 + np.sin(np.arange(rows + FUTURE_ROWS) / 12 * np.pi) + noise, np.nan
    )
    return pd.DataFrame({"time": time, "site": site, "load": load, "price": price[: rows + FUTURE_ROWS]})


PRICES = {site: np.arange(ROWS + FUTURE_ROWS) % (7.0 + i) for i, site in enumerate("abc")}


def table(prices: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.concat([series(site, ord(site), price) for site, price in prices.items()])


@pytest.fixture(scope="module")
def train_on(finished_run, tmp_path_factory):
    def train(frame: pd.DataFrame):
        path = tmp_path_factory.mktemp("data") / "sites.csv"
        frame.to_csv(path, index=False)
        columns = ("data.target=[load]", "data.covariates={price: known}", "model.covariates=known")
        small = ("model=lstm", "model.hidden_size=8", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=20")
        return finished_run(*small, "data=file", f"data.path={path}", *columns)

    return train


@pytest.fixture(scope="module")
def run_with_own_prices(train_on):
    """A run in which each series has its own price; series `b` is constant and is left out."""
    frame = table(PRICES)
    frame.loc[(frame["site"] == "b") & frame["load"].notna(), "load"] = 5
    return train_on(frame)


@pytest.fixture(scope="module")
def run_with_shared_price(train_on):
    """A run in which the series `a` and `c` share a price."""
    return train_on(table({"a": PRICES["a"], "c": PRICES["a"]}))


def forecasts(run, prices: dict[str, np.ndarray], tmp_path) -> dict[str, np.ndarray]:
    """Forecast a new file with these series; returns the quantiles of each channel, [H, 15]."""
    table(prices).to_csv(tmp_path / "new.csv", index=False)
    frame = predict(run, tmp_path / "new.csv").set_index("channel")
    return {channel: frame.loc[channel].filter(like="q").to_numpy() for channel in frame.index.unique()}


def test_a_new_file_can_lack_a_series_that_the_run_left_out(run_with_own_prices, tmp_path):
    assert RunFolder(run_with_own_prices).data_report["channels"].keys() == {"a", "c"}
    new = forecasts(run_with_own_prices, {"a": PRICES["a"], "c": PRICES["c"]}, tmp_path)
    expected = predict(run_with_own_prices).set_index("channel")
    assert list(new) == ["a", "c"]
    for channel, quantiles in new.items():
        np.testing.assert_array_equal(quantiles, expected.loc[channel].filter(like="q"))


def test_a_forecast_depends_on_the_known_future_of_its_own_series_only(run_with_own_prices, tmp_path, caplog):
    before = forecasts(run_with_own_prices, {"a": PRICES["a"], "c": PRICES["c"]}, tmp_path)
    assert "without a value in the" not in caplog.text
    changed = PRICES["c"].copy()
    changed[ROWS:] += 3
    after = forecasts(run_with_own_prices, {"a": PRICES["a"], "c": changed}, tmp_path)
    np.testing.assert_array_equal(after["a"], before["a"])
    assert (after["c"] != before["c"]).any()
    changed[ROWS + 2 :] = np.nan
    forecasts(run_with_own_prices, {"a": PRICES["a"], "c": changed}, tmp_path)
    assert "in some of the 6 forecast rows: 'price' of 'c' in 4;" in caplog.text


@pytest.mark.parametrize("run", ["run_with_own_prices", "run_with_shared_price"])
@pytest.mark.parametrize("price_of_c", ["a", "c"])
def test_series_can_share_a_price_in_the_run_but_not_in_the_file_and_vice_versa(run, price_of_c, tmp_path, request):
    run = request.getfixturevalue(run)
    both = forecasts(run, {"a": PRICES["a"], "c": PRICES[price_of_c]}, tmp_path)
    for channel, price in (("a", "a"), ("c", price_of_c)):
        alone = forecasts(run, {channel: PRICES[price]}, tmp_path)
        np.testing.assert_allclose(both[channel], alone[channel], rtol=1e-5)
    other = forecasts(run, {"c": PRICES["b"]}, tmp_path)
    assert not np.allclose(both["c"], other["c"], rtol=1e-5)
