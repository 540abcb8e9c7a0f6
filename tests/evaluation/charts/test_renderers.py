import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import num2date

from timevis.evaluation.charts import plotly_figures, png_files
from timevis.evaluation.charts.chart import Chart, Mark

TIMES = pd.date_range("2024-01-01", periods=3, freq="h")
CHARTS = {
    "line": Mark("line", TIMES, [1.0, np.nan, 3.0], "truth", "truth"),
    "band": Mark("band", TIMES, [0.0, 1.0, 2.0], "interval", y2=[2.0, 3.0, 4.0]),
    "bars": Mark("bars", [0, 1, 2], [3.0, 1.0, 2.0]),
    "sideways": Mark("bars", [3.0, 1.0], ["a", "a longer name of a channel"], sideways=True),
    "points": Mark("points", [3.0, 1.0], ["a", "b"]),
    "heat": Mark("heat", [0, 1], ["Mon", "Tue"], z=np.array([[1.0, np.nan], [3.0, 4.0]])),
}


@pytest.mark.parametrize("kind", CHARTS)
def test_every_kind_of_mark_is_drawn_by_both_renderers(kind, tmp_path):
    chart = Chart(kind, "a title", "x", "y", [CHARTS[kind]])
    figure = json.loads(plotly_figures.embed(plotly_figures.figure(chart)))
    assert figure["data"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "x"
    assert png_files.save(tmp_path, kind, [chart]).read_bytes().startswith(b"\x89PNG")


def test_letters_without_a_font_are_said_once_and_other_warnings_pass(tmp_path, caplog, recwarn):
    png_files._say_once.cache_clear()
    for name in ("first", "second"):
        png_files.save(tmp_path, name, [Chart("c", "\U0010fffd", "x", "y", [CHARTS["line"]])])
    assert caplog.text.count("no font here has letters such as \U0010fffd") == 1
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_missing_values_become_null_and_times_text():
    (trace,) = plotly_figures.figure(Chart("c", "t", "", "", [CHARTS["line"]]))["data"]
    assert trace["y"] == [1.0, None, 3.0]
    assert trace["x"] == ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]


def test_embedded_data_can_not_end_a_script():
    assert "</script>" not in plotly_figures.embed({"name": "</script><script>"})
    assert json.loads(plotly_figures.embed({"name": "</script>"})) == {"name": "</script>"}


def test_charts_share_one_picture(tmp_path):
    from matplotlib.image import imread

    chart = Chart("c", "t", "", "", [CHARTS["line"], CHARTS["band"]])
    one = imread(png_files.save(tmp_path, "one", [chart]))
    four = imread(png_files.save(tmp_path, "four", [chart] * 4, one_legend=True))
    assert four.shape[0] > one.shape[0]
    assert four.shape[1] > one.shape[1]


def test_a_value_between_missing_ones_is_a_dot_and_a_gap_stays_a_gap():
    values = [1.0, np.nan, 2.0, np.nan, 3.0, 4.0, np.nan]
    chart = Chart("c", "t", "", "", [Mark("line", pd.date_range("2024-01-01", periods=7, freq="h"), values)])
    (trace,) = plotly_figures.figure(chart)["data"]
    assert trace["y"] == [1.0, None, 2.0, None, 3.0, 4.0, None]
    assert [size > 0 for size in trace["marker"]["size"]] == [True, False, True, False, False, False, False]
    (line,) = png_files.figure([chart]).axes[0].get_lines()
    assert line.get_marker() == "o"
    assert np.flatnonzero(line.get_markevery()).tolist() == [0, 2]
    np.testing.assert_array_equal(line.get_ydata(), values)
    whole = Chart("c", "t", "", "", [CHARTS["line"], Mark("line", TIMES, [1.0, 2.0, 3.0])])
    assert "marker" not in plotly_figures.figure(whole)["data"][1]
    assert png_files.figure([whole]).axes[0].get_lines()[1].get_marker() == "None"


def test_the_interval_of_a_single_step_is_seen():
    chart = Chart("c", "t", "", "", [Mark("band", TIMES[:1], [1.0], "interval", y2=[2.5])])
    (trace,) = plotly_figures.figure(chart)["data"]
    assert (trace["x"], trace["y"]) == (["2024-01-01 00:00"] * 2, [1.0, 2.5])
    assert trace["line"]["width"] > 0
    assert trace["showlegend"]
    (stroke,) = png_files.figure([chart]).axes[0].collections
    assert stroke.get_segments()[0][:, 1].tolist() == [1.0, 2.5]
    assert stroke.get_label() == "interval"
    assert stroke.get_linewidth()[0] > 1


def test_small_changes_of_large_values_are_not_rounded_away():
    pressure = 101325 + np.sin(np.arange(3)) * 4
    marks = [Mark("line", TIMES, pressure), Mark("line", TIMES, [101325.25] * 3)]
    near, flat = plotly_figures.figure(Chart("c", "t", "", "Pa", marks))["data"]
    np.testing.assert_allclose(near["y"], pressure, atol=0.004)
    assert max(len(str(v)) for v in near["y"]) <= 11
    assert flat["y"] == [101325.25] * 3
    (wide,) = plotly_figures.figure(Chart("c", "t", "", "Pa", [Mark("line", TIMES, [0.123456, 2.0, 101325.2])]))[
        "data"
    ]
    assert wide["y"] == [0.12346, 2.0, 101330.0]


def test_times_are_drawn_as_clocks_on_the_wall_show_them():
    local = pd.date_range("2024-07-01 00:00", periods=3, freq="h", tz="America/New_York")
    marks = [Mark("band", local, [0.0] * 3, y2=[1.0] * 3), Mark("line", local, [1.0, 2.0, 3.0])]
    (axes,) = png_files.figure([Chart("c", "t", "", "", marks)]).axes
    drawn = [axes.get_lines()[0].get_xdata(orig=False)[0], axes.collections[0].get_paths()[0].vertices[:, 0].min()]
    assert [num2date(x).hour for x in drawn] == [0, 0]


def test_a_heat_map_names_what_its_colours_mean_within_the_picture():
    heat = replace(CHARTS["heat"], z_label="absolute error, kW", z=np.array([[0.0123, 0.0125], [0.0127, 0.0129]]))
    chart = Chart("c", "t", "", "", [heat])
    assert plotly_figures.figure(chart)["data"][0]["colorbar"]["title"]["text"] == heat.z_label
    picture = png_files.figure([chart, chart])
    picture.draw_without_rendering()
    label = picture.axes[-1].yaxis.label
    assert label.get_text() == heat.z_label
    assert label.get_window_extent().x1 < picture.bbox.x1


def test_a_point_that_lies_on_a_hollow_one_leaves_it_seen():
    marks = [Mark("points", [3.0], ["a"], "val", "second", hollow=True), Mark("points", [3.0], ["a"], "test")]
    chart = Chart("c", "t", "", "", marks)
    ring, dot = png_files.figure([chart]).axes[0].get_lines()
    assert ring.get_markerfacecolor() == "none"
    assert ring.get_markersize() > dot.get_markersize()
    ring, dot = (trace["marker"] for trace in plotly_figures.figure(chart)["data"])
    assert ring["symbol"] == "circle-open"
    assert "symbol" not in dot


@pytest.mark.parametrize(
    ("low", "high"), [(4000, 4100), (210, 640), (658, 6878), (1.1e5, 9.9e6), (458, 44421), (0.05, 2e6), (30, 30)]
)
def test_the_ticks_of_a_logarithmic_axis_leave_room_for_each_other(low, high):
    picture = png_files.figure([Chart("c", "t", "", "", [Mark("points", [low, high], [1.0, 2.0])], log=True)])
    picture.draw_without_rendering()
    axis = picture.axes[0].xaxis
    labels = [tick.label1 for tick in axis.get_major_ticks() + axis.get_minor_ticks() if tick.label1.get_text()]
    left, right = axis.axes.bbox.intervalx
    boxes = sorted((box.x0, box.x1) for box in (label.get_window_extent() for label in labels) if box.width)
    boxes = [box for box in boxes if left - 5 <= sum(box) / 2 <= right + 5]
    assert len(boxes) > 1
    assert all(before[1] + 4 < after[0] for before, after in pairwise(boxes))
