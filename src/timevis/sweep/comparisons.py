"""Compare the completed runs of a sweep window by window."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from timevis.errors import RunFolderError
from timevis.evaluation.comparison import compare
from timevis.evaluation.report.comparison_report import write_comparison
from timevis.runs.record import RunRecord
from timevis.runs.results import Results
from timevis.sweep.window_set_groups import completed_runs, folder_of_group, group_by_window_set

log = logging.getLogger(__name__)

MAX_COMPARED_RUNS = 40
"""Runs up to which the tables and charts of a comparison stay readable."""


def write_comparisons(sweep: Path) -> list[Path]:
    """Compare the completed runs of each window set with the first of them.

    Window sets of one run, or of more than `MAX_COMPARED_RUNS`, are left out. Comparisons of an earlier call are
    replaced.

    Parameters
    ----------
    sweep : Path
        Sweep folder.

    Returns
    -------
    list of Path
        Folders ``comparison_<data>`` in the sweep folder; of several window sets on the same data, all but the first
        have a suffix that names the window set.
    """
    complete: list[tuple[RunRecord, Results]] = []
    for folder in completed_runs(sweep):
        try:
            record = RunRecord.load(folder)
            _ = record.config, record.windows, record.naive_windows  # a run with a damaged file is left out as well
        except RunFolderError as error:
            log.warning("left out of the comparison of runs: %s", error)
            continue
        complete.append((record, record.results))
    written: list[Path] = []
    for key, records in group_by_window_set(complete).items():
        if not 1 < len(records) <= MAX_COMPARED_RUNS:
            continue
        target = folder_of_group(sweep, "comparison", records[0].results.run.data, key, written)
        with tempfile.TemporaryDirectory(dir=sweep) as temporary:
            new = Path(temporary) / target.name
            write_comparison(compare(records, records[0]), new)
            shutil.rmtree(target, ignore_errors=True)
            new.rename(target)
        written.append(target)
    return written
