"""Write report.html and the charts of a run as PNG files, both in English."""

from __future__ import annotations

from pathlib import Path

from timevis.evaluation.charts.draw_matplotlib import save_png
from timevis.evaluation.report.report_page import NUM_EXAMPLES, RunCharts, charts_of, page_of
from timevis.runs.record import RunRecord
from timevis.utils.files import write_text


def write_report(run_folder: Path | str) -> Path:
    """Write ``report.html`` and ``plots/*.png`` into a run folder, from the files in the folder.

    Parameters
    ----------
    run_folder : path
        Folder of a run that was scored.

    Returns
    -------
    Path
        The HTML file, which needs no other file and no network.
    """
    record = RunRecord.load(run_folder)
    charts = charts_of(record)
    _write_pngs(record.folder / "plots", charts)
    path = record.folder / "report.html"
    write_text(path, page_of(record, charts))
    return path


def _write_pngs(folder: Path, charts: RunCharts) -> None:
    """Write forecasts.png, worst_windows.png and a picture for each section."""
    for name, windows in (("forecasts", charts.examples), ("worst_windows", charts.worst[:NUM_EXAMPLES])):
        if windows:
            save_png(folder, name, windows, one_legend=True)
    for name, panels in charts.sections.items():
        if panels:
            save_png(folder, name, panels)
