"""`model=auto` tries models within a time limit, and what it has is never lost."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
from short_series import plausible_range, short_panel

from timevis.config.members import Member
from timevis.errors import TimeLimitReached
from timevis.evaluation.verdict import verdict_of
from timevis.inference.predict import predict
from timevis.models.member_record import MemberRecord
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import read_status
from timevis.training import stages
from timevis.training.members import Sizes, TimePlan
from timevis.training.run import run
from timevis.utils.interrupts import StopRequest
from timevis.utils.levels import QUANTILE_COLUMNS

LSTM = "lstm hidden_size=8 segment_length=6 fit.max_epochs=400 fit.patience=400 fit.steps_per_epoch=2"
MEMBERS = f'model.members=[seasonal_naive,linear,"{LSTM}"]'


def states(folder: Path) -> dict[str, str]:
    return {member.name: member.state for member in RunFolder(folder).results.run.members}


@pytest.mark.usefixtures("no_report")
def test_a_member_without_time_is_left_out_and_more_minutes_fit_it(compose_config, tmp_path, monkeypatch):
    needed = TimePlan.least_seconds_of
    monkeypatch.setattr(
        TimePlan, "least_seconds_of", lambda plan, m, config: 1e6 if m.name == "lstm" else needed(plan, m, config)
    )
    folder = tmp_path / "run"
    run(compose_config("model=auto", "minutes=5", "conformal=none", MEMBERS), folder)
    assert states(folder) == {"seasonal_naive": "completed", "linear": "completed", "lstm": "skipped"}
    status = read_status(folder)
    assert status is not None
    assert [row["state"] for row in status.members or []] == ["completed", "completed", "skipped"]
    assert status.combination == pytest.approx(RunFolder(folder).results.validation_score, rel=1e-3)

    monkeypatch.setattr(TimePlan, "least_seconds_of", needed)
    monkeypatch.setattr(TimePlan, "left", lambda plan, records: 1000.0)
    monkeypatch.setattr(TimePlan, "fit_limit", lambda plan, member, config, left: 2.0)
    more = ("minutes=6", f"resume={folder}")
    run(compose_config(*more), tmp_path / "unused", more)
    assert states(folder) == {"seasonal_naive": "completed", "linear": "completed", "lstm": "completed"}
    assert "fit" in (folder / "members/lstm/checkpoints/fit.json").name
    lstm = next(member for member in RunFolder(folder).results.run.members if member.name == "lstm")
    assert 1 < lstm.fit_seconds < 60  # its 400 epochs take longer


@pytest.mark.usefixtures("no_report")
def test_a_member_whose_forecasts_take_too_long_is_left_out_and_more_minutes_take_it(
    compose_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(TimePlan, "is_too_slow", lambda plan, record, others: record.name == "linear")
    folder = tmp_path / "run"
    members = "model.members=[seasonal_naive,linear]"
    run(compose_config("model=auto", "minutes=5", "conformal=none", members), folder)
    results = RunFolder(folder).results.run
    linear = next(member for member in results.members if member.name == "linear")
    assert linear.state == "skipped"
    assert linear.error is not None
    assert linear.error.startswith("its forecasts of the scored windows need about")
    assert linear.fit_seconds > 0  # its cost counts
    assert linear.weight == 0

    monkeypatch.setattr(TimePlan, "is_too_slow", lambda plan, record, others: False)
    more = ("minutes=6", f"resume={folder}")
    run(compose_config(*more), tmp_path / "unused", more)
    assert states(folder) == {"seasonal_naive": "completed", "linear": "completed"}
    linear = next(member for member in RunFolder(folder).results.run.members if member.name == "linear")
    assert linear.weight > 0
    assert linear.error is None


class Interrupt(pl.Callback):
    """Presses Ctrl-C in the third epoch."""

    def on_train_batch_start(self, trainer: pl.Trainer, *args: object) -> None:
        if trainer.current_epoch == 2 and trainer.global_step == 4:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("no_report")
def test_an_interrupt_gives_the_best_forecast_so_far(compose_config, tmp_path, monkeypatch):
    make_trainer = stages.make_trainer

    def interrupted(*arguments):
        trainer = make_trainer(*arguments)
        trainer.callbacks.insert(0, Interrupt())
        return trainer

    monkeypatch.setattr(stages, "make_trainer", interrupted)
    members = f'model.members=[seasonal_naive,"{LSTM}",linear]'
    run(compose_config("model=auto", members), tmp_path / "run")
    assert states(tmp_path / "run") == {"seasonal_naive": "completed", "lstm": "completed", "linear": "skipped"}
    assert RunFolder(tmp_path / "run").status.state == "completed"
    assert len(predict(tmp_path / "run")) == 12


def test_a_time_limit_ends_work_that_may_be_interrupted():
    stop = StopRequest()
    started = time.monotonic()
    with pytest.raises(TimeLimitReached), stop.time_limit(0.2), stop.raise_immediately():
        time.sleep(30)
    assert time.monotonic() - started < 20
    with stop.time_limit(30), stop.raise_immediately():
        pass
    with stop.time_limit(0.01):
        time.sleep(0.1)  # not interrupted: it is not in raise_immediately
    stop.raise_if_requested()


def test_an_estimate_is_corrected_by_the_time_that_earlier_members_took(compose_config):
    cfg = compose_config("model=lstm", "model.fit.max_epochs=10", "model.fit.patience=8")
    config, lstm = RunConfig.from_config(cfg), Member("lstm", "lstm", {})
    plan = TimePlan(600.0, 0.0, Sizes(train=64 * 128, horizon=6, compared=100, scored={"lstm": 100}))
    first = plan.seconds_of(lstm, config)
    assert plan.least_seconds_of(lstm, config) < 0.6 * first  # its fit may end early
    record = MemberRecord(name="lstm", model="lstm", label="lstm", state="completed", seconds=30.0)
    plan.add(10.0, record)
    assert plan.seconds_of(lstm, config) == pytest.approx(3 * first)
    assert plan.left([record]) < 600 - 10
    limit = plan.fit_limit(lstm, config, 100.0)
    assert limit is not None
    assert 50 < limit < 100


def test_digits_take_longer_for_a_longer_horizon_and_context(compose_config):
    def seconds(model: str, horizon: int, context: int = 168) -> float:
        config = RunConfig.from_config(compose_config(f"model={model}", f"context_length={context}"))
        plan = TimePlan(600.0, 0.0, Sizes(train=64, horizon=horizon, compared=100, scored={model: 100}))
        return plan.forecast_estimate(Member(model, model, {}), config, 100)

    assert seconds("qwen", 96) == 4 * seconds("qwen", 24) > 60
    assert seconds("qwen", 96, context=672) == 2 * seconds("qwen", 96)
    assert seconds("qwen_patch", 96, context=672) == seconds("qwen_patch", 24) < 1


def test_forecasts_may_pass_the_time_limit_only_a_little():
    plan = TimePlan(600.0, 500.0, Sizes(train=64, horizon=24, compared=100, scored={"a": 1000}))

    def record(forecasts_per_second: float) -> MemberRecord:
        speed = {"forecasts_per_second": forecasts_per_second}
        return MemberRecord(name="a", model="linear", label="linear", state="completed", **speed)

    assert plan.is_too_slow(record(1000 / 130), [])
    assert not plan.is_too_slow(record(1000 / 110), [])
    assert plan.is_too_slow(record(1000 / 110), [record(1000 / 40)])
    assert not plan.is_too_slow(record(1000 / 20), [record(1000 / 200)])  # leaving it out would gain little


MONTHS = (120, 130, 128, 140, 60, 80, 125, 150)
OWN_FILE = ("data=file", "trainer=cpu", "logger=none", "conformal=auto")
LENGTHS_FROM_DATA = ("context_length=null", "horizon=null")
UNTRAINED = '"qwen_patch tune=none name=nano-patch"'


def file_of(values: np.ndarray, folder: Path, freq: str = "MS") -> Path:
    path = folder / "own.csv"
    times = pd.date_range("2024-01-01", periods=len(values), freq=freq)
    pd.DataFrame({"time": times, "sales": values}).to_csv(path, index=False)
    return path


@pytest.mark.usefixtures("no_report")
def test_eight_rows_are_forecast_by_models_that_need_no_training_and_no_selection(compose_config, tmp_path, caplog):
    caplog.set_level("INFO")
    path, folder = file_of(np.array(MONTHS), tmp_path), tmp_path / "run"
    members = f"model.members=[seasonal_naive,{UNTRAINED},linear,boosted,lstm,qwen_patch,qwen]"
    own = ("model=auto", "minutes=1", *OWN_FILE, *LENGTHS_FROM_DATA, f"data.path={path}", members)
    run(compose_config(*own), folder, own)
    results = RunFolder(folder).results
    weights = {member.name: member.weight for member in results.run.members}
    assert weights == {"seasonal_naive": 0.5, "nano-patch": 0.5} | dict.fromkeys(list(weights)[2:], 0.0)
    assert set(states(folder).values()) == {"completed", "skipped"}
    assert {member.seconds for member in results.run.members if member.state == "skipped"} == {0.0}
    told = [record.getMessage() for record in caplog.records if "too few to select models" in record.getMessage()]
    assert len(told) == 1
    assert told[0].endswith(
        "the forecast is made by seasonal_naive, nano-patch; not trained: linear, boosted, lstm, qwen_patch, qwen"
    )
    status = read_status(folder)
    assert status is not None
    assert {row["name"] for row in status.members or []} == set(weights)
    assert results.recalibration is not None
    assert (results.recalibration.method, results.recalibration.reason) == ("none", "few-windows")
    assert (results.skill.wql.low, results.skill.wql.high) == (None, None)
    verdict = verdict_of(results)
    assert verdict.code == "no-interval"
    assert "origins: 2, windows: 2" in verdict.text
    assert "members-not-selected" in {finding.code for finding in verdict.findings}
    table = predict(folder)
    low, high = plausible_range(np.array(MONTHS), len(table))
    assert low <= table["point"].item() <= high
    assert abs(table["point"].item() - table["q0.5"].item()) < np.std(MONTHS)


@pytest.mark.usefixtures("no_report")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [6, 10, 14, 22, 33])
def test_auto_forecasts_short_series_of_any_kind_within_what_their_trend_allows(compose_config, tmp_path, seed):
    panel = short_panel(seed)
    path, values = file_of(panel.values[:, 0], tmp_path, panel.freq), panel.values[:, 0]
    lstm = '"lstm hidden_size=8 fit.max_epochs=2"'
    own = (*OWN_FILE, *LENGTHS_FROM_DATA, f"data.path={path}", f"data.frequency={panel.freq}")
    members = f"model.members=[seasonal_naive,{UNTRAINED},linear,boosted,{lstm}]"
    run(compose_config("model=auto", "minutes=5", *own, members), tmp_path / "run")
    table = predict(tmp_path / "run")
    quantiles = table[list(QUANTILE_COLUMNS)].to_numpy()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert table["point"].between(quantiles[:, 0], quantiles[:, -1]).all()
    low, high = plausible_range(values, len(table))
    forecasts = table[["point", "q0.1", "q0.9"]].to_numpy()
    assert low <= forecasts.min()
    assert forecasts.max() <= high
