"""Names that several tables and charts share."""

from __future__ import annotations

from timevis.messages import Text

COSTS = {
    "trainable_parameters": Text("trainable parameters"),
    "parameters": Text("total parameters"),
    "fit_seconds": Text("training, seconds"),
    "calibrate_seconds": Text("calibration, seconds"),
    "test_seconds": Text("forecasting and scoring, seconds"),
    "forecasts_per_second": Text("forecasts per second"),
    "peak_memory_mb": Text("peak memory, MiB"),
    "device": Text("device"),
    "threads": Text("threads"),
}
"""Name of each entry of the cost section of results.json that tables show."""
SEASONAL_NAIVE = Text("seasonal naive")
CONTEXT = Text("context")
TRUTH = Text("truth")
MEDIAN_FORECAST = Text("median forecast")
ABSOLUTE_ERROR = Text("absolute error")
STEPS_AHEAD = Text("steps ahead")
CHANNEL = Text("channel")
CHANNELS = Text("channels")
METRIC = Text("metric")
RELATIVE_WQL = Text("relative WQL")
UNIT = Text("unit")
VALUES = Text("values")
STD = Text("std")
MAX = Text("max")
MEDIAN = Text("median")


def interval(percent: int) -> Text:
    """Name of a central interval."""
    return Text("{percent} % interval", percent=percent)
