"""Structured logs in rotating files: each line is a JSON object with the identifiers of the request and the task."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

MAX_BYTES = 10 * 2**20
BACKUPS = 5
MAX_FILES_OF_A_PART = 100
TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # local variables hold tokens and passwords
)
_locks: list[FileLock] = []  # they are held until the process ends
SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_logs(folder: Path, part: str, console_level: str) -> Path:
    """Send all log records of this process to ``<part>.log`` in a folder, and the more serious ones to stderr.

    Parameters
    ----------
    folder : Path
    part : str
        For example ``web`` or ``worker-cpu``. A second process of the same part writes ``<part>-2.log``.
    console_level : str
        Level of the records that are also printed.

    Returns
    -------
    Path
        The file.
    """
    path = _own_file(folder, part)
    file = logging.handlers.RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
    file.setFormatter(_formatter(TRACEBACKS, structlog.processors.JSONRenderer()))
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(console_level.upper())
    printer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    console.setFormatter(_formatter(printer))
    root = logging.getLogger()
    root.handlers[:] = [file, console]
    root.setLevel(min(logging.INFO, console.level))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    return path


def _formatter(*processors: structlog.typing.Processor) -> structlog.stdlib.ProcessorFormatter:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        processors=[remove, *processors], foreign_pre_chain=[*SHARED_PROCESSORS, structlog.stdlib.ExtraAdder()]
    )


def _own_file(folder: Path, part: str) -> Path:
    """A file that no other process writes, since two processes cannot rotate the same file."""
    for number in range(1, MAX_FILES_OF_A_PART):
        name = part if number == 1 else f"{part}-{number}"
        lock = FileLock(folder / f".{name}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            continue
        _locks.append(lock)
        return folder / f"{name}.log"
    return folder / f"{part}-{os.getpid()}.log"
