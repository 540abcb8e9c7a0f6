import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import panel_of

from timevis.data.split import StoredSplit, make_split, parse_split, split_panel, split_rows
from timevis.errors import ConfigError, DataError


def test_fractions_split_the_rows_in_order():
    split = make_split(1000, parse_split([0.7, 0.1, 0.2]), 48, 12)
    assert (split.train_end, split.val_end, split.test_end) == (700, 800, 1000)


def test_row_borders_are_used_unchanged_and_later_rows_are_unused():
    split = make_split(17420, parse_split([8640, 11520, 14400]), 720, 96)
    assert split.part("test") == (11520, 14400)
    assert len(split.origins("test", 720, 96)) == 2880 - 96 + 1


@given(rows=st.integers(300, 3000), context=st.integers(1, 60), horizon=st.integers(1, 24))
def test_every_target_lies_completely_in_its_part(rows, context, horizon):
    split = make_split(rows, parse_split([0.6, 0.2, 0.2]), context, horizon)
    for part in ("train", "val", "test"):
        start, end = split.part(part)
        origins = split.origins(part, context, horizon)
        assert origins[0] >= max(start, context)
        assert origins[-1] + horizon <= end


@given(rows=st.integers(300, 3000), context=st.integers(1, 60), horizon=st.integers(1, 24))
def test_the_halves_of_validation_hold_windows_and_share_rows_only_within_less_than_two_horizons(
    rows, context, horizon
):
    split = make_split(rows, parse_split([0.6, 0.1, 0.2]), context, horizon)
    first, second = (split.origins(half, context, horizon) for half in ("first_half", "second_half"))
    assert first
    assert second
    assert second[-1] + horizon == split.val_end
    assert (first[-1] + horizon > second[0]) == (split.val_end - split.train_end < 2 * horizon)


@pytest.mark.parametrize("spec", [[0.5, 0.5], [0.7, 0.2, 0.2], [0.5, 0, 0.5], [100, 90, 200], [1.5, 20, 30]])
def test_an_invalid_split_is_an_error_that_names_the_key(spec):
    with pytest.raises(ConfigError, match=r"data\.split"):
        make_split(1000, parse_split(spec), 24, 12)


def test_the_error_of_a_short_series_names_a_sufficient_number_of_rows():
    with pytest.raises(DataError, match="has 200 rows") as error:
        make_split(200, parse_split([0.7, 0.1, 0.2]), 168, 24)
    need = int(str(error.value.advice).split()[1])
    make_split(need, parse_split([0.7, 0.1, 0.2]), 168, 24)


@given(rows=st.integers(1, 40), context=st.integers(1, 10), horizon=st.integers(1, 4))
def test_the_number_of_rows_needed_is_the_next_one_that_suffices(rows: int, context: int, horizon: int) -> None:
    try:
        make_split(rows, parse_split([0.7, 0.1, 0.2]), context, horizon)
    except DataError as error:
        need = int(str(error.advice).split()[1])
        make_split(need, parse_split([0.7, 0.1, 0.2]), context, horizon)
        for fewer in range(rows + 1, need):
            with pytest.raises(DataError):
                make_split(fewer, parse_split([0.7, 0.1, 0.2]), context, horizon)


@pytest.mark.parametrize(
    ("context", "horizon", "expected"),
    [
        (1, 1, "give more rows, or another data.split"),
        (2, 1, "a smaller context_length, or another data.split"),
        (1, 2, "a smaller horizon, or another data.split"),
    ],
)
def test_a_length_of_one_row_is_not_to_become_smaller(context: int, horizon: int, expected: str) -> None:
    with pytest.raises(DataError) as error:
        make_split(3, parse_split([0.7, 0.1, 0.2]), context, horizon)
    assert str(error.value.advice).endswith(expected)


@given(rows=st.integers(12, 400), context=st.integers(1, 300), horizon=st.integers(1, 100))
def test_the_proposed_lengths_fit(rows: int, context: int, horizon: int) -> None:
    try:
        make_split(rows, parse_split([0.7, 0.1, 0.2]), context, horizon)
    except DataError as error:
        proposed = {key: int(new) for key, new in re.findall(r"(context_length|horizon)=(\d+)", str(error.advice))}
        assert proposed
        make_split(
            rows,
            parse_split([0.7, 0.1, 0.2]),
            proposed.get("context_length", context),
            proposed.get("horizon", horizon),
        )


@pytest.mark.parametrize(
    ("rows", "spec", "context", "horizon", "expected", "unexpected"),
    [
        (60, [0.7, 0.1, 0.2], 14, 7, "validation part has 6 rows and needs 7", "context_length"),
        (60, [0.5, 0.25, 0.25], 28, 7, "training part has 30 rows and needs 35", "validation"),
        (300, [100, 110, 300], 50, 24, "validation part has 10 rows and needs 24", "rows are needed"),
        (100, [60, 80, 120], 10, 5, "about 120 rows are needed", "part"),
    ],
)
def test_the_part_that_is_too_short_is_named(rows, spec, context, horizon, expected, unexpected):
    with pytest.raises(DataError) as caught:
        make_split(rows, parse_split(spec), context, horizon)
    assert expected in str(caught.value.advice)
    assert unexpected not in str(caught.value.advice)


def panel(freq: str = "h", rows: int = 1000, zone: str | None = None):
    """A panel that starts on 2018-01-01 in the time of the zone."""
    start = pd.Timestamp("2018-01-01", tz=zone)
    index = pd.date_range(start.tz_convert("UTC") if zone else start, periods=rows, freq=freq)
    return panel_of(np.arange(rows), index=index, freq=freq, timezone=zone)


@pytest.mark.parametrize(
    ("spec", "rows"),
    [
        (["2018-01-21", "2018-02-01"], [480, 744, 1000]),
        ([date(2018, 1, 21), date(2018, 2, 1)], [480, 744, 1000]),
        (["2018-01-21 05:30", "2018-02", "2018-02-03T00:00"], [486, 744, 792]),
        (["2018-01-21", "2018-02-01", "2018-02-11 16:00"], [480, 744, 1000]),
        ([480, 744, 1000], [480, 744, 1000]),
        (["480", "744", 1000.0], [480, 744, 1000]),
    ],
)
def test_a_time_becomes_the_first_row_at_or_after_it(spec, rows):
    assert split_rows(panel(), parse_split(spec)).borders.tolist() == rows


def test_times_are_in_the_zone_of_the_data_and_only_rows_with_targets_are_split():
    times = parse_split(["2018-01-21", "2018-02-01 01:00+02:00"])
    assert split_rows(panel(zone="Europe/Berlin"), times, rows=900).borders.tolist() == [480, 744, 900]
    assert split_rows(panel("MS", 8), parse_split(["2018-02-15", "2018-05"])).borders.tolist() == [2, 4, 8]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (["2017-12-31", "2018-02-01"], "leaves the training part without a row"),
        (["2018-02-01", "2018-01-21"], "leaves the validation part without a row"),
        (["2018-02-01 00:10", "2018-02-01 00:20"], "leaves the validation part without a row"),
        (["2018-01-21", "2018-03-01"], "leaves the test part without a row"),
        (["2018-01-21", "2018-02-01", "2018-02-11 16:01"], "ends after the data"),
    ],
)
def test_times_that_leave_a_part_empty_are_an_error_that_names_the_key_and_the_span_of_the_data(spec, expected):
    with pytest.raises(DataError, match=rf"test: data\.split=.*{spec[0]}.* {expected}") as caught:
        split_rows(panel(), parse_split(spec))
    assert "the data reach from 2018-01-01 00:00:00 to 2018-02-11 15:00:00" in str(caught.value.advice)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (["2018-01-21", "01.02.2018"], "'01.02.2018' is not a time"),
        (["2018-02-30", "2018-03-01"], "'2018-02-30' is not a time"),
        (["train", "test"], "'train' is not a time"),
        (["2018-01-21"], "is not a split"),
        ([2017, 2018], "is not a split"),
        ([0.7, "2018-01-21", 0.2], "is not a split"),
    ],
)
def test_an_invalid_split_is_an_error_before_data_are_read_and_the_advice_shows_valid_forms(spec, expected):
    with pytest.raises(ConfigError, match=rf"data\.split=.*{expected}") as caught:
        parse_split(spec)
    assert "[0.7,0.1,0.2]" in str(caught.value.advice)
    assert "[2018-01-01,2018-04-01]" in str(caught.value.advice)


def long_panel(spans: list[tuple[int, int]], rows: int = 400):
    """A panel of a long table whose series have values in these rows."""
    values = np.full((rows, len(spans)), np.nan)
    for c, (start, end) in enumerate(spans):
        values[start:end, c] = np.arange(end - start)
    return panel_of(values, series=np.arange(len(spans)))


SPANS = [(0, 400), (0, 200), (150, 250)]


@pytest.mark.parametrize(
    ("spec", "borders"),
    [
        ([0.7, 0.1, 0.2], [[280, 320, 400], [140, 160, 200], [220, 230, 250]]),
        ([0.5, 0.2, 0.2], [[200, 280, 360], [100, 140, 180], [200, 220, 240]]),
        ({"val": 24, "test": 12}, [[364, 388, 400], [164, 188, 200], [214, 238, 250]]),
    ],
)
def test_shares_and_last_rows_are_those_of_the_span_of_each_series(spec, borders):
    split = split_rows(long_panel(SPANS), parse_split(spec))
    assert split.by_series
    assert split.borders.tolist() == borders
    assert split.starts.tolist() == [0, 0, 150]


@pytest.mark.parametrize("spec", [[0.7, 0.1, 0.2], {"val": 40, "test": 80}])
def test_the_common_axis_is_split_if_the_spans_are_equal_or_the_table_is_wide_or_the_config_asks_for_it(spec):
    wide = long_panel(SPANS)
    panels = [(long_panel([(0, 400)] * 3), "series"), (panel_of(wide.values), "series"), (wide, "axis")]
    for panel_, by in panels:
        split = split_rows(panel_, parse_split(spec), by)
        assert not split.by_series
        assert split.borders.tolist() == [280, 320, 400]


@pytest.mark.parametrize("spec", [[280, 320, 400], ["2024-01-12T16:00", "2024-01-14T08:00"]])
def test_row_borders_and_times_are_on_the_common_axis(spec):
    split = split_rows(long_panel(SPANS), parse_split(spec))
    assert not split.by_series
    assert split.borders.tolist() == [280, 320, 400]


def test_the_channels_of_one_series_have_the_same_span():
    values = np.full((400, 3), np.nan)
    values[:200, 0] = values[10:190, 1] = values[:, 2] = 1
    split = split_rows(panel_of(values, series=np.array([0, 0, 1])), parse_split([0.7, 0.1, 0.2]))
    assert split.borders.tolist() == [[140, 160, 200], [140, 160, 200], [280, 320, 400]]


def test_all_rows_of_a_series_without_a_test_window_are_training_rows():
    split = split_panel(long_panel(SPANS), parse_split([0.7, 0.1, 0.2]), 24, 30)
    assert split.scored(24, 30).tolist() == [True, True, False]
    assert split.borders.tolist() == [[280, 320, 400], [140, 160, 200], [250, 250, 250]]
    assert split.origin_bounds("train", 24, 30)[1].tolist() == [251, 111, 221]


def test_an_error_names_the_longest_series_if_all_are_too_short():
    with pytest.raises(DataError, match=r"the longest series, 'c0', has 400 rows, too few") as caught:
        split_panel(long_panel(SPANS), parse_split([0.7, 0.1, 0.2]), 24, 100)
    assert "the validation part has 40 rows and needs 100" in str(caught.value.advice)


def test_the_stored_split_of_a_run_is_found_by_the_names_of_the_channels():
    panel_ = long_panel(SPANS)
    split = split_rows(panel_, parse_split([0.7, 0.1, 0.2]))
    rows = np.column_stack([split.starts, split.borders]).tolist()
    stored = StoredSplit(zip(panel_.channels, map(tuple, rows), strict=True))
    again = split_rows(panel_.select(channels=[2, 0]), stored)
    assert again.borders.tolist() == split.borders[[2, 0]].tolist()
    assert again.starts.tolist() == [150, 0]


@pytest.mark.parametrize("spec", [{"val": 24}, {"val": 0, "test": 12}, {"val": 2.5, "test": 12}, {"validation": 1}])
def test_last_rows_need_two_whole_numbers(spec):
    with pytest.raises(ConfigError, match=r"data\.split=.* is not a split"):
        parse_split(spec)
