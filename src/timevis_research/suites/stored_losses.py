"""The losses of each window of many runs in one compact Parquet file, from which their differences are tested again.

A row is a window of a run: its keys, its origin and channel, and the sums of each term of the metrics, as in
windows.parquet but in single precision. The windows of seasonal naive, by whose loss the relative WQL is divided, are
stored once for each window set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from timevis.errors import RunFolderError
from timevis.evaluation.bootstrap import Interval
from timevis.evaluation.comparison import NAIVE_LABEL, difference_table
from timevis.evaluation.significance import RunScores
from timevis.evaluation.window_table import WindowTable
from timevis.messages import Text
from timevis.metrics.specs import terms, tested_metrics
from timevis.runs.record import RunRecord

KEYS = ["data", "model", "seed", "horizon", "windows"]
"""Columns that name a run; `windows` is the hash of its window set."""


def add_losses(file: Path, data: str, model: str, seed: int, run: RunRecord) -> None:
    """Store the losses of a run, in place of those stored under the same name.

    Parameters
    ----------
    file : Path
        Parquet file; new, or written by this function.
    data, model : str
    seed : int
        Name of the run in the file.
    run : RunRecord
    """
    names = {"data": data, "horizon": run.horizon, "windows": run.results.window_set.hash}
    parts = [run.naive_windows.assign(model=NAIVE_LABEL, seed=0), run.windows.assign(model=model, seed=seed)]
    own = [part[["model", "seed"]].join(_compact(part)).assign(**names) for part in parts]
    _write(file, pd.concat(own, ignore_index=True))


def merge_losses(file: Path, other: Path) -> None:
    """Store all losses of another file, in place of those stored under the same names.

    Parameters
    ----------
    file : Path
        Parquet file; new, or written by `add_losses`.
    other : Path
        Parquet file that `add_losses` wrote.
    """
    _write(file, pd.read_parquet(other))


def _write(file: Path, losses: pd.DataFrame) -> None:
    """Write losses into a file. They replace stored losses of the same run, except those of seasonal naive."""
    if file.is_file():
        stored = pd.read_parquet(file)
        known = _run_names(stored).isin(_run_names(losses))
        is_naive = stored["model"] == NAIVE_LABEL
        again = (losses["model"] == NAIVE_LABEL) & _run_names(losses).isin(_run_names(stored[is_naive]))
        losses = pd.concat([stored[is_naive | ~known], losses[~again]], ignore_index=True)
    losses = losses.astype(dict.fromkeys(("data", "model", "windows", "channel"), str))
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = [*KEYS, *(name for name in losses if name not in KEYS)]
    losses = losses[columns].sort_values([*KEYS, "channel", "origin"], kind="stable")
    temporary = file.with_suffix(".new")
    losses.to_parquet(temporary, index=False, compression="zstd")
    temporary.replace(file)


def _run_names(losses: pd.DataFrame) -> pd.MultiIndex:
    """What names the run of each row: its keys, of which only seasonal naive needs the window set."""
    keys = losses[KEYS]
    return pd.MultiIndex.from_frame(keys.assign(windows=keys["windows"].where(keys["model"] == NAIVE_LABEL, "")))


def _compact(windows: pd.DataFrame) -> pd.DataFrame:
    """The columns that metrics are computed from; sums in single precision."""
    numbers = windows[[name for name in terms() if name in windows]].astype("float32")
    others = [name for name in ("origin", "channel", "std", "mase_scale", "series") if name in windows]
    return windows[others].astype({"origin": "int32"}).join(numbers)


def stored_differences(file: Path, data: str, model: str, other: str, seed: int | None = None) -> pd.DataFrame:
    """The paired differences of two stored models, computed as for run folders.

    Parameters
    ----------
    file : Path
    data, model, other : str
    seed : int, optional
        Of both runs. When None, the means over all stored seeds of each model are compared, with intervals over
        windows and seeds.

    Returns
    -------
    DataFrame
        See `timevis.evaluation.comparison.difference_table`, with columns ``horizon``, ``seeds``, ``seeds_of_other``
        and ``horizons``, the number of horizons that the scored rows span; empty if one of the models is not stored.

    Raises
    ------
    RunFolderError
        The runs were scored on different windows.
    """
    tables = []
    for horizon, scores in _stored_scores(file, data, (model, other), tested_metrics(), seed):
        counts = {"seeds": len(scores[model].by_seed), "seeds_of_other": len(scores[other].by_seed)}
        origins = scores[model].table.origins
        counts["horizons"] = int(origins.max() - origins.min() + horizon) // horizon
        table = difference_table(scores, [(model, other)], horizon)
        tables.append(table.assign(horizon=horizon, **counts))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def stored_intervals(file: Path, data: str, model: str, metrics: Sequence[str]) -> dict[int, dict[str, Interval]]:
    """The mean metrics of a stored model over its seeds, with 95 % intervals over windows and seeds.

    Parameters
    ----------
    file : Path
    data, model : str
    metrics : sequence of str
        Names in `timevis.metrics.specs.METRICS`.

    Returns
    -------
    dict
        Horizon to metric to `Interval`; empty if the model is not stored.

    Raises
    ------
    RunFolderError
        The runs were scored on different windows.
    """
    stored = _stored_scores(file, data, (model,), metrics)
    return {horizon: scores[model].intervals(horizon) for horizon, scores in stored}


def _stored_scores(
    file: Path, data: str, models: Sequence[str], metrics: Sequence[str], seed: int | None = None
) -> Iterator[tuple[int, dict[str, RunScores]]]:
    """Each horizon that all models have, with their scores."""
    stored = pd.read_parquet(file, filters=[("data", "==", data)])
    for horizon, rows in stored.groupby("horizon"):
        if seed is not None:
            rows = rows[(rows["seed"] == seed) | (rows["model"] == NAIVE_LABEL)]
        runs = {name: [run for _, run in rows[rows["model"] == name].groupby("seed")] for name in models}
        if not all(runs.values()):
            continue
        hashes = {run["windows"].iloc[0] for of_model in runs.values() for run in of_model}
        if len(hashes) > 1:
            message = Text(
                "the runs of {models} were scored on different windows of {data}", models=list(models), data=data
            )
            raise RunFolderError(message, Text("run them again"))
        naive = rows[(rows["model"] == NAIVE_LABEL) & (rows["windows"] == hashes.pop())]
        reference = WindowTable.from_frame(naive)
        yield int(str(horizon)), {name: _scores(of_model, reference, metrics) for name, of_model in runs.items()}


def _scores(runs: Sequence[pd.DataFrame], reference: WindowTable, metrics: Sequence[str]) -> RunScores:
    """The scores of the runs of one model, a mean over seeds if there are several."""
    tables = [WindowTable.from_frame(run).with_reference(reference) for run in runs]
    return RunScores.mean_over_seeds([RunScores.of(table, metrics) for table in tables])
