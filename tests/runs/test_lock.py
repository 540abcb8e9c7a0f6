"""One process at a time works in a run folder, and a killed one leaves nothing that stands in the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from timevis.errors import Cancelled, RunFolderError
from timevis.runs.folder import RunFolder, is_unused, lock_run_folder
from timevis.training import stages
from timevis.training.run import run


def test_a_folder_is_locked_for_other_processes_and_free_after_a_kill(tmp_path: Path) -> None:
    lines = [
        "import time; from pathlib import Path; from timevis.runs.folder import lock_run_folder",
        f"with lock_run_folder(Path({str(tmp_path)!r})): print('locked', flush=True); time.sleep(60)",
    ]
    other = subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "locked\n"
    with pytest.raises(RunFolderError, match="is in use"), lock_run_folder(tmp_path):
        pass
    other.send_signal(signal.SIGKILL)
    other.wait()
    with lock_run_folder(tmp_path):
        pass


@pytest.mark.usefixtures("no_report")
def test_a_run_cannot_be_resumed_while_another_process_holds_its_folder(compose_config, tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    cfg = compose_config(f"resume={folder.path}")
    with lock_run_folder(folder.path), pytest.raises(RunFolderError, match="is in use"):
        run(cfg, tmp_path / "new")
    assert run(cfg, tmp_path / "new", [f"resume={folder.path}"]) > 0


@pytest.mark.parametrize(
    ("files", "unused"),
    [
        ((), True),
        (("checkpoints/",), True),
        (("checkpoints/", "overrides.yaml", ".config-x1y2.yaml", ".lock"), True),
        (("checkpoints/", "checkpoints/last.ckpt"), False),
        (("notes.txt",), False),
        ((".git",), False),
        (("config.yaml", "overrides.yaml"), False),
    ],
)
def test_a_folder_that_a_kill_left_without_a_config_can_be_used_again(
    tmp_path, compose_config, files, unused
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in files:
        (folder / name).mkdir() if name.endswith("/") else (folder / name).write_text("x")
    assert is_unused(folder) == unused
    if unused:
        RunFolder.create(folder, compose_config("model=linear"))
        assert [path.name for path in folder.glob(".*") if path.name != ".lock"] == []
    else:
        with pytest.raises(RunFolderError, match="is not empty"):
            RunFolder.create(folder, compose_config("model=linear"))


def test_a_signal_during_the_report_ends_the_process_but_the_run_is_complete(
    compose_config, tmp_path, monkeypatch
) -> None:
    write_report = stages.write_report

    def interrupted(folder: Path) -> Path:
        signal.raise_signal(signal.SIGTERM)
        return write_report(folder)

    monkeypatch.setattr(stages, "write_report", interrupted)
    with pytest.raises(Cancelled) as caught:
        run(compose_config("model=seasonal_naive"), tmp_path / "run")
    assert caught.value.exit_code == 128 + signal.SIGTERM
    assert RunFolder(tmp_path / "run").status.state == "completed"
    assert (tmp_path / "run" / "report.html").is_file()
    assert OmegaConf.load(tmp_path / "run" / "config.yaml").model.name == "seasonal_naive"
