import html
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import num2date
from matplotlib.text import Text

from timevis.report.chart import Chart, Mark
from timevis.report.draw_matplotlib import draw_figure, save_png
from timevis.report.draw_plotly import json_for_html, plotly_figure

TIMES = pd.date_range("2024-01-01", periods=3, freq="h")
MARKS = {
    "line": Mark("line", TIMES, [1.0, np.nan, 3.0], "truth", "truth"),
    "band": Mark("band", TIMES, [0.0, 1.0, 2.0], "interval", y2=[2.0, 3.0, 4.0]),
    "bars": Mark("bars", [0, 1, 2], [3.0, 1.0, 2.0]),
    "horizontal bars": Mark("bars", [3.0, 1.0], ["a", "a longer name of a channel"], horizontal=True),
    "points": Mark("points", [3.0, 1.0], ["a", "b"]),
    "heat": Mark("heat", [0, 1], ["Mon", "Tue"], z=np.array([[1.0, np.nan], [3.0, 4.0]])),
}


@pytest.mark.parametrize("kind", MARKS)
def test_plotly_and_matplotlib_draw_every_kind_of_mark(kind, tmp_path):
    chart = Chart(kind, "a title", "x", "y", [MARKS[kind]])
    figure = json.loads(json_for_html(plotly_figure(chart)))
    assert figure["data"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "x"
    assert save_png(tmp_path, kind, [chart]).read_bytes().startswith(b"\x89PNG")


def test_characters_without_a_font_are_logged_once_and_other_warnings_are_not_suppressed(tmp_path, caplog, recwarn):
    for name in ("first", "second"):
        save_png(tmp_path, name, [Chart("c", "\U0010fffd", "x", "y", [MARKS["line"]])])
    assert caplog.text.count("no installed font has characters such as \U0010fffd") == 1
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_missing_values_become_null_and_times_become_text():
    (trace,) = plotly_figure(Chart("c", "t", "", "", [MARKS["line"]]))["data"]
    assert trace["y"] == [1.0, None, 3.0]
    assert trace["x"] == ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]


def test_json_for_html_cannot_close_a_script_element():
    assert "</script>" not in json_for_html({"name": "</script><script>"})
    assert json.loads(json_for_html({"name": "</script>"})) == {"name": "</script>"}


def test_several_charts_are_panels_of_one_figure(tmp_path):
    from matplotlib.image import imread

    chart = Chart("c", "t", "", "", [MARKS["line"], MARKS["band"]])
    one = imread(save_png(tmp_path, "one", [chart]))
    four = imread(save_png(tmp_path, "four", [chart] * 4, one_legend=True))
    assert four.shape[0] > one.shape[0]
    assert four.shape[1] > one.shape[1]


def test_a_value_between_missing_ones_is_drawn_as_a_dot_and_gaps_stay_gaps():
    values = [1.0, np.nan, 2.0, np.nan, 3.0, 4.0, np.nan]
    chart = Chart("c", "t", "", "", [Mark("line", pd.date_range("2024-01-01", periods=7, freq="h"), values)])
    (trace,) = plotly_figure(chart)["data"]
    assert trace["y"] == [1.0, None, 2.0, None, 3.0, 4.0, None]
    assert [size > 0 for size in trace["marker"]["size"]] == [True, False, True, False, False, False, False]
    (line,) = draw_figure([chart]).axes[0].get_lines()
    assert line.get_marker() == "o"
    assert np.flatnonzero(line.get_markevery()).tolist() == [0, 2]
    np.testing.assert_array_equal(line.get_ydata(), values)
    complete = Chart("c", "t", "", "", [MARKS["line"], Mark("line", TIMES, [1.0, 2.0, 3.0])])
    assert "marker" not in plotly_figure(complete)["data"][1]
    assert draw_figure([complete]).axes[0].get_lines()[1].get_marker() == "None"


def test_the_band_of_a_single_step_is_visible():
    chart = Chart("c", "t", "", "", [Mark("band", TIMES[:1], [1.0], "interval", y2=[2.5])])
    (trace,) = plotly_figure(chart)["data"]
    assert (trace["x"], trace["y"]) == (["2024-01-01 00:00"] * 2, [1.0, 2.5])
    assert trace["line"]["width"] > 0
    assert trace["showlegend"]
    (stroke,) = draw_figure([chart]).axes[0].collections
    assert stroke.get_segments()[0][:, 1].tolist() == [1.0, 2.5]
    assert stroke.get_label() == "interval"
    assert stroke.get_linewidth()[0] > 1


def test_small_differences_between_large_values_are_not_rounded_away():
    pressure = 101325 + np.sin(np.arange(3)) * 4
    marks = [Mark("line", TIMES, pressure), Mark("line", TIMES, [101325.25] * 3)]
    varying, constant = plotly_figure(Chart("c", "t", "", "Pa", marks))["data"]
    np.testing.assert_allclose(varying["y"], pressure, atol=0.004)
    assert max(len(str(v)) for v in varying["y"]) <= 11
    assert constant["y"] == [101325.25] * 3
    (wide,) = plotly_figure(Chart("c", "t", "", "Pa", [Mark("line", TIMES, [0.123456, 2.0, 101325.2])]))["data"]
    assert wide["y"] == [0.12346, 2.0, 101330.0]


def test_times_with_a_time_zone_are_drawn_in_local_time():
    local = pd.date_range("2024-07-01 00:00", periods=3, freq="h", tz="America/New_York")
    marks = [Mark("band", local, [0.0] * 3, y2=[1.0] * 3), Mark("line", local, [1.0, 2.0, 3.0])]
    (axes,) = draw_figure([Chart("c", "t", "", "", marks)]).axes
    drawn = [axes.get_lines()[0].get_xdata(orig=False)[0], axes.collections[0].get_paths()[0].vertices[:, 0].min()]
    assert [num2date(x).hour for x in drawn] == [0, 0]


def test_the_colour_bar_of_a_heat_map_has_a_label_inside_the_figure():
    heat_map = replace(MARKS["heat"], z_label="absolute error, kW", z=np.array([[0.0123, 0.0125], [0.0127, 0.0129]]))
    chart = Chart("c", "t", "", "", [heat_map])
    assert plotly_figure(chart)["data"][0]["colorbar"]["title"]["text"] == heat_map.z_label
    figure = draw_figure([chart, chart])
    figure.draw_without_rendering()
    label = figure.axes[-1].yaxis.label
    assert label.get_text() == heat_map.z_label
    assert label.get_window_extent().x1 < figure.bbox.x1


def test_a_hollow_point_stays_visible_around_a_point_at_the_same_place():
    marks = [Mark("points", [3.0], ["a"], "val", "second", hollow=True), Mark("points", [3.0], ["a"], "test")]
    chart = Chart("c", "t", "", "", marks)
    ring, dot = draw_figure([chart]).axes[0].get_lines()
    assert ring.get_markerfacecolor() == "none"
    assert ring.get_markersize() > dot.get_markersize()
    ring, dot = (trace["marker"] for trace in plotly_figure(chart)["data"])
    assert ring["symbol"] == "circle-open"
    assert "symbol" not in dot


@pytest.mark.parametrize(
    ("low", "high"), [(4000, 4100), (210, 640), (658, 6878), (1.1e5, 9.9e6), (458, 44421), (0.05, 2e6), (30, 30)]
)
def test_the_tick_labels_of_a_logarithmic_axis_do_not_overlap(low, high):
    figure = draw_figure([Chart("c", "t", "", "", [Mark("points", [low, high], [1.0, 2.0])], log_x=True)])
    figure.draw_without_rendering()
    axis = figure.axes[0].xaxis
    labels = [tick.label1 for tick in axis.get_major_ticks() + axis.get_minor_ticks() if tick.label1.get_text()]
    left, right = axis.axes.bbox.intervalx
    boxes = sorted((box.x0, box.x1) for box in (label.get_window_extent() for label in labels) if box.width)
    boxes = [box for box in boxes if left - 5 <= sum(box) / 2 <= right + 5]
    assert len(boxes) > 1
    assert all(before[1] + 4 < after[0] for before, after in pairwise(boxes))


@pytest.mark.parametrize(
    "name", ["$\\frac$ and $", "<b>x</b>", '<a href="javascript:alert(1)">', "a &amp; b", "$x_1$"]
)
def test_the_name_of_a_channel_is_drawn_as_text(name, tmp_path):
    line, bars = Mark("line", [0, 1], [1.0, 2.0], name), Mark("bars", [3.0, 1.0], [name, "b"], horizontal=True)
    charts = [Chart("c", name, name, name, [line, replace(line, name="b")]), Chart("d", name, "x", "y", [bars])]
    save_png(tmp_path, "chart", charts)
    texts = [text for text in draw_figure(charts).findobj(Text) if name in text.get_text()]
    assert len(texts) >= 5
    assert not any(text.get_parse_math() for text in texts)
    shown = html.escape(name, quote=False)
    figure = plotly_figure(charts[0])
    assert (figure["data"][0]["name"], figure["layout"]["yaxis"]["title"]["text"]) == (shown, shown)
    assert plotly_figure(charts[1])["data"][0]["y"] == [shown, "b"]


def test_a_picture_of_two_rows_is_lower_than_one_of_nine_and_keeps_its_points_off_the_edge():
    heights = []
    for rows in (2, 9):
        values = np.linspace(0.05, 0.09, rows)
        figure = draw_figure(
            [Chart("rows", "Rows", "WQL", "", [Mark("points", values, [f"m{i}" for i in range(rows)])])]
        )
        left, right = figure.axes[0].get_xlim()
        assert left < values.min() - 0.001
        assert values.max() + 0.001 < right
        heights.append(figure.axes[0].get_position().height * figure.get_figheight())
    assert heights[0] < 0.5 * heights[1]
