"""The part of the results of a run that lists of models show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WINDOW_SET_KEYS = ("hash", "windows", "horizon", "context_length")
SUMMARY_METRICS = ("relative_wql", "wql", "sql", "crps", "mase", "mae", "rmse", "smape", "coverage_80")


def summarise(results: Mapping[str, Any]) -> dict[str, Any]:
    """The part of results.json that lists of models show."""
    return {
        "metrics": {name: results["metrics"][name] for name in SUMMARY_METRICS},
        "seasonal_naive": {name: results["seasonal_naive"][name] for name in SUMMARY_METRICS},
        "validation": {name: results["validation"].get(name) for name in SUMMARY_METRICS},
        "skill": results["skill"],
        "cost": results["cost"],
        "window_set": {name: results["window_set"][name] for name in WINDOW_SET_KEYS},
        "data_hash": results["run"]["data_hash"],
    }
