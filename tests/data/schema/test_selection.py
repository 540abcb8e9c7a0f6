"""A series that is not used is as if it were not in the file: what is left has its own rows and its own split."""

import numpy as np
import pandas as pd
import pytest
from cleaned_tables import HOURS, VALUES, clean_frame, wide_frame

from timevis.data.cleaning.clean import clean
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard
from timevis.data.readers.table import Table
from timevis.runs import metadata

ROWS = 400


def rows_of(name: str, first: int, past: int, load=None) -> pd.DataFrame:
    """Hours `first` to before `past` of a series, with a price of its own."""
    hours = np.arange(first, past)
    time = pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h")
    noise = np.random.default_rng(ord(name)).normal(size=len(hours)).round(3)
    return pd.DataFrame({"time": time, "site": name, "load": noise if load is None else load, "price": hours % 5})


USED = (rows_of("a", 0, ROWS), rows_of("b", 200, ROWS).assign(price=7.0))
LATE = rows_of("c", 550, 560).assign(price=1.0)
EARLY = rows_of("c", -300, 350, load=5.0)
FLAT_AT_FIRST = rows_of("d", 0, ROWS, load=np.where(np.arange(ROWS) < 300, 5.0, np.arange(ROWS)))


def loaded(*parts: pd.DataFrame, **options):
    columns = {"id": "site", "target": "load", "covariates": {"price": "known"}}
    return clean_frame(pd.concat(parts), **(columns | options))


def what_runs_see(panel, report, split) -> list:
    """All that scores come from, and what is said of it."""
    data = WindowDataModule(panel, context_length=24, horizon=6, split=split)
    hashes = [data.window_set_hash(), metadata.data_hash(panel, data.split.test_end)]
    return [*hashes, report.split, report.rows, report.gaps, report.outliers, report.channels, report.covariates]


@pytest.mark.parametrize("unused", [[LATE], [EARLY], [EARLY.assign(site="e"), LATE]])
@pytest.mark.parametrize("split", [(0.7, 0.1, 0.2), (280, 320, 380), ("2024-01-12", "2024-01-14")])
def test_an_unused_series_changes_neither_the_split_nor_the_scores(unused, split):
    panel, report = loaded(*USED, *unused, split=split)
    assert report.left_out.keys() == {part["site"].iloc[0] for part in unused}
    assert what_runs_see(panel, report, split) == what_runs_see(*loaded(*USED, split=split), split)


def test_a_series_that_is_constant_in_the_training_part_of_the_used_rows_is_left_out_too():
    alone = loaded(USED[0], FLAT_AT_FIRST)[1]
    with_late = loaded(USED[0], FLAT_AT_FIRST, LATE)[1]
    assert alone.left_out == {"d": "is constant in the training part (5)"}
    assert with_late.left_out == alone.left_out | {"c": "is empty in the training part"}
    assert with_late.split == alone.split


def test_an_unused_column_does_not_change_the_split():
    frame = wide_frame(values=np.where((np.arange(400) >= 20) & (np.arange(400) < 350), VALUES, np.nan))
    ends = frame.assign(late=np.where(np.arange(400) > 380, VALUES, np.nan), flat=1.0)
    panel, report = clean_frame(ends)
    assert (panel.index[0], panel.index[-1], len(panel)) == (HOURS[20], HOURS[349], 330)
    assert what_runs_see(panel, report, (0.7, 0.1, 0.2)) == what_runs_see(*clean_frame(frame), (0.7, 0.1, 0.2))
    assert any("20 rows before the first value" in note for note in report.notes)


def test_future_rows_with_known_covariates_remain_for_forecasts():
    ahead = rows_of("a", ROWS, ROWS + 30, load=np.nan)
    options = DataOptions.from_config(
        {"path": "t.csv", "id": "site", "target": "load", "covariates": {"price": "known"}}
    )
    table = Table(pd.concat([*USED, ahead, LATE], ignore_index=True), "t.csv")
    panel, report = clean(table, options, DatasetCard("t"), future=True)
    assert len(panel) == ROWS + 30
    assert panel.covariates[-1, panel.channel_covariate_columns[0, 0]] == (ROWS + 29) % 5
    assert report.split == loaded(*USED)[1].split
    assert any("130 rows after the last row of the series used" in note for note in report.notes)


def test_the_summary_gives_the_reason_why_a_column_is_not_used():
    _, report = loaded(*USED, LATE)
    assert report.summary().endswith("; not used: c (is empty in the training part)")
    many = wide_frame().assign(**{f"x{i}": 1.0 for i in range(10)})
    assert clean_frame(many)[1].summary().endswith("x7 (is constant (1)) and 2 more")


def test_the_summary_counts_values_missing_in_some_channels_only():
    both = np.where(np.isin(np.arange(400), (30, 31, 90)), np.nan, VALUES)
    one = np.where(np.isin(np.arange(400), (200, 201)), np.nan, both)
    _, report = clean_frame(pd.DataFrame({"time": HOURS, "a": both, "b": one}))
    assert "3 empty rows in 2 gaps; 2 values missing in other rows" in report.summary()
    _, report = clean_frame(
        pd.DataFrame({"time": HOURS, "a": VALUES, "b": np.where(np.arange(400) == 9, np.nan, VALUES)})
    )
    assert "; 1 value missing" in report.summary()
