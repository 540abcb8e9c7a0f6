"""Several columns name the series of a long table together; rows that no columns separate are refused."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.catalog import load_panel
from timevis.data.new_files import append_rows, load_files
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.schema import series_columns as series_key
from timevis.data.schema.columns import Columns, find_columns
from timevis.data.schema.to_rows import to_panel, to_rows
from timevis.data.table import Table
from timevis.errors import DataError

PURPOSES = ("Business", "Holiday", "Other", "Visiting")


def tourism(quarters: int = 80, regions: int = 76, start: str = "1998Q1") -> pd.DataFrame:
    """Trips by quarter, for each purpose in each region; a region lies in one state."""
    times = pd.period_range(start, periods=quarters, freq="Q").to_timestamp().strftime("%Y-%m-%d")
    parts = [
        pd.DataFrame({"Quarter": times, "Region": f"Region {r}", "State": f"State {r % 8}", "Purpose": purpose})
        for r, purpose in product(range(regions), PURPOSES)
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(Trips=np.round(np.random.default_rng(0).gamma(4, 25, len(frame)), 2))


def columns_of(frame: pd.DataFrame, **options: Any) -> Columns:
    return find_columns(Table(frame.copy(), "t.csv"), DataOptions(**options))[1]


def panel_of(frame: pd.DataFrame, **options: Any) -> Panel:
    rows, _ = to_rows(Table(frame.copy(), "t.csv"), DataOptions(**options))
    return to_panel(rows, DatasetCard("t"))


@pytest.mark.parametrize("options", [{}, {"target": ["Trips"]}])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_region_state_and_purpose_name_304_series(options: dict[str, Any], suffix: str, tmp_path: Path) -> None:
    frame, path = tourism(), tmp_path / f"tourism{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_excel(path, index=False)
    panel, report = load_panel({"path": str(path), **options})
    assert (panel.values.shape, report.duplicates) == ((80, 304), {})
    expected = frame.set_index(["Region", "Purpose", "Quarter"])["Trips"].sort_index()["Region 7", "Holiday"]
    np.testing.assert_allclose(panel.values[:, panel.channels.index("Region 7 / Holiday")], expected, rtol=1e-6)
    assert report.series_columns == ["Region", "Purpose"]
    assert panel.statics is not None
    assert set(panel.statics.names) == {"Region", "Purpose", "State"}
    assert "the table is long: Region, Purpose name the series together" in map(str, report.notes)


def test_given_columns_name_the_series_in_the_given_order() -> None:
    frame = tourism(quarters=20, regions=3)
    panel = panel_of(frame, id=("Region", "State", "Purpose"))
    assert panel.channels[0] == "Region 0 / State 0 / Business"
    assert len(panel.channels) == 12


def test_one_column_that_names_the_series_alone_is_preferred() -> None:
    frame = tourism(quarters=20, regions=3)
    frame["Series"] = frame["Region"] + frame["Purpose"]
    assert columns_of(frame).series_columns == ("Series",)


def test_the_fewest_columns_with_the_fewest_series_name_them() -> None:
    frame = tourism(quarters=20, regions=9)
    random = np.random.default_rng(0)
    frame["Remark"] = [f"remark {k}" for k in random.integers(0, 40, len(frame))]
    assert columns_of(frame).series_columns == ("Region", "Purpose")
    frame["City"] = frame["Region"].str.replace("Region", "City")
    assert columns_of(frame).series_columns == ("Region", "Purpose")
    for k in range(6):
        frame.insert(k, f"Note {k}", [f"{i} x" for i in random.integers(0, 30 + k, len(frame))])
    assert columns_of(frame).series_columns == ("Region", "Purpose")


def test_numbers_are_part_of_a_key_only_in_a_column_with_the_name_of_a_series_column() -> None:
    frame = tourism(quarters=20, regions=9).drop(columns="State")
    frame["Region"] = frame["Region"].str.removeprefix("Region ").astype(int)
    assert columns_of(frame.rename(columns={"Region": "store"})).series_columns == ("store", "Purpose")
    with pytest.raises(DataError) as error:
        panel_of(frame)
    assert "data.id=[Region,Purpose]" in str(error.value.advice)


@pytest.mark.parametrize("cells", [["clear", "rain", "fog", "snow"], ["rain", "clear"]])
def test_the_weather_of_repeated_reports_is_no_part_of_a_key(cells: list[str]) -> None:
    hours = pd.date_range("2024-01-01", periods=300, freq="h").astype(str)
    cities = [pd.DataFrame({"time": hours, "city": c, "x": np.arange(300.0)}) for c in ("Rome", "Oslo")]
    frame = pd.concat(cities, ignore_index=True)
    frame["sky"] = [cells[(7 * k // 3) % len(cells)] for k in range(len(frame))]
    again = frame.iloc[::12].assign(x=lambda f: f["x"] + 1, sky="hail")
    with pytest.raises(DataError, match="disagree"):
        panel_of(pd.concat([frame, again], ignore_index=True))
    few = pd.concat([frame, again.iloc[:3]], ignore_index=True)
    assert columns_of(few).series_columns == ("city",)
    rows, report = to_rows(Table(few, "t.csv"), DataOptions())
    assert (rows.series_names, report.duplicates["averaged"]["rows"]) == (("Oslo", "Rome"), 3)


def test_receipts_with_a_text_of_their_own_are_no_series() -> None:
    days = pd.date_range("2024-01-01", periods=100).astype(str).repeat(40)
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"day": days, "amount": random.gamma(2, 9, 4000)})
    frame["receipt"] = [f"R{k}" for k in range(4000)]
    frame["customer"] = [f"C{k}" for k in random.integers(0, 900, 4000)]
    frame["product"] = [f"P{k}" for k in random.integers(0, 300, 4000)]
    assert columns_of(frame).series_columns == ()
    with pytest.raises(DataError, match=r"t\.csv: rows with the same time disagree, first at 2024-01-01") as error:
        panel_of(frame)
    assert "averages would replace 3,900 of 4,000 rows" in str(error.value.message)
    assert "data.duplicates" in str(error.value.advice)


@pytest.mark.parametrize(("regions", "share"), [(60, "4,720 of 4,800"), (2, "80 of 160")])
def test_many_rows_at_few_times_are_refused_with_figures(regions: int, share: str) -> None:
    frame = tourism(regions=regions).query("Purpose == 'Other'").drop(columns=["State", "Purpose"])
    frame["Region"] = frame["Region"].str.removeprefix("Region ").astype(int)
    with pytest.raises(DataError, match=f"number of such times: 80.*averages would replace {share} rows") as error:
        panel_of(frame)
    assert error.value.field == "data.id"
    assert "0 with Region: set data.id, for example data.id=Region" in str(error.value.advice)


@pytest.mark.parametrize(
    ("method", "values"), [("mean", [3, 10, 8]), ("sum", [6, 10, 16]), ("first", [2, 10, 8]), ("last", [4, 10, 8])]
)
def test_the_choice_of_the_user_merges_any_number_of_rows(method: str, values: list[float]) -> None:
    times = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]).repeat(2)
    frame = pd.DataFrame({"time": times, "x": [2.0, 4.0, np.nan, 10.0, 8.0, 8.0], "heat": [1.0, 3.0] * 3})
    options = {"duplicates": method, "covariates": {"heat": "observed"}, "frequency": "D"}
    rows, report = to_rows(Table(frame, "t.csv"), DataOptions.from_config(options))
    np.testing.assert_array_equal(rows.values[:, 0], values)
    np.testing.assert_array_equal(rows.values[:, 1], [{"first": 1, "last": 3}.get(method, 2)] * 3)
    assert report.duplicates == {method: {"rows": 3, "places": [str(t) for t in times[::2]]}}


def test_the_choice_of_the_user_merges_within_the_series() -> None:
    frame = tourism(quarters=20, regions=3)
    assert len(panel_of(frame, duplicates="sum").channels) == 12
    panel = panel_of(frame, id=("Region",), duplicates="sum")
    expected = frame.groupby(["Region", "Quarter"])["Trips"].sum()["Region 1"]
    np.testing.assert_allclose(panel.values[:, panel.channels.index("Region 1")], expected, rtol=1e-6)


NAMES = st.text("ab /", min_size=1, max_size=4).filter(lambda name: name.strip())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_key_of_columns_gives_the_panel_of_one_column_with_the_joined_names(data: st.DataObject) -> None:
    first, second = (
        data.draw(st.lists(NAMES, min_size=2, max_size=4, unique_by=lambda name: name.strip())) for _ in range(2)
    )
    pairs = data.draw(st.lists(st.sampled_from(list(product(first, second))), min_size=2, unique=True))
    days, number = pd.date_range("2024-01-01", periods=12).astype(str), {pair: str(k) for k, pair in enumerate(pairs)}
    parts = [
        pd.DataFrame({"day": days, "a": a, "b": b, "name": name, "x": np.arange(12.0) + 100 * int(name)})
        for (a, b), name in number.items()
    ]
    order = np.array(data.draw(st.permutations(range(12 * len(pairs)))))
    frame = pd.concat(parts, ignore_index=True).iloc[order].reset_index(drop=True)
    together = panel_of(frame.drop(columns="name"), id=("a", "b"))
    alone = panel_of(frame, id=("name",))
    assert len(together.channels) == len(pairs)  # different series have different names
    by_values = dict(zip(map(bytes, together.values.T.copy()), together.channels, strict=True))
    assert set(by_values) == set(map(bytes, alone.values.T.copy()))
    found = columns_of(frame.drop(columns="name")).series_columns
    if len(pairs) == len(first) * len(second):
        assert found == ("a", "b")


def test_a_key_found_on_some_times_of_a_large_table_must_separate_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_key, "MAX_SEARCHED_ROWS", 200)
    frame = tourism(quarters=40, regions=9)
    assert columns_of(frame).series_columns == ("Region", "Purpose")
    frame["Purpose"] = frame["Purpose"].where(frame["Quarter"] != "1998-04-01", "Other")
    assert columns_of(frame).series_columns == ()


def test_a_later_file_is_read_with_the_key_of_the_run(tmp_path: Path) -> None:
    tourism(quarters=20, regions=3).to_csv(tmp_path / "run.csv", index=False)
    panel, report = load_panel({"path": str(tmp_path / "run.csv")})
    newer = tourism(quarters=12, regions=3, start="2003Q1")
    newer[newer["Purpose"] == "Holiday"].to_csv(tmp_path / "new.csv", index=False)
    options = DataOptions.from_config({"name": "file", "path": "run.csv", "target": ["Trips"]})
    items = load_files([tmp_path / "new.csv"], options, panel.channels, series_columns=report.series_columns)
    (item,) = items.values()
    with_values = [c for c, column in zip(item.channels, item.values.T, strict=True) if np.isfinite(column).any()]
    assert item.channels == panel.channels
    assert with_values == ["Region 0 / Holiday", "Region 1 / Holiday", "Region 2 / Holiday"]


def test_newer_rows_are_appended_to_the_series_of_the_key(tmp_path: Path) -> None:
    tourism(quarters=20, regions=3).to_csv(tmp_path / "run.csv", index=False)
    tourism(quarters=1, regions=3, start="2003Q1").to_csv(tmp_path / "new.csv", index=False)
    panel, report = load_panel({"path": str(tmp_path / "run.csv")})
    stored = json.loads(json.dumps(report.to_dict()))
    assert append_rows(tmp_path / "run.csv", tmp_path / "new.csv", tmp_path / "all.parquet", {}, stored) == 12
    whole, _ = load_panel({"path": str(tmp_path / "all.parquet")})
    assert (whole.channels, len(whole)) == (panel.channels, 21)
