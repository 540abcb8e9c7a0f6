"""results.json as typed objects, which are read and written here.

A field that a run of an earlier version lacks has no value. Importing this module is fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from timevis.errors import RunFolderError
from timevis.intervals.recalibration_facts import Recalibration
from timevis.messages import Text
from timevis.models.member_record import MemberRecord
from timevis.utils.files import from_file, from_json, read_json, write_json
from timevis.utils.formatting import format_number
from timevis.utils.json_types import to_json_types

SCHEMA_VERSION = 3
"""Version of the keys of results.json, and of the methods for its seasonal naive and its intervals."""
Part: TypeAlias = Literal["test", "validation"]


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; None where it is not defined or there are too few windows."""

    value: float | None
    low: float | None
    high: float | None


class Scores(dict[str, Interval]):
    """Metrics by name; one that the run did not compute has no value."""

    def __missing__(self, name: str) -> Interval:
        return Interval(None, None, None)


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What was run, and with which code and data.

    Attributes
    ----------
    backbone : dict, optional
        ``name``, ``parameters``, ``trainable``, ``fingerprint`` and others; None for a model without a backbone.
    description : dict
        What the fitted model says of itself; see `Forecaster.describe`.
    covariates_read : list of str
        Names of the covariates that the model reads.
    git_commit : str, optional
        With ``+`` if files had changed; None outside a repository.
    numbers_left_out : dict
        Unused text column most of whose cells begin with a number, to the reason: a `Text` as JSON, with ``text``.
    """

    data: str
    domain: str
    public: bool
    model: str
    backbone: dict[str, Any] | None
    description: dict[str, Any]
    seed: int
    covariates_read: list[str]
    git_commit: str | None
    versions: dict[str, str]
    data_hash: str
    numbers_left_out: dict[str, Any] = field(default_factory=dict)

    @property
    def backbone_name(self) -> str | None:
        return self.backbone["name"] if self.backbone else None

    @property
    def label(self) -> str:
        """Name of the model, with any backbone: ``lstm`` or ``qwen [nano]``."""
        return f"{self.model} [{self.backbone_name}]" if self.backbone else self.model

    @property
    def members(self) -> list[MemberRecord]:
        """The members of an ensemble, the best one on validation first; empty for another model."""
        return [from_json(MemberRecord, row) for row in self.description.get("members", [])]

    @property
    def backbone_text(self) -> str:
        """Name, size, fingerprint and other facts of the backbone; empty for a model without a backbone."""
        backbone = self.backbone or {}
        texts = {
            "name": lambda value: value,
            "parameters": lambda value: Text("{count} parameters", count=value),
            "trainable": lambda value: Text("{count} trained", count=value),
            "fingerprint": lambda value: Text("fingerprint {fingerprint}", fingerprint=value),
        }
        shown = {key: format_number(value) for key, value in backbone.items() if value is not None}
        named = [text(shown[key]) for key, text in texts.items() if key in shown]
        others = [value for key, value in shown.items() if key not in (*texts, "id", "note") and backbone[key]]
        return ", ".join(map(str, [*named, *others]))

    @property
    def backbone_note(self) -> str:
        """What the files of the backbone say of it, as it is written there; empty if they say nothing."""
        return (self.backbone or {}).get("note") or ""


@dataclass(frozen=True, kw_only=True)
class RescoredRunFacts(RunFacts):
    """What was scored again by the model of an earlier run.

    Attributes
    ----------
    rescored_from : str
        Name of the folder of the earlier run.
    first_target, last_target : str
        Times of the scored rows.
    seen_origins : int, optional
        Origins in the training and validation rows; None for new data.
    """

    rescored_from: str
    first_target: str
    last_target: str
    seen_origins: int | None


@dataclass(frozen=True, kw_only=True)
class WindowSetFacts:
    """The scored windows.

    Attributes
    ----------
    hash : str
        Equal for runs that can be compared, if `season` is also equal.
    origins, origins_with_truth : int
        Distinct rows of first targets, and those with an observed target.
    scored_rows : int
        Rows from the first to the last target of the origins with an observed target.
    series, series_not_scored : int
        Number of series, and number of those that are too short for a window.
    borders : list of 3 int, optional
        Rows after the training, validation and test part; None if each series has its own.
    """

    hash: str
    part: Part
    windows: int
    without_truth: int
    origins: int
    origins_with_truth: int | None = None
    scored_rows: int
    first_origin: str
    last_origin: str
    split_by: Literal["axis", "series"] | None = None
    series: int | None = None
    series_not_scored: int | None = None
    borders: list[int] | None
    horizon: int
    context_length: int
    season: int
    channels: list[str]
    freq: str


@dataclass(frozen=True)
class Skill:
    """1 minus the error of the model divided by the error of seasonal naive."""

    mae: Interval
    wql: Interval


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the run cost; the seconds of a stage are None where the stage did not run."""

    trainable_parameters: int
    parameters: int
    fit_seconds: float | None
    calibrate_seconds: float | None
    test_seconds: float
    forecasts_per_second: float
    peak_memory_mb: float
    device: str
    threads: int


@dataclass(frozen=True, kw_only=True)
class OverallResults:
    """The scores, intervals and costs of a run over all channels, under the same keys for every model.

    Attributes
    ----------
    interval_method : str, optional
        How the intervals were computed.
    validation : dict
        Every metric on the validation windows that select models.
    metrics, seasonal_naive : dict of str to Interval
        Every metric of the model, and of seasonal naive on the same windows.
    coverage_80_from_ties : float
        The part of ``coverage_80`` that comes from truths equal to an end of the interval.
    recalibration : Recalibration, optional
        How the intervals were recalibrated.
    by_horizon, seasonal_naive_by_horizon : dict of str to list
        For every metric the value of each step.
    """

    schema_version: int
    run: RescoredRunFacts | RunFacts
    window_set: WindowSetFacts
    interval_method: str | None = None
    validation: dict[str, float | None]
    metrics: dict[str, Interval]
    seasonal_naive: dict[str, Interval]
    quantile_levels: list[float]
    skill: Skill
    coverage_80_from_ties: float | None
    recalibration: Recalibration | None = None
    by_horizon: dict[str, list[float | None]]
    seasonal_naive_by_horizon: dict[str, list[float | None]]
    cost: Cost

    def __post_init__(self) -> None:
        for name in ("metrics", "seasonal_naive"):
            object.__setattr__(self, name, Scores(getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class Results(OverallResults):
    """The content of results.json; for tens of thousands of channels it has tens of megabytes.

    Attributes
    ----------
    seasonal_naive_season : dict
        The season that was selected for each channel, in rows.
    by_channel, seasonal_naive_by_channel : dict of str to dict
        For every channel its metrics.
    """

    seasonal_naive_season: dict[str, int]
    by_channel: dict[str, dict[str, float | None]]
    seasonal_naive_by_channel: dict[str, dict[str, float | None]]

    @classmethod
    def of(cls, **fields: Any) -> Results:
        """Results of this version, from numbers of NumPy and Python; a number that is not finite becomes None."""
        return from_json(cls, to_json_types({"schema_version": SCHEMA_VERSION, **fields}))

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read results.json.

        Raises
        ------
        RunFolderError
            The file is damaged, or another version of TimeVis wrote it.
        """
        content = read_json(path)
        version = content.get("schema_version") if isinstance(content, dict) else None
        if isinstance(version, int) and version != SCHEMA_VERSION:
            message = Text(
                "{path}: results.json has schema_version {version}, but this version of TimeVis reads {expected}, "
                "with other intervals or another use of validation",
                path=str(path.parent),
                version=version,
                expected=SCHEMA_VERSION,
            )
            advice = Text("run it again, or read it with the version of TimeVis that wrote it")
            raise RunFolderError(message, advice)
        return from_file(cls, content, path)

    def write(self, path: Path) -> None:
        write_json(path, to_json_types(self))

    def overall(self) -> OverallResults:
        """The results without those of each channel."""
        return OverallResults(**{field.name: getattr(self, field.name) for field in fields(OverallResults)})

    @property
    def validation_score(self) -> float:
        """``val/relative_wql``, by which models are selected; NaN if the run did not compute it."""
        score = self.validation.get("relative_wql")
        return math.nan if score is None else score

    def scored_channels(self, metric: str = "mae") -> list[str]:
        """Channels on which a metric is defined, which it is averaged over; MAE is defined where there is a truth."""
        return [channel for channel, metrics in self.by_channel.items() if metrics.get(metric) is not None]
