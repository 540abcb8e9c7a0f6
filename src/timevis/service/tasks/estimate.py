"""A rough estimate of time and memory of a training run, from earlier ones of the same kind of model."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.data.split.make_split import make_split
from timevis.data.split.spec import DEFAULT_SPLIT, RowEnds, Shares, SplitSpec, parse_split
from timevis.models.catalog import DeclaredModel, declared_models
from timevis.runs.default_lengths import Lengths, default_lengths, steps_of_epoch
from timevis.service.db.tables import Dataset, Model, Task

RECENT_MODELS = 20
START_SECONDS = 8.0
"""Time in which the process of a training imports its libraries and reads the data."""
LOW_FACTOR, HIGH_FACTOR = 0.3, 2.0
"""Early stopping often ends a fit early; a busy machine takes longer."""


def estimate(session: Session, kind: str, cfg: Any, dataset: Dataset) -> dict[str, Any]:
    """Estimate a training.

    Parameters
    ----------
    session : Session
    kind : str
        The model.
    cfg : DictConfig
        The checked config.
    dataset : Dataset

    Returns
    -------
    dict
        ``seconds_low``, ``seconds_high``, ``memory_mb``, and ``steps``, None for a model without optimizer steps.

    Raises
    ------
    DataError
        The series are too short for the lengths.
    """
    history, declared = _history(session, kind), declared_models()[kind]
    rough = declared.declaration
    steps = fit_steps(cfg, dataset.report, declared) if declared.has_gradient_fit else None
    timed = history["seconds" if steps is None else "seconds_per_step"]
    seconds = (steps or 1) * statistics.median(timed or [rough.rough_seconds])
    if kind == "auto":
        seconds = rough.rough_seconds if cfg.minutes is None else 60 * cfg.minutes
    elif cfg.minutes is not None:
        seconds = min(seconds, 60 * cfg.minutes)
    memory = statistics.median(history["memory"] or [rough.rough_memory_mb])
    return {
        "seconds_low": round(START_SECONDS + LOW_FACTOR * seconds, 1),
        "seconds_high": round(HIGH_FACTOR * (START_SECONDS + seconds), 1),
        "memory_mb": round(memory),
        "steps": steps,
    }


def typical_seconds(session: Session, kind: str) -> float | None:
    """Median time of the recent training runs of a kind of model; None if there are none."""
    seconds = _history(session, kind)["seconds"]
    return round(START_SECONDS + statistics.median(seconds), 1) if seconds else None


def fit_steps(cfg: Any, report: Mapping[str, Any], model: DeclaredModel) -> int:
    """Optimizer steps of a fit without early stopping.

    Raises
    ------
    DataError
        See `check_lengths`.
    """
    fit, target = cfg.model.fit, cfg.data.target
    channels = len(target) if target else len(report["channels"])
    windows = max(1, int(check_lengths(cfg, report) * channels * fit.train_fraction))
    lengths = lengths_of(report, _split_of(cfg), cfg.context_length, cfg.horizon)
    minimum, maximum = steps_of_epoch(
        fit, windows, channels, lengths.context_length + lengths.horizon, model.default_steps_per_epoch, cfg.model
    )
    per_epoch = max(math.ceil(windows / fit.batch_size), minimum)
    if maximum is not None:
        per_epoch = min(per_epoch, maximum)
    return int(per_epoch * fit.max_epochs)


def check_lengths(cfg: Any, report: Mapping[str, Any]) -> int:
    """The number of training origins of a dataset for the lengths and the split of a config.

    Raises
    ------
    DataError
        The series are too short for a window in each part; the advice says what would fit.
    """
    spec = _split_of(cfg)
    lengths = lengths_of(report, spec, cfg.context_length, cfg.horizon)
    if not isinstance(spec, Shares | RowEnds):
        return max(1, _borders(report, spec)[0] - lengths.context_length - lengths.horizon + 1)
    split = make_split(report["rows"], spec, lengths.context_length, lengths.horizon, report["source"])
    return len(split.origins("train", lengths.context_length, lengths.horizon))


def lengths_of(
    report: Mapping[str, Any], spec: SplitSpec, context_length: int | None, horizon: int | None
) -> Lengths:
    """Context length, horizon and season; those that are None follow from the frequency and the length of the data.

    Parameters
    ----------
    report : mapping
        data_report.json.
    spec : SplitSpec
    context_length, horizon : int, optional
    """
    lengths = default_lengths(report["frequency"], _borders(report, spec), horizon)
    return lengths if context_length is None else replace(lengths, context_length=context_length)


def _split_of(cfg: Any) -> SplitSpec:
    return parse_split(cfg.data.split) if cfg.data.split else DEFAULT_SPLIT


def _borders(report: Mapping[str, Any], spec: SplitSpec) -> tuple[int, int, int]:
    """The rows at which the parts end, which the report has for a split by times or last rows."""
    if isinstance(spec, Shares | RowEnds):
        ends = spec.ends(report["rows"])
    else:
        ends = np.cumsum([report["split"][name]["rows"] for name in ("train", "val", "test")])
    train, val, test = ends.tolist()
    return train, val, test


def _history(session: Session, kind: str) -> dict[str, list[float]]:
    """Seconds, seconds per step and memory of the recent models of a kind."""
    recent = select(Model.summary, Task.progress).join(Task, Task.id == Model.task_id).where(Model.kind == kind)
    history: dict[str, list[float]] = {"seconds": [], "seconds_per_step": [], "memory": []}
    for summary, progress in session.execute(recent.order_by(Model.created.desc()).limit(RECENT_MODELS)):
        cost = summary.get("cost") or {}
        history["seconds"].append(sum(cost.get(f"{part}_seconds") or 0 for part in ("fit", "calibrate", "test")))
        if cost.get("peak_memory_mb"):
            history["memory"].append(cost["peak_memory_mb"])
        if cost.get("fit_seconds") and (progress or {}).get("step"):
            history["seconds_per_step"].append(cost["fit_seconds"] / progress["step"])
    return history
