"""Comparisons over seeds, and of every pair of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from operator import itemgetter
from typing import Any

import pandas as pd

from timevis.config.stored import leaves
from timevis.evaluation.bootstrap import holm
from timevis.evaluation.significance import RunScores, paired_differences
from timevis.evaluation.verdict import is_reference
from timevis.messages import Text
from timevis.metrics.specs import METRICS
from timevis.runs.record import RunRecord

COLUMNS_OVER_SEEDS = (
    *("run", "seeds", "metric", "value", "lowest", "highest"),
    *("percent", "percent_low", "percent_high", "p", "p_holm"),
)
IGNORED_SETTINGS = ("seed", "logger.", "hydra.", "resume", "trainer.enable_progress_bar")
"""Config keys in which runs with different seeds of one model may differ."""


def groups_by_all_but_seed(records: Mapping[str, RunRecord]) -> list[list[str]]:
    """Keys of the runs of the same model, settings and inputs, whatever their seeds.

    Parameters
    ----------
    records : mapping
        Key of a run to the run.

    Returns
    -------
    list of list of str
        In the order of the first run of each group.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for key, record in records.items():
        run = record.results.run
        settings = [pair for pair in leaves(record.config) if not pair[0].startswith(IGNORED_SETTINGS)]
        weights = (run.backbone or {}).get("fingerprint")
        members = tuple(member.source for member in run.members)  # finished runs are not in the config
        same = (run.label, weights, members, tuple(run.covariates_read), repr(sorted(settings, key=itemgetter(0))))
        groups.setdefault(same, []).append(key)
    return list(groups.values())


def over_seeds_table(groups: Mapping[str, Sequence[RunScores]], reference: str, horizon: int) -> pd.DataFrame:
    """Means over seeds, and their differences from a reference.

    Parameters
    ----------
    groups : mapping
        Label of a model to the scores of its runs, one for each seed.
    reference : str
        One of the labels.
    horizon : int

    Returns
    -------
    DataFrame
        A row per model and metric, with `COLUMNS_OVER_SEEDS`: the number of ``seeds``; the mean, lowest and highest
        ``value`` over seeds; the difference from the reference in percent with its 95 % interval over windows and
        seeds, and its p-value, without and with Holm's correction for the number of models. Metrics that are scaled
        by the training part have no difference where the scales differ.
    """
    means = {label: RunScores.mean_over_seeds(runs) for label, runs in groups.items()}
    others = [label for label in means if label != reference]
    tested = dict(
        zip(others, paired_differences([(means[label], means[reference]) for label in others], horizon), strict=True)
    )
    rows = []
    for label, scores in means.items():
        has_same_scales = scores.table.has_scales_of(means[reference].table)
        for metric, values in zip(scores.metrics, scores.by_seed.T, strict=True):
            row = {"run": label, "seeds": len(values), "metric": metric, "value": values.mean()}
            row |= {"lowest": values.min(), "highest": values.max()}
            if label in tested and (has_same_scales or METRICS[metric].scale is None):
                difference = tested[label][metric]
                row |= {name: getattr(difference, name) for name in ("percent", "percent_low", "percent_high", "p")}
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS_OVER_SEEDS))
    table["p_holm"] = table.groupby("metric")["p"].transform(lambda p: holm(p.to_numpy(float)))
    return table


def single_seed_notes(labels: Sequence[str]) -> list[Text]:
    """A note that names models of one run, beside others of several seeds.

    Parameters
    ----------
    labels : sequence of str
        Of the models of one run.
    """
    if not labels:
        return []
    text = Text(
        "There is one run of {runs}: the intervals over windows and seeds do not contain the spread over its seeds.",
        runs=list(labels),
    )
    return [text]


def input_notes(records: Mapping[str, RunRecord], names: Mapping[str, str | Text] | None = None) -> list[Text]:
    """A note that says which runs read which context and covariates, if they do not all read the same.

    Parameters
    ----------
    records : mapping
        Key of a run to the run. Seasonal naive is left out: it reads one season of the past.
    names : mapping, optional
        Key to name; the keys themselves when None.
    """
    names = names or {key: key for key in records}
    readers: dict[tuple[int, tuple[str, ...]], list[str | Text]] = {}
    for key, record in records.items():
        if not is_reference(record.results):
            read = record.results.window_set.context_length, tuple(sorted(record.results.run.covariates_read))
            readers.setdefault(read, []).append(names[key])
    if len(readers) < 2:
        return []
    inputs = [
        Text(
            "{rows} rows of context and the covariates {covariates} ({runs})",
            rows=rows,
            covariates=list(covariates),
            runs=runs,
        )
        if covariates
        else Text("{rows} rows of context and no covariate ({runs})", rows=rows, runs=runs)
        for (rows, covariates), runs in readers.items()
    ]
    text = Text("The models read different inputs, to which their differences may be due: {inputs}.", inputs=inputs)
    return [text]


NAIVE_KEY = "seasonal_naive"
MAX_RUNS_IN_ALL_PAIRS = 8
"""With more runs, only the pairs with the reference and with seasonal naive are compared."""
IGNORED_SETTINGS_OF_PAIRS = ("data.path", "data.name", "logger", "hydra", "resume", "trainer.enable_progress_bar")


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
        if len({repr(value) for value in values.values()}) > 1 and not name.startswith(IGNORED_SETTINGS_OF_PAIRS):
            differing.append({"key": name, "values": values})
    return differing
