"""Score a finished run again, on other dates or other data, without training."""

from __future__ import annotations

import logging
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from timevis.config.stored import to_yaml
from timevis.data.datamodule import WindowDataModule
from timevis.data.new_files import NewFilePanel
from timevis.data.panel import Panel, parse_panel_time
from timevis.data.quality.quality_report import QualityReport
from timevis.data.split import Split
from timevis.errors import DataError
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.results import build_results, run_cost
from timevis.inference.predict import NewData, load_panels
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.report.page import write_report
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.reload import check_data_unchanged, load_run_data, run_metadata
from timevis.runs.results import RescoredRunFacts, Results, RunFacts
from timevis.training.trainer import make_single_trainer
from timevis.utils.files import require_empty, write_text

log = logging.getLogger(__name__)


def rescore(
    run: str | os.PathLike[str], out: Path, data: NewData = None, *, start: str | None = None, end: str | None = None
) -> dict[str, Results]:
    """Score the model of a run on other windows than the run did.

    The model, seasonal naive, and the scales of MASE and of the scaled errors are those that the run fitted.

    Parameters
    ----------
    run : path
        Run folder with a model.
    out : Path
        New folder for the evaluation files of a run folder (``results.json``, ``windows.parquet``, ``report.html``,
        ...). Several items have a folder each in it.
    data : DataFrame, file or files, optional
        See `timevis.inference.predict.predict`; None takes the data of the run.
    start, end : str, optional
        First and last time that targets may have, in ISO 8601. An end such as 2024-01-31 or 2024-01 includes all of
        its hours. If neither is given for the data of the run, its test part is scored.

    Returns
    -------
    dict
        Item name to its results.

    Raises
    ------
    RunFolderError
        `out` contains other files, or the run has no model.
    DataError
        The data lack a channel of the run, or have no window between `start` and `end`; or the data of the run, from
        which the scales are computed, have changed.
    """
    require_empty(out)
    folder = RunFolder(run)
    forecaster = folder.load_forecaster()
    config, panel, report = load_run_data(folder)
    run_windows = config.datamodule(panel)
    check_data_unchanged(folder, panel, run_windows.split)
    naive = SeasonalNaive.fitted(run_windows)
    items = {folder.results.run.data: panel} if data is None else load_panels(folder, data)
    is_test_part = data is None and start is None and end is None
    by_series = run_windows.split.by_series
    windows_of = {  # of all items before the first one is scored, since an item may have no window
        name: run_windows if is_test_part else windows_between(config, panel, name, start, end, by_series)
        for name, panel in items.items()
    }
    all_results = {}
    for name, datamodule in windows_of.items():
        panel = items[name]
        quality = _report_of_item(panel) if isinstance(panel, NewFilePanel) else replace(report, split={})
        run_facts = replace(run_metadata(config, datamodule, forecaster, quality.numbers_left_out), data=name)
        facts = _rescored(run_facts, folder, run_windows, datamodule, is_new_data=data is not None)
        quality.notes = [*_notes(facts, len(datamodule.windows["test"].origins)), *quality.notes]
        item_folder = out if len(items) == 1 else out / folder_name(name)
        all_results[name] = _score(folder, config, forecaster, naive, datamodule, facts, item_folder, quality)
    return all_results


def folder_name(item: str) -> str:
    """The name of an item as a folder name; different items have different folder names."""
    return re.sub(r"[/\\%]|^\.+$", lambda match: "".join(f"%{ord(c):02X}" for c in match[0]), item)


def windows_between(
    config: RunConfig, panel: Panel, name: str, start: str | None, end: str | None, by_series: bool = False
) -> WindowDataModule:
    """The windows of a panel whose targets all lie between two times, as the test part of a data module.

    Training and validation part are empty.

    Parameters
    ----------
    config : RunConfig
    panel : Panel
    name : str
        Name of the panel, for error messages.
    start, end : str, optional
        See `rescore`.
    by_series : bool
        Whether the context of a window lies wholly in its own series, as in a split of each series.

    Raises
    ------
    DataError
        There is no such window.
    """
    length, horizon = config.context_length, config.horizon
    first_row = 0 if start is None else int(panel.index.searchsorted(parse_panel_time(start, panel)))
    end_row = len(panel)
    if end is not None:
        end_row = int(panel.index.searchsorted(parse_panel_time(end, panel, end=True), side="right"))
    split = Split.on_axis(first_row, first_row, max(first_row, end_row))
    if by_series and panel.series is not None:
        starts, ends = panel.spans()
        first_rows = np.maximum(starts, first_row)
        end_rows = np.maximum(first_rows, np.minimum(ends, end_row))
        split = Split(np.stack([first_rows, first_rows, end_rows], axis=1), starts)
    first, stop = split.origin_bounds("test", length, horizon)
    if not (stop > first).any():
        message = Text(
            "{source} has no window of {horizon} targets, with a context of {length} rows before them"
            "{in_any_series}, between {start} and {end}",
            source=name,
            horizon=horizon,
            length=length,
            in_any_series=Text(", in any series") if split.by_series else "",
            start=str(start or panel.local_index[0]),
            end=str(end or panel.local_index[-1]),
        )
        advice = Text(
            "its {rows} rows reach from {first} to {last}",
            rows=len(panel),
            first=str(panel.local_index[0]),
            last=str(panel.local_index[-1]),
        )
        raise DataError(message, advice)
    if not split.by_series:  # the first part ends at the first origin, as the report shows it
        split = Split.on_axis(int(first), int(first), int(stop) - 1 + horizon)
    return config.datamodule(panel, split)


def _rescored(
    facts: RunFacts, folder: RunFolder, run_windows: WindowDataModule, datamodule: WindowDataModule, is_new_data: bool
) -> RescoredRunFacts:
    """The facts of a rescored run; the number of origins in training and validation is not known for new data."""
    origins, index = datamodule.windows["test"].origins.numpy(), datamodule.panel.local_index
    return RescoredRunFacts(
        **vars(facts),
        rescored_from=folder.path.name,
        first_target=str(index[origins[0]]),
        last_target=str(index[origins[-1] + datamodule.horizon - 1]),
        seen_origins=None if is_new_data else _count_seen_origins(run_windows, datamodule),
    )


def _count_seen_origins(run_windows: WindowDataModule, datamodule: WindowDataModule) -> int:
    """Number of origins at which a window of a channel lies before the test part of the run."""
    origin, channel = (pair.numpy() for pair in datamodule.windows["test"].pairs)
    test_starts = np.broadcast_to(run_windows.split.borders[..., 1], run_windows.num_channels)
    return len(np.unique(origin[origin < test_starts[channel]]))


def _notes(facts: RescoredRunFacts, num_origins: int) -> list[Text]:
    text = Text("scored by the model of run {run}, without training", code="note-rescored", run=facts.rescored_from)
    notes = [text]
    if facts.seen_origins:
        text = Text(
            "the model was trained or tuned on rows of {seen} of these {count} origins",
            code="note-seen-origins",
            seen=facts.seen_origins,
            count=num_origins,
        )
        notes.append(text)
        log.warning("%s: %s", facts.data, notes[-1])
    return notes


def _report_of_item(item: NewFilePanel) -> QualityReport:
    """The report of the file, with the description of the item."""
    report = replace(item.report)
    report.describe(item, Split.on_axis(len(item), len(item), len(item)))
    return report


def _score(
    folder: RunFolder,
    config: RunConfig,
    forecaster: Forecaster,
    naive: SeasonalNaive,
    datamodule: WindowDataModule,
    facts: RescoredRunFacts,
    out: Path,
    quality: QualityReport,
) -> Results:
    """Score the windows of one item, and write the evaluation files; returns the results."""
    run_results = folder.results
    trainer = make_single_trainer(config.trainer)
    started = time.monotonic()
    with torch.no_grad():
        save_windows = config.evaluation.save_windows
        backtest = evaluate(trainer, forecaster, datamodule, reference=naive, save_windows=save_windows)
    test_seconds = time.monotonic() - started
    results = build_results(
        run=facts,
        datamodule=datamodule,
        backtest=backtest,
        naive=naive,
        validation=run_results.validation,
        recalibration=run_results.recalibration,
        cost=run_cost(
            forecaster,
            backtest,
            trainer.strategy.root_device,
            fit_seconds=run_results.cost.fit_seconds,
            calibrate_seconds=run_results.cost.calibrate_seconds,
            test_seconds=test_seconds,
        ),
    )
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "config.yaml", to_yaml(folder.config))
    rescored = RunFolder(out)
    rescored.write_json("data_report.json", quality.to_dict())
    rescored.write_evaluation(backtest.tables, results)
    write_report(out)
    return results
