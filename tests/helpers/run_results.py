"""Results of runs that were never carried out, with any values."""

from collections.abc import Mapping
from typing import Any

from timevis.runs.results import Results
from timevis.utils.files import from_json
from timevis.utils.json_types import to_json_types

METRICS = [
    "mae",
    "rmse",
    "wape",
    "smape",
    "mase",
    "wql",
    "relative_wql",
    "sql",
    "crps",
    "bias",
    "mse_scaled",
    "mae_scaled",
]
METRICS += ["coverage_50", "coverage_80", "coverage_95"]
SCORES = {name: {"value": 0.1, "low": 0.05, "high": 0.2} for name in METRICS}
VALUES = dict.fromkeys(METRICS, 0.05)
STEPS = {name: [0.1] * 24 for name in METRICS}
RUN = {
    "data": "traffic",
    "domain": "traffic",
    "public": True,
    "model": "lstm",
    "backbone": None,
    "description": {},
    "seed": 0,
    "covariates_read": [],
    "git_commit": None,
    "versions": {},
    "data_hash": "ab",
}
WINDOW_SET = {
    "hash": "cd",
    "part": "test",
    "windows": 500,
    "without_truth": 0,
    "origins": 500,
    "origins_with_truth": 500,
    "scored_rows": 2400,
    "first_origin": "2020-01-01",
    "last_origin": "2020-04-01",
    "split_by": "axis",
    "series": 1,
    "series_not_scored": 0,
    "borders": [7000, 8000, 10400],
    "horizon": 24,
    "context_length": 48,
    "season": 24,
    "channels": ["one"],
    "freq": "h",
}
COST = {
    "trainable_parameters": 5,
    "parameters": 5,
    "fit_seconds": 1.0,
    "calibrate_seconds": 0.1,
    "test_seconds": 0.5,
    "forecasts_per_second": 10.0,
    "peak_memory_mb": 100.0,
    "device": "cpu",
    "threads": 1,
}
RESULTS: dict[str, Any] = {
    "schema_version": 3,
    "run": RUN,
    "window_set": WINDOW_SET,
    "validation": VALUES,
    "metrics": SCORES,
    "seasonal_naive": SCORES,
    "seasonal_naive_season": {"one": 24},
    "quantile_levels": [0.1, 0.5, 0.9],
    "skill": {"mae": SCORES["mae"], "wql": SCORES["wql"]},
    "coverage_80_from_ties": 0.0,
    "by_horizon": STEPS,
    "seasonal_naive_by_horizon": STEPS,
    "by_channel": {"one": VALUES},
    "seasonal_naive_by_channel": {"one": VALUES},
    "cost": COST,
}


def changed(results: Results, changes: Mapping[str, Any]) -> Results:
    """The results with other values under dotted keys, such as ``{"skill.wql": Interval(0.1, 0, 0.2)}``."""
    content = to_json_types(results)
    for dotted, value in changes.items():
        *sections, key = dotted.split(".")
        entry = content
        for section in sections:
            entry = entry[section]
        entry[key] = to_json_types(value)
    return from_json(Results, content)


def results_with(changes: Mapping[str, Any]) -> Results:
    """Results of an LSTM on one channel, with other values under dotted keys; see `changed`."""
    return changed(from_json(Results, RESULTS), changes)
