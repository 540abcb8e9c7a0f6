from __future__ import annotations

import numpy as np
from panels import panel_of

from timevis.data.quality.statistics import describe_channels, find_gaps
from timevis.data.split import Split


def test_a_gap_is_a_run_of_rows_in_which_every_channel_is_missing() -> None:
    values = np.ones((20, 2), np.float32)
    values[3:5] = np.nan
    values[10:14] = np.nan
    values[16, 0] = np.nan
    gaps = find_gaps(panel_of(values))
    assert (gaps["count"], gaps["rows"], gaps["longest"]) == (2, 6, 4)
    assert [p["rows"] for p in gaps["places"]] == [4, 2]


def test_the_longest_gap_of_a_channel_is_located_independently_of_other_channels() -> None:
    values = np.ones((40, 2), np.float32)
    values[[3, 10, 11, 12, 30, 31], 1] = np.nan
    panel = panel_of(values)
    first, second = describe_channels(panel, Split.on_axis(30, 35, 40)).values()
    assert first["longest_gap"] is None
    assert second["longest_gap"] == {"rows": 3, "start": str(panel.index[10])}
