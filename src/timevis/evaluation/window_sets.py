"""Which runs can be compared: those that scored the same windows. Importing this module is fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from timevis.errors import RunFolderError
from timevis.runs.results import Results

COMPARABILITY_KEYS = ("hash", "season")
"""Keys of the window_set section of results.json that must be equal for metrics to be comparable."""
WINDOW_SET_LABELS = {
    "part": "part",
    "horizon": "horizon",
    "split_by": "rule of the split",
    "borders": "borders of the split",
    "series": "number of series",
    "channels": "channels",
    "freq": "frequency",
    "origins": "number of origins",
    "first_origin": "first origin",
    "last_origin": "last origin",
    "season": "season of MASE",
}
MIN_SERIES = 20
"""Scored series from which on intervals treat whole series as independent, if each has its own borders."""
MAX_TEXT_LENGTH = 60


def comparability_key(results: Results) -> tuple[str, ...]:
    """What the results of runs that can be compared have in common.

    Parameters
    ----------
    results : Results
    """
    return tuple(str(getattr(results.window_set, key)) for key in COMPARABILITY_KEYS)


def differences(a: Results, b: Results) -> list[str]:
    """What differs between the window sets of two runs, such as ``horizon 6 and 4``; see `comparability_key`."""
    set_a, set_b = a.window_set, b.window_set
    found = [
        f"{name} {_shortened(getattr(set_a, key))} and {_shortened(getattr(set_b, key))}"
        for key, name in WINDOW_SET_LABELS.items()
        if getattr(set_a, key) != getattr(set_b, key)
    ]
    data_a, data_b = a.run.data, b.run.data
    if data_a != data_b:
        found.append(f"data {_shortened(data_a)} and {_shortened(data_b)}")
    return found or ["the cleaned values differ, because of another file or another data.cleaning"]


def largest_comparable_group(results: Sequence[Results], reference: int | None = None) -> list[int]:
    """Positions of the runs that can be compared with most others, or with the run at the position `reference`.

    Of several groups of one size, the one of the first run is taken.
    """
    keys = [comparability_key(one) for one in results]
    chosen = max(keys, key=keys.count) if reference is None else keys[reference]
    return [position for position, key in enumerate(keys) if key == chosen]


def not_comparable_error(a: tuple[Path, Results], b: tuple[Path, Results]) -> RunFolderError:
    """The error for two runs, each given by its folder and its results, that did not score the same windows."""
    (folder_a, results_a), (folder_b, results_b) = a, b
    return RunFolderError(
        f"these runs cannot be compared: {folder_a} has window set {results_a.window_set.hash}, {folder_b} has "
        f"{results_b.window_set.hash}; {'; '.join(differences(results_a, results_b))}",
        "run both with the same data, season, split, horizon and evaluation settings; model and context_length may "
        "differ",
    )


def _shortened(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_TEXT_LENGTH else text[: MAX_TEXT_LENGTH - 3] + "..."
