"""Make an ensemble of finished runs, without training them again."""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from timevis.config.compose import compose
from timevis.config.members import COMBINING_MODELS, FINISHED_RUN, MEMBER_NAME
from timevis.config.stored import escape
from timevis.errors import RunFolderError
from timevis.evaluation.window_sets import comparability_key, not_comparable_error
from timevis.messages import Text
from timevis.models.member_record import MemberRecord, member_folder
from timevis.models.serialization import absent_model_error
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder, lock_run_folder
from timevis.runs.results import Results
from timevis.sweep.comparisons import completed_runs, folder_of_group, group_by_window_set
from timevis.training.run import execute

log = logging.getLogger(__name__)

COPIED_FILES = (
    "config.yaml",
    "overrides.yaml",
    "status.json",
    "data_report.json",
    "splits.parquet",
    "metrics.csv",
    "results.json",
    "model",
    "checkpoints",
)
"""What a member needs to forecast, to be fitted again on all rows, and to show how it was fitted."""
OWN_SECTIONS = ("model", "trainer", "callbacks", "logger", "resume")
"""Sections that the ensemble does not take from its first run."""


def combine(runs: Sequence[str | os.PathLike[str]], folder: Path, group: str | None = None) -> float:
    """Make an ensemble of finished runs that scored the same windows, and score it once on these windows.

    The model of each run is copied into the folder of the ensemble. Its intervals are taken before any conformal
    recalibration; the ensemble is recalibrated as the first run is.

    Parameters
    ----------
    runs : sequence of path
        Two run folders or more.
    folder : Path
        The run folder of the ensemble, new or empty.
    group : str, optional
        The sweep that the ensemble belongs to.

    Returns
    -------
    float
        ``val/relative_wql`` of the ensemble.

    Raises
    ------
    RunFolderError
        A run has not completed or has other windows than the first one, or there are fewer than two runs.
    DataError
        The data of the runs have changed since.
    """
    folders = [RunFolder(run) for run in dict.fromkeys(Path(run).resolve() for run in runs)]
    if len(folders) < 2:
        message = Text("an ensemble of finished runs needs at least two runs")
        raise RunFolderError(message, Text("give two or more run folders"))
    results = [_results_of(run) for run in folders]
    for run, other in zip(folders, results, strict=True):
        if comparability_key(other) != comparability_key(results[0]):
            raise not_comparable_error((folders[0].path, results[0]), (run.path, other))
    names = _names(results)
    with lock_run_folder(folder):
        ensemble = RunFolder.create(folder, _config(folders[0].config, names), _shared_overrides(folders))
        for name, run, one in zip(names, folders, results, strict=True):
            path = member_folder(ensemble.path, name)
            log.info("%s: %s", name, run.display_path)
            _copy(run.path, path)
            _record(name, run, one).write(path)
        for name in ("data_report.json", "splits.parquet"):  # the split of the runs, should the file have grown since
            if (folders[0].path / name).is_file():
                shutil.copy2(folders[0].path / name, ensemble.path / name)
        return execute(ensemble, RunConfig.from_config(ensemble.config), group, resumed=True)


def combine_sweep(sweep: Path) -> list[Path]:
    """Make an ensemble of the completed runs of a sweep, one for each window set, if its jobs have `sweep.ensemble`.

    Ensembles of an earlier call are replaced.

    Parameters
    ----------
    sweep : Path
        Sweep folder.

    Returns
    -------
    list of Path
        Run folders ``ensemble_<data>`` in the sweep folder; of several window sets on the same data, all but the
        first have a suffix that names the window set.
    """
    members: list[tuple[Path, Results]] = []
    for job in completed_runs(sweep):
        with suppress(RunFolderError):  # the leaderboard names it
            run = RunFolder(job)
            if OmegaConf.select(run.config, "sweep.ensemble"):
                members.append((job, _results_of(run)))
    written: list[Path] = []
    for key, runs in group_by_window_set(members).items():
        if len(runs) < 2:
            continue
        folder = folder_of_group(sweep, "ensemble", RunFolder(runs[0]).results.run.data, key, written)
        shutil.rmtree(folder, ignore_errors=True)
        combine(runs, folder, group=sweep.name)
        written.append(folder)
    return written


def _shared_overrides(runs: Sequence[RunFolder]) -> list[str]:
    """The overrides that all runs were started with, without the model."""
    shared = [o for o in runs[0].overrides if all(o in run.overrides for run in runs)]
    return ["model=ensemble", *(o for o in shared if not o.startswith("model"))]


def _results_of(run: RunFolder) -> Results:
    """The results of a run that can be a member.

    Raises
    ------
    RunFolderError
        It has none, has no model, or is an ensemble itself.
    """
    results = run.results
    if results.run.members or results.run.model in COMBINING_MODELS:
        message = Text("{path} is an ensemble itself", path=str(run.display_path))
        raise RunFolderError(message, Text("give runs of single models"))
    if not (run.path / "model" / "model.json").is_file():
        raise absent_model_error(run.display_path / "model")
    return results


def _names(results: Sequence[Results]) -> list[str]:
    """A name for each run, by its model."""
    counts: Counter[str] = Counter()
    names = []
    for one in results:
        model = one.run.model.replace("/", "-")
        model = model if MEMBER_NAME.fullmatch(model) else "model"
        counts[model] += 1
        names.append(model if counts[model] == 1 else f"{model}-{counts[model]}")
    return names


def _config(first: DictConfig, names: Sequence[str]) -> DictConfig:
    """The config of an ensemble with the data and windows of a run."""
    cfg = compose(["model=ensemble", "data=file", "logger=none"])
    OmegaConf.set_struct(cfg, False)
    stored: Any = OmegaConf.to_container(first, resolve=True)
    for key, value in stored.items():
        if key not in OWN_SECTIONS:
            cfg[key] = escape(value)
    cfg.trainer.accelerator = first.trainer.accelerator
    cfg.model.members = [f"{FINISHED_RUN} name={name}" for name in names]
    return cfg


def _copy(run: Path, member: Path) -> None:
    member.mkdir(parents=True)
    for name in COPIED_FILES:
        if (run / name).is_dir():
            shutil.copytree(run / name, member / name)
        elif (run / name).is_file():
            shutil.copy2(run / name, member / name)


def _record(name: str, run: RunFolder, results: Results) -> MemberRecord:
    cost, status = results.cost, run.status
    return MemberRecord(
        name=name,
        model=results.run.model,
        label=results.run.label,
        state="completed",
        source=str(run.display_path),
        seconds=status.elapsed if status else 0.0,
        fit_seconds=cost.fit_seconds or 0.0,
        calibrate_seconds=cost.calibrate_seconds or 0.0,
        trainable_parameters=cost.trainable_parameters,
        parameters=cost.parameters,
    )
