"""Charts of runs, comparisons and data.

`chart` describes a chart as data. `run_charts` and `comparison_charts` build charts. `draw_plotly` draws them for
report.html, and `draw_matplotlib` draws them as PNG files. `draw_data_report` draws the picture of a data report.
"""
