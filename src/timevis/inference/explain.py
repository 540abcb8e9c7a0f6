"""Explain a finished run: how much its error and its forecast depend on each group of inputs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import numpy as np
import torch

from timevis.data.windows import SeriesStore
from timevis.errors import ConfigError, DataError
from timevis.evaluation.explain import MAX_WINDOWS, explain_inputs
from timevis.inference.predict import NewData, load_panels, windows_to_forecast
from timevis.messages import Text, listed
from timevis.report.page import write_report
from timevis.runs.explanation import Explanation
from timevis.runs.folder import RunFolder
from timevis.runs.reload import check_data_unchanged, load_run_data

log = logging.getLogger(__name__)


def explain(
    run: str | os.PathLike[str],
    data: NewData = None,
    *,
    windows: int = MAX_WINDOWS,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Explanation:
    """Measure how much the error and a forecast change when a group of inputs is hidden or replaced.

    The groups are the parts of the context, each covariate that the model reads, and the calendar. The error is
    measured on validation windows of the run, on which models are compared. The forecast is the one that
    `timevis.inference.predict.predict` gives. An explanation of the data of the run is stored in its folder, with a
    new report.

    Parameters
    ----------
    run : path
        Run folder with a model.
    data : DataFrame or file, optional
        New rows whose forecast is explained; see `timevis.inference.predict.predict`.
    windows : int
        Largest number of validation windows, and of windows of the repeated forecast, for each group; 100 by default.
        The cost is two passes over so many windows for each group.
    report : callable
        Called with the number of groups that are measured, and of all groups.

    Returns
    -------
    Explanation

    Raises
    ------
    ConfigError
        `windows` is below 10.
    DataError
        The data of the run have changed, or the new data have several items or too few rows.
    RunFolderError
        The run has no model.
    """
    folder = RunFolder(run)
    explanation = explained(folder, data, windows, report)
    if data is None:
        explanation.write(folder.path)
        write_report(folder.path)
    return explanation


def explained(
    folder: RunFolder,
    data: NewData = None,
    windows: int = MAX_WINDOWS,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Explanation:
    """As `explain`, without writing anything."""
    if windows < 10:
        message = Text("{windows} windows are too few to explain a model", windows=windows)
        raise ConfigError(message, Text("give at least 10"), "windows")
    results = folder.results
    forecaster = folder.load_forecaster()
    config, panel, _ = load_run_data(folder)
    datamodule = config.datamodule(panel)
    check_data_unchanged(folder, panel, datamodule.split)
    items = load_panels(folder, data)
    if len(items) > 1:
        message = Text("the data have several series: {names}", names=listed(list(items), 5))
        raise DataError(message, Text("give the rows of one of them"))
    item, panel = next(iter(items.items()))
    panel, origins, channels = windows_to_forecast(forecaster, panel, item)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    datamodule.series.to(device)
    measured = explain_inputs(
        forecaster.to(device).eval(),
        datamodule,
        SeriesStore(panel).to(device),
        origins,
        channels,
        max_windows=windows,
        report=report,
    )
    names, read = datamodule.panel.covariate_names, forecaster.covariates_read
    index, forecast = panel.local_index, origins[channels]
    return Explanation(
        model=results.run.label,
        data=results.run.data,
        item=item,
        first_target=str(index[forecast.min()]),
        last_target=str(index[forecast.max() + forecaster.horizon - 1]),
        channels=measured.channels,
        windows=measured.windows,
        origins=measured.origins,
        inputs=sorted(measured.inputs, key=lambda i: -np.inf if i.error_rise.value is None else -i.error_rise.value),
        covariates_not_read=[name for k, name in enumerate(names) if k not in read],
        forecasts=measured.forecasts,
        seconds=measured.seconds,
    )
