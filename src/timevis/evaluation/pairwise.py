"""What a comparison of many runs shows: which pairs, their training curves, and the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from timevis.config.stored import leaves
from timevis.runs.record import RunRecord

NAIVE_KEY = "seasonal_naive"
MAX_RUNS_IN_ALL_PAIRS = 8
"""With more runs, only the pairs with the reference and with seasonal naive are compared."""
IGNORED_SETTINGS = ("data.path", "data.name", "logger", "hydra", "resume", "trainer.enable_progress_bar")


def pairs_to_compare(keys: Sequence[str], reference: str | None = None) -> list[tuple[str, str]]:
    """Pairs of keys of runs: each with seasonal naive, and each with every earlier one.

    With more than `MAX_RUNS_IN_ALL_PAIRS` runs, they are compared only with seasonal naive and with `reference`.
    """
    pairs = [(key, NAIVE_KEY) for key in keys]
    if len(keys) <= MAX_RUNS_IN_ALL_PAIRS:
        return pairs + [(later, earlier) for earlier, later in combinations(keys, 2)]
    return pairs + [(key, reference) for key in keys if reference not in (None, key)]


def training_curve(record: RunRecord) -> list[dict[str, Any]]:
    """Logged steps with training loss and WQL on the tuning windows; empty without training steps."""
    by_step: dict[float, dict[str, Any]] = {}
    for row in record.history.rows:
        point = by_step.setdefault(row["step"], {"step": row["step"], "train_loss": None, "tuning": None})
        for column, name in (("train/loss", "train_loss"), ("tuning/wql", "tuning")):
            if point[name] is None:
                point[name] = row.get(column)
    if all(point["train_loss"] is None for point in by_step.values()):
        return []
    return [
        by_step[step] for step in sorted(by_step) if {by_step[step]["train_loss"], by_step[step]["tuning"]} != {None}
    ]


def differing_settings(records: Mapping[str, RunRecord]) -> list[dict[str, Any]]:
    """The dotted config keys whose values are not the same in all runs, with the value of each run."""
    settings = {key: dict(leaves(record.config)) for key, record in records.items()}
    names = dict.fromkeys(name for values in settings.values() for name in values)
    differing = []
    for name in names:
        values = {key: own.get(name) for key, own in settings.items()}
        if len({repr(value) for value in values.values()}) > 1 and not name.startswith(IGNORED_SETTINGS):
            differing.append({"key": name, "values": values})
    return differing
