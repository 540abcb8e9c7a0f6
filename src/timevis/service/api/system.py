"""Health, messages and statistics of the service, and metrics for Prometheus."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter as Counts
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint, APIFlask
from flask import Response, g, redirect, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import BigInteger, cast, func, select, text

from timevis import __version__
from timevis.messages import Text
from timevis.messages.translation import catalogue
from timevis.metrics.specs import METRICS
from timevis.service.context import Context, context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.schemas.system import Health, Live, Messages, MetricDescription, Statistics
from timevis.service.settings import START_HEADER
from timevis.service.tasks.queue import NEEDED_QUEUES, QUEUES, live_workers
from timevis.service.tasks.states import FINAL, QUEUED, READ, RUNNING
from timevis.service.troubleshooting import FULL_DISK, UNREACHABLE_REDIS

blueprint = APIBlueprint("system", __name__, tag="System")
THROUGHPUT_DAYS = 14
DAY_SECONDS = 86_400
MIN_FREE_BYTES = 10**8
"""A service with less free space on its disk is not ready."""
PROBE_BYTES = 4096
EPOCH = date(1970, 1, 1)
STORAGE_SECONDS = 60
"""The sizes of the files are counted again after this time."""
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)


@blueprint.get("/")
@blueprint.doc(hide=True)
def index() -> Any:
    return redirect(f"{request.script_root}/api/docs")


@blueprint.get("/live")
@blueprint.output(Live)
def live() -> Any:
    """Say that the web process answers; `/api/health` says whether all parts work. A supervisor restarts by this."""
    return {"version": __version__}


@blueprint.get("/health")
@blueprint.output(Health)
@blueprint.doc(responses={503: "A part does not work"})
def health() -> Any:
    """Say whether the database, the broker, a worker and the disk can be used; the status is 503 if one cannot."""
    parts = {
        "database": _part(_database),
        "broker": _part(_broker, f"see {UNREACHABLE_REDIS}"),
        "worker": _part(_worker),
        "disk": _part(_disk, f"see {FULL_DISK}"),
    }
    ready = all(part["ok"] for part in parts.values())
    settings = context().settings
    body = {"version": __version__, "ready": ready, **parts, "max_upload_megabytes": settings.max_upload_megabytes}
    return body, 200 if ready else 503, {START_HEADER: settings.start_id}


def _part(check: Callable[[], str], advice: str = "") -> dict[str, Any]:
    try:
        return {"ok": True, "detail": check()}
    except Exception as error:
        detail = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return {"ok": False, "detail": f"{detail}; {advice}" if advice else detail}


def _database() -> str:
    with context().sessions() as session:
        session.execute(text("SELECT 1"))
        return session.get_bind().dialect.name


def _broker() -> str:
    with context().celery.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
        connection.default_channel.client.ping()
        return "connected"


def _disk() -> str:
    """Whether files can be written; a quota of the user is seen by writing only."""
    home = context().settings.home
    if (free := shutil.disk_usage(home).free) < MIN_FREE_BYTES:
        raise RuntimeError(f"only {free / 1e6:.0f} MB of the disk of TIMEVIS_HOME are free")
    with tempfile.TemporaryFile(dir=home / "uploads") as file:
        file.write(bytes(PROBE_BYTES))
        file.flush()
    return f"{free / 1e9:.1f} GB are free"


def _worker() -> str:
    service = context()
    with service.sessions() as session:
        workers = live_workers(session)
        waiting = set(session.scalars(select(Task.queue).where(Task.state == "queued").distinct()))
    consumed = service.canary.queues(len(workers))
    if absent := [queue for queue in QUEUES if queue in {*NEEDED_QUEUES, *waiting} and queue not in consumed]:
        names = ",".join(absent)
        raise RuntimeError(
            f"no worker consumes the queue {names}; start one with: timevis serve worker --queues {names}"
        )
    return f"queues: {', '.join(sorted(consumed))}"


@blueprint.get("/messages")
@blueprint.output(Messages)
@blueprint.doc(summary="Texts with a code")
def list_messages() -> Any:
    """Return the codes of the texts that have one, such as findings, with their English templates.

    The code of any other text is its English template.
    """
    return catalogue("en")


@blueprint.get("/metric-specs")
@blueprint.output(list[MetricDescription])  # type: ignore[arg-type]  # APIFlask accepts a list of a model
@blueprint.doc(summary="Metrics of forecasts")
def list_metrics() -> Any:
    """Return the metrics in the order of the tables: label, what they score, direction and unit."""
    return [
        {field: getattr(spec, field) for field in ("name", "scores", "direction", "nominal", "unit")}
        | {field: str(getattr(spec, field)) for field in ("label", "description")}
        | {f"{field}_code": _code_of(getattr(spec, field)) for field in ("label", "description")}
        for spec in METRICS.values()
    ]


def _code_of(text: str | Text) -> dict[str, Any] | None:
    return text.to_json() if isinstance(text, Text) else None


@blueprint.get("/stats")
@blueprint.output(Statistics)
@blueprint.doc(summary="Counts, queues, storage and throughput")
def statistics() -> Any:
    """Count datasets, models and tasks; say how long the queues are, what is stored, and what was done each day."""
    today = int(time.time()) // DAY_SECONDS  # days since 1970, in UTC
    throughput = {today - n: dict.fromkeys(FINAL, 0) for n in reversed(range(THROUGHPUT_DAYS))}
    day = cast(Task.finished, BigInteger) // DAY_SECONDS
    recent = select(day, Task.state, func.count()).where(
        Task.finished >= min(throughput) * DAY_SECONDS, Task.kind != READ
    )
    with context().sessions() as session:
        datasets = session.scalar(select(func.count()).select_from(Dataset).where(Dataset.deleted.is_(None)))
        by_kind = select(Model.kind, func.count()).where(Model.deleted.is_(None)).group_by(Model.kind)
        model_kinds = dict(session.execute(by_kind).all())
        tasks = dict(
            session.execute(select(Task.state, func.count()).where(Task.kind != READ).group_by(Task.state)).all()
        )
        active = select(Task.queue, Task.state, func.count()).where(Task.state.in_((QUEUED, RUNNING)))
        queues = {name: {QUEUED: 0, RUNNING: 0} for name in QUEUES}
        for queue, state, count in session.execute(active.group_by(Task.queue, Task.state)):
            queues.setdefault(queue, {QUEUED: 0, RUNNING: 0})[state] = count
        for number, state, count in session.execute(recent.group_by(day, Task.state)):
            if number in throughput and state in FINAL:  # a database may round the last second of a day up
                throughput[number][state] = count
    storage = _stored_bytes(context().storage.home, int(time.time() // STORAGE_SECONDS))
    return {
        **{"datasets": datasets, "models": sum(model_kinds.values()), "models_by_kind": model_kinds, "tasks": tasks},
        **{"queue": queues, "storage": storage, "uploaded_bytes": storage["uploads"]},
        "throughput": [
            {"date": (EPOCH + timedelta(days=number)).isoformat(), **counts} for number, counts in throughput.items()
        ],
    }


@lru_cache(maxsize=4)
def _stored_bytes(home: Path, minute: int) -> dict[str, int]:
    """Bytes below each folder of the home, and of the database; counted again when `minute` changes."""
    folders = dict.fromkeys(("uploads", "datasets", "runs", "results", "logs"), 0)
    for name in folders:
        for folder, _, files in os.walk(home / name):
            for file in files:
                with suppress(OSError):  # a temporary file that was renamed since
                    folders[name] += (Path(folder) / file).stat().st_size
    database = sum(path.stat().st_size for path in home.glob("timevis.db*"))
    return folders | {"database": database}


class Metrics:
    """The metrics of one web process."""

    def __init__(self, service: Context) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_StoredCounts(service))
        labels = ("method", "route", "status")
        self.requests = Counter("timevis_http_requests", "Requests", labels, registry=self.registry)
        self.seconds = Histogram(
            "timevis_http_request_seconds",
            "Time to answer a request",
            ("method", "route"),
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )

    def register(self, app: APIFlask) -> None:
        app.before_request(self._start)
        app.after_request(self._count)

        @app.get("/api/metrics")
        @app.doc(summary="Metrics for Prometheus", tags=["System"], responses={200: "The text format of Prometheus"})
        def get_metrics() -> Any:
            """Return counts and durations for Prometheus, which sends the token as ``authorization``."""
            return Response(generate_latest(self.registry), mimetype="text/plain; version=0.0.4")

    def _start(self) -> None:
        g.started = time.perf_counter()

    def _count(self, response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in METHODS else "other"  # a client may send any word
        self.requests.labels(method, route, response.status_code).inc()
        self.seconds.labels(method, route).observe(time.perf_counter() - g.started)
        return response


class _StoredCounts(Collector):
    def __init__(self, service: Context) -> None:
        self.service = service

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self.service.sessions() as session:
            tasks = session.execute(select(Task.kind, Task.state, func.count()).group_by(Task.kind, Task.state)).all()
            queued = session.execute(
                select(Task.queue, func.count()).where(Task.state == "queued").group_by(Task.queue)
            ).all()
            datasets = session.scalar(select(func.count()).where(Dataset.deleted.is_(None)))
            models = session.scalar(select(func.count()).where(Model.deleted.is_(None)))
            uploaded = session.scalar(select(func.coalesce(func.sum(Dataset.size), 0)))
            workers = Counts(queue for worker in live_workers(session) for queue in worker.queues)
        free = shutil.disk_usage(self.service.settings.home).free
        yield _gauge("timevis_tasks", "Tasks", ("kind", "state"), tasks)
        yield _gauge("timevis_queued_tasks", "Tasks that wait", ("queue",), queued)
        yield _gauge("timevis_workers", "Workers with a recent heartbeat", ("queue",), workers.items())
        yield _gauge("timevis_datasets", "Datasets that are not deleted", (), [(datasets,)])
        yield _gauge("timevis_models", "Models that are not deleted", (), [(models,)])
        yield _gauge("timevis_uploaded_bytes", "Bytes of the uploaded files", (), [(uploaded,)])
        yield _gauge("timevis_free_disk_bytes", "Free space of TIMEVIS_HOME", (), [(free,)])


def _gauge(name: str, text: str, labels: tuple[str, ...], rows: object) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for *values, count in rows:  # type: ignore[attr-defined]
        family.add_metric([str(value) for value in values], float(count or 0))
    return family
