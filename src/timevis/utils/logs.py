"""Where log lines go: the console, and train.log of the run at hand."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timevis.errors import discard_stdout, make_stdout_safe


class ConsoleHandler(logging.StreamHandler):
    """Writes to what `sys.stdout` is at that moment, so lines pass above a live progress bar.

    A run goes on where nobody reads any further, as after `| head`.
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


class LogFile(logging.FileHandler):
    """A log file that a full disk does not turn into a flood of tracebacks on the console."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def log_to_file(path: Path) -> Iterator[None]:
    """Append every log line to a file while the block runs, and the traceback of what ends it."""
    handler = LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(min(level or logging.INFO, logging.INFO))
    root.addHandler(handler)
    try:
        yield
    except BaseException:
        handler.handle(logging.LogRecord("timevis", logging.ERROR, "", 0, "the run ended", None, sys.exc_info()))
        raise
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()


def silence_libraries() -> None:
    """Silence tips and notices of the libraries that say nothing about the user's experiment."""
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
