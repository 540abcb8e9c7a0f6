"""One cycle of a monitor, a task: score what can be scored, compare challengers, forecast, watch, and retrain."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from timevis.errors import ConfigError
from timevis.evaluation.drift import Drift
from timevis.messages import Text
from timevis.runs.folder import RunFolder
from timevis.service.db.monitor_tables import Champion, ForecastArrays, ForecastScore, Monitor, StoredForecast
from timevis.service.db.tables import Dataset, Model, Task
from timevis.service.monitoring.challengers import may_retrain_after_drift, settle_challengers, start_challenger
from timevis.service.monitoring.forecasting import Reference, forecast_next_rows, load_one_panel
from timevis.service.monitoring.scoring import ScoreSums, watch_scores
from timevis.service.series import VersionValues
from timevis.service.tasks.jobs import JOBS, Worker
from timevis.service.tasks.queue import make_celery
from timevis.service.tasks.runner import Outcome
from timevis.service.tasks.states import COMPLETED, MONITOR

log = logging.getLogger(__name__)

MAX_OBSERVED = 500
"""Earlier forecasts from which `online` conformal intervals learn, the most recent ones."""


def carry_out(worker: Worker, task: Task) -> tuple[Outcome, dict[str, Any]]:
    """Carry out a cycle; each of its steps may be repeated after the loss of a worker."""
    with worker.sessions() as session:
        monitor = session.get_one(Monitor, task.request["monitor"])
        dataset = session.get(Dataset, monitor.dataset_id)
    if dataset is None or dataset.deleted is not None:
        message = Text("the dataset of the monitor {name!r} is deleted", name=monitor.name)
        raise ConfigError(message, Text("restore it, or delete the monitor"))
    cycle = Cycle(worker, monitor, dataset)
    result: dict[str, Any] = {"monitor": monitor.id, "scored": cycle.score()}
    if promoted := settle_challengers(worker, monitor, dataset):
        result["promoted"] = [challenger.id for challenger in promoted]
        with worker.sessions() as session:
            cycle.monitor = session.get_one(Monitor, monitor.id)
    if task.request["forecast"]:
        result["forecast"] = cycle.forecast()
    drift = cycle.watch()
    cause = task.request["training"]
    if cause is None and drift is not None and cycle.monitor.retraining["on_drift"] and cycle.may_retrain():
        cause = "drift"
    if cause is not None:
        challenger = start_challenger(
            worker, make_celery(worker.settings), cycle.monitor, dataset, cause, cycle.count_complete()
        )
        result["challenger"] = challenger.id if challenger else None
    return Outcome(COMPLETED), {"result": result}


class Cycle:
    """The steps of a cycle with the newest version of the rows.

    Parameters
    ----------
    worker : Worker
    monitor : Monitor
    dataset : Dataset
        The newest version.
    """

    def __init__(self, worker: Worker, monitor: Monitor, dataset: Dataset) -> None:
        self.worker, self.monitor, self.dataset = worker, monitor, dataset
        self._scales = cache(self._read_scales)
        self.version = VersionValues.open(worker.storage.fetched_dataset(dataset.id), dataset.report)

    def score(self) -> int:
        """Score the forecasts of which this version has new truths; returns how many."""
        with self.worker.sessions() as session:
            is_scored = select(ForecastScore.id).where(
                ForecastScore.forecast_id == StoredForecast.id, ForecastScore.dataset_id == self.dataset.id
            )
            is_open = (StoredForecast.monitor_id == self.monitor.id, ~StoredForecast.complete, ~is_scored.exists())
            query = select(StoredForecast).where(*is_open).options(undefer(StoredForecast.values))
            forecasts = session.scalars(query.order_by(StoredForecast.origin_row)).all()
        return sum(self._score(forecast) for forecast in forecasts)

    def _score(self, forecast: StoredForecast) -> bool:
        arrays = ForecastArrays.from_json(forecast.values)
        if arrays.times.min() > self.version.times[-1]:
            return False
        truth = self.version.at(arrays.channels, arrays.times)
        score, complete = ScoreSums.of(arrays, truth), self.version.has_all_of(arrays.times)
        if not score.targets and not complete:
            return False
        summary = score.summary(self._scales(forecast.champion_id))
        row = ForecastScore(
            forecast_id=forecast.id,
            monitor_id=self.monitor.id,
            dataset_id=self.dataset.id,
            complete=complete,
            targets=score.targets,
            metrics=summary.pop("metrics"),
            details=summary,
            sums=score.to_json() if complete else {},
        )
        try:
            with self.worker.sessions.begin() as session:
                session.add(row)
                session.flush()
                session.get_one(StoredForecast, forecast.id).complete = complete
        except IntegrityError:  # an attempt that was taken for lost has scored it
            return False
        return True

    def _read_scales(self, champion_id: str) -> pd.DataFrame:
        with self.worker.sessions() as session:
            champion = session.get_one(Champion, champion_id, options=[undefer(Champion.reference)])
        assert champion.reference is not None
        reference = Reference.from_json(champion.reference)
        return pd.DataFrame(reference.scales, index=list(reference.channels))

    def champion(self) -> tuple[Champion, RunFolder, Reference]:
        """The present champion with the run of its model, and its seasonal naive, which is fitted once."""
        with self.worker.sessions() as session:
            model = session.get(Model, self.monitor.model_id)
            own = (Champion.monitor_id == self.monitor.id, Champion.model_id == self.monitor.model_id)
            newest = select(Champion).where(*own).order_by(Champion.created.desc()).limit(1)
            champion = session.scalars(newest.options(undefer(Champion.reference))).one()
        if model is None or model.deleted is not None:
            message = Text("the champion of the monitor {name!r} is deleted", name=self.monitor.name)
            raise ConfigError(message, Text("restore it, or choose another champion"))
        run = RunFolder(self.worker.storage.fetched_run(model.run_id))
        if champion.reference is not None:
            return champion, run, Reference.from_json(champion.reference)
        with self.worker.sessions() as session:
            data = session.get(Dataset, model.dataset_id) if model.task_id else None
        if data is not None:  # the run reads the upload of its dataset
            self.worker.storage.fetched_upload(data.content_hash, data.suffix)
        reference = Reference.fitted(run)
        with self.worker.sessions.begin() as session:
            session.get_one(Champion, champion.id).reference = reference.to_json()
        return champion, run, reference

    def forecast(self) -> str | None:
        """Forecast the next rows and store the forecast; None if the champion has forecast them already."""
        champion, run, reference = self.champion()
        forecaster = run.load_forecaster()
        path = self.worker.storage.fetched_upload(self.dataset.content_hash, self.dataset.suffix)
        panel = load_one_panel(run, path)
        observed = self._observed(champion) if forecaster.conformal.is_online else []
        arrays, row = forecast_next_rows(forecaster, reference, panel, self.monitor.horizon, observed)
        ends = pd.to_datetime([arrays.times[:, 0].max(), arrays.times.max()], unit="us")
        zone = panel.local_index.tz
        ends = ends if zone is None else ends.tz_localize("UTC").tz_convert(zone)
        first, last = (time.isoformat() for time in ends)
        stored = StoredForecast(
            monitor_id=self.monitor.id,
            model_id=champion.model_id,
            champion_id=champion.id,
            dataset_id=self.dataset.id,
            origin=first,
            origin_row=row,
            last_time=last,
            values=arrays.to_json(),
        )
        try:
            with self.worker.sessions.begin() as session:
                session.add(stored)
        except IntegrityError:
            return None
        return stored.id

    def _observed(self, champion: Champion) -> list[tuple[int, ForecastArrays, np.ndarray]]:
        """The complete forecasts of the champion in the order of time, each with its truth."""
        own = (StoredForecast.champion_id == champion.id, StoredForecast.complete)
        query = select(StoredForecast).where(*own).options(undefer(StoredForecast.values))
        with self.worker.sessions() as session:
            rows = session.scalars(query.order_by(StoredForecast.origin_row.desc()).limit(MAX_OBSERVED)).all()
        arrays = [(row.origin_row, ForecastArrays.from_json(row.values)) for row in reversed(rows)]
        return [(row, forecast, self.version.at(forecast.channels, forecast.times)) for row, forecast in arrays]

    def watch(self) -> Drift | None:
        """Compute the state of the monitor and raise the alerts of its scores."""
        champion, run, reference = self.champion()
        scales = pd.DataFrame(reference.scales, index=list(reference.channels))
        with self.worker.sessions.begin() as session:
            monitor = session.get_one(Monitor, self.monitor.id)
            return watch_scores(session, monitor, champion, scales, run)

    def count_complete(self) -> int:
        """The number of complete forecasts of the monitor."""
        with self.worker.sessions() as session:
            return _count_complete(session, self.monitor)

    def may_retrain(self) -> bool:
        """Whether a drift may start a challenger now."""
        with self.worker.sessions() as session:
            return may_retrain_after_drift(session, self.monitor, _count_complete(session, self.monitor))


def _count_complete(session: Session, monitor: Monitor) -> int:
    complete = (StoredForecast.monitor_id == monitor.id, StoredForecast.complete)
    return session.scalar(select(func.count()).select_from(StoredForecast).where(*complete)) or 0


JOBS[MONITOR] = carry_out
