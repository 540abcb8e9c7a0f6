"""A table of events: times, days and open ends, and errors that name the cell."""

from __future__ import annotations

import pandas as pd
import pytest

from timevis.data.events import rows_of_events
from timevis.data.read_events import read_events
from timevis.errors import DataError


def test_a_date_in_the_column_to_includes_the_day_and_an_empty_cell_has_no_end(tmp_path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(
        "from,to,text\n2024-05-07,2024-05-07,closed\n2024-05-08 07:00,2024-05-08 15:00,道路施工\n"
        '2024-05-09 00:00,,"traffic doubles, they say"\n',
        encoding="utf-8",
    )
    events = read_events(path)
    assert [event.text for event in events] == ["closed", "道路施工", "traffic doubles, they say"]
    rows = rows_of_events(events, pd.date_range("2024-05-07", periods=72, freq="h", tz="Asia/Shanghai"))
    assert [(part.start, part.end) for part in rows] == [(0, 24), (31, 39), (48, 72)]


def test_a_list_is_read_like_a_table_and_an_error_names_the_entry() -> None:
    closed = {"from": "2024-05-07", "to": "2024-05-07", "text": "closed"}
    (day, late) = read_events([closed, {"from": "2024-05-08 07:00", "text": " 道路施工 "}])
    assert (day.start, day.end) == (pd.Timestamp("2024-05-07"), pd.Timestamp("2024-05-08"))
    assert (late.end, late.text) == (None, "道路施工")
    for wrong, column in (
        ({"from": "soon"}, "from"),
        ({"from": "2024-05-07T07:00+02:00"}, "from"),
        ({"from": None}, "from"),
        ({"to": "2024-05-06"}, "to"),
        ({"text": " "}, "text"),
        ({"end": "2024-05-08"}, "end"),
    ):
        with pytest.raises(DataError, match=f"events, index 1.*'{column}'") as caught:
            read_events([closed, closed | wrong])
        assert caught.value.field == f"events/1/{column}"


def test_an_event_far_from_the_data_has_no_rows() -> None:
    (event,) = read_events([{"from": "9999-12-31", "to": "9999-12-31", "text": "closed"}])
    assert rows_of_events([event], pd.date_range("2024-05-07", periods=72, freq="h")) == ()


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ("2024-13-01,,closed", "events.csv, row 2, column 'from'"),
        ("2024-05-07,2024-05-06,closed", "events.csv, row 2, column 'to'"),
        ("2024-05-07,,closed\n2024-05-08,,", "events.csv, row 3, column 'text'"),
        (",2024-05-06,closed", "events.csv, row 2, column 'from'"),
    ],
)
def test_an_error_names_file_row_and_column(tmp_path, rows: str, place: str) -> None:
    path = tmp_path / "events.csv"
    path.write_text(f"from,to,text\n{rows}\n", encoding="utf-8")
    with pytest.raises(DataError, match=place):
        read_events(path)
    path.write_text("from,text\n2024-05-07,closed\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column is named 'to'"):
        read_events(path)
