"""`model=auto` tries models within a time limit, and what it has is never lost."""

import os
import signal
import time
from pathlib import Path

import pytest
import pytorch_lightning as pl

from timevis.config.members import Member
from timevis.errors import TimeLimitReached
from timevis.experiment import run
from timevis.models.member_record import MemberRecord
from timevis.predict import predict
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import read_status
from timevis.training import member_fit as fitting
from timevis.training.time_plan import Sizes, TimePlan
from timevis.utils.interrupts import StopRequest

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
    make_trainer = fitting.make_trainer

    def interrupted(*arguments):
        trainer = make_trainer(*arguments)
        trainer.callbacks.insert(0, Interrupt())
        return trainer

    monkeypatch.setattr(fitting, "make_trainer", interrupted)
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
