"""Runs whose series have covariates of their own, and the files that they forecast."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from timevis.errors import RunFolderError
from timevis.predict import predict
from timevis.rescore import rescore
from timevis.runs.folder import RunFolder

ROWS, AHEAD = 300, 6


def series(site: str, seed: int, price: np.ndarray, rows: int = ROWS) -> pd.DataFrame:
    """Hours of a daily wave with a price, which goes on after the last load."""
    time = pd.date_range("2024-01-01", periods=rows + AHEAD, freq="h")
    noise = np.random.default_rng(seed).normal(0, 0.1, rows + AHEAD)
    load = np.where(np.arange(rows + AHEAD) < rows, 10 + np.sin(np.arange(rows + AHEAD) / 12 * np.pi) + noise, np.nan)
    return pd.DataFrame({"time": time, "site": site, "load": load, "price": price[: rows + AHEAD]})


PRICES = {site: np.arange(ROWS + AHEAD) % (7.0 + i) for i, site in enumerate("abc")}


def table(prices: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.concat([series(site, ord(site), price) for site, price in prices.items()])


@pytest.fixture(scope="module")
def trained(finished_run, tmp_path_factory):
    def of(frame: pd.DataFrame):
        path = tmp_path_factory.mktemp("data") / "sites.csv"
        frame.to_csv(path, index=False)
        columns = ("data.target=[load]", "data.covariates={price: known}")
        small = ("model=lstm", "model.hidden_size=8", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=20")
        return finished_run(*small, "data=file", f"data.path={path}", *columns)

    return of


@pytest.fixture(scope="module")
def own(trained):
    """A run with a price of each series, of which `b` never changes and is left out."""
    frame = table(PRICES)
    frame.loc[(frame["site"] == "b") & frame["load"].notna(), "load"] = 5
    return trained(frame)


@pytest.fixture(scope="module")
def shared(trained):
    """A run in which `a` and `c` have one price."""
    return trained(table({"a": PRICES["a"], "c": PRICES["a"]}))


def forecasts(run, prices: dict[str, np.ndarray], tmp_path) -> dict[str, np.ndarray]:
    """The quantiles of each channel, [H, 15], that a run gives for a new file with these series."""
    table(prices).to_csv(tmp_path / "new.csv", index=False)
    found = predict(run, tmp_path / "new.csv").set_index("channel")
    return {channel: found.loc[channel].filter(like="q").to_numpy() for channel in found.index.unique()}


def test_a_file_need_not_hold_a_series_that_the_run_left_out(own, tmp_path):
    assert RunFolder(own).data_report["channels"].keys() == {"a", "c"}
    new = forecasts(own, {"a": PRICES["a"], "c": PRICES["c"]}, tmp_path)
    again = predict(own).set_index("channel")
    assert list(new) == ["a", "c"]
    for channel, quantiles in new.items():
        np.testing.assert_array_equal(quantiles, again.loc[channel].filter(like="q"))


def test_a_channel_is_forecast_by_the_known_future_of_its_own_series(own, tmp_path, caplog):
    before = forecasts(own, {"a": PRICES["a"], "c": PRICES["c"]}, tmp_path)
    assert "without a value in the" not in caplog.text
    other = PRICES["c"].copy()
    other[ROWS:] += 3
    after = forecasts(own, {"a": PRICES["a"], "c": other}, tmp_path)
    np.testing.assert_array_equal(after["a"], before["a"])
    assert (after["c"] != before["c"]).any()
    other[ROWS + 2 :] = np.nan
    forecasts(own, {"a": PRICES["a"], "c": other}, tmp_path)
    assert "in the 6 rows that are forecast: 'price' of 'c' in 4;" in caplog.text


@pytest.mark.parametrize("run", ["own", "shared"])
@pytest.mark.parametrize("price_of_c", ["a", "c"])
def test_series_may_share_a_price_in_the_run_and_not_in_the_file_or_the_reverse(run, price_of_c, tmp_path, request):
    run = request.getfixturevalue(run)
    both = forecasts(run, {"a": PRICES["a"], "c": PRICES[price_of_c]}, tmp_path)
    for channel, price in (("a", "a"), ("c", price_of_c)):
        alone = forecasts(run, {channel: PRICES[price]}, tmp_path)
        np.testing.assert_allclose(both[channel], alone[channel], rtol=1e-5)
    other = forecasts(run, {"c": PRICES["b"]}, tmp_path)
    assert not np.allclose(both["c"], other["c"], rtol=1e-5)


@pytest.fixture
def of_before(tmp_path):
    """A copy of a run, whose data report is of a time when it did not tell covariates of each series."""

    def made(run, *names: str):
        copy = shutil.copytree(run, tmp_path / "run")
        report = RunFolder(run).data_report
        report["covariates"] = {name: {"kind": "known", "missing": 0} for name in names}
        (copy / "data_report.json").write_text(json.dumps(report))
        return copy

    return made


def test_a_run_of_before_is_refused_where_names_told_whose_a_covariate_was(own, of_before, tmp_path):
    run = of_before(own, "price/a", "price/c")
    table(PRICES).to_csv(tmp_path / "new.csv", index=False)
    for again in (
        lambda: predict(run),
        lambda: predict(run, tmp_path / "new.csv"),
        lambda: predict(run, refit=True),
        lambda: rescore(run, tmp_path / "out"),
    ):
        with pytest.raises(RunFolderError, match=r"trained by an older version, .*'price/a'") as error:
            again()
        assert error.value.advice == "train it again"


def test_a_run_of_before_with_a_covariate_of_all_series_still_forecasts(shared, of_before):
    pd.testing.assert_frame_equal(predict(of_before(shared, "price")), predict(shared))
