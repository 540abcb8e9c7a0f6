"""Run one process of a distributed run; `timevis.training.distributed` starts it."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path

from timevis.errors import TimeVisError
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.training.run import execute
from timevis.utils.explain import explain
from timevis.utils.files import write_json
from timevis.utils.logs import ConsoleHandler

log = logging.getLogger(__name__)


def main(path: str, group: str, error_file: str, resumed: str = "") -> int:
    """Run the stages of a run; returns the exit code. The file `error_file` gets the cause of a failure.

    Parameters
    ----------
    path : str
        The run folder.
    group : str
        The sweep that the run belongs to; may be empty.
    error_file : str
        A JSON file that is written if the run fails.
    resumed : str
        Not empty if the run goes on with what earlier processes left in its folder.
    """
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    handler = ConsoleHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(level=logging.INFO if os.environ["LOCAL_RANK"] == "0" else logging.ERROR, handlers=[handler])
    folder = RunFolder(path, writes=os.environ["LOCAL_RANK"] == "0")
    try:
        config = RunConfig.from_config(folder.config)
        # the parent passes signals on to all processes
        execute(folder, config, group or None, pid=os.getppid(), resumed=bool(resumed))
    except Exception as error:
        failure = explain(error, folder.config)
        write_json(Path(error_file), failure.to_json())
        if not isinstance(error, TimeVisError):
            log.error("process %s: %s: %s", os.environ["LOCAL_RANK"], type(error).__name__, error)
        return 1
    return 0


def _end_with_parent(parent: int) -> None:
    """End this process when its parent has ended."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # skips the teardown of the process group, which would wait for a process that has ended
