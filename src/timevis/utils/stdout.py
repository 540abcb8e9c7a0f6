"""Standard output, progress and exit codes of the command-line programs."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from timevis.errors import TimeVisError

log = logging.getLogger(__name__)
T = TypeVar("T")
LOG_INTERVAL_SECONDS = 30.0


def with_progress(items: Iterable[T], total: int, description: str, unit: str = "batch") -> Iterator[T]:
    """Yield the items, and log a line every `LOG_INTERVAL_SECONDS`; a shorter loop logs nothing.

    Parameters
    ----------
    items : iterable
    total : int
        Number of items.
    description, unit : str
        What the loop does, and what an item is: ``statistics: channel 120 of 500, about 20 s left``.
    """
    started = logged = time.monotonic()
    for number, item in enumerate(items):
        now = time.monotonic()
        if number and now >= logged + LOG_INTERVAL_SECONDS:
            logged = now
            left = (now - started) / number * (total - number)
            log.info("%s: %s %d of %d, about %.0f s left", description, unit, number, total, left)
        yield item


def run_script(main: Callable[[], int]) -> int:
    """Call the main function of a script and return its exit code.

    An error that the user can fix is printed as one message without a traceback; one of unknown cause is printed with
    it. Ctrl-C ends the script with one line, and a closed pipe, as of ``| head``, silently.
    """
    make_stdout_safe()
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        return discard_stdout()
    except (TimeVisError, OSError) as error:
        return print_error(error)
    except KeyboardInterrupt:
        print("Interrupted by Ctrl-C", file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception as error:
        from timevis.utils.explain import REPORT_TRACEBACK, explain

        failure = explain(error, unexpected_advice=REPORT_TRACEBACK)
        if failure.advice == REPORT_TRACEBACK:
            traceback.print_exc()
        return print_error(failure)
    return code


def print_error(error: object) -> int:
    """Print an error and its advice on stderr; returns the exit code."""
    print(f"Error: {error}", file=sys.stderr)
    return 1


def make_stdout_safe() -> None:
    """Make printing never fail.

    A closed stdout is replaced by the null device. Characters that the encoding lacks are printed as escapes, such as
    ``\\xfc`` for ü in ASCII.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    elif isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def discard_stdout() -> int:
    """Send all further output to the null device, after a reader such as ``| head`` closed the pipe.

    Returns the exit code.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
