"""The part of the results of a run that lists of models show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WINDOW_SET_KEYS = ("hash", "windows", "horizon", "context_length")


def summarise(results: Mapping[str, Any]) -> dict[str, Any]:
    """The part of results.json that lists of models show."""
    return {
        **{name: results[name] for name in ("metrics", "seasonal_naive", "validation", "skill", "cost")},
        "window_set": {name: results["window_set"][name] for name in WINDOW_SET_KEYS},
        "data_hash": results["run"]["data_hash"],
    }
