"""What an ensemble knows of each member: its state, its scores on validation, and its cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from timevis.utils.files import from_file, read_json, write_json
from timevis.utils.json_types import to_json_types

MEMBERS_FOLDER = "members"
"""Folder of the members in the run folder of an ensemble; each is a run folder."""
RECORD_FILE, FORECASTS_FILE = "member.json", "validation.safetensors"
"""In the folder of a member: its record, and its forecasts of the validation windows."""


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """One member of an ensemble.

    Attributes
    ----------
    name : str
        The name of its folder.
    model : str
        The choice of ``conf/model``.
    label : str
        What tables call its model, such as ``lstm`` or ``qwen [nano]``.
    state : {"completed", "failed", "skipped"}
        ``skipped``: there was no time for it, or for its forecasts.
    weight : float
        Its weight in the forecast; only known in the results of the ensemble.
    source : str, optional
        The folder of the finished run that the member is a copy of.
    seconds : float
        Time of all of its stages.
    fit_seconds, calibrate_seconds : float
    trainable_parameters, parameters : int
    forecasts_per_second : float, optional
        Windows of one channel that it forecasts in a second.
    tuning, validation : float, optional
        Relative WQL on the windows that select the weights (``tuning``), and on those that compare models (``val``).
    error, advice, error_code, advice_code
        Why it failed; see `TimeVisError.to_json`.
    """

    name: str
    model: str
    label: str
    state: Literal["completed", "failed", "skipped"]
    weight: float = 0.0
    source: str | None = None
    seconds: float = 0.0
    fit_seconds: float = 0.0
    calibrate_seconds: float = 0.0
    trainable_parameters: int = 0
    parameters: int = 0
    forecasts_per_second: float | None = None
    tuning: float | None = None
    validation: float | None = None
    error: str | None = None
    advice: str | None = None
    error_code: dict[str, Any] | None = None
    advice_code: dict[str, Any] | None = None

    @classmethod
    def read(cls, folder: Path) -> MemberRecord | None:
        """The record in the folder of a member; None if there is none (yet).

        Raises
        ------
        RunFolderError
            The file is damaged.
        """
        path = folder / RECORD_FILE
        return from_file(cls, read_json(path), path) if path.is_file() else None

    def write(self, folder: Path) -> None:
        write_json(folder / RECORD_FILE, to_json_types(asdict(self)))


def is_member_folder(folder: Path) -> bool:
    """Whether a run folder lies within the run folder of an ensemble."""
    return folder.parent.name == MEMBERS_FOLDER


def member_folder(run: Path, name: str) -> Path:
    """The folder of a member in the run folder of an ensemble."""
    return run / MEMBERS_FOLDER / name
