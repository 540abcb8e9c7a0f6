"""The errors a user can mend, told apart from defects of TimeVis itself."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable


class TimeVisError(Exception):
    """Something is wrong with what the user gave; the message says what, where, and what to do.

    Parameters
    ----------
    message : str
        What is wrong and where (file, row, column or config key).
    advice : str
        What to do about it; may be empty.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  {self.advice}" if self.advice else self.message

    def __reduce__(self) -> tuple:
        return (type(self), (self.message, self.advice))


class DataError(TimeVisError):
    """A table cannot become a panel: names the file, the row and the column."""


class AmbiguousDataError(DataError):
    """A table may be read in several ways: the advice names the option of ``data.cleaning`` that says which."""


class ConfigError(TimeVisError):
    """A config key or value is not usable: names the key."""


class RunFolderError(TimeVisError):
    """A run folder is missing, taken, or not of the kind asked for."""


class Cancelled(TimeVisError):
    """The run was asked to stop (SIGTERM or Ctrl-C); its checkpoint is kept.

    Parameters
    ----------
    message, advice : str
    exit_code : int
        Of the process: 128 and the number of the signal.
    """

    def __init__(self, message: str, advice: str = "", exit_code: int = 143) -> None:
        super().__init__(message, advice)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple:
        return (type(self), (self.message, self.advice, self.exit_code))


def print_error(error: object) -> int:
    """Print what went wrong, and what to do, on stderr; returns the exit code."""
    print(f"Error: {error}", file=sys.stderr)
    return 1


def run_script(work: Callable[[], int]) -> int:
    """The exit code of a script's work, with what a user can mend in one line, and silence where nobody reads on."""
    make_stdout_safe()
    try:
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        return discard_stdout()
    except (TimeVisError, OSError) as error:
        return print_error(error)
    return code


def make_stdout_safe() -> None:
    """Print nowhere if stdout is closed, and what its encoding lacks, as ASCII lacks ü, as \\xfc: no work is lost."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    elif isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def discard_stdout() -> int:
    """Write to nowhere from now on, as `| head` has read enough; returns the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
