"""A run scored again, on other dates or other data, without training."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf

from timevis import build, cost, identity
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel
from timevis.data.quality import QualityReport, describe_channels, find_gaps
from timevis.data.windows import WindowSet
from timevis.errors import ConfigError, DataError, RunFolderError
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.report import write_report
from timevis.evaluation.results import build_results
from timevis.files import write_json, write_text
from timevis.models.forecaster import Forecaster
from timevis.models.naive import SeasonalNaive
from timevis.predict import panels_for
from timevis.run_folder import RunFolder

log = logging.getLogger(__name__)


def rescore(
    run: str | os.PathLike[str],
    out: Path,
    data: pd.DataFrame | Sequence[str | Path] | None = None,
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
    data : DataFrame or files, optional
        See `timevis.predict.predict`; the run's own data when None.
    start, end : str, optional
        First and last time that targets may have; the run's test part when neither is given for its own data.

    Returns
    -------
    dict
        Item to what its results.json holds.

    Raises
    ------
    RunFolderError
        `out` holds other files, or the run has no model.
    DataError
        The data do not fit the run, or hold no window between `start` and `end`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} is not an empty folder", "choose another --out")
    folder = RunFolder(run)
    forecaster, cfg = folder.load_forecaster(), folder.config
    own = build.datamodule(cfg, load_panel(cfg.data)[0])
    naive = SeasonalNaive.from_data(own)
    naive.prepare(own)
    naive.calibrate(own)
    items = {folder.results["run"]["data"]: own.panel} if data is None else panels_for(folder, data)
    found = {}
    for name, panel in items.items():
        if data is None and start is None and end is None:
            windows = own
        else:
            windows = between(cfg, panel, name, start, end)
        place = out if len(items) == 1 else out / name.replace("/", "_")
        notes = _notes(folder, own, windows, new=data is not None)
        found[name] = _score(folder, forecaster, naive, windows, name, place, notes)
    return found


def between(cfg: DictConfig, panel: Panel, name: str, start: str | None, end: str | None) -> WindowDataModule:
    """The windows of a panel whose targets all lie between two times, as the test part of a data module."""
    length, horizon = cfg.context_length, cfg.horizon
    first = 0 if start is None else int(panel.index.searchsorted(timestamp(start, panel)))
    past = len(panel) if end is None else int(panel.index.searchsorted(timestamp(end, panel), side="right"))
    origins = range(max(first, length), past - horizon + 1)
    if not origins:
        raise DataError(
            f"{name} holds no window of {horizon} targets, with a context of {length} rows before it, "
            f"between {start or panel.index[0]} and {end or panel.index[-1]}",
            f"its {len(panel)} rows reach from {panel.index[0]} to {panel.index[-1]}",
        )
    middle = (length + horizon, length + 2 * horizon)
    if len(panel) < middle[1] + horizon:
        raise DataError(
            f"{name} has {len(panel)} rows, too few to score", f"give at least {middle[1] + horizon} rows"
        )
    options = OmegaConf.merge(cfg, {"data": {"split": [*middle, len(panel)]}})
    assert isinstance(options, DictConfig)
    datamodule = build.datamodule(options, panel)
    evaluation = cfg.evaluation
    datamodule.windows["test"] = WindowSet.evaluation(
        origins, len(panel.channels), evaluation.stride, evaluation.max_windows
    )
    return datamodule


def timestamp(text: str, panel: Panel) -> pd.Timestamp:
    """A time from the command line, in the panel's time zone.

    Raises
    ------
    ConfigError
        It is no time.
    """
    try:
        time = pd.Timestamp(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not a time", "write it like 2024-01-31 or '2024-01-31 18:00'") from None
    zone = panel.index.tz
    if zone is None or time.tzinfo is not None:
        return time.tz_localize(None) if zone is None and time.tzinfo else time
    return time.tz_localize(panel.timezone or zone)


def _notes(folder: RunFolder, own: WindowDataModule, windows: WindowDataModule, new: bool) -> list[str]:
    notes = [f"scored by the model of run {folder.path.name}, without training"]
    origins = windows.windows["test"].origins
    seen = int((windows.panel.index[origins.numpy()] < own.panel.index[own.split.val_end]).sum())
    if seen and not new:
        notes.append(f"the model was trained or tuned on rows of {seen} of these {len(origins)} origins")
    return notes


def _score(
    folder: RunFolder,
    forecaster: Forecaster,
    naive: Forecaster,
    windows: WindowDataModule,
    name: str,
    place: Path,
    notes: list[str],
) -> dict[str, Any]:
    cfg, before, panel = folder.config, folder.results, windows.panel
    for note in notes[1:]:
        log.warning("%s: %s", name, note)
    trainer = pl.Trainer(
        accelerator=cfg.trainer.accelerator,
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    started = time.monotonic()
    with torch.no_grad():
        backtest = evaluate(trainer, forecaster, windows, reference=naive, save_windows=cfg.evaluation.save_windows)
    device = trainer.strategy.root_device
    results = build_results(
        run=identity.of_run(cfg, panel, forecaster) | {"data": name, "rescored_from": folder.path.name},
        datamodule=windows,
        backtest=backtest,
        validation=before["validation"],
        cost=cost.of_run(forecaster, backtest, device, before["cost"]["fit_seconds"], time.monotonic() - started),
    )
    place.mkdir(parents=True, exist_ok=True)
    write_text(place / "config.yaml", OmegaConf.to_yaml(cfg))
    write_json(place / "data_report.json", data_report(panel, name, notes).to_dict())
    backtest.windows.to_parquet(place / "windows.parquet")
    assert backtest.reference_windows is not None
    backtest.reference_windows.to_parquet(place / "windows_seasonal_naive.parquet")
    backtest.predictions.to_parquet(place / "predictions.parquet")
    if backtest.samples is not None:
        backtest.samples.to_parquet(place / "samples.parquet")
    write_json(place / "results.json", results)
    write_report(place)
    return results


def data_report(panel: Panel, source: str, notes: list[str]) -> QualityReport:
    """What a panel that is only scored looks like."""
    described = describe_channels(panel, len(panel))
    kinds = zip(panel.covariate_names, panel.covariate_known, strict=True)
    return QualityReport(
        source,
        rows_read=len(panel),
        rows=len(panel),
        frequency=panel.freq,
        start=str(panel.index[0]),
        end=str(panel.index[-1]),
        timezone=panel.timezone,
        gaps=find_gaps(panel),
        missing={channel: entry["missing"] for channel, entry in described.items()},
        channels=described,
        covariates={name: {"kind": "known" if known else "observed"} for name, known in kinds},
        card=asdict(panel.card),
        notes=notes,
    )
