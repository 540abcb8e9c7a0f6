"""Finished runs, whose results are kept in memory: those of tens of thousands of series take seconds to read."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock

from timevis.runs.record import RunRecord

CACHED_RUNS = 8
_LOCKS = tuple(Lock() for _ in range(64))


def scored_run(folder: Path) -> RunRecord:
    """The record of a finished run; new results are read again, and by one of the requests that arrive together.

    Raises
    ------
    RunFolderError
        The run has no results, or its results are damaged.
    """
    with _LOCKS[hash(folder) % len(_LOCKS)]:
        return _load(folder, changed_at(folder))


def changed_at(folder: Path) -> int:
    """The time of the results of a run, in nanoseconds; 0 if it has none."""
    results = folder / "results.json"
    return results.stat().st_mtime_ns if results.is_file() else 0


@lru_cache(maxsize=CACHED_RUNS)
def _load(folder: Path, changed: int) -> RunRecord:
    return RunRecord.load(folder)
