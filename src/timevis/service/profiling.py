"""Read an uploaded file in a child process with limits of time and memory, and write its quality report.

The child is ``python -m timevis.service.profiling``. It reads one JSON object from standard input and writes one to
standard output.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from timevis.errors import ConfigError, DataError
from timevis.service.security.table_limits import TableLimits

SERIES_FILE = "panel.parquet"


def profile(
    path: Path,
    options: Mapping[str, Any],
    folder: Path,
    *,
    shown_name: str,
    seconds: int,
    megabytes: int,
    limits: TableLimits,
) -> dict[str, Any]:
    """Read a file, write its cleaned panel to a folder, and return the quality report.

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

    Raises
    ------
    DataError
        The message names file, row and column.
    ConfigError
        An option is wrong; the message names its key.
    """
    request = {"path": str(path), "options": dict(options), "folder": str(folder), "megabytes": megabytes}
    request["limits"] = asdict(limits)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "timevis.service.profiling"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{shown_name} could not be read within {seconds} s", "upload a smaller file") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise DataError(
            f"{shown_name} could not be read within {megabytes} MB of memory ({reason[:200]})",
            "check that the file opens elsewhere, or upload a smaller one",
        ) from None
    if "error" in answer:
        named = [
            answer[key].replace(str(path), shown_name).replace(path.name, shown_name) for key in ("error", "advice")
        ]
        raise (ConfigError if answer.get("is_config") else DataError)(*named)
    report: dict[str, Any] = answer["report"]
    report["source"] = shown_name
    return report


def main() -> None:
    """The child process."""
    request = json.loads(sys.stdin.read())
    _limit_memory(request["megabytes"])
    from timevis.errors import TimeVisError

    try:
        answer: dict[str, Any] = {"report": _read(request)}
    except TimeVisError as error:
        answer = {"error": error.message, "advice": error.advice, "is_config": isinstance(error, ConfigError)}
    except MemoryError:
        answer = {"error": f"{request['path']} needs more memory than is allowed", "advice": "upload a smaller file"}
    json.dump(answer, sys.stdout)


def _limit_memory(megabytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    import pandas as pd

    from timevis.data.catalog import load_panel
    from timevis.utils.files import atomic_write

    limits = TableLimits(**request["limits"])
    limits.check_file(Path(request["path"]))
    panel, report = load_panel({"path": request["path"], **request["options"]})
    limits.check(rows=panel.values.shape[0], columns=panel.values.shape[1])
    folder = Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(panel.values, columns=list(panel.channels))
    frame.insert(0, "time", panel.index)
    frame.columns = ["time", *(f"channel{number}" for number in range(len(panel.channels)))]
    with atomic_write(folder / SERIES_FILE) as path:
        frame.to_parquet(path, index=False)
    return report.to_dict()


if __name__ == "__main__":
    main()
