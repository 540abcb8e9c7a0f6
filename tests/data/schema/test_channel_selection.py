"""A series that is not used has no effect: the other series have the rows and the split that they have without it."""

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, reasons_of, wide_frame

from timevis.data.clean import clean
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard
from timevis.data.table import Table
from timevis.runs import reload

ROWS = 400


def hourly_rows(name: str, first: int, end: int, load=None) -> pd.DataFrame:
    """The hours from `first` to before `end` of a series, with a price that differs from other series."""
    hours = np.arange(first, end)
    time = pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h")
    noise = np.random.default_rng(ord(name)).normal(size=len(hours)).round(3)
    return pd.DataFrame({"time": time, "site": name, "load": noise if load is None else load, "price": hours % 5})


USED = (hourly_rows("a", 0, ROWS), hourly_rows("b", 200, ROWS).assign(price=7.0))
LATE = hourly_rows("c", 550, 560).assign(price=1.0)
EARLY = hourly_rows("c", -300, 350, load=5.0)
CONSTANT_AT_FIRST = hourly_rows("d", 0, ROWS, load=np.where(np.arange(ROWS) < 300, 5.0, np.arange(ROWS)))


def panel_and_report(*parts: pd.DataFrame, **options):
    columns = {"id": "site", "target": "load", "covariates": {"price": "known"}, "split_by": "axis"}
    return clean_frame(pd.concat(parts), **(columns | options))


def inputs_of_scores(panel, report, split) -> list:
    """Everything that scores are computed from, and the parts of the report that describe it."""
    data = WindowDataModule(panel, context_length=24, horizon=6, split=split, split_by="axis")
    hashes = [data.window_set_hash(), reload.data_hash(panel, data.split.test_end)]
    return [*hashes, report.split, report.rows, report.gaps, report.outliers, report.channels, report.covariates]


@pytest.mark.parametrize("unused", [[LATE], [EARLY], [EARLY.assign(site="e"), LATE]])
@pytest.mark.parametrize("split", [(0.7, 0.1, 0.2), (280, 320, 380), ("2024-01-12", "2024-01-14")])
def test_an_unused_series_changes_neither_the_split_nor_the_scores(unused, split):
    panel, report = panel_and_report(*USED, *unused, split=split)
    assert report.left_out.keys() == {part["site"].iloc[0] for part in unused}
    assert inputs_of_scores(panel, report, split) == inputs_of_scores(*panel_and_report(*USED, split=split), split)


def test_a_series_that_is_constant_in_the_training_part_of_the_used_rows_is_left_out_too():
    alone = panel_and_report(USED[0], CONSTANT_AT_FIRST)[1]
    with_late = panel_and_report(USED[0], CONSTANT_AT_FIRST, LATE)[1]
    assert reasons_of(alone.left_out) == {"d": "is constant in the training part (5)"}
    assert reasons_of(with_late.left_out) == reasons_of(alone.left_out) | {"c": "is empty in the training part"}
    assert with_late.split == alone.split


def test_a_late_series_is_used_if_each_series_is_split_by_its_own_span():
    panel, report = panel_and_report(*USED, LATE, split_by="series")
    assert panel.channels == ("a", "b", "c")
    assert not report.left_out
    assert report.split_by == "series"
    assert report.channels["c"]["observed"] == 10
    assert report.channels["c"]["missing"] == 0


def test_an_unused_column_does_not_change_the_split():
    frame = wide_frame(values=np.where((np.arange(400) >= 20) & (np.arange(400) < 350), VALUES, np.nan))
    with_unused = frame.assign(late=np.where(np.arange(400) > 380, VALUES, np.nan), flat=1.0)
    panel, report = clean_frame(with_unused)
    assert (panel.index[0], panel.index[-1], len(panel)) == (HOURS[20], HOURS[349], 330)
    assert inputs_of_scores(panel, report, (0.7, 0.1, 0.2)) == inputs_of_scores(*clean_frame(frame), (0.7, 0.1, 0.2))
    assert any("20 rows before the first value" in note for note in map(str, report.notes))


def test_future_rows_with_known_covariates_remain_for_forecasts():
    future_rows = hourly_rows("a", ROWS, ROWS + 30, load=np.nan)
    options = DataOptions.from_config(
        {"path": "t.csv", "id": "site", "target": "load", "covariates": {"price": "known"}, "split_by": "axis"}
    )
    table = Table(pd.concat([*USED, future_rows, LATE], ignore_index=True), "t.csv")
    panel, report = clean(table, options, DatasetCard("t"), future=True)
    assert len(panel) == ROWS + 30
    assert panel.covariates[-1, panel.channel_covariate_columns[0, 0]] == (ROWS + 29) % 5
    assert report.split == panel_and_report(*USED)[1].split
    assert any("130 rows after the last row of the series used" in note for note in map(str, report.notes))


def test_the_summary_gives_the_reason_why_a_column_is_not_used():
    _, report = panel_and_report(*USED, LATE)
    assert report.summary().endswith("; not used: c (is empty in the training part)")
    many_constant = wide_frame().assign(**{f"x{i}": 1.0 for i in range(10)})
    assert clean_frame(many_constant)[1].summary().endswith("x7 (is constant (1)) and 2 more")


def test_the_summary_counts_values_missing_in_some_channels_only():
    missing_in_both = np.where(np.isin(np.arange(400), (30, 31, 90)), np.nan, VALUES)
    missing_in_one = np.where(np.isin(np.arange(400), (200, 201)), np.nan, missing_in_both)
    _, report = clean_frame(pd.DataFrame({"time": HOURS, "a": missing_in_both, "b": missing_in_one}))
    assert "3 empty rows in 2 gaps; 2 values missing in other rows" in report.summary()
    _, report = clean_frame(
        pd.DataFrame({"time": HOURS, "a": VALUES, "b": np.where(np.arange(400) == 9, np.nan, VALUES)})
    )
    assert "; 1 value missing" in report.summary()
