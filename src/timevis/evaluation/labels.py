"""Names of costs, as reports show them."""

from __future__ import annotations

COSTS = {
    "trainable_parameters": "trainable parameters",
    "parameters": "total parameters",
    "fit_seconds": "training, seconds",
    "calibrate_seconds": "calibration, seconds",
    "test_seconds": "forecasting and scoring, seconds",
    "forecasts_per_second": "forecasts per second",
    "peak_memory_mb": "peak memory, MiB",
    "device": "device",
    "threads": "threads",
}
"""Name of each entry of the cost section of results.json that tables show."""
