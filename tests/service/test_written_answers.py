"""Large results: written once, compressed, sent from a file, and few at a time for one caller."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from running_service import wait_until
from servers import free_port
from service_data import CLOSED_BROKER, TOKEN

from timevis.service import written_answers
from timevis.service.api import forecasts
from timevis.service.db.tables import Task, new_id
from timevis.service.operations.backup import back_up
from timevis.service.problems import Problem
from timevis.service.written_answers import MAX_READS, ReadLimit, WrittenAnswers
from timevis.utils.levels import QUANTILE_COLUMNS

CHANNELS, HORIZON, PAST = 500, 60, 20
READERS = 12
MAX_MEGABYTES = 100
"""What all readers together may add: the buffers of the server. A result for each reader alone takes as much."""
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def add_forecast(service: Any, channels: int) -> str:
    """Store a completed forecast of many channels; returns its task."""
    rows, task_id = PAST + HORIZON, new_id()
    is_history = np.tile(np.arange(rows) < PAST, channels)
    values = np.random.default_rng(0).normal(100, 10, (channels * rows, 1 + len(QUANTILE_COLUMNS)))
    values[is_history] = np.nan
    table = pd.DataFrame(values, columns=["point", *QUANTILE_COLUMNS])
    table = table.assign(
        item="plant",
        channel=np.repeat([f"channel {number}" for number in range(channels)], rows),
        timestamp=np.tile(pd.date_range("2026-01-01", periods=rows, freq="h"), channels),
        is_history=is_history,
        truth=np.where(is_history, 1.5, np.nan),
        scored=None,
        position=0,
    )
    table.to_parquet(service.storage.result(task_id), index=False)
    item = {"model": None, "name": "Seasonal naive", "dataset": None, "item_name": None, "events": None}
    item |= {"known": [], "data": {"start": "", "timezone": None, "channels": {}}}
    request = {"method": "seasonal_naive", "values": [{}]}
    with service.sessions.begin() as session:
        task = Task(id=task_id, kind="predict", queue="interactive", state="completed", request=request)
        task.result = {"items": [item], "rows": channels * HORIZON}
        session.add(task)
    return task_id


@pytest.fixture
def forecast(http: FlaskClient) -> str:
    return add_forecast(http.application.extensions["timevis"], 3)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_result_is_the_same_with_and_without_compression_and_is_made_once(
    http: FlaskClient, forecast: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = http.get(f"/api/tasks/{forecast}/result?format={kind}")
    monkeypatch.setattr(forecasts.pd, "read_parquet", _no_rows(forecasts.pd.read_parquet))
    packed = http.get(f"/api/tasks/{forecast}/result?format={kind}", headers={"Accept-Encoding": "gzip"})
    assert (plain.status_code, packed.status_code) == (200, 200)
    assert plain.headers.get("Content-Encoding") is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert {plain.headers["Vary"], packed.headers["Vary"]} == {"Accept-Encoding"}
    assert gzip.decompress(packed.data) == plain.data
    assert {plain.headers["Cache-Control"], packed.headers["Cache-Control"]} == {"no-store"}
    if kind == "json":
        items = json.loads(plain.data)["items"]
        assert [item["channel"] for item in items] == ["channel 0", "channel 1", "channel 2"]
        assert {len(item["time"]) for item in items} == {HORIZON}
        assert items[0]["history"] == {
            "time": [f"2026-01-01T{h:02d}:00:00" for h in range(20)],
            "value": [1.5] * PAST,
        }


def _no_rows(read: Callable[..., Any]) -> Callable[..., Any]:
    """Reads of Parquet that want whole rows fail."""

    def read_columns(*arguments: Any, columns: list[str] | None = None) -> Any:
        assert columns is not None, "the result was made again"
        return read(*arguments, columns=columns)

    return read_columns


def test_readers_at_the_same_time_wait_for_one_writer(tmp_path: Path) -> None:
    written, may_end = list[int](), threading.Event()

    def write(file: Any) -> None:
        written.append(1)
        assert may_end.wait(10)
        file.write("result")

    answers = WrittenAnswers(tmp_path)
    with ThreadPoolExecutor(8) as readers:
        paths = [readers.submit(answers.path, "ab", 1, "json", write) for _ in range(8)]
        may_end.set()
        assert len({path.result() for path in paths}) == 1
    assert written == [1]


def test_another_state_is_written_anew_and_what_is_too_old_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = WrittenAnswers(tmp_path)
    monkeypatch.setattr(written_answers, "KEPT_SECONDS", -1.0)
    first = answers.path("ab", 1, "json", lambda file: file.write("first"))
    table = answers.path("ab", 1, "csv", lambda file: file.write("table"))
    second = answers.path("ab", 2, "json", lambda file: file.write("second"))
    assert gzip.decompress(second.read_bytes()) == b"second"
    assert (first.exists(), table.exists()) == (False, True)
    monkeypatch.setattr(written_answers, "MAX_FOLDER_BYTES", 1)
    other = answers.path("cd", 1, "json", lambda file: file.write("other"))
    assert list(tmp_path.glob("*")) == [other]


def test_an_answer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail(file: Any) -> None:
        file.write("half")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        WrittenAnswers(tmp_path).path("ab", 1, "json", fail)
    assert list(tmp_path.glob("*")) == []


def test_a_caller_reads_few_large_results_at_the_same_time() -> None:
    limit = ReadLimit(2)
    ends = [limit.begin("anna") for _ in range(2)]
    with pytest.raises(Problem) as refused:
        limit.begin("anna")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "2")
    limit.begin("ben")
    for _ in range(2):  # the second call changes nothing
        ends[0]()
    limit.begin("anna")
    with pytest.raises(Problem):
        limit.begin("anna")


def test_a_read_ends_with_its_last_part_or_when_the_client_goes_away(http: FlaskClient, forecast: str) -> None:
    address = f"/api/tasks/{forecast}/result"
    open_answers = [http.get(address) for _ in range(MAX_READS)]
    refused = http.get(address)
    assert (refused.status_code, refused.json["code"]) == (429, "too-many-requests")
    assert refused.json["detail_code"]["code"] == "this caller is reading {maximum} large results already"
    assert refused.headers["Retry-After"] == "2"
    assert open_answers[0].data
    open_answers[1].close()
    again = [http.get(address) for _ in range(3)]
    assert [answer.status_code for answer in again] == [200, 200, 429]
    for answer in (*open_answers, *again):
        answer.close()
    with_gzip = [http.get(address, headers={"Accept-Encoding": "gzip"}) for _ in range(2 * MAX_READS)]
    assert {answer.status_code for answer in with_gzip} == {200}  # a file takes no memory while it is sent


@pytest.fixture
def web(make_settings: Callable[..., Any], http: FlaskClient) -> Iterator[tuple[int, int]]:
    """The process and the port of a web process of its own in the home folder of `http`."""
    home, port = http.application.extensions["timevis"].settings.home, free_port()
    command = [sys.executable, "-m", "timevis", "serve", "web", "--port", str(port)]
    environment = {"TIMEVIS_HOME": str(home), "TIMEVIS_TOKEN": TOKEN, "TIMEVIS_BROKER_URL": CLOSED_BROKER}
    process = subprocess.Popen(command, env={**os.environ, **environment})
    wait_until(lambda: _answers(port), 60)
    yield process.pid, port
    process.kill()
    process.wait()


def _answers(port: int) -> bool:
    try:
        return _read(port, "/api/live")[0] == 200
    except OSError:
        return False


def _read(port: int, path: str) -> tuple[int, int]:
    """The status and the number of bytes of an answer, which is not kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers=HEADERS)
    answer, size = connection.getresponse(), 0
    while part := answer.read(2**18):
        size += len(part)
    connection.close()
    return answer.status, size


def _largest_memory(pid: int) -> int:
    """Of a process so far, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_many_readers_of_a_large_result_take_little_memory(web: tuple[int, int], http: FlaskClient) -> None:
    pid, port = web
    path = f"/api/tasks/{add_forecast(http.application.extensions['timevis'], CHANNELS)}/result"
    status, size = _read(port, path)
    assert status == 200
    assert size > 8 * 2**20
    before = _largest_memory(pid)
    with ThreadPoolExecutor(READERS) as readers:
        answers = list(readers.map(lambda _: _read(port, path), range(READERS)))
    statuses = [status for status, _ in answers]
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= MAX_READS
    assert _largest_memory(pid) - before < MAX_MEGABYTES


def test_a_backup_has_the_rows_of_a_forecast_but_not_what_was_written_of_them(
    http: FlaskClient, forecast: str, tmp_path: Path
) -> None:
    assert http.get(f"/api/tasks/{forecast}/result").data
    settings = http.application.extensions["timevis"].settings
    assert len(list((settings.home / "results").iterdir())) == 2
    back_up(settings, tmp_path / "backup.tar")
    with tarfile.open(tmp_path / "backup.tar") as archive:
        assert [name for name in archive.getnames() if "results" in name] == [f"results/{forecast}.parquet"]
