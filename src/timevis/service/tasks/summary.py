"""The part of the results of a run that lists of models show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timevis.runs.results import Cost, Interval, Results, Skill
from timevis.utils.json_types import to_json_types
from timevis.utils.typed_json import from_json


@dataclass(frozen=True, kw_only=True)
class WindowSetSummary:
    """The windows that a model was scored on; models with the same hash can be compared."""

    hash: str
    windows: int
    horizon: int
    context_length: int


@dataclass(frozen=True, kw_only=True)
class ResultsSummary:
    """The metrics of the test, of seasonal naive and of validation, and the cost."""

    metrics: dict[str, Interval]
    seasonal_naive: dict[str, Interval]
    validation: dict[str, float | None]
    skill: Skill
    cost: Cost
    window_set: WindowSetSummary
    data_hash: str


def summarise(results: Results) -> dict[str, Any]:
    """`ResultsSummary` as JSON types, which the row of a model stores."""
    content = to_json_types(results) | {"data_hash": results.run.data_hash}
    summary: dict[str, Any] = to_json_types(from_json(ResultsSummary, content))
    return summary
