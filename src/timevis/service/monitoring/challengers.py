"""Retraining: a challenger is trained on the newest rows, and compared with the champion on the same test windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from celery import Celery
from sqlalchemy import select
from sqlalchemy.orm import Session

from timevis.errors import DataError, TimeVisError
from timevis.evaluation.backtest import evaluate
from timevis.evaluation.significance import RunScores, paired_differences
from timevis.evaluation.window_table import WindowTable
from timevis.inference.rescore import windows_between
from timevis.messages import Text
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.service.db.monitor_tables import Challenger, Monitor
from timevis.service.db.tables import Dataset, Model, Task, new_id
from timevis.service.monitoring.alerts import raise_failure
from timevis.service.monitoring.champions import champion_without_request, promote
from timevis.service.monitoring.forecasting import load_one_panel
from timevis.service.schemas.training import train_request
from timevis.service.tasks.estimate import check_lengths
from timevis.service.tasks.jobs import Worker
from timevis.service.tasks.queue import queue_of, send
from timevis.service.tasks.states import COMPLETED, FINAL
from timevis.service.training import config_of, create_run
from timevis.training.trainer import make_single_trainer
from timevis.utils.json_types import to_json_types

COMPARED_METRIC = "relative_wql"
PROMOTION_LEVEL = 0.05
"""Largest p-value of the paired test with which a challenger becomes champion."""
TEST_HORIZONS, VALIDATION_HORIZONS = 10, 5
MAX_TEST_SHARE, MAX_VALIDATION_SHARE = 0.2, 0.1
FORECASTS_BETWEEN = 7
"""Forecasts that must be scored between two challengers that a drift causes."""


def recent_split(rows: int, horizon: int) -> list[float]:
    """Shares of training, validation and test part; the last two are short, so that recent rows are trained on.

    Parameters
    ----------
    rows, horizon : int
    """
    test = min(MAX_TEST_SHARE, (TEST_HORIZONS * horizon + 1) / rows)
    validation = min(MAX_VALIDATION_SHARE, (VALIDATION_HORIZONS * horizon + 1) / rows)
    return [round(1 - test - validation - 1e-6, 6), round(validation, 6), round(test, 6)]


def training_values(monitor: Monitor, request: Mapping[str, Any] | None, dataset: Dataset) -> dict[str, Any]:
    """The training request of a challenger: the one of the monitor, or of its champion, on the newest rows.

    Parameters
    ----------
    monitor : Monitor
    request : mapping, optional
        The request with which the champion was trained; None for a run of the command line.
    dataset : Dataset
        The newest version.

    Raises
    ------
    ConfigError
        There is no request.
    """
    values = monitor.retraining["training"] or request
    if values is None:
        raise champion_without_request()
    own = {key: value for key, value in values.items() if key not in ("dataset", "name", "dry_run")}
    split = {} if "split" in own else {"split": recent_split(dataset.report["rows"], monitor.horizon)}
    return {"horizon": monitor.horizon, **own, **split, "dataset": dataset.id, "name": _name(monitor, dataset)}


def _name(monitor: Monitor, dataset: Dataset) -> str:
    return f"{monitor.name[:150]}, until {str(dataset.report['end'])[:16]}"


def start_challenger(
    worker: Worker, celery: Celery, monitor: Monitor, dataset: Dataset, cause: str, forecasts: int
) -> Challenger | None:
    """Queue the training of a challenger, unless one is trained already.

    Parameters
    ----------
    worker : Worker
    celery : Celery
    monitor : Monitor
    dataset : Dataset
        The newest version.
    cause : {"schedule", "drift", "hand"}
    forecasts : int
        How many forecasts of the monitor are complete.

    Raises
    ------
    TimeVisError
        The training request does not fit the data.
    """
    with worker.sessions() as session:
        if active_challenger(session, monitor) is not None:
            return None
        model = session.get_one(Model, monitor.model_id)
        request = session.get_one(Task, model.task_id).request if model.task_id else None
    values = training_values(monitor, request, dataset)
    chosen = train_request().model_validate(values).root  # type: ignore[attr-defined]  # a RootModel
    path = worker.storage.fetched_upload(dataset.content_hash, dataset.suffix)
    config = config_of(chosen, path, dataset.name, dataset.options)
    check_lengths(config, dataset.report)
    run_id = new_id()
    create_run(config, worker.storage.run(run_id))
    worker.storage.share(worker.storage.run(run_id))
    task = Task(
        id=new_id(),
        kind="train",
        request=values,
        dataset_id=dataset.id,
        run_id=run_id,
        created_by=monitor.created_by,
    )
    challenger = Challenger(monitor_id=monitor.id, task_id=task.id, cause=cause, forecasts=forecasts)
    with worker.sessions.begin() as session:
        task.queue = queue_of(session, task)
        session.add_all([task, challenger])
    send(celery, task.id, task.queue)
    return challenger


def active_challenger(session: Session, monitor: Monitor) -> Challenger | None:
    """The challenger that is trained now, or waits to be compared."""
    training = (Challenger.monitor_id == monitor.id, Challenger.state == "training")
    return session.scalar(select(Challenger).where(*training).limit(1))


def may_retrain_after_drift(session: Session, monitor: Monitor, forecasts: int) -> bool:
    """Whether enough forecasts were scored since the last challenger that a drift caused."""
    caused = (Challenger.monitor_id == monitor.id, Challenger.cause == "drift")
    last = session.scalar(select(Challenger.forecasts).where(*caused).order_by(Challenger.created.desc()).limit(1))
    return last is None or forecasts - last >= FORECASTS_BETWEEN


def settle_challengers(worker: Worker, monitor: Monitor, dataset: Dataset) -> list[Challenger]:
    """Compare the challengers whose training has ended; returns those that became champion."""
    with worker.sessions() as session:
        query = select(Challenger, Task).join(Task, Task.id == Challenger.task_id)
        ended = (Challenger.monitor_id == monitor.id, Challenger.state == "training", Task.state.in_(FINAL))
        pairs = session.execute(query.where(*ended)).all()
    promoted = []
    for challenger, task in pairs:
        with worker.sessions() as session:
            model = session.scalar(select(Model).where(Model.task_id == task.id))
            champion = session.get_one(Model, monitor.model_id)
        if task.state != COMPLETED or model is None:
            with worker.sessions.begin() as session:
                session.merge(challenger).state = "failed"
                raise_failure(session, session.get_one(Monitor, monitor.id), task)
            continue
        try:
            comparison = compare_with_champion(worker, model, champion, dataset)
        except TimeVisError as error:
            comparison = {"is_better": False, "error": str(error.message)}
        if comparison["is_better"] and monitor.retraining["promote"] == "test":
            if promote(worker.sessions, monitor.id, champion.id, model, "test", comparison, challenger.id):
                promoted.append(challenger)
            continue
        with worker.sessions.begin() as session:
            row = session.merge(challenger)
            row.state = "waiting" if comparison["is_better"] else "rejected"
            row.model_id, row.comparison = model.id, comparison
    return promoted


def compare_with_champion(worker: Worker, model: Model, champion: Model, dataset: Dataset) -> dict[str, Any]:
    """The paired test of a challenger and the champion on the test windows of the challenger.

    Returns
    -------
    dict
        ``challenger`` and ``champion``, the values of `COMPARED_METRIC`; ``percent``, ``percent_low``,
        ``percent_high`` and ``p`` of `timevis.evaluation.significance.Difference`; ``windows`` and ``is_better``.

    Raises
    ------
    TimeVisError
        The champion cannot forecast these windows, for example because its horizon is another one.
    """
    run = RunFolder(worker.storage.fetched_run(model.run_id))
    champion_run = RunFolder(worker.storage.fetched_run(champion.run_id))
    with worker.sessions() as session:
        data = session.get_one(Dataset, model.dataset_id)
    windows, naive = run.table("windows"), run.table("windows_seasonal_naive")
    path = worker.storage.fetched_upload(data.content_hash, data.suffix)
    of_champion = _champion_windows(champion_run, run, path)
    keys = ["origin", "channel"]
    common = windows[keys].merge(of_champion[keys])
    if common.empty:
        message = Text("the challenger and the champion have no test window in common")
        raise DataError(message, Text("train it with the same horizon and channels"))
    frames = [frame.merge(common) for frame in (windows, of_champion, naive)]
    reference = WindowTable.from_frame(frames[2])
    tables = [WindowTable.from_frame(frame).with_reference(reference) for frame in frames[:2]]
    scores = [RunScores.of(table, [COMPARED_METRIC]) for table in tables]
    difference = paired_differences([(scores[0], scores[1])], run.results.window_set.horizon)[0][COMPARED_METRIC]
    is_better = difference.percent < 0 and difference.p < PROMOTION_LEVEL
    values = {key: value for key, value in asdict(difference).items() if key.startswith("p")}
    comparison: dict[str, Any] = to_json_types(
        {
            **{"metric": COMPARED_METRIC, "challenger": scores[0].values[0], "champion": scores[1].values[0]},
            **{**values, "windows": len(common), "is_better": bool(is_better)},
            **{"champion_model": champion.id, "first_target": str(frames[0]["timestamp"].min())},
        }
    )
    return comparison


def _champion_windows(champion: RunFolder, challenger: RunFolder, path: Path) -> pd.DataFrame:
    """Rows as of windows.parquet of the champion on the test windows of the challenger."""
    own, other = RunConfig.from_config(champion.config), RunConfig.from_config(challenger.config)
    if own.run.horizon is not None and own.run.horizon != challenger.results.window_set.horizon:
        message = Text(
            "the horizon of the champion is {champion}, and of the challenger {challenger}",
            champion=own.run.horizon,
            challenger=challenger.results.window_set.horizon,
        )
        raise DataError(message, Text("train it with the same horizon"))
    stored = champion.results.window_set
    config = replace(
        own,
        run=replace(own.run, context_length=stored.context_length, horizon=stored.horizon),
        evaluation=replace(other.evaluation, split="test"),
    )
    panel = load_one_panel(champion, path)
    windows = challenger.table("windows")
    first, last = int(windows["origin"].min()), int(windows["origin"].max()) + stored.horizon - 1
    start, end = (panel.index[row].isoformat() for row in (first, last))
    data = windows_between(config, panel, panel.card.name, start, end, by_series="series" in windows)
    with torch.no_grad():
        backtest = evaluate(
            make_single_trainer(config.trainer),
            champion.load_forecaster(),
            data,
            reference=_untrained_naive(data),
            save_windows=1,
        )
    return backtest.windows


def _untrained_naive(data: Any) -> SeasonalNaive:
    """A reference that only the test pass needs; the comparison reads the one of the challenger's run."""
    naive = SeasonalNaive.from_data(data)
    naive.channel_std.fill_(1.0)
    return naive
