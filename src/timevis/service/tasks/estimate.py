"""A rough estimate of time and memory of a training run, from earlier ones and the speed of this machine."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.data.split import DEFAULT_SPLIT, RowEnds, Shares, SplitSpec, make_split, parse_split
from timevis.models.catalog import DeclaredModel, declared_models
from timevis.runs.default_lengths import Lengths, default_lengths, steps_of_epoch
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.training import base_config

RECENT_MODELS = 20
START_SECONDS = 8.0
"""Time in which the process of a training imports its libraries and reads the data."""
CONSTANT_SHARE = 0.15
"""Part of the time of a step, or of a fit, that does not grow with the network and the data."""
OPERATIONS_OF_LATENCY = 5e6
"""Operations that a machine could compute while it starts one step of a recurrent layer and its gradient."""
REFERENCE_LENGTHS, REFERENCE_ROWS = (168, 24), 5000
"""Context length and horizon, and rows of one channel, for which the rough times of the declarations hold."""
MIN_MEMORY_MB = 300.0
LOW_FACTOR, HIGH_FACTOR = 0.3, 2.0
"""Early stopping often ends a fit early; a busy machine takes longer."""
SIZE = 384
MEASURE_SECONDS = 0.2
REFERENCE_SECONDS = 0.001
"""Time of one product of two matrices of `SIZE` rows on one core of the reference machine (AMD EPYC)."""


def estimate(session: Session, kind: str, cfg: Any, dataset: Dataset) -> dict[str, Any]:
    """Estimate a training run from its own size, and from what recent runs of the model took on this machine.

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
        ``seconds_low``, ``seconds_high``, ``memory_mb``, ``parameters``, None for a model that is no network whose
        size is known, and ``steps``, None for a model without optimizer steps.

    Raises
    ------
    DataError
        The series are too short for the lengths.
    """
    declared, report = declared_models()[kind], dataset.report
    lengths = lengths_of(report, _split_of(cfg), cfg.context_length, cfg.horizon)
    channels = len(cfg.data.target or report["channels"])
    plain: Any = OmegaConf.to_container(cfg.model, resolve=True)
    covariates = len(cfg.data.covariates or ()) if plain.get("covariates") else 0
    load = _Load.of(declared, plain, lengths.context_length, lengths.horizon, channels, covariates, report["rows"])
    usual = _Load.of(declared, _base_model(kind), lengths.context_length, lengths.horizon, 1, 0, report["rows"])
    steps = _fit_steps(cfg, report, declared) if declared.has_gradient_fit else None
    history = _history(session, kind)
    rough = declared.declaration.rough_seconds
    measured = [run.seconds / load.relative_to(run.load) for run in history if run.seconds]
    seconds = (steps or 1) * (
        statistics.median(measured) if measured else rough * slowness() * load.relative_to(_default_load(kind))
    )
    if kind == "auto":
        seconds = rough if cfg.minutes is None else 60 * cfg.minutes
    elif cfg.minutes is not None:
        seconds = min(seconds, 60 * cfg.minutes)
    memories = [run.memory - run.load.megabytes for run in history if run.memory]
    memory = statistics.median(memories or [declared.declaration.rough_memory_mb - usual.megabytes])
    return {
        "seconds_low": round(START_SECONDS + LOW_FACTOR * seconds, 1),
        "seconds_high": round(HIGH_FACTOR * (START_SECONDS + seconds), 1),
        "memory_mb": round(max(MIN_MEMORY_MB, memory) + load.megabytes),
        "parameters": load.parameters,
        "steps": steps,
    }


@dataclass(frozen=True)
class _Load:
    """What a training run computes: one optimizer step, or the whole fit of a model without steps."""

    operations: float
    megabytes: float = 0.0
    parameters: int | None = None

    @classmethod
    def of(
        cls,
        declared: DeclaredModel,
        model: Mapping[str, Any],
        context_length: int,
        horizon: int,
        channels: int,
        covariates: int,
        rows: int,
    ) -> _Load:
        """The load for the section `model` of a config, lengths in rows, and the size of the data."""
        if not declared.has_gradient_fit:
            return cls(float(rows * channels * context_length))
        batch_size = model["fit"]["batch_size"]
        if declared.network_size is None:
            return cls(float(batch_size * (context_length + horizon)))
        size = declared.network_size(context_length, horizon, channels, covariates, model)
        operations = batch_size * size.operations + size.sequential_steps * OPERATIONS_OF_LATENCY
        return cls(operations, size.megabytes(batch_size), size.parameters)

    def relative_to(self, other: _Load) -> float:
        """The time of this load divided by the time of another one, of which a part is the same for all."""
        return CONSTANT_SHARE + (1 - CONSTANT_SHARE) * self.operations / max(other.operations, 1.0)


@dataclass(frozen=True)
class _Run:
    """A recent training run: its load, the seconds of a step or of the fit, and its memory in MB."""

    load: _Load
    seconds: float | None
    memory: float | None


def _base_model(kind: str) -> dict[str, Any]:
    """The section `model` with the defaults of a model."""
    plain: Any = OmegaConf.to_container(base_config(kind).model, resolve=True)
    return dict(plain)


def _default_load(kind: str) -> _Load:
    """The load for which the rough time of a declaration holds."""
    return _Load.of(declared_models()[kind], _base_model(kind), *REFERENCE_LENGTHS, 1, 0, REFERENCE_ROWS)


def typical_seconds(session: Session, kind: str) -> float | None:
    """Median time of the recent training runs of a kind of model; None if there are none."""
    costs = select(Model.summary["cost"]).where(Model.kind == kind, Model.task_id.is_not(None))
    recent = session.scalars(costs.order_by(Model.created.desc()).limit(RECENT_MODELS))
    seconds = [sum(cost.get(f"{part}_seconds") or 0 for part in ("fit", "calibrate", "test")) for cost in recent]
    return round(START_SECONDS + statistics.median(seconds), 1) if seconds else None


def _fit_steps(cfg: Any, report: Mapping[str, Any], model: DeclaredModel) -> int:
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


def _history(session: Session, kind: str) -> list[_Run]:
    """The recent training runs of a kind of model."""
    declared, base = declared_models()[kind], _base_model(kind)
    columns = select(Model.summary, Task.progress, Task.request, Dataset.report)
    query = columns.join(Task, Task.id == Model.task_id).join(Dataset, Dataset.id == Model.dataset_id)
    recent = query.where(Model.kind == kind).order_by(Model.created.desc()).limit(RECENT_MODELS)
    runs = []
    for summary, progress, request, report in session.execute(recent):
        cost, windows = summary.get("cost") or {}, summary["window_set"]
        model = base | request.get("options", {})
        model["fit"] = base["fit"] | {key: request[key] for key in base["fit"] if request.get(key) is not None}
        channels = len(request.get("target") or report["channels"])
        load = _Load.of(
            declared, model, windows["context_length"], windows["horizon"], channels, 0, int(report["rows"])
        )
        seconds: float | None = sum(cost.get(f"{part}_seconds") or 0 for part in ("fit", "calibrate", "test"))
        if declared.has_gradient_fit:
            step = (progress or {}).get("step")
            seconds = cost["fit_seconds"] / step if cost.get("fit_seconds") and step else None
        runs.append(_Run(load, seconds, cost.get("peak_memory_mb")))
    return runs


@cache
def slowness() -> float:
    """Time of a computation on this machine, divided by its time on the reference machine; between 0.1 and 20."""
    matrix = np.random.default_rng(0).random((SIZE, SIZE), dtype=np.float32)
    fastest, deadline = np.inf, time.perf_counter() + MEASURE_SECONDS
    while (started := time.perf_counter()) < deadline:
        matrix @ matrix
        fastest = min(fastest, time.perf_counter() - started)
    return float(min(20.0, max(0.1, fastest / REFERENCE_SECONDS)))
