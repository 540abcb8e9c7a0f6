"""Compare every run with every other one: paired differences, training curves, and the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from timevis.config.stored import leaves
from timevis.evaluation.comparison import compare, unique_labels
from timevis.evaluation.intervals import holm
from timevis.runs.record import RunRecord

NAIVE_KEY = "seasonal_naive"
MAX_RUNS_IN_ALL_PAIRS = 8
"""With more runs, only the pairs with the reference and with seasonal naive are compared."""
PAIR_COLUMNS = ("difference", "low", "high", "percent", "percent_low", "percent_high")
IGNORED_SETTINGS = ("data.path", "data.name", "logger", "hydra", "resume", "trainer.enable_progress_bar")


def pairwise_differences(records: Mapping[str, RunRecord], reference: str | None = None) -> pd.DataFrame:
    """Differences of all pairs of runs, and of all runs from seasonal naive.

    Parameters
    ----------
    records : mapping
        Key to run; all with the same windows.
    reference : str, optional
        A key. With more than `MAX_RUNS_IN_ALL_PAIRS` runs, only pairs with it, and with seasonal naive, are compared.

    Returns
    -------
    DataFrame
        Columns a, b (keys; `NAIVE_KEY` for seasonal naive), metric, difference (a minus b), low, high, percent,
        percent_low, percent_high, p, and p_holm: p with the correction of Holm (1979) for all pairs of the metric.

    Raises
    ------
    RunFolderError
        See `timevis.evaluation.comparison.compare`.
    """
    keys = list(records)
    rows = [_differences(records, keys, None)]
    if len(keys) <= MAX_RUNS_IN_ALL_PAIRS:
        rows += [_differences(records, keys[position:], key) for position, key in enumerate(keys[:-1])]
    elif reference is not None:
        rows.append(_differences(records, keys, reference))
    table = pd.concat(rows, ignore_index=True)
    table["p_holm"] = table.groupby("metric")["p"].transform(lambda p: holm(p.to_numpy(float)))
    return table


def _differences(records: Mapping[str, RunRecord], keys: list[str], reference: str | None) -> pd.DataFrame:
    runs = [records[key] for key in keys]
    found = compare(runs, None if reference is None else records[reference]).differences
    key_of_label = dict(zip(unique_labels(runs), keys, strict=True))
    table = found[["metric", *PAIR_COLUMNS, "p"]].copy()
    table.insert(0, "a", found["run"].map(key_of_label))
    table.insert(1, "b", NAIVE_KEY if reference is None else reference)
    return table


def training_curve(record: RunRecord) -> list[dict[str, Any]]:
    """Logged steps with training loss and validation WQL; empty for a model that is not trained in steps."""
    history = record.history
    if history is None or not {"step", "train/loss"} <= set(history) or history["train/loss"].isna().all():
        return []
    columns = {"train/loss": "train_loss", "val/wql": "val"}
    table = history.reindex(columns=["step", *columns]).rename(columns=columns).dropna(subset=["step"])
    table = table.groupby("step", as_index=False).first()
    return table[table[["train_loss", "val"]].notna().any(axis=1)].astype({"step": int}).to_dict("records")


def differing_settings(records: Mapping[str, RunRecord]) -> list[dict[str, Any]]:
    """The dotted config keys whose values are not the same in all runs, with the value of each run."""
    settings = {key: dict(leaves(record.config)) for key, record in records.items()}
    names = dict.fromkeys(name for values in settings.values() for name in values)
    found = []
    for name in names:
        values = {key: own.get(name) for key, own in settings.items()}
        if len({repr(value) for value in values.values()}) > 1 and not name.startswith(IGNORED_SETTINGS):
            found.append({"key": name, "values": values})
    return found
