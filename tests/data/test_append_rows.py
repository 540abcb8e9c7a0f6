import pandas as pd
import pytest

from timevis.data.catalog import load_panel
from timevis.data.new_files import append_rows
from timevis.errors import DataError


def table(start: str, rows: int, **columns: object) -> pd.DataFrame:
    time = pd.date_range(start, periods=rows, freq="h").astype(str)
    return pd.DataFrame({"time": time, "load": [float(i % 7) for i in range(rows)], **columns})


@pytest.fixture
def earlier(tmp_path):
    table("2026-01-01", 100).to_csv(tmp_path / "earlier.csv", index=False)
    return tmp_path / "earlier.csv"


def append(earlier, newer: pd.DataFrame):
    path, target = earlier.with_name("newer.csv"), earlier.with_name("both.parquet")
    newer.to_csv(path, index=False)
    report = load_panel({"path": str(earlier)})[1].to_dict()
    return append_rows(earlier, path, target, {}, report), target


def test_newer_rows_follow_the_earlier_ones(earlier):
    added, target = append(earlier, table("2026-01-05 06:00", 2))
    panel, report = load_panel({"path": str(target)})
    assert (added, len(panel), report.gaps["rows"]) == (2, 104, 2)
    assert panel.values[[99, 102, 103], 0].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("newer", "message"),
    [
        (table("2026-01-03", 5), "not after the last row so far"),
        (table("2026-01-06", 5).rename(columns={"load": "power"}), "has no column 'load'"),
        (table("2026-01-06", 5, wind=1.0), "has a column 'wind'"),
        (table("2026-01-06", 5).assign(load="high"), "load"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_is_written(earlier, newer, message):
    with pytest.raises(DataError, match=message):
        append(earlier, newer)
    assert not earlier.with_name("both.parquet").exists()
