"""Send log lines to the console and to the train.log of a run."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timevis.errors import Cancelled
from timevis.utils.stdout import discard_stdout, make_stdout_safe


class ConsoleHandler(logging.StreamHandler):
    """Writes to the current `sys.stdout`, so that a progress bar that replaces it stays below the log lines.

    A closed pipe, as of ``| head``, does not stop the run.
    """

    def __init__(self) -> None:
        make_stdout_safe()
        super().__init__(sys.stdout)

    @property
    def stream(self) -> Any:
        return sys.stdout

    @stream.setter
    def stream(self, value: Any) -> None:
        pass

    def handleError(self, record: logging.LogRecord) -> None:
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            discard_stdout()
        else:
            super().handleError(record)


class LogFileHandler(logging.FileHandler):
    """A log file that ignores write errors: a full disk would print a traceback for every line."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def log_to_file(path: Path) -> Iterator[None]:
    """Append all log lines to a file while the block runs, and the traceback of an error that ends it."""
    handler = LogFileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(min(level or logging.INFO, logging.INFO))
    root.addHandler(handler)
    try:
        yield
    except Cancelled as cancelled:
        handler.handle(logging.LogRecord("timevis", logging.INFO, "", 0, cancelled.message, None, None))
        raise
    except BaseException:
        handler.handle(logging.LogRecord("timevis", logging.ERROR, "", 0, "the run ended", None, sys.exc_info()))
        raise
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()


def silence_libraries() -> None:
    """Hide log lines and warnings of libraries that do not concern the user's experiment."""
    for name in ("pytorch_lightning", "lightning_fabric", "torch.distributed", "httpx", "fsspec", "matplotlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").addFilter(lambda r: "litlogger" not in r.getMessage())
    for message in (
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*has no schedulers.*",
        ".*in eval mode at the start of training.*",
        ".*isinstance.treespec, LeafSpec.*",
        ".*The dirpath has changed from.*",
        ".*It is recommended to use `self.log.*sync_dist=True.*",  # the metrics gather their own sums
    ):
        warnings.filterwarnings("ignore", message=message)
