"""Metrics for Prometheus: requests of this process, and counts of the database at the time of the request."""

from __future__ import annotations

import shutil
import time
from collections import Counter as Counts
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from timevis.service.context import Context
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.tasks.queue import live_workers

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)


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

    def register(self, app: Flask) -> None:
        app.before_request(self._start)
        app.after_request(self._count)

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

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
