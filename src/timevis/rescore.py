"""A run scored again, on other dates or other data, without training."""

from __future__ import annotations

import logging
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.datamodule import WindowDataModule
from timevis.data.new_files import NewFilePanel
from timevis.data.panel import Panel
from timevis.data.schema.timestamps.iso_time import parse_panel_time
from timevis.data.split import Split
from timevis.errors import DataError
from timevis.evaluation import cost
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.report.run_report import write_report
from timevis.evaluation.results import build_results
from timevis.models.forecaster import Forecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.predict import NewData, panels_for
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.metadata import run_metadata
from timevis.runs.reload import load_again, require_unchanged
from timevis.training.trainer import make_single_trainer
from timevis.utils.files import require_empty, write_text

log = logging.getLogger(__name__)


def rescore(
    run: str | os.PathLike[str],
    out: Path,
    data: NewData = None,
    *,
    start: str | None = None,
    end: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Score the model of a run on windows that it was not scored on.

    Model, seasonal naive and every scale (of MASE, of the scaled errors) stay as the run fitted them.

    Parameters
    ----------
    run : path
        Of a run folder with a model.
    out : Path
        New folder; gets the evaluation files of a run folder (``results.json``, ``windows.parquet``,
        ``report.html``, ...), in a folder for each item where there are several.
    data : DataFrame, file or files, optional
        See `timevis.predict.predict`; the run's own data when None.
    start, end : str, optional
        First and last time that targets may have, in ISO 8601, an end such as 2024-01-31 or 2024-01 with all of its
        hours; the run's test part when neither is given for its own data.

    Returns
    -------
    dict
        Item to what its results.json holds.

    Raises
    ------
    RunFolderError
        `out` holds other files, or the run has no model.
    DataError
        The data do not fit the run, or hold no window between `start` and `end`; or the run's own data, by which the
        scales are fitted, have changed.
    """
    require_empty(out)
    folder = RunFolder(run)
    forecaster = folder.load_forecaster()
    config, panel, report = load_again(folder)
    require_unchanged(folder, panel, config.data.split[-1])
    own = config.datamodule(panel)
    naive = SeasonalNaive.fitted(own)
    items = {folder.results["run"]["data"]: own.panel} if data is None else panels_for(folder, data)
    found = {}
    for name, panel in items.items():
        if data is None and start is None and end is None:
            windows = own
        else:
            windows = between(config, panel, name, start, end)
        place = out if len(items) == 1 else out / folder_name(name)
        quality = _described(panel) if isinstance(panel, NewFilePanel) else replace(report, split={})
        about = _about(folder, own, windows, new=data is not None) | {"data": name}
        quality.notes = [*_notes(about, len(windows.windows["test"].origins)), *quality.notes]
        found[name] = _score(folder, config, forecaster, naive, windows, about, place, quality)
    return found


def folder_name(item: str) -> str:
    """An item's name as that of a folder; each item has its own."""
    return re.sub(r"[/\\%]|^\.+$", lambda found: "".join(f"%{ord(c):02X}" for c in found[0]), item)


def between(config: RunConfig, panel: Panel, name: str, start: str | None, end: str | None) -> WindowDataModule:
    """The windows of a panel whose targets all lie between two times, as the test part of a data module.

    That part reaches from the first target to the last one, and there is no other: the model was fitted elsewhere.
    """
    length, horizon = config.run.context_length, config.run.horizon
    first = 0 if start is None else int(panel.index.searchsorted(parse_panel_time(start, panel)))
    past = len(panel)
    if end is not None:
        past = int(panel.index.searchsorted(parse_panel_time(end, panel, end=True), side="right"))
    origins = range(max(first, length), past - horizon + 1)
    if not origins:
        raise DataError(
            f"{name} holds no window of {horizon} targets, with a context of {length} rows before it, "
            f"between {start or panel.index[0]} and {end or panel.index[-1]}",
            f"its {len(panel)} rows reach from {panel.index[0]} to {panel.index[-1]}",
        )
    return config.datamodule(panel, Split(origins[0], origins[0], origins[-1] + horizon))


def _about(folder: RunFolder, own: WindowDataModule, windows: WindowDataModule, new: bool) -> dict[str, Any]:
    """What the run section of results.json says of a rescored run; of `new` data nobody knows what was seen."""
    origins, index = windows.windows["test"].origins.numpy(), windows.panel.local_index
    return {
        "rescored_from": folder.path.name,
        "first_target": str(index[origins[0]]),
        "last_target": str(index[origins[-1] + windows.horizon - 1]),
        "seen_origins": None if new else int((index[origins] < own.panel.index[own.split.val_end]).sum()),
    }


def _notes(about: dict[str, Any], origins: int) -> list[str]:
    notes = [f"scored by the model of run {about['rescored_from']}, without training"]
    if about["seen_origins"]:
        notes.append(f"the model was trained or tuned on rows of {about['seen_origins']} of these {origins} origins")
        log.warning("%s: %s", about["data"], notes[-1])
    return notes


def _score(
    folder: RunFolder,
    config: RunConfig,
    forecaster: Forecaster,
    naive: SeasonalNaive,
    windows: WindowDataModule,
    about: dict[str, Any],
    place: Path,
    quality: QualityReport,
) -> dict[str, Any]:
    before = folder.results
    trainer = make_single_trainer(config.trainer)
    started = time.monotonic()
    with torch.no_grad():
        save_windows = config.evaluation.save_windows
        backtest = evaluate(trainer, forecaster, windows, reference=naive, save_windows=save_windows)
    spent = {stage: before["cost"].get(stage) for stage in ("fit_seconds", "calibrate_seconds")}
    spent["test_seconds"] = time.monotonic() - started
    device = trainer.strategy.root_device
    results = build_results(
        run=run_metadata(config, windows, forecaster) | about,
        datamodule=windows,
        backtest=backtest,
        naive=naive,
        validation=before["validation"],
        cost=cost.run_cost(forecaster, backtest, device, **spent),
    )
    place.mkdir(parents=True, exist_ok=True)
    write_text(place / "config.yaml", OmegaConf.to_yaml(folder.config))
    scored = RunFolder(place)
    scored.write_json("data_report.json", quality.to_dict())
    scored.write_evaluation(backtest.tables, results)
    write_report(place)
    return results


def _described(item: NewFilePanel) -> QualityReport:
    """What was found in an item's file, and what the item looks like."""
    report = replace(item.report)
    report.describe(item, len(item))
    return report
