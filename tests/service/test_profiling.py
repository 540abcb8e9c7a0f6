"""The child process that reads an upload: what it says of the file, its limit of memory, and its end."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running_service import command_of, wait_until
from service_data import plant_csv

from timevis.errors import DataError
from timevis.messages import Text
from timevis.service.profiling import ReadingStopped, _with_shown_names, profile, start_reader
from timevis.service.settings import READING_SLOTS, Settings
from timevis.service.table_limits import TableLimits

LIMITS = TableLimits(rows=10**8, columns=10**4, sheets=10, megabytes=4096)
WORKER = """
import sys
from pathlib import Path
from timevis.service.profiling import profile, start_reader
from timevis.service.table_limits import TableLimits

def start():
    reader = start_reader()
    print(reader.pid, flush=True)
    return reader

limits = TableLimits(rows=10, columns=10, sheets=10, megabytes=10)
arguments = {"shown_name": "load.csv", "seconds": 600, "megabytes": 4096, "limits": limits, "start": start}
profile(Path(sys.argv[1]), {}, Path(sys.argv[2]), is_stopped=lambda: False, **arguments)
"""


def read(path: Path, folder: Path, **changes: Any) -> Any:
    values: dict[str, Any] = {"seconds": 120, "megabytes": 4096, "limits": LIMITS, "start": start_reader}
    return profile(path, {}, folder, shown_name="load.csv", **values | {"is_stopped": lambda: False} | changes)


def test_a_small_file_that_needs_much_memory_is_refused_at_the_limit_of_one_reader(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    settings = make_settings(TIMEVIS_PROFILE_MEGABYTES="1200")
    assert settings.megabytes_per_reading * READING_SLOTS == settings.profile_megabytes  # all readers together
    path = tmp_path / "load.csv.gz"
    content = b"time,load\n" + b"2026-01-01 00:00,1.5\n" * 6_000_000  # 126 MB, which as a table need more than 600
    path.write_bytes(gzip.compress(content, 1))
    readers: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        readers.append(start_reader())
        return readers[-1]

    with pytest.raises(DataError, match=r"load.csv could not be read within 600 MB of memory \(MemoryError\)"):
        read(path, tmp_path / "panel", megabytes=settings.megabytes_per_reading, start=start)
    assert readers[0].returncode is not None
    plain = tmp_path / "load.csv"
    plain.write_bytes(plant_csv())
    report, _ = read(plain, tmp_path / "read", megabytes=settings.megabytes_per_reading)
    assert report["rows"] == 600
    assert not (tmp_path / "panel").exists()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that nothing writes, so that reading it does not end."""
    path = tmp_path / "load.csv"
    os.mkfifo(path)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_a_reader_ends_when_its_task_is_cancelled(tmp_path: Path, endless: Path) -> None:
    cancelled, readers = threading.Event(), list[subprocess.Popen[str]]()

    def start() -> subprocess.Popen[str]:
        readers.append(start_reader())
        threading.Timer(1.0, cancelled.set).start()
        return readers[-1]

    with pytest.raises(ReadingStopped):
        read(endless, tmp_path / "panel", start=start, is_stopped=cancelled.is_set)
    assert readers[0].returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("has_opened_the_file", [False, True])
def test_a_reader_does_not_outlive_its_worker(tmp_path: Path, endless: Path, has_opened_the_file: bool) -> None:
    command = [sys.executable, "-c", WORKER, str(endless), str(tmp_path / "panel")]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    reader = int(worker.stdout.readline())
    if has_opened_the_file:
        wait_until(lambda: is_read(endless), 60)
    else:
        time.sleep(0.3)  # it has its request, and imports its libraries
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    wait_until(lambda: "profiling" not in command_of(reader), 30)


def is_read(pipe: Path) -> bool:
    """Whether a process reads from a pipe, which then stays open, so that reading does not end."""
    try:
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # no process has opened it
        return False
    return True


def test_an_error_names_the_file_of_the_client_in_all_params() -> None:
    path = Path("/home/uploads/0f3a.csv")
    place = Text("in {file}", file=path.name)
    error = DataError(Text("{source}: see {places}", source=str(path), places=[place, str(path)]))
    shown = _with_shown_names(error.to_json(), {path: "plant.csv"})
    assert shown["error"] == "plant.csv: see in plant.csv, plant.csv"
    assert shown["error_code"]["params"]["places"][0]["params"] == {"file": "plant.csv"}
    assert "0f3a" not in json.dumps(shown)
