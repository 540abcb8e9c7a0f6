"""One process of a distributed run; started by `timevis.training.distributed`."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path

from timevis.errors import TimeVisError
from timevis.experiment import execute
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.utils.explain import explain
from timevis.utils.files import write_json
from timevis.utils.logs import ConsoleHandler

log = logging.getLogger(__name__)


def main(path: str, group: str, reason: str) -> int:
    """Run the stages of a run folder; 0 when they ended well, else why not is in the file `reason`."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    handler = ConsoleHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(level=logging.INFO if os.environ["LOCAL_RANK"] == "0" else logging.ERROR, handlers=[handler])
    folder = RunFolder(path, writes=os.environ["LOCAL_RANK"] == "0")
    try:
        config = RunConfig.from_config(folder.config)
        execute(folder, config, group or None, pid=os.getppid())  # which passes a signal on to every process
    except Exception as error:
        failure = explain(error, folder.config)
        write_json(Path(reason), {"message": failure.message, "advice": failure.advice})
        if not isinstance(error, TimeVisError):
            log.error("process %s: %s: %s", os.environ["LOCAL_RANK"], type(error).__name__, error)
        return 1
    return 0


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # a lost peer must not hold the teardown of the process group
