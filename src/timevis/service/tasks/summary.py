"""The part of the results of a run that lists of models show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timevis.runs.results import Cost, Interval, Results, Skill
from timevis.utils.json_types import to_json_types

SUMMARY_METRICS = ("relative_wql", "wql", "sql", "crps", "mase", "mae", "rmse", "smape", "coverage_80")


@dataclass(frozen=True, kw_only=True)
class WindowSetSummary:
    """The windows that a model was scored on; models with the same hash can be compared."""

    hash: str
    windows: int
    horizon: int
    context_length: int


@dataclass(frozen=True, kw_only=True)
class ResultsSummary:
    """The headline metrics of the test, of seasonal naive and of validation, and the cost."""

    metrics: dict[str, Interval]
    seasonal_naive: dict[str, Interval]
    validation: dict[str, float | None]
    skill: Skill
    cost: Cost
    window_set: WindowSetSummary
    data_hash: str


def summarise(results: Results) -> dict[str, Any]:
    """`ResultsSummary` as JSON types, which the row of a model stores."""
    window_set = results.window_set
    summary = ResultsSummary(
        metrics={name: results.metrics[name] for name in SUMMARY_METRICS},
        seasonal_naive={name: results.seasonal_naive[name] for name in SUMMARY_METRICS},
        validation={name: results.validation.get(name) for name in SUMMARY_METRICS},
        skill=results.skill,
        cost=results.cost,
        window_set=WindowSetSummary(
            hash=window_set.hash,
            windows=window_set.windows,
            horizon=window_set.horizon,
            context_length=window_set.context_length,
        ),
        data_hash=results.run.data_hash,
    )
    stored: dict[str, Any] = to_json_types(summary)
    return stored
