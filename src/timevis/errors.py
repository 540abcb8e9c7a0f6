"""Errors that the user can fix, in contrast to defects of TimeVis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timevis.messages import Text


class TimeVisError(Exception):
    """An input, a config or a file of the user is wrong.

    Parameters
    ----------
    message : Text
        What is wrong and where (file, row, column or config key).
    advice : Text, optional
        What to do about it.
    field : str
        The config key that the error is about, such as ``data.split``; empty if it is about none.
    """

    def __init__(self, message: Text, advice: Text | None = None, field: str = "") -> None:
        super().__init__(message)
        self.message, self.advice, self.field = message, advice, field

    def __str__(self) -> str:
        return f"{self.message}\n  {self.advice}" if self.advice else str(self.message)

    def __reduce__(self) -> tuple:
        return (type(self), (self.message, self.advice, self.field))

    def to_json(self) -> dict[str, Any]:
        """Message and advice in English, and their codes and params; see `from_json`."""
        return {
            "error": str(self.message),
            "error_code": self.message.to_json(),
            "advice": str(self.advice) if self.advice else None,
            "advice_code": self.advice.to_json() if self.advice else None,
        }

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> TimeVisError:
        """The error whose `to_json` was stored, alone or in status.json."""
        advice = Text.from_json(values["advice"], values["advice_code"]) if values.get("advice_code") else None
        return TimeVisError(Text.from_json(values["error"], values["error_code"]), advice)


class DataError(TimeVisError):
    """A table cannot become a panel. The message names the file, the row and the column."""


class AmbiguousDataError(DataError):
    """A table can be read in several ways. The advice names the option of ``data.cleaning`` that decides."""


class ConfigError(TimeVisError):
    """A config key or its value is invalid. The message names the key."""


class RunFolderError(TimeVisError):
    """A run folder is missing, is in use, or has the wrong state."""


class TimeLimitReached(TimeVisError):
    """A part of a run took longer than the time that was left for it."""


class Cancelled(TimeVisError):
    """The run was cancelled by SIGTERM or Ctrl-C; its checkpoint is kept.

    Parameters
    ----------
    message, advice : Text
    exit_code : int
        Exit code of the process: 128 plus the number of the signal.
    """

    def __init__(self, message: Text, advice: Text | None = None, exit_code: int = 143) -> None:
        super().__init__(message, advice)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple:
        return (type(self), (self.message, self.advice, self.exit_code))
