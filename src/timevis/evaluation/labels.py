"""Names that several tables and charts share."""

from __future__ import annotations

from timevis.messages import Text

COSTS = {
    "trainable_parameters": Text("trainable-parameters", "trainable parameters"),
    "parameters": Text("total-parameters", "total parameters"),
    "fit_seconds": Text("training-seconds", "training, seconds"),
    "calibrate_seconds": Text("calibration-seconds", "calibration, seconds"),
    "test_seconds": Text("test-seconds", "forecasting and scoring, seconds"),
    "forecasts_per_second": Text("forecasts-per-second", "forecasts per second"),
    "peak_memory_mb": Text("peak-memory", "peak memory, MiB"),
    "device": Text("device", "device"),
    "threads": Text("threads", "threads"),
}
"""Name of each entry of the cost section of results.json that tables show."""
SEASONAL_NAIVE = Text("seasonal-naive", "seasonal naive")
CONTEXT = Text("context", "context")
TRUTH = Text("truth", "truth")
MEDIAN_FORECAST = Text("median-forecast", "median forecast")
ABSOLUTE_ERROR = Text("absolute-error", "absolute error")
STEPS_AHEAD = Text("steps-ahead", "steps ahead")
CHANNEL = Text("channel", "channel")
CHANNELS = Text("channels", "channels")
METRIC = Text("metric", "metric")
RELATIVE_WQL = Text("relative-wql", "relative WQL")
UNIT = Text("unit", "unit")
VALUES = Text("values", "values")
STD = Text("std", "std")
MAX = Text("max", "max")
MEDIAN = Text("median", "median")


def interval(percent: int) -> Text:
    """Name of a central interval."""
    return Text("percent-interval", "{percent} % interval", percent=percent)
