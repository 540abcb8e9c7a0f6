"""Which runs can be compared: those that scored the same windows. Importing this module is fast."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from timevis.errors import RunFolderError
from timevis.messages import Setting, Text
from timevis.runs.results import Results

COMPARABILITY_KEYS = ("hash", "season")
"""Keys of the window_set section of results.json that must be equal for metrics to be comparable."""
WINDOW_SET_LABELS = {
    "part": Text("part"),
    "horizon": Text("horizon"),
    "split_by": Text("rule of the split"),
    "borders": Text("borders of the split"),
    "series": Text("number of series"),
    "channels": Text("channels", code="window-set-channels"),
    "freq": Text("frequency"),
    "origins": Text("number of origins"),
    "first_origin": Text("first origin"),
    "last_origin": Text("last origin"),
    "season": Text("season of MASE"),
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


def differences(a: Results, b: Results) -> Text:
    """What differs between the window sets of two runs, such as ``horizon 6 and 4``; see `comparability_key`."""
    values = [
        (name, getattr(a.window_set, key), getattr(b.window_set, key)) for key, name in WINDOW_SET_LABELS.items()
    ]
    values.append((Text("data"), a.run.data, b.run.data))
    different = [_difference(name, *pair) for name, *pair in values if pair[0] != pair[1]]
    if not different:
        return Text(
            "the cleaned values differ, because of another file or another {cleaning}",
            cleaning=Setting("data.cleaning"),
        )
    return reduce(lambda first, rest: Text("{first}; {rest}", first=first, rest=rest), different)


def _difference(name: Text, a: Any, b: Any) -> Text:
    return Text("{name} {first} and {second}", name=name, first=_shortened(a), second=_shortened(b))


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
    message = Text(
        "these runs cannot be compared: {first} has window set {first_hash}, {second} has {second_hash}; "
        "{differences}",
        first=str(folder_a),
        first_hash=results_a.window_set.hash,
        second=str(folder_b),
        second_hash=results_b.window_set.hash,
        differences=differences(results_a, results_b),
    )
    advice = Text(
        "run both with the same data, season, split, horizon and evaluation settings; model and {context_length} may "
        "differ",
        context_length=Setting("context_length"),
    )
    return RunFolderError(message, advice)


def _shortened(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_TEXT_LENGTH else text[: MAX_TEXT_LENGTH - 3] + "..."
