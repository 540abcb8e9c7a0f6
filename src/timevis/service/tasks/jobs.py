"""Carry out one task: claim it, do it, and enter one final state."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pandas as pd
import structlog
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from timevis.data.known_values import KNOWN_PREFIX
from timevis.errors import RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.models.catalog import declared_models
from timevis.runs.folder import RunFolder
from timevis.runs.record import RunRecord
from timevis.runs.status import state_of
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.db.versions import newest_version
from timevis.service.profiling import ReadingStopped
from timevis.service.settings import Settings
from timevis.service.storage import Storage
from timevis.service.tasks import states
from timevis.service.tasks.following import RunCopies, take_over
from timevis.service.tasks.queue import GPU
from timevis.service.tasks.reading import ReaderProcesses, Reading, absent_dataset, problem_of
from timevis.service.tasks.runner import Outcome, progress_of, run_training, wait_for_earlier_attempt
from timevis.service.tasks.summary import automatic_name, summarise_run
from timevis.service.training import untrained_methods
from timevis.service.troubleshooting import with_section
from timevis.utils.explain import explain
from timevis.utils.json_types import to_json_types

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0
"""Time between two writes of the progress into the row."""
CANCELLATION_SECONDS = 0.5


@dataclass
class Worker:
    """What the tasks of one worker process share."""

    settings: Settings
    sessions: states.Sessions
    queues: tuple[str, ...]
    stopping: threading.Event = field(default_factory=threading.Event)
    active: dict[str, Task] = field(default_factory=dict)
    free_gpus: SimpleQueue[str] = field(default_factory=SimpleQueue)
    readers: ReaderProcesses = field(default_factory=ReaderProcesses)
    storage: Storage = field(init=False)

    def __post_init__(self) -> None:
        self.storage = Storage.open(self.settings, self.sessions)
        for gpu in self.settings.gpus:
            self.free_gpus.put(gpu)

    @contextmanager
    def devices(self, queue: str) -> Iterator[str]:
        """The value of CUDA_VISIBLE_DEVICES for a training: one GPU that no other training has, or none."""
        if queue != GPU:
            yield ""
            return
        gpu = self.free_gpus.get()  # there are as many threads as GPUs
        try:
            yield gpu
        finally:
            self.free_gpus.put(gpu)

    @property
    def name(self) -> str:
        return f"{socket.gethostname()}:{os.getpid()}"


def execute(worker: Worker, task_id: str) -> None:
    """Carry out a task, unless it is not queued any more."""
    if (task := claim(worker, task_id)) is not None:
        carry_out(worker, task)


def claim(worker: Worker, task_id: str) -> Task | None:
    """Start a queued task; None if it is not queued any more. Its heartbeat is written from now on."""
    task = states.claim(worker.sessions, task_id, f"{worker.name}:{uuid.uuid4().hex[:8]}")
    if task is not None:
        worker.active[task.id] = task
    return task


def carry_out(worker: Worker, task: Task) -> bool:
    """Carry out a task of this worker; False if it returned to its queue. Its identifier stands in all log lines."""
    with structlog.contextvars.bound_contextvars(task_id=task.id):
        return _carry_out(worker, task)


def _carry_out(worker: Worker, task: Task) -> bool:
    log.info("task %s (%s), attempt %d", task.id, task.kind, task.attempt)
    try:
        outcome, values = JOBS[task.kind](worker, task)
    except TimeVisError as error:
        outcome, values = Outcome(states.FAILED, error), {}
    except Exception as error:
        log.exception("task %s failed", task.id)
        outcome, values = Outcome(states.FAILED, explain(error, unexpected_advice=_see_worker_log())), {}
    finally:
        worker.active.pop(task.id, None)
    _finish(worker, task, outcome, values)
    return outcome.state is not None or outcome.is_counted


def _finish(worker: Worker, task: Task, outcome: Outcome, values: dict[str, Any]) -> None:
    """Write the end of a task; one whose values the database refuses fails, since they would never be accepted."""
    try:
        _write_end(worker, task, outcome, values)
    except TimeVisError as error:  # the dataset of the task has changed meanwhile
        result = {"problem": problem_of(task.request, error)}
        _write_end(worker, task, Outcome(states.FAILED, error), {"result": result})
    except (DataError, IntegrityError) as error:
        log.exception("task %s: its result could not be stored", task.id)
        text = Text("the database did not accept the result of the task ({reason})", reason=str(error.orig))
        _write_end(worker, task, Outcome(states.FAILED, TimeVisError(text, _see_worker_log())), {})


def _see_worker_log() -> Text:
    return Text("see the log of the worker")


def _write_end(worker: Worker, task: Task, outcome: Outcome, values: dict[str, Any]) -> None:
    change: Callable[[Session], None] = values.pop("change", lambda _: None)
    values |= {"error": None, "advice": None}
    if outcome.error is not None:
        values |= states.failure(with_section(outcome.error), values.get("result"))
    if outcome.state is None:
        if states.release(worker.sessions, task, is_counted=outcome.is_counted, **values):
            log.info("task %s returned to its queue", task.id)
        return
    with worker.sessions.begin() as session:
        finished = states.finish(session, task, outcome.state, **values)
        if finished:
            change(session)
    log.info("task %s %s", task.id, outcome.state if finished else "belongs to another worker")


def train(worker: Worker, task: Task) -> tuple[Outcome, dict[str, Any]]:
    """Run the training process of a task; a completed run becomes a model."""
    assert task.run_id is not None
    assert task.dataset_id is not None
    folder, settings = take_over(worker.storage, task.run_id), worker.settings
    with worker.sessions() as session:
        dataset = session.get(Dataset, task.dataset_id)
        assert dataset is not None
    worker.storage.fetched_upload(dataset.content_hash, dataset.suffix)
    watch, copies = _Watch(worker, task), RunCopies(worker.storage, worker.sessions, task, folder)
    callbacks: dict[str, Callable[..., bool]] = {
        "report": watch.report,
        "is_cancelled": watch.is_cancelled,
        "is_stopping": worker.stopping.is_set,
    }
    if (ended := wait_for_earlier_attempt(folder, **callbacks)) is not None:
        return ended, {}
    if (progress := progress_of(folder)) and _is_completed(folder):
        outcome = Outcome(states.COMPLETED)  # an earlier attempt completed the run and could not say so
    else:
        with worker.devices(task.queue) as devices, copies:
            outcome = run_training(
                folder,
                worker.storage.task_log(task.id),
                threads=settings.threads_per_training,
                devices=devices,
                megabytes=None if devices else settings.training_megabytes,
                grace_seconds=settings.grace_seconds,
                is_stopped=watch.is_stopped,
                **callbacks,
            )
    if _was_killed(outcome) and task.attempt < settings.max_attempts:
        log.warning("task %s: its process was killed in attempt %d", task.id, task.attempt)
        outcome = Outcome(None, outcome.error, is_counted=True)
    try:
        copies.copy(completed=outcome.state == states.COMPLETED)
    except Exception as error:  # of the store or of the network; what was trained must not be lost
        log.warning("task %s: its run could not be copied (%s)", task.id, error)
        if outcome.state != states.COMPLETED:
            return outcome, {}
        not_copied = TimeVisError(
            Text(
                "the training has ended, but its run cannot be copied to the artefact store ({reason})",
                code="run-not-copied",
                reason=str(error),
            ),
            Text("it is copied when the store can be written again; check TIMEVIS_STORE"),
        )
        return Outcome(None, not_copied), {}
    if outcome.state != states.COMPLETED:
        return outcome, {}
    summary = summarise_run(RunRecord.load(folder))
    progress = progress_of(folder) or progress
    title = declared_models()[task.request["model"]].declaration.title
    model = Model(
        name=task.request.get("name") or title,
        kind=task.request["model"],
        task_id=task.id,
        dataset_id=task.dataset_id,
        run_id=task.run_id,
        summary=summary,
        created_by=task.created_by,
    )
    model.id = uuid.uuid4().hex
    results = {key: value for key, value in summary.items() if key != "forecast"}  # it is for lists of models only
    values = {"result": {"model": model.id, **results}, "progress": progress}

    def add(session: Session) -> None:
        if not task.request.get("name"):
            taken = set(session.scalars(select(Model.name).where(Model.dataset_id == task.dataset_id)))
            model.name = automatic_name(title, task.request, taken)
        session.add(model)

    return outcome, {**values, "change": add}


def _was_killed(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error.message.code == "process-ended-by-signal"


def _is_completed(folder: Path) -> bool:
    return state_of(folder) == "completed" and (folder / "results.json").is_file()


def forecast(worker: Worker, task: Task) -> tuple[Outcome, dict[str, Any]]:
    """Forecast each item of the request; an item that fails says so and stops no other."""
    from timevis.service.tasks.forecasting import ItemForecasts, requested_items  # imports PyTorch

    watch, tables = _Watch(worker, task), []
    request = task.request
    forecasts = ItemForecasts(request.get("kind") or "future", request.get("horizon"), request.get("known"))
    requested, items = requested_items(task.request), list[dict[str, Any]]()
    for item in requested:
        if not watch.report({"stage": "forecast", "step": len(items), "steps_total": len(requested)}):
            return Outcome(None), {}
        if watch.is_cancelled():
            return Outcome(states.CANCELLED), {}
        described = {key: item.get(key) for key in ("model", "dataset")} | {"item_name": item.get("name")}
        described |= {"error": None, "advice": None}
        try:
            if "method" in item:
                table = _forecast_untrained(worker, task, forecasts, item, described)
            elif "training" in item:
                table = _forecast_running(worker, forecasts, item["training"], described)
            else:
                with worker.sessions() as session:
                    model = _model(session, item["model"])
                    item = _with_newest_version(session, item, model)
                    described |= {"name": model.name, "dataset": item.get("dataset") or model.dataset_id}
                    data = _data_of_forecast(session, worker, item, model)
                    run = worker.storage.fetched_run(model.run_id)
                    own = session.get(Dataset, described["dataset"]) if described["dataset"] else None
                    described["data"] = _shown_data(own.report if own else RunFolder(run).data_report)
                    named = item.get("name") or (own.name if own and item.get("dataset") else None)
                table = forecasts.forecast(run, data, named, item.get("events") or ())
        except TimeVisError as error:
            items.append(described | error.to_json())
            continue
        described["events"] = table.attrs.pop("events")
        described["known"] = [c.removeprefix(KNOWN_PREFIX) for c in table if c.startswith(KNOWN_PREFIX)]
        tables.append(table.assign(position=len(items)))
        items.append(described)
    if not tables:
        return Outcome(states.FAILED, TimeVisError.from_json(items[0])), {"result": {"items": items}}
    watch.report({"stage": "forecast", "step": len(requested), "steps_total": len(requested)}, at_once=True)
    whole = pd.concat(tables, ignore_index=True)
    path = worker.storage.result(task.id)
    temporary = path.with_suffix(f".{uuid.uuid4().hex[:8]}")
    whole.to_parquet(temporary, index=False)
    temporary.replace(path)
    worker.storage.share(path)
    return Outcome(states.COMPLETED), {"result": {"items": items, "rows": int((~whole["is_history"]).sum())}}


def _with_newest_version(session: Session, item: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """An item without data of its own is forecast from the newest version of the dataset of its model."""
    if item.get("values") or item.get("dataset") or model.dataset_id is None:
        return dict(item)
    newest = newest_version(session, model.dataset_id)
    return dict(item) if newest is None or newest.id == model.dataset_id else {**item, "dataset": newest.id}


def _shown_data(report: Mapping[str, Any]) -> dict[str, Any]:
    """What the result of a forecast shows of its data, also after these were removed."""
    units = {name: {"unit": channel.get("unit")} for name, channel in report["channels"].items()}
    return {"start": report["start"], "timezone": report["timezone"], "channels": units}


def _forecast_untrained(
    worker: Worker, task: Task, forecasts: Any, item: dict[str, Any], described: dict[str, Any]
) -> Any:
    """Forecast an item that names a method in place of a model; adds its name and its data to `described`."""
    described["name"] = untrained_methods()[item["method"]][1].title
    options: dict[str, Any] = {}
    report: Mapping[str, Any] | None = None
    with worker.sessions() as session:
        data = _data_of_forecast(session, worker, item)
        if item.get("dataset"):
            dataset = session.get_one(Dataset, item["dataset"])
            options, report = {**dataset.options, "name": dataset.name}, dataset.report
    if task.request.get("target"):
        options["target"] = task.request["target"]
    table, timezone = forecasts.forecast_untrained(item["method"], data, options, item.get("events") or ())
    start = f"{table['timestamp'].min()}+00:00" if timezone else ""
    of_values = {"start": start, "timezone": timezone, "channels": {}}
    described["data"] = of_values if report is None else _shown_data(report)
    return table


def _forecast_running(worker: Worker, forecasts: Any, task_id: str, described: dict[str, Any]) -> Any:
    """Forecast with the best combination so far of a training run that need not have ended."""
    with worker.sessions() as session:
        training = session.get(Task, task_id)
        if training is None or training.run_id is None or training.dataset_id is None:
            raise RunFolderError(Text("the training run or its dataset was removed"))
        dataset = session.get_one(Dataset, training.dataset_id)
        worker.storage.fetched_upload(dataset.content_hash, dataset.suffix)
        described |= {"dataset": dataset.id, "data": _shown_data(dataset.report)}
    described["name"] = declared_models()[training.request["model"]].declaration.title
    return forecasts.forecast(worker.storage.fetched_run(training.run_id), None)


def _data_of_forecast(session: Any, worker: Worker, item: dict[str, Any], model: Model | None = None) -> Any:
    """New rows for an item: the values of the request, another dataset, or None for the data of the run."""
    if rows := item.get("values"):
        return pd.DataFrame(rows)
    dataset_id = item.get("dataset")
    if dataset_id is None:
        if model is not None and model.task_id is not None:  # the run reads the upload of its dataset
            own = session.get(Dataset, model.dataset_id)
            worker.storage.fetched_upload(own.content_hash, own.suffix)
        return None
    dataset = session.get(Dataset, dataset_id)
    if dataset is None:
        raise RunFolderError(absent_dataset(dataset_id))
    return worker.storage.fetched_upload(dataset.content_hash, dataset.suffix)


def compare(worker: Worker, task: Task) -> tuple[Outcome, dict[str, Any]]:
    """Compare models on one window set."""
    from timevis.service.tasks.forecasting import comparison_result  # imports PyTorch

    _Watch(worker, task).report({"stage": "compare"})
    with worker.sessions() as session:
        models = {model_id: _model(session, model_id) for model_id in dict.fromkeys(task.request["models"])}
    records = {key: RunRecord.load(worker.storage.fetched_run(model.run_id)) for key, model in models.items()}
    described = {key: (model.name, model.kind) for key, model in models.items()}
    return Outcome(states.COMPLETED), {"result": comparison_result(records, described, task.request.get("reference"))}


def explain_model(worker: Worker, task: Task) -> tuple[Outcome, dict[str, Any]]:
    """Measure which inputs a model and its forecast depend on."""
    from timevis.inference.explain import explained

    watch = _Watch(worker, task)

    def report(done: int, total: int) -> None:
        progress = {"stage": "explain", "step": done, "steps_total": total}
        is_own = watch.report(progress, at_once=done == total)
        if not is_own or watch.is_cancelled():
            raise _Stopped

    with worker.sessions() as session:
        model = _model(session, task.request["models"][0])
        data = _data_of_forecast(session, worker, {}, model)
    run = RunFolder(worker.storage.fetched_run(model.run_id))
    try:
        explanation = explained(run, data, report=report)
    except _Stopped:
        return Outcome(states.CANCELLED if watch.is_cancelled() else None), {}
    return Outcome(states.COMPLETED), {"result": to_json_types(explanation)}


class _Stopped(Exception):
    """A task was cancelled, or belongs to another attempt."""


def read(worker: Worker, task: Task) -> tuple[Outcome, dict[str, Any]]:
    """Read the file of a dataset."""
    watch = _Watch(worker, task)
    watch.report({"stage": "read", "bytes_total": task.request.get("size")})

    def is_stopped() -> bool:
        return worker.stopping.is_set() or watch.is_cancelled() or not watch.report(watch.progress)

    reading = Reading(worker, worker.readers.take, is_stopped)
    try:
        result, change = reading.carry_out(task.request, task.created_by)
    except ReadingStopped:
        return Outcome(states.CANCELLED if watch.is_cancelled() else None), {}
    except TimeVisError as error:
        return Outcome(states.FAILED, error), {"result": {"problem": problem_of(task.request, error)}}
    finally:
        worker.readers.renew()
    return Outcome(states.COMPLETED), {"result": result, "change": change}


JOBS = {
    states.TRAIN: train,
    states.PREDICT: forecast,
    states.COMPARE: compare,
    states.EXPLAIN: explain_model,
    states.READ: read,
}


def _model(session: Any, model_id: str) -> Model:
    model = session.get(Model, model_id)
    if model is None or model.deleted is not None:
        raise RunFolderError(
            Text("there is no model {identifier}", code="no-model", identifier=model_id),
            Text("it may have been deleted; restore it"),
        )
    return model


class _Watch:
    """Writes the progress of a task, and reads whether it is to be cancelled; a locked database ends nothing."""

    def __init__(self, worker: Worker, task: Task) -> None:
        self.worker, self.task = worker, task
        self._written = self._read = 0.0
        self.progress: dict[str, Any] = {}
        self._is_own, self._is_cancelled, self._is_stopped = True, False, False

    def report(self, progress: dict[str, Any], at_once: bool = False) -> bool:
        """Write the progress if it is due, or `at_once`; False if the task belongs to another attempt."""
        now = time.monotonic()
        if now - self._written < PROGRESS_SECONDS and not at_once:
            return self._is_own
        self._written = now
        try:
            changed = to_json_types(progress) if progress != self.progress else None
            self._is_own = states.beat(self.worker.sessions, self.task, changed)
            self.progress = progress
        except SQLAlchemyError as error:
            log.warning("task %s: its progress could not be written (%s)", self.task.id, error)
        return self._is_own

    def is_cancelled(self) -> bool:
        self._read_row()
        return self._is_cancelled

    def is_stopped(self) -> bool:
        """Whether the search of a training run is to end."""
        self._read_row()
        return self._is_stopped

    def _read_row(self) -> None:
        now = time.monotonic()
        if now - self._read < CANCELLATION_SECONDS:
            return
        self._read = now
        try:
            ends = states.requested_ends(self.worker.sessions, self.task.id)
            self._is_cancelled, self._is_stopped = ends
        except SQLAlchemyError as error:
            log.warning("task %s: its row could not be read (%s)", self.task.id, error)
