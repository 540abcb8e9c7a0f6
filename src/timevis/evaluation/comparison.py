"""Compare runs on one window set: metrics, paired differences from a reference run, error by step ahead, and cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import pandas as pd

from timevis.evaluation.bootstrap import holm
from timevis.evaluation.labels import COSTS
from timevis.evaluation.over_seeds import (
    COLUMNS_OVER_SEEDS,
    groups_by_all_but_seed,
    input_notes,
    over_seeds_table,
    single_seed_notes,
)
from timevis.evaluation.scored_part import interval_warnings, relative_wql_notes
from timevis.evaluation.significance import Difference, RunScores, paired_differences
from timevis.evaluation.verdict import is_reference
from timevis.evaluation.window_sets import comparability_key, not_comparable_error
from timevis.evaluation.window_table import WindowTable
from timevis.messages import Text
from timevis.metrics.specs import METRICS, tested_metrics
from timevis.runs.record import RunRecord, differing_overrides, without_data_and_model
from timevis.runs.results import Results

DIFFERENCE_COLUMNS = ("a", "b", "metric", *(field.name for field in fields(Difference)), "p_holm")
NAIVE_LABEL = "seasonal naive"


@dataclass(frozen=True)
class Comparison:
    """Tables of a comparison; the rows or columns of each run have its label.

    Attributes
    ----------
    data, window_set : str
        Name of the data, and hash of the window set.
    notes : list of Text
        The channels that are averaged over, different inputs, models of one seed beside others of several, and
        warnings of too few windows for reliable intervals or of different scales.
    reference : str
        Label of the run that the others are compared with.
    metrics : DataFrame
        A row per run; columns ``<metric>``, ``<metric>_low`` and ``<metric>_high``. Seasonal naive is the last row,
        unless one of the runs is seasonal naive.
    differences : DataFrame
        A row per ``run`` and ``metric`` with the fields of `Difference` and ``p_holm``; negative where the run has a
        smaller error than the reference. ``p_holm`` is p with Holm's correction for the number of runs that are
        compared on the metric.
    over_seeds : DataFrame
        Where some runs differ only in their seed, a row per model and metric, with the means over seeds and their
        differences from the model of the reference; see `timevis.evaluation.over_seeds.over_seeds_table`. Otherwise
        empty.
    reference_over_seeds : str
        Label of the model that `over_seeds` compares with.
    by_horizon : {metric: DataFrame [H]}
        A column per run.
    cost : DataFrame
        A row per run and a column per entry of the cost section of results.json.
    """

    data: str
    window_set: str
    notes: list[Text]
    reference: str
    metrics: pd.DataFrame
    differences: pd.DataFrame
    over_seeds: pd.DataFrame
    reference_over_seeds: str
    by_horizon: dict[str, pd.DataFrame]
    cost: pd.DataFrame


def compare(records: Sequence[RunRecord], reference: RunRecord | None = None) -> Comparison:
    """Compare runs window by window.

    Parameters
    ----------
    records : sequence of RunRecord
    reference : RunRecord, optional
        The run that the others are compared with; seasonal naive when None.

    Returns
    -------
    Comparison

    Raises
    ------
    RunFolderError
        The runs did not forecast the same windows, or use different seasons for MASE; the message names both hashes
        and what differs.
    """
    runs = list(records)
    if reference is not None and not any(_same_folder(run, reference) for run in runs):
        runs.insert(0, reference)
    labels = unique_labels(runs)
    by_label = dict(zip(labels, runs, strict=True))
    scores = scores_of(by_label, NAIVE_LABEL)
    reference_label = NAIVE_LABEL
    if reference is not None:
        reference_label = next(n for n, run in by_label.items() if _same_folder(run, reference))
    pairs = [(label, reference_label) for label in by_label if label != reference_label]
    differences = difference_table(scores, pairs, runs[0].horizon).rename(columns={"a": "run"}).drop(columns="b")
    over_seeds, reference_over_seeds, seed_notes = _over_seeds(by_label, scores, reference_label)
    first = runs[0].results
    has_naive = any(is_reference(run.results) for run in runs)
    return Comparison(
        data=first.run.data,
        window_set=first.window_set.hash,
        notes=[*comparison_notes(first, scores, reference_label), *input_notes(by_label), *seed_notes],
        reference=reference_label,
        metrics=_metrics(by_label, has_naive),
        differences=differences,
        over_seeds=over_seeds,
        reference_over_seeds=reference_over_seeds,
        by_horizon={metric: _by_horizon(by_label, metric, has_naive) for metric in tested_metrics()},
        cost=pd.DataFrame({label: vars(run.results.cost) for label, run in by_label.items()}).T.reindex(
            columns=list(COSTS)
        ),
    )


def _over_seeds(
    runs: Mapping[str, RunRecord], scores: Mapping[str, RunScores], reference: str
) -> tuple[pd.DataFrame, str, list[Text]]:
    """The table over seeds, the label of the reference in it, and notes; an empty table if no model has two seeds.

    If a search repeats a trial with the same seed, the first of these runs counts, as on the leaderboard.
    """
    groups = groups_by_all_but_seed(runs)
    labels = unique_labels([runs[group[0]] for group in groups], with_seed=False)
    by_label, single = dict[str, list[RunScores]](), []
    for label, group in zip(labels, groups, strict=True):
        of_seed: dict[int, RunScores] = {}
        for key in group:
            of_seed.setdefault(runs[key].results.run.seed, scores[key])
        by_label[label] = list(of_seed.values())
        if len(of_seed) == 1 and not is_reference(runs[group[0]].results):
            single.append(label)
    if max(map(len, by_label.values())) == 1:
        return pd.DataFrame(columns=list(COLUMNS_OVER_SEEDS)), reference, []
    if reference == NAIVE_LABEL:
        by_label[NAIVE_LABEL] = [scores[NAIVE_LABEL]]
    else:
        reference = next(label for label, group in zip(labels, groups, strict=True) if reference in group)
    table = over_seeds_table(by_label, reference, next(iter(runs.values())).horizon)
    return table, reference, single_seed_notes(single)


def scores_of(runs: Mapping[str, RunRecord], naive_key: str) -> dict[str, RunScores]:
    """Metrics and influences of runs with the same windows, and of seasonal naive on them, which is the last one.

    Raises
    ------
    RunFolderError
        See `compare`.
    """
    first = next(iter(runs.values()))
    for other in runs.values():
        if comparability_key(other.results) != comparability_key(first.results):
            raise not_comparable_error((first.folder, first.results), (other.folder, other.results))
    naive = WindowTable.from_frame(first.naive_windows)
    tables = {key: WindowTable.from_frame(run.windows) for key, run in runs.items()}
    return {
        key: RunScores.of(table.with_reference(naive), tested_metrics())
        for key, table in {**tables, naive_key: naive}.items()
    }


def difference_table(scores: Mapping[str, RunScores], pairs: Sequence[tuple[str, str]], horizon: int) -> pd.DataFrame:
    """Differences of pairs of runs.

    Parameters
    ----------
    scores : mapping
        Key of a run to its scores; see `scores_of`.
    pairs : sequence of (key, key)
    horizon : int

    Returns
    -------
    DataFrame
        A row per pair and metric, with `DIFFERENCE_COLUMNS`. Metrics that are scaled by the training part are
        left out where the two runs have other scales.
    """
    differences_of_pairs = paired_differences([(scores[a], scores[b]) for a, b in pairs], horizon)
    rows = []
    for (a, b), differences in zip(pairs, differences_of_pairs, strict=True):
        has_same_scales = scores[a].table.has_scales_of(scores[b].table)
        rows += [
            {"a": a, "b": b, "metric": metric} | asdict(difference)
            for metric, difference in differences.items()
            if has_same_scales or METRICS[metric].scale is None
        ]
    table = pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))
    table["p_holm"] = table.groupby("metric")["p"].transform(lambda p: holm(p.to_numpy(float)))
    return table


def comparison_notes(
    results: Results, scores: Mapping[str, RunScores], reference: str, names: Mapping[str, str | Text] | None = None
) -> list[Text]:
    """What a reader of a comparison must know: averaged channels, too few windows, and runs with other scales.

    Parameters
    ----------
    results : Results
        Of one of the runs.
    scores : mapping
        See `scores_of`.
    reference : str
        Key of the run that the others are compared with.
    names : mapping, optional
        Key to name; the keys themselves when None.
    """
    names = names or {key: key for key in scores}
    notes, table = relative_wql_notes(results), scores[reference].table
    if table.has_intervals(results.window_set.horizon):
        notes += interval_warnings(results.window_set)
    others = [names[key] for key, own in scores.items() if not own.table.has_scales_of(table)]
    if others:
        text = Text(
            "MASE and the scaled errors of {runs} are scaled by another training part than the errors of "
            "{reference}, so their differences are not tested.",
            runs=others,
            reference=names[reference],
        )
        notes.append(text)
    return notes


def _same_folder(a: RunRecord, b: RunRecord) -> bool:
    return a.folder.resolve() == b.folder.resolve()


def unique_labels(records: Sequence[RunRecord], with_seed: bool = True) -> list[str]:
    """Labels of runs; equal labels get the seed, the differing overrides, or else the folder as a suffix.

    Parameters
    ----------
    records : sequence of RunRecord
    with_seed : bool
        Whether the seed may be a suffix; not for runs that stand for several seeds.
    """
    labels = [r.label for r in records]
    candidate_suffixes = (
        [f"seed {r.results.run.seed}" if with_seed else "" for r in records],
        [without_data_and_model(setting) for setting in differing_overrides([r.overrides for r in records])],
        [r.folder.name for r in records],
        [str(r.folder) for r in records],
    )
    for suffixes in candidate_suffixes:
        duplicates = {label for label, n in Counter(labels).items() if n > 1}
        extended = [
            f"{label}, {suffix}" if suffix and label in duplicates else label
            for label, suffix in zip(labels, suffixes, strict=True)
        ]
        if duplicates and len(set(extended)) > len(set(labels)):
            labels = extended
    return labels


def _metrics(by_label: dict[str, RunRecord], has_naive: bool) -> pd.DataFrame:
    rows = {label: run.results.metrics for label, run in by_label.items()}
    if not has_naive:
        rows[NAIVE_LABEL] = next(iter(by_label.values())).results.seasonal_naive
    return pd.DataFrame(
        {
            label: {
                f"{metric}{suffix}": getattr(values[metric], key)
                for metric in METRICS
                for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high"))
            }
            for label, values in rows.items()
        },
        dtype=float,
    ).T


def _by_horizon(by_label: dict[str, RunRecord], metric: str, has_naive: bool) -> pd.DataFrame:
    columns = {label: run.results.by_horizon for label, run in by_label.items()}
    first = next(iter(by_label.values()))
    if not has_naive:
        columns[NAIVE_LABEL] = first.results.seasonal_naive_by_horizon
    steps = {label: values.get(metric) for label, values in columns.items()}
    return pd.DataFrame(steps, index=range(first.horizon), dtype=float)
