"""A run in one sentence, and the words that metrics and costs are shown under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timevis.data.calendar import steps_per_day
from timevis.runs.record import model_label, scored_channels
from timevis.utils.formatting import format_interval, format_time


@dataclass(frozen=True)
class MetricWords:
    """How a metric is shown: its short name, what it is, and whether less is better (None where neither is).

    What it is has a place for the words ``{unit}`` where its values have the data's.
    """

    name: str
    meaning: str
    less_is_better: bool | None = True
    percent: bool = False


STANDARDISED = "on values standardised by the training part, as the literature reports"
METRICS = {
    "wql": MetricWords("WQL", "weighted quantile loss over the levels 0.1 to 0.9; scores the whole forecast"),
    "crps": MetricWords(
        "CRPS",
        "twice the mean pinball loss over 15 levels, {unit}; they are no even grid, so it is near the CRPS only",
    ),
    "mase": MetricWords("MASE", "absolute error over seasonal naive's in the training part; – where that made none"),
    "mae": MetricWords("MAE", "mean absolute error of the median, {unit}"),
    "rmse": MetricWords("RMSE", "root mean squared error of the point forecast, {unit}"),
    "wape": MetricWords("WAPE", "absolute error over the sum of absolute truths", percent=True),
    "smape": MetricWords("sMAPE", "symmetric percentage error", percent=True),
    "mse_scaled": MetricWords("MSE, scaled", STANDARDISED),
    "mae_scaled": MetricWords("MAE, scaled", STANDARDISED),
    "bias": MetricWords("Bias", "mean of point forecast less truth, {unit}", None),
    "coverage_50": MetricWords("Coverage of 50 %", "share of truths inside the 50 % interval", None, True),
    "coverage_80": MetricWords("Coverage of 80 %", "share of truths inside the 80 % interval", None, True),
    "coverage_95": MetricWords("Coverage of 95 %", "share of truths inside the 95 % interval", None, True),
}
FEW = 10
"""Origins, and horizons that the scored part spans, below which an interval goes with a word of caution."""
COSTS = {
    "trainable_parameters": "trainable parameters",
    "parameters": "parameters in all",
    "fit_seconds": "training, seconds",
    "calibrate_seconds": "calibration, seconds",
    "test_seconds": "forecasts and their scores, seconds",
    "forecasts_per_second": "forecasts per second",
    "peak_memory_mb": "peak memory, MiB",
    "device": "device",
    "threads": "threads",
}


def is_reference(results: dict[str, Any]) -> bool:
    """Whether a run is seasonal naive itself; one of a given season (`model.season`) may be another."""
    return results["run"]["model"] == "seasonal_naive" and not results["skill"]["wql"]["value"]


def scored_on(results: dict[str, Any]) -> str:
    """``on the test part of traffic``, or validation; of a rescored run its dates, and how many it has seen."""
    run, window_set = results["run"], results["window_set"]
    if "first_target" not in run:
        return f"on the {window_set['part']} part of {run['data']}"
    by_day = steps_per_day(window_set["freq"]) <= 1
    first, last = (run[key][:10] if by_day else format_time(run[key]) for key in ("first_target", "last_target"))
    where = f"on {first} to {last} of {run['data']}"
    seen, origins = run["seen_origins"], window_set["origins"]
    if not seen:
        return where
    return f"{where} ({seen} of its {origins} origins {'was' if seen == 1 else 'were'} seen in training or tuning)"


def verdict(results: dict[str, Any]) -> str:
    """Whether the model beats seasonal naive on WQL, with the 95 % interval of the answer, in a sentence or two."""
    run, skill = results["run"], results["skill"]["wql"]
    who = model_label(run)
    value, low, high = skill["value"], skill["low"], skill["high"]
    if is_reference(results):
        return (
            f"This is seasonal naive itself on {run['data']}: the reference that other models are measured against."
        )
    if value is None:
        defined = results["metrics"]["wql"]["value"] is not None
        why = "seasonal naive makes no error at all" if defined else "WQL is not defined"
        return f"There is no verdict on {who}: {why} on these windows of {run['data']}."
    size, where = f"{abs(100 * value):.1f} %", scored_on(results)
    if low is None or high is None:
        word = "lower" if value > 0 else "higher"
        return (
            f"{who} has a WQL {size} {word} than seasonal naive {where}, "
            "but there are too few windows to say how sure that is."
        )
    bounds = f"95 % interval {format_interval(skill, percent=True)}"
    if low > 0:
        said = f"{who} beats seasonal naive by {size} on WQL ({bounds}) {where}."
    elif high < 0:
        bounds = f"95 % interval {format_interval({'low': -high, 'high': -low}, percent=True)}"
        said = f"{who} loses to seasonal naive: its WQL is {size} higher ({bounds}) {where}."
    else:
        word = "lower" if value > 0 else "higher"
        said = (
            f"{who} and seasonal naive can't be told apart {where}: "
            f"the WQL of {who} is {size} {word}, but the interval of its skill includes zero ({bounds})."
        )
    return " ".join([said, *over_some(results), *caution(results["window_set"])])


DEFINED = {
    "mae": "with values in these windows",
    "wql": "with values other than zero in these windows",
    "mase": "on which seasonal naive erred in the training part",
}
"""Which channels a metric is defined on, where that is not all."""


def averaged_channels(results: dict[str, Any], metric: str = "mae") -> str:
    """The channels that a metric is an average over, in words."""
    scored, channels = len(scored_channels(results, metric)), len(results["window_set"]["channels"])
    return (
        f"the {channels} channels" if scored == channels else f"the {scored} of {channels} channels {DEFINED[metric]}"
    )


def over_some(results: dict[str, Any]) -> list[str]:
    """Which channels WQL is averaged over, where those are not all."""
    if len(scored_channels(results, "wql")) == len(results["window_set"]["channels"]):
        return []
    return [f"WQL is averaged over {averaged_channels(results, 'wql')}."]


def averages(results: dict[str, Any]) -> str:
    """What metrics are averages over, and which are over fewer channels, in words."""
    everyone = len(scored_channels(results))
    fewer = [
        f"{names} over {averaged_channels(results, metric)}"
        for names, metric in (("WQL and WAPE", "wql"), ("MASE", "mase"))
        if 0 < len(scored_channels(results, metric)) < everyone
    ]
    return ", ".join([averaged_channels(results), *fewer])


def caution(window_set: dict[str, Any]) -> list[str]:
    """What to say of an interval, if anything: there may be so little to resample that it can't be trusted."""
    _, start, end = window_set["borders"]
    origins, spans = window_set["origins"], (end - start) // window_set["horizon"]
    if min(origins, spans) >= FEW:
        return []
    if origins < spans:
        return [f"There are only {origins} origins, so the interval may be too narrow."]
    return [f"The scored rows are only {spans} horizons long, so the interval may be too narrow."]


def outcome(results: dict[str, Any]) -> str:
    """``wins``, ``loses``, ``open`` or ``reference``: what `verdict` says, in a word."""
    skill = results["skill"]["wql"]
    if is_reference(results):
        return "reference"
    if skill["low"] is None or skill["high"] is None or skill["low"] <= 0 <= skill["high"]:
        return "open"
    return "wins" if skill["low"] > 0 else "loses"
