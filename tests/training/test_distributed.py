"""Two processes fit one model together and get the same scores as one process."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest
from tiny import TINY, TINY_LSTM

from timevis.cli import rank_process
from timevis.config.sections import TrainerOptions
from timevis.errors import ConfigError, TimeVisError
from timevis.messages import Text
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.training.distributed import supervise
from timevis.training.trainer import Devices

DDP = ["trainer=ddp", "trainer.accelerator=cpu"]
FIVE_BATCHES = ["model.fit.eval_batch_size=8"]


def metrics(path):
    return {name: interval.value for name, interval in RunFolder(path).results.metrics.items()}


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
def test_one_checkpoint_gets_the_same_metrics_from_one_and_from_two_processes(tmp_path, train_in_process, capfd):
    one, two = tmp_path / "one", tmp_path / "two"
    assert (
        train_in_process(*TINY, *TINY_LSTM, *FIVE_BATCHES, "conformal=split", f"hydra.run.dir={one}") == 0
    )  # conformal=auto considers online only in one process
    shutil.copytree(one, two)
    for path in (two / "results.json", *two.glob("*.parquet")):
        path.unlink()
    status = json.loads((two / "status.json").read_text())
    (two / "status.json").write_text(json.dumps(status | {"state": "cancelled"}))
    capfd.readouterr()
    assert train_in_process(f"resume={two}", *DDP) == 0
    assert "2 processes" in capfd.readouterr().out
    assert metrics(two) == pytest.approx(metrics(one), rel=1e-6)
    assert RunFolder(one).table("windows").equals(RunFolder(two).table("windows"))


@pytest.mark.slow
def test_two_processes_train_under_hydra_and_stop_at_a_signal(tmp_path, train_in_process):
    path = tmp_path / "run"
    tiny = [o for o in TINY if o != "trainer=cpu"]
    endless = ["model.fit.max_epochs=100000", "callbacks.early_stopping=null"]
    limit, has_ended = time.monotonic() + 120, threading.Event()

    def send_signal_after_the_first_checkpoint():
        while not (path / "checkpoints/best.ckpt").exists() and time.monotonic() < limit:
            if has_ended.wait(0.1):
                return
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send_signal_after_the_first_checkpoint)
    thread.start()
    try:
        assert train_in_process(*tiny, *TINY_LSTM, *endless, *DDP, f"hydra.run.dir={path}") == 143
    finally:
        has_ended.set()
        thread.join()
    folder = RunFolder(path)
    assert folder.status.state == "cancelled"
    assert (folder.checkpoints / "last.ckpt").is_file()


@pytest.mark.parametrize(("worker", "state"), [(["false"], "failed"), (["sleep", "60"], "cancelled")])
def test_the_status_of_a_run_is_final_when_its_processes_ended_without_a_message(
    compose_config, tmp_path, monkeypatch, worker, state
):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    with Status(folder.path, elapsed=50.0) as status:
        status.update(stage="fit", step=7)
        status.write()
    monkeypatch.setattr("timevis.training.distributed.start_rank", lambda *args: subprocess.Popen(worker))
    if state == "cancelled":
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(TimeVisError, match=r"processes ended with|cancelled by SIGTERM") as caught:
        supervise(folder, 2, None)
    status_of_run = folder.status
    assert (status_of_run.state, status_of_run.stage, status_of_run.step) == (state, "fit", 7)
    assert status_of_run.error == str(caught.value.message)
    assert status_of_run.elapsed >= 50


def test_the_error_of_a_run_is_that_of_the_process_that_failed_first(compose_config, tmp_path, monkeypatch):
    """Process 0 only reports that it lost the connection; the user needs the reason of process 1."""
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    Status(folder.path).write()
    reasons = [
        TimeVisError(Text("connection reset by peer")).to_json(),
        TimeVisError(Text("out of memory"), Text("batch_size=64")).to_json(),
    ]

    def start(folder, rank, processes, group, port, reason, resumed):
        write = f"echo '{json.dumps(reasons[rank])}' > {reason}; exit 1"
        return subprocess.Popen(["sh", "-c", write if rank else f"sleep 0.3; {write}"])

    monkeypatch.setattr("timevis.training.distributed.start_rank", start)
    with pytest.raises(TimeVisError, match="out of memory\n  batch_size=64"):
        supervise(folder, 2, None)
    status_of_run = folder.status
    assert (status_of_run.state, status_of_run.error, status_of_run.advice) == (
        "failed",
        "out of memory",
        "batch_size=64",
    )


def test_a_killed_process_is_reported_instead_of_the_lost_connection_of_the_other(
    compose_config, tmp_path, monkeypatch
):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    Status(folder.path).write()
    lost = json.dumps({"error": "connection reset by peer", "advice": ""})

    def start(folder, rank, processes, group, port, reason, resumed):
        return subprocess.Popen(
            ["sh", "-c", "kill -9 $$" if rank else f"sleep 0.3; echo '{lost}' > {reason}; exit 1"]
        )

    monkeypatch.setattr("timevis.training.distributed.start_rank", start)
    with pytest.raises(TimeVisError, match=r"process 1 was killed from outside\n  .*memory"):
        supervise(folder, 2, None)
    assert folder.status.error == "process 1 was killed from outside"


def test_a_rank_process_writes_the_reason_of_its_failure(compose_config, tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear", "data=file", "data.path=nowhere.csv"))
    reason = tmp_path / "1.json"
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert rank_process.main(str(folder.path), "", str(reason)) == 1
    assert "nowhere.csv" in json.loads(reason.read_text())["error"]


def test_the_devices_of_the_trainer_give_the_number_of_processes(compose_config, monkeypatch):
    def count(*overrides):
        options = TrainerOptions.from_config(compose_config("model=linear", *overrides).trainer)
        return Devices.from_options(options).processes

    assert count() == 1
    assert count("trainer=ddp") == 2
    assert count("trainer.devices=auto") == 1
    for wrong in ("trainer.devices=0", "trainer.devices=[0]", "trainer.devices=many", "trainer.num_nodes=2"):
        with pytest.raises(ConfigError, match=r"trainer\.(devices|num_nodes)"):
            count(wrong)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda: False)
    assert count("trainer.accelerator=gpu", "trainer.devices=[0,1,3]") == 3
