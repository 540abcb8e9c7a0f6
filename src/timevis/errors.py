"""Errors that the user can fix, in contrast to defects of TimeVis."""

from __future__ import annotations


class TimeVisError(Exception):
    """An input, a config or a file of the user is wrong.

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
    """A table cannot become a panel. The message names the file, the row and the column."""


class AmbiguousDataError(DataError):
    """A table can be read in several ways. The advice names the option of ``data.cleaning`` that decides."""


class ConfigError(TimeVisError):
    """A config key or its value is invalid. The message names the key."""


class RunFolderError(TimeVisError):
    """A run folder is missing, is in use, or has the wrong state."""


class Cancelled(TimeVisError):
    """The run was cancelled by SIGTERM or Ctrl-C; its checkpoint is kept.

    Parameters
    ----------
    message, advice : str
    exit_code : int
        Exit code of the process: 128 plus the number of the signal.
    """

    def __init__(self, message: str, advice: str = "", exit_code: int = 143) -> None:
        super().__init__(message, advice)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple:
        return (type(self), (self.message, self.advice, self.exit_code))
