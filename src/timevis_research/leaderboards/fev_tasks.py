"""Tasks of fev: as data sets of TimeVis, and scored with a model of TimeVis.

fev (Shchur et al. 2025, "fev-bench: A realistic benchmark for time series forecasting") defines a task by a data set,
a horizon, covariates and evaluation windows. The package `fev` is needed; it downloads the data of a task.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from timevis.api import Run, train
from timevis.config.stored import override, to_yaml
from timevis.errors import ConfigError, DataError
from timevis.messages import Text
from timevis.utils.files import write_text
from timevis.utils.levels import QUANTILE_COLUMNS, QUANTILE_LEVELS

ID_COLUMN = "id"
MIN_VALIDATION_HORIZONS = 2
"""Validation rows, in horizons: one for the choice of weights, one for the choice of models."""
VALIDATION_SHARE = 0.1
"""Share of the rows of the median series that is validation, if this is more than `MIN_VALIDATION_HORIZONS`."""


def read_tasks(source: str, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Read the tasks of a benchmark.

    Parameters
    ----------
    source : str
        YAML file with the list ``tasks`` of definitions of `fev.Task`, or its URL.
    names : sequence of str, optional
        The tasks to keep; all if None.

    Returns
    -------
    dict of str to fev.Task
        By a name that is also a file name; further tasks with the same name get a number.

    Raises
    ------
    ConfigError
        The package `fev` is not installed, the file cannot be read, or there is no task with one of the names.
    """
    if importlib.util.find_spec("fev") is None:
        message = Text("the package fev is not installed")
        raise ConfigError(message, Text("install it: pip install 'timevis[fev]'"))
    import fev

    try:
        benchmark = fev.Benchmark.from_yaml(source)
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        message = Text("{source}: no tasks of fev ({reason})", source=source, reason=str(error))
        raise ConfigError(
            message, Text("give a YAML file with the list tasks, or its URL; see the documentation of fev")
        ) from error
    tasks: dict[str, Any] = {}
    for task in benchmark.tasks:
        name = base = re.sub(r"[^\w-]+", "_", str(task.task_name)).strip("_") or "task"
        number = 2
        while name in tasks:
            name, number = f"{base}_{number}", number + 1
        tasks[name] = task
    if unknown := [name for name in names or () if name not in tasks]:
        message = Text("there is no task {name!r}", name=unknown[0])
        raise ConfigError(message, Text("the tasks are {names}", names=", ".join(tasks)))
    return {name: task for name, task in tasks.items() if names is None or name in names}


def definition_of(task: Any) -> str:
    """A fingerprint of all fields of a task. It changes if any of them changes, such as the horizon."""
    return hashlib.sha256(json.dumps(task.to_dict(), sort_keys=True, default=str).encode()).hexdigest()[:16]


def input_table(window: Any) -> tuple[pd.DataFrame, list[str]]:
    """The rows before the cutoff of a window, then the rows of its horizon with known covariates and no targets.

    Parameters
    ----------
    window : fev.EvaluationWindow

    Returns
    -------
    DataFrame
        A long table with the columns ``id`` and ``timestamp``, the targets, and the numeric covariates.
    list of str
        Ids of the series, in the order in which fev expects the forecasts.
    """
    import fev

    past, future, _ = fev.convert_input_data(window, adapter="pandas")
    ids = [str(name) for name in pd.unique(past[window.id_column])]
    return _long_table(window, pd.concat([past, future])), ids


def _long_table(window: Any, rows: pd.DataFrame) -> pd.DataFrame:
    covariates = [*window.known_dynamic_columns, *window.past_dynamic_columns]
    numeric = [name for name in covariates if pd.api.types.is_numeric_dtype(rows[name])]
    table = rows[[window.id_column, window.timestamp_column, *window.target_columns, *numeric]]
    table = table.rename(columns={window.id_column: ID_COLUMN, window.timestamp_column: "timestamp"})
    table[ID_COLUMN] = table[ID_COLUMN].astype(str)
    return table.sort_values([ID_COLUMN, "timestamp"], kind="stable").reset_index(drop=True)


def data_settings(task: Any, window: Any, table: pd.DataFrame, test_rows: int) -> dict[str, Any]:
    """The section `data` for a table of `input_table`: columns, covariates, season, and a split by last rows.

    Parameters
    ----------
    task : fev.Task
    window : fev.EvaluationWindow
    table : DataFrame
    test_rows : int
        Last rows of each series that are the test part.
    """
    known = [name for name in window.known_dynamic_columns if name in table]
    observed = [name for name in window.past_dynamic_columns if name in table]
    return {
        "id": [ID_COLUMN],
        "time": "timestamp",
        "target": list(window.target_columns),
        "covariates": dict.fromkeys(known, "known") | dict.fromkeys(observed, "observed"),
        "season": int(task.seasonality),
        "split": split_of(table, task.horizon, test_rows),
    }


def split_of(table: pd.DataFrame, horizon: int, test_rows: int) -> dict[str, int]:
    """The last rows of each series of a long table that are validation and test part."""
    rows = int(table.groupby(ID_COLUMN).size().median())
    return {"val": max(MIN_VALIDATION_HORIZONS * horizon, int(VALIDATION_SHARE * rows)), "test": test_rows}


def write_data_set(name: str, task: Any, conf: Path, tables: Path) -> bool:
    """Write a task as the choice ``data=fev/NAME``: a Parquet file with its series, and the config.

    The test windows of a run are the evaluation windows of the task.

    Parameters
    ----------
    name : str
    task : fev.Task
    conf : Path
        The folder ``conf`` of the working directory, from which TimeVis reads further choices.
    tables : Path
        Folder of the Parquet file.

    Returns
    -------
    bool
        False if the config of the same task exists already; it is not written again.

    Raises
    ------
    ConfigError
        The config of a task with this name but with another definition exists.
    DataError
        The windows of the task are no regular last rows, because its cutoffs are times or count from the start.
    """
    import fev

    config = conf / "data" / "fev" / f"{name}.yaml"
    if config.is_file():
        if definition_of(task) in config.read_text(encoding="utf-8"):
            return False
        message = Text("{file} is of another definition of this task", file=str(config))
        raise ConfigError(message, Text("remove this file, and prepare the task again"))
    window = list(task.iter_windows())[-1]
    if not isinstance(task.initial_cutoff, int) or task.initial_cutoff >= 0:
        message = Text("{name}: the cutoffs of its windows do not count from the end", name=name)
        raise DataError(message, Text("score a model on the task itself, with `evaluate`"))
    past, _, _ = fev.convert_input_data(window, adapter="pandas")
    truth, _, _ = fev.adapters.PandasAdapter.convert_input_data(
        window.get_ground_truth(),
        window.get_input_data()[1].remove_columns(window.static_columns),
        target_columns=window.target_columns,
        id_column=window.id_column,
        timestamp_column=window.timestamp_column,
        static_columns=[],
    )
    _, future, _ = fev.convert_input_data(window, adapter="pandas")
    table = _long_table(window, pd.concat([past, future.merge(truth)]))
    tables.mkdir(parents=True, exist_ok=True)
    file = tables / f"{name}.parquet"
    table.to_parquet(file)
    step = int(task.window_step_size)
    test_rows = task.horizon + (task.num_windows - 1) * step
    settings = {
        "defaults": ["/data/file@data", "_self_"],
        "horizon": task.horizon,
        "evaluation": {"stride": step, "max_windows": None},
        "data": {"path": str(file.absolute()), **data_settings(task, window, table, test_rows)},
    }
    config.parent.mkdir(parents=True, exist_ok=True)
    header = f"# @package _global_\n# Task {name} of fev ({definition_of(task)}); written by scripts/fev_tasks.py\n"
    write_text(config, header + to_yaml(settings))
    return True


def forecast_task(task: Any, model: str, overrides: Sequence[str], folder: Path) -> tuple[list[Any], Run]:
    """Fit a model on the rows before the first cutoff of a task, and forecast all its windows.

    Parameters
    ----------
    task : fev.Task
    model : str
        A choice of conf/model.
    overrides : sequence of str
        Further settings, as on the command line.
    folder : Path
        The run folder, new or empty.

    Returns
    -------
    list of {target: list of dict}
        For each window and target the forecasts of the series: the median as ``predictions``, and the quantiles.
    Run
        The run that was fitted.

    Raises
    ------
    TimeVisError
        The data do not suit the model, such as series that are too short.
    """
    windows = list(task.iter_windows())
    table, _ = input_table(windows[0])
    known_rows = table.groupby(ID_COLUMN).cumcount(ascending=False) >= task.horizon
    settings = data_settings(task, windows[0], table, test_rows=task.horizon)
    words = [override(f"data.{key}", value) for key, value in settings.items()]
    fitted = train(
        table[known_rows], model, horizon=task.horizon, overrides=[*words, *overrides], folder=folder, name="fev"
    )
    return [_forecast_window(fitted, task, window) for window in windows], fitted


def _forecast_window(run: Run, task: Any, window: Any) -> dict[str, list[dict[str, list[float]]]]:
    table, ids = input_table(window)
    forecast = run.predict(table)
    by_channel = dict(iter(forecast.groupby("channel", sort=False)))
    out: dict[str, list[dict[str, list[float]]]] = {}
    for target in window.target_columns:
        out[target] = []
        for name in ids:
            labels = (f"{name}/{target}", name, target)
            rows = next((by_channel[label] for label in labels if label in by_channel), None)
            if rows is None or len(rows) != task.horizon:
                message = Text(
                    "the series {name} has no forecast of {target}: it has no value before the cutoff",
                    name=name,
                    target=target,
                )
                raise DataError(message, Text("leave the task out"))
            out[target].append(_quantiles(rows[list(QUANTILE_COLUMNS)].to_numpy(float), task.quantile_levels))
    return out


def _quantiles(values: np.ndarray, levels: Sequence[float]) -> dict[str, list[float]]:
    """Quantiles at the levels of a task from [H, 15] ones, by linear interpolation between the levels of TimeVis."""
    wanted = {"predictions": 0.5, **{str(level): level for level in levels}}
    return {key: [float(np.interp(level, QUANTILE_LEVELS, row)) for row in values] for key, level in wanted.items()}


def evaluate_tasks(
    tasks: dict[str, Any], model: str, overrides: Sequence[str], out: Path, runs: Path
) -> dict[str, Exception]:
    """Score a model on tasks, and write a row of fev's leaderboard for each as soon as it is scored.

    Parameters
    ----------
    tasks : dict of str to fev.Task
    model : str
    overrides : sequence of str
    out : Path
        CSV file; tasks that it contains are not scored again. A row of another model, of other settings or of another
        definition of the task is kept, and the task is named among those without a row.
    runs : Path
        Folder of the run folders.

    Returns
    -------
    dict of str to Exception
        The tasks that have no row, and why.
    """
    rows = pd.read_csv(out).to_dict("records") if out.is_file() else []
    failures: dict[str, Exception] = {}
    settings = json.dumps([model, *overrides])
    for name, task in tasks.items():
        definition = definition_of(task)
        if row := next((row for row in rows if row["timevis_task"] == name), None):
            if (row.get("timevis_settings"), row.get("timevis_definition")) != (settings, definition):
                message = Text(
                    "{file} has a row of this task with another model, other settings or another definition",
                    file=str(out),
                )
                failures[name] = ConfigError(message, Text("give another file with --out"))
            continue
        started = time.monotonic()
        try:
            predictions, run = forecast_task(
                task, model, overrides, runs / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
            )
        except Exception as error:  # the other tasks continue; the caller prints the reason
            failures[name] = error
            continue
        cost = run.results.cost
        training = (cost.fit_seconds or 0.0) + (cost.calibrate_seconds or 0.0)
        summary = task.evaluation_summary(
            predictions,
            model_name=", ".join([run.results.run.label, *overrides]),
            training_time_s=training,
            inference_time_s=max(time.monotonic() - started - training, 0.0),
            trained_on_this_dataset=False,  # it flags pretraining on the test rows
            extra_info={
                "timevis_task": name,
                "timevis_settings": settings,
                "timevis_definition": definition,
                "timevis_run": str(run.folder),
            },
        )
        rows.append(summary)
        out.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(out, index=False)
    return failures
