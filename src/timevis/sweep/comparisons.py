"""The runs of a sweep against each other, window by window."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from timevis.errors import RunFolderError
from timevis.evaluation.comparison import COMPARABLE, compare
from timevis.evaluation.report.comparison_files import write_comparison
from timevis.runs.record import RunRecord
from timevis.runs.status import read_status

log = logging.getLogger(__name__)

MOST = 40  # runs that a table and a picture still show


def write_comparisons(sweep: Path) -> list[Path]:
    """Compare the completed runs of each window set with the first of them; folders ``comparison_<data>``.

    A window set that one run forecast, or more than `MOST`, is left out. What an earlier call wrote is replaced.
    """
    folders = [path.parent for path in sweep.rglob("status.json") if _completed(path.parent)]
    sets: dict[str, list[RunRecord]] = {}
    for folder in sorted(folders, key=lambda f: (len(f.name), f.name)):  # job 2 before job 10
        try:
            record = RunRecord.load(folder)
        except RunFolderError as error:
            log.warning("left out of the paired differences: %s", error)
            continue
        key = "_".join(str(record.results["window_set"][name]) for name in COMPARABLE)
        sets.setdefault(key, []).append(record)
    written: list[Path] = []
    for name, records in sets.items():
        if not 1 < len(records) <= MOST:
            continue
        target = sweep / f"comparison_{records[0].results['run']['data']}"
        if target in written:
            target = target.with_name(f"{target.name}_{name}")
        with tempfile.TemporaryDirectory(dir=sweep) as scratch:
            fresh = Path(scratch) / target.name
            write_comparison(compare(records, records[0]), fresh)
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
        written.append(target)
    return written


def _completed(folder: Path) -> bool:
    return (read_status(folder) or {}).get("state") == "completed"
