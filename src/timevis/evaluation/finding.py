"""A remark on a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from timevis.messages import Text

Severity: TypeAlias = Literal["good", "info", "warning", "bad"]


@dataclass(frozen=True)
class Finding:
    """One remark on a run.

    Attributes
    ----------
    message : Text
        Code ``intervals-unusable``, ``intervals-too-narrow``, ``intervals-may-be-too-narrow``,
        ``intervals-too-wide``, ``intervals-may-be-too-wide``, ``little-calibration-data``, ``member-failed``,
        ``combination-not-better``, ``numbers-not-read``, ``test-unlike-validation``, ``wql-of-some-channels``,
        ``few-origins`` or ``short-scored-period``.
    severity : {"good", "info", "warning", "bad"}
    """

    message: Text
    severity: Severity

    @property
    def code(self) -> str:
        """The code of the message."""
        return self.message.code

    @property
    def text(self) -> str:
        """The message in English."""
        return str(self.message)

    def to_dict(self) -> dict[str, Any]:
        """Code, params, severity and English text, as values of JSON."""
        return self.message.to_json() | {"severity": self.severity, "text": self.text}
