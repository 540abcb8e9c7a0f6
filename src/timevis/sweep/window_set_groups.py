"""Group the completed runs of a sweep by the windows that they scored."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from timevis.evaluation.window_sets import comparability_key
from timevis.models.member_record import is_member_folder
from timevis.runs.results import Results
from timevis.runs.status import state_of

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
