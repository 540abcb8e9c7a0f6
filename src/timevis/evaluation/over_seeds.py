"""Compare models by the means of runs that differ only in their seed, with intervals over windows and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

import pandas as pd

from timevis.config.stored import leaves
from timevis.evaluation.intervals import holm
from timevis.evaluation.significance import RunScores, paired_differences
from timevis.evaluation.verdict import is_reference
from timevis.messages import Text
from timevis.metric_specs import METRICS
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
        "single-seed",
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
            "inputs-with-covariates",
            "{rows} rows of context and the covariates {covariates} ({runs})",
            rows=rows,
            covariates=list(covariates),
            runs=runs,
        )
        if covariates
        else Text(
            "inputs-without-covariates", "{rows} rows of context and no covariate ({runs})", rows=rows, runs=runs
        )
        for (rows, covariates), runs in readers.items()
    ]
    text = Text(
        "inputs-differ",
        "The models read different inputs, to which their differences may be due: {inputs}.",
        inputs=inputs,
    )
    return [text]
