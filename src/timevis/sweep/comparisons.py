"""Which runs of a sweep are compared: those that score the same windows."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from timevis.errors import RunFolderError
from timevis.evaluation.comparison import compare
from timevis.evaluation.window_sets import comparability_key
from timevis.models.member_record import is_member_folder
from timevis.report.comparison import write_comparison
from timevis.runs.record import RunRecord
from timevis.runs.results import Results
from timevis.runs.status import state_of

log = logging.getLogger(__name__)

T = TypeVar("T")


def completed_runs(sweep: Path) -> list[Path]:
    """The folders of the completed runs of a sweep without the members of ensembles, job 2 before job 10."""
    folders = [path.parent for path in sweep.rglob("status.json") if not is_member_folder(path.parent)]
    return sorted((f for f in folders if state_of(f) == "completed"), key=lambda f: (len(f.name), f.name))


def group_by_window_set(runs: Iterable[tuple[T, Results]]) -> dict[str, list[T]]:
    """Runs that can be compared with each other, by a key that names their window set."""
    groups: dict[str, list[T]] = {}
    for run, results in runs:
        groups.setdefault("_".join(comparability_key(results)), []).append(run)
    return groups


def folder_of_group(sweep: Path, kind: str, data: str, key: str, used: Iterable[Path]) -> Path:
    """The folder ``<kind>_<data>`` for a window set, with its key as a suffix if this folder is in use."""
    folder = sweep / f"{kind}_{data}"
    return folder.with_name(f"{folder.name}_{key}") if folder in used else folder


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
