import errno
import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from timevis.cli import rank_process
from timevis.errors import RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.runs.folder import RunFolder
from timevis.runs.status import RunStatus, Status, read_status
from timevis.training.run import run


def test_a_run_without_a_heartbeat_for_30_seconds_is_lost(tmp_path):
    with Status(tmp_path) as status:
        status.update(stage="fit")
    alive = read_status(tmp_path)
    lost = read_status(tmp_path, now=time.time() + 31)
    assert alive.state == "running"
    assert lost.state == "lost"
    assert "resume" in lost.advice


def test_a_run_whose_process_has_ended_is_lost_immediately_but_only_on_its_own_machine(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    status = {"state": "running", "heartbeat": time.time(), "pid": process.pid, "host": socket.gethostname()}
    (tmp_path / "status.json").write_text(json.dumps(status))
    assert read_status(tmp_path).state == "lost"
    (tmp_path / "status.json").write_text(json.dumps(status | {"host": "elsewhere"}))
    assert read_status(tmp_path).state == "running"
    (tmp_path / "status.json").write_text(json.dumps(status | {"pid": os.getpid()}))
    assert read_status(tmp_path).state == "running"


def test_a_run_with_an_empty_status_file_is_lost(tmp_path):
    (tmp_path / "status.json").touch()
    assert read_status(tmp_path).state == "lost"


def test_a_queued_run_has_no_heartbeat_and_is_not_lost(tmp_path):
    (tmp_path / "status.json").write_text('{"state": "queued"}')
    assert read_status(tmp_path) == RunStatus(state="queued")


def test_a_final_state_never_becomes_lost_and_is_written_at_once(tmp_path):
    with Status(tmp_path) as status:
        status.finish("failed", TimeVisError(Text("no disk", code="no-disk"), Text("buy one")))
        written = json.loads((tmp_path / "status.json").read_text())
    assert (written["error"], written["advice"]) == ("no disk", "buy one")
    assert written["error_code"] == {"code": "no-disk", "params": {}}
    assert read_status(tmp_path, now=time.time() + 1e6).state == "failed"


def test_the_reason_of_a_failure_is_written_even_on_a_full_disk(tmp_path, monkeypatch):
    def raise_disk_full(path, value):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Status(tmp_path) as status:
        status.update(metrics={f"metric-{i}": 1.0 for i in range(50)})
        status.write()
        monkeypatch.setattr("timevis.runs.status.write_json", raise_disk_full)
        status.finish("failed", TimeVisError(Text("the disk is full", code="disk-full")))
    assert read_status(tmp_path).error == "the disk is full"


def test_the_heartbeat_writes_the_status_periodically(tmp_path, monkeypatch):
    monkeypatch.setattr("timevis.runs.status.HEARTBEAT_SECONDS", 0.05)
    with Status(tmp_path) as status:
        before = read_status(tmp_path)
        status.update(step=7, metrics={"val/wql": 0.5})
        status.update(metrics={"train/loss": 1.0})
        time.sleep(0.3)
        after = read_status(tmp_path)
    assert after.heartbeat > before.heartbeat
    assert after.step == 7
    assert after.metrics == {"val/wql": 0.5, "train/loss": 1.0}


def test_the_pid_in_the_status_is_that_of_the_process_that_forwards_signals(tmp_path, compose_config, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")  # as clusters set it for every job
    with Status(tmp_path):
        assert read_status(tmp_path).pid == os.getpid()
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setattr(
        "timevis.cli.rank_process.execute",
        lambda folder, config, group, pid, resumed: Status(folder.path, pid=pid).write(),
    )
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    assert rank_process.main(str(folder.path), "", str(tmp_path / "reason")) == 0
    assert folder.status.pid == os.getppid()


def test_metrics_may_be_added_while_the_heartbeat_writes(tmp_path, monkeypatch):
    def write(path, value):
        for name in value["metrics"]:
            status.update(metrics={f"new {name}": 1.0})

    monkeypatch.setattr("timevis.runs.status.write_json", write)
    status = Status(tmp_path)
    status.update(metrics={"val/wql": 0.5})
    status.write()
    assert status.snapshot().metrics == {"val/wql": 0.5, "new val/wql": 1.0}


def test_elapsed_seconds_continue_from_an_earlier_process(tmp_path):
    with Status(tmp_path, elapsed=100.0):
        pass
    assert 100 <= read_status(tmp_path).elapsed < 101


def test_elapsed_seconds_do_not_follow_a_clock_that_is_set_back(tmp_path, monkeypatch):
    now = time.time()
    with Status(tmp_path) as status:
        monkeypatch.setattr(time, "time", lambda: now - 7200)
        status.write()
        assert 0 <= read_status(tmp_path).elapsed < 60


def test_readers_never_see_an_incomplete_status(tmp_path):
    with Status(tmp_path) as status:
        for step in range(200):
            status.update(step=step)
            status.write()
            assert read_status(tmp_path).step == step
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_folder_without_a_run_is_refused_by_name(tmp_path):
    assert read_status(tmp_path) is None
    with pytest.raises(RunFolderError, match="is not a run folder"):
        RunFolder(tmp_path)


@pytest.fixture
def updates(monkeypatch):
    """The fields of a status after each of its updates."""
    fields, update = [], Status.update

    def record_update(self, **changed):
        update(self, **changed)
        fields.append(vars(self.snapshot()))

    monkeypatch.setattr(Status, "update", record_update)
    return fields


@pytest.mark.usefixtures("no_report")
def test_the_batches_of_validation_and_test_are_in_the_status_while_they_run(lstm_config, tmp_path, updates):
    run(lstm_config("model.fit.eval_batch_size=4", "model.fit.max_epochs=1"), tmp_path / "run")
    batches = [(fields["stage"], fields["batch"], fields["batches_total"]) for fields in updates]
    for stage in ("fit", "test"):  # a fit validates too
        passes = [(batch, total) for s, batch, total in batches if s == stage and batch is not None]
        total = passes[0][1]
        assert passes == [(batch, total) for batch in range(total + 1)]
    assert batches[-1] == ("report", None, None)


@pytest.mark.usefixtures("no_report")
def test_the_loss_is_in_the_status_within_the_first_epoch(lstm_config, tmp_path, updates):
    run(lstm_config("model.fit.max_epochs=1"), tmp_path / "run")
    first = next(fields["step"] for fields in updates if "train/loss" in fields["metrics"])
    assert first < 4
    assert "val/wql" not in next(fields["metrics"] for fields in updates if fields["step"] == first)


def test_a_removed_folder_does_not_hide_why_the_run_failed(tmp_path):
    (tmp_path / "run").mkdir()
    status = Status(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    status.finish("failed", TimeVisError(Text("the disk is gone", code="no-disk")))
    with pytest.raises(FileNotFoundError):
        status.finish("completed")


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        '{"state": 3}',
        '{"state": "running"}',
        '{"state": "running", "heartbeat": "now", "pid": 1}',
        "{",
        "[" * 10**5,
    ],
)
def test_a_status_of_the_wrong_type_is_a_lost_run(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    assert read_status(tmp_path).state == "lost"
