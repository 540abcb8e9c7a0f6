"""Read an uploaded file in a child process with limits of time and memory, and write its quality report.

The child is ``python -m timevis.service.profiling``. It reads one JSON object from standard input and writes one to
standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from timevis.data.catalog import load_panel
from timevis.data.new_files import append_rows
from timevis.data.table import Table
from timevis.errors import ConfigError, DataError, TimeVisError
from timevis.messages import Text
from timevis.service.series import newest_values, write_series
from timevis.service.settings import environment_of_child
from timevis.service.table_limits import TableLimits, smaller_file
from timevis.utils.explain import explain
from timevis.utils.files import write_json

POLL_SECONDS = 0.2
PREVIEW_FILE = "preview.json"
PREVIEW_ROWS = 100
"""Rows of the file that are stored for the preview."""
PREVIEW_CHARACTERS = 500
"""Characters of a cell that the preview shows."""


def profile(
    path: Path,
    options: Mapping[str, Any],
    folder: Path,
    *,
    shown_name: str,
    seconds: int,
    megabytes: int,
    limits: TableLimits,
    start: Callable[[], subprocess.Popen[str]],
    is_stopped: Callable[[], bool],
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Read a file, write its cleaned panel to a folder, and return the quality report and the line of lists.

    Parameters
    ----------
    path : Path
        The stored upload.
    options : mapping
        Keys of the config section `data`.
    folder : Path
        New folder for the panel.
    shown_name : str
        What messages call the file.
    seconds, megabytes : int
        Limits of the child process.
    limits : TableLimits
        The largest table.
    start : callable
        Starts the child process: `start_reader`, or a function that returns one of its processes.
    is_stopped : callable
        Whether to give up.

    Returns
    -------
    report : dict
    line : dict or None
        `timevis.service.series.NewestValues`.

    Raises
    ------
    ReadingStopped
    DataError
        The message names file, row and column.
    ConfigError
        An option is wrong; the message names its key.
    """
    request = {"path": str(path), "options": dict(options), "folder": str(folder), "limits": asdict(limits)}
    is_new = not folder.exists()
    try:
        answer = run_child(request, {path: shown_name}, seconds, megabytes, start, is_stopped)
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return answer["report"] | {"source": shown_name}, answer["line"]


def combine(
    earlier: Path,
    newer: Path,
    target: Path,
    options: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    shown_names: Mapping[Path, str],
    seconds: int,
    megabytes: int,
    limits: TableLimits,
    start: Callable[[], subprocess.Popen[str]],
    is_stopped: Callable[[], bool],
) -> int:
    """Call `timevis.data.new_files.append_rows` in a child process; returns the number of new rows."""
    request: dict[str, Any] = {"path": str(newer), "earlier": str(earlier), "target": str(target)}
    request |= {"options": dict(options), "limits": asdict(limits)}
    whole = {**request, "report": dict(report)}
    return int(run_child(whole, shown_names, seconds, megabytes, start, is_stopped)["added"])


def start_reader() -> subprocess.Popen[str]:
    """Start the child process, which imports its libraries and then waits for its request."""
    command = [sys.executable, "-m", "timevis.service.profiling"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = environment_of_child()
    return subprocess.Popen(command, text=True, env=environment, **pipes)  # type: ignore[call-overload]


class ReadingStopped(Exception):
    """The file is not read to its end, because its task was cancelled or the worker stops."""


def run_child(
    request: Mapping[str, Any],
    shown_names: Mapping[Path, str],
    seconds: int,
    megabytes: int,
    start: Callable[[], subprocess.Popen[str]],
    is_stopped: Callable[[], bool],
) -> dict[str, Any]:
    """Let a child process carry out a request; `shown_names` are what messages call the files."""
    shown_name = shown_names[Path(request["path"])]
    process = start()
    try:
        whole = {**request, "megabytes": megabytes, "worker": os.getpid()}
        printed, errors = _talk(process, json.dumps(whole), seconds, is_stopped)
    except subprocess.TimeoutExpired:
        text = Text("{source} could not be read within {seconds} s", source=shown_name, seconds=seconds)
        raise DataError(text, smaller_file()) from None
    finally:
        process.kill()
        process.communicate()
    try:
        answer = json.loads(printed)
    except ValueError:
        reason = (errors.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise DataError(
            _needs_memory(shown_name, megabytes, reason[:200]),
            Text("check that the file opens elsewhere, or upload a smaller one"),
        ) from None
    if "error" in answer:
        error = TimeVisError.from_json(_with_shown_names(answer, shown_names))
        kind = TimeVisError if answer["is_of_system"] else ConfigError if answer["is_config"] else DataError
        raise kind(error.message, error.advice, answer["field"])
    result: dict[str, Any] = answer["result"]
    return result


def _talk(
    process: subprocess.Popen[str], request: str, seconds: float, is_stopped: Callable[[], bool]
) -> tuple[str, str]:
    """Send the request to the child process and wait for what it prints."""
    deadline, text = time.monotonic() + seconds, request or None
    while True:
        try:
            return process.communicate(text, timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise
        text = None  # it is sent already
        if is_stopped():
            raise ReadingStopped


def _with_shown_names(value: Any, shown_names: Mapping[Path, str]) -> Any:
    """JSON of the child process with what messages call the files in place of their paths."""
    if isinstance(value, dict):
        return {key: _with_shown_names(inner, shown_names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_shown_names(inner, shown_names) for inner in value]
    for path, name in shown_names.items():
        value = value.replace(str(path), name).replace(path.name, name) if isinstance(value, str) else value
    return value


def main() -> None:
    """The child process."""
    if not (text := sys.stdin.read()):
        return  # no file was to be read any more
    request = json.loads(text)
    threading.Thread(target=_end_with_worker, args=(request["worker"],), daemon=True).start()
    _limit_memory(request["megabytes"])
    try:
        answer: dict[str, Any] = {"result": carry_out(request)}
    except TimeVisError as error:  # the memory that is free is the one of this process
        answer = _error(_beyond_limit(request) if isinstance(error.__cause__, MemoryError) else error)
    except OSError as error:  # for example a full disk
        answer = _error(explain(error))
    except MemoryError:
        answer = _error(_beyond_limit(request))
    json.dump(answer, sys.stdout)


def _end_with_worker(worker: int) -> None:
    """End this process when its worker has ended, which can then take no answer; it may have ended already."""
    while os.getppid() == worker:
        time.sleep(1)
    os._exit(1)


def _error(error: TimeVisError) -> dict[str, Any]:
    kinds = {"is_config": isinstance(error, ConfigError), "is_of_system": type(error) is TimeVisError}
    return error.to_json() | kinds | {"field": error.field}


def _beyond_limit(request: Mapping[str, Any]) -> DataError:
    return DataError(_needs_memory(request["path"], request["megabytes"], "MemoryError"), smaller_file())


def _needs_memory(source: str, megabytes: int, reason: str) -> Text:
    return Text(
        "{source} could not be read within {megabytes} MB of memory ({reason})",
        source=source,
        megabytes=megabytes,
        reason=reason,
    )


def _limit_memory(megabytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource  # which Windows does not have

    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


def carry_out(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the request of `profile` or `combine` in this process, without limits of time and memory.

    Raises
    ------
    TimeVisError
        A file cannot be read.
    """
    return _append(request) if "earlier" in request else _read(request)


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    limits = TableLimits(**request["limits"])
    limits.check_file(Path(request["path"]))
    folder = Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)

    def write_preview(table: Table) -> None:
        frame = table.frame.head(PREVIEW_ROWS)
        rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
        write_json(folder / PREVIEW_FILE, {"columns": [str(name) for name in frame.columns], "rows": rows})

    panel, report = load_panel({"path": request["path"], **request["options"]}, on_table=write_preview)
    limits.check(rows=panel.values.shape[0], columns=panel.values.shape[1])
    write_series(folder, panel, report)
    return {"report": report.to_dict(), "line": newest_values(panel)}


def _append(request: Mapping[str, Any]) -> dict[str, Any]:
    TableLimits(**request["limits"]).check_file(Path(request["path"]))
    earlier, newer, target = (Path(request[key]) for key in ("earlier", "path", "target"))
    return {"added": append_rows(earlier, newer, target, request["options"], request["report"])}


def _cell(value: Any) -> str | float | bool | None:
    """A cell of a table as a value of JSON; a long text is cut."""
    if value is None or value != value:
        return None
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= PREVIEW_CHARACTERS else f"{text[:PREVIEW_CHARACTERS]}…"


if __name__ == "__main__":
    main()
