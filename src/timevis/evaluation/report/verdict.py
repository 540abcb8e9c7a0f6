"""Say in sentences whether a model beats seasonal naive, and on what data it was scored."""

from __future__ import annotations

from typing import Any

from timevis.data.calendar import steps_per_day
from timevis.runs.record import model_label, scored_channels
from timevis.utils.formatting import format_interval, format_number, format_time

MIN_RESAMPLING_LENGTH = 10
"""Origins, or horizons that the scored rows span, below which a bootstrap interval comes with a warning."""
CHANNELS_WITH_METRIC = {
    "mae": "that have values in these windows",
    "wql": "that have nonzero values in these windows",
    "mase": "on which seasonal naive has errors in the training part",
}
"""The channels on which a metric is defined, where these are not all."""


def is_reference(results: dict[str, Any]) -> bool:
    """Whether the run is the reference itself; seasonal naive with its own `model.season` may differ from it."""
    return results["run"]["model"] == "seasonal_naive" and not results["skill"]["wql"]["value"]


def scored_on(results: dict[str, Any]) -> str:
    """The scored part, such as ``on the test part of traffic``.

    A rescored run has its dates instead, and the number of origins whose rows the model was trained or tuned on.
    """
    run, window_set = results["run"], results["window_set"]
    if "first_target" not in run:
        return f"on the {window_set['part']} part of {run['data']}"
    is_daily_or_slower = steps_per_day(window_set["freq"]) <= 1
    first, last = (
        run[key][:10] if is_daily_or_slower else format_time(run[key]) for key in ("first_target", "last_target")
    )
    dates = f"on {first} to {last} of {run['data']}"
    seen, origins = run["seen_origins"], window_set["origins"]
    if not seen:
        return dates
    return f"{dates} ({seen} of its {origins} origins {'was' if seen == 1 else 'were'} used in training or tuning)"


def verdict(results: dict[str, Any]) -> str:
    """One or two sentences on whether the model beats seasonal naive on WQL, with the 95 % interval of its skill."""
    run, skill = results["run"], results["skill"]["wql"]
    model = model_label(run)
    value, low, high = skill["value"], skill["low"], skill["high"]
    if is_reference(results):
        return f"This run is seasonal naive on {run['data']}, the reference for all other models."
    if value is None:
        is_defined = results["metrics"]["wql"]["value"] is not None
        reason = "seasonal naive has no error" if is_defined else "WQL is not defined"
        return f"There is no verdict on {model}: {reason} on these windows of {run['data']}."
    size, scored = f"{abs(100 * value):.1f} %", scored_on(results)
    direction = "lower" if value > 0 else "higher"
    if low is None or high is None:
        return (
            f"The WQL of {model} is {size} {direction} than that of seasonal naive {scored}, "
            "but there are too few windows for a confidence interval."
        )
    bounds = f"95 % interval {format_interval(skill, percent=True)}"
    if low > 0:
        sentence = f"{model} beats seasonal naive by {size} on WQL ({bounds}) {scored}."
    elif high < 0:
        bounds = f"95 % interval {format_interval({'low': -high, 'high': -low}, percent=True)}"
        sentence = f"{model} loses to seasonal naive: its WQL is {size} higher ({bounds}) {scored}."
    else:
        sentence = (
            f"{model} and seasonal naive do not differ significantly {scored}: "
            f"the WQL of {model} is {size} {direction}, but the interval of its skill includes zero ({bounds})."
        )
    return " ".join([sentence, *wql_channel_notes(results), *interval_warnings(results["window_set"])])


def summary_line(results: dict[str, Any]) -> str:
    """Validation WQL, test WQL and skill in one line, for the log; without a test WQL if validation was scored."""
    skill, wql, part = results["skill"]["wql"], results["metrics"]["wql"]["value"], results["window_set"]["part"]
    test, on_part = (f"test/wql {format_number(wql)}, ", "") if part == "test" else ("", f" on {part}")
    bounds = f" ({format_interval(skill)})" if format_interval(skill) else ""
    return (
        f"{model_label(results['run'])}: val/wql {format_number(results['validation']['wql'])}, {test}"
        f"skill against seasonal naive{on_part} {format_number(skill['value'])}{bounds}"
    )


def outcome(results: dict[str, Any]) -> str:
    """The verdict in one word: ``wins``, ``loses``, ``open`` (not significant or not known) or ``reference``."""
    skill = results["skill"]["wql"]
    if is_reference(results):
        return "reference"
    if skill["low"] is None or skill["high"] is None or skill["low"] <= 0 <= skill["high"]:
        return "open"
    return "wins" if skill["low"] > 0 else "loses"


def averaged_channels(results: dict[str, Any], metric: str = "mae") -> str:
    """The channels that a metric is averaged over, such as ``the 3 channels``."""
    scored, channels = len(scored_channels(results, metric)), len(results["window_set"]["channels"])
    if scored == channels:
        return f"the {channels} channels"
    return f"the {scored} of {channels} channels {CHANNELS_WITH_METRIC[metric]}"


def averaging(results: dict[str, Any]) -> str:
    """The channels that metrics are averaged over, and the metrics that are averaged over fewer of them."""
    num_scored = len(scored_channels(results))
    exceptions = [
        f"{names} over {averaged_channels(results, metric)}"
        for names, metric in (("WQL and WAPE", "wql"), ("MASE", "mase"))
        if 0 < len(scored_channels(results, metric)) < num_scored
    ]
    return ", ".join([averaged_channels(results), *exceptions])


def wql_channel_notes(results: dict[str, Any]) -> list[str]:
    """A sentence on the channels that WQL is averaged over; none if these are all channels."""
    if len(scored_channels(results, "wql")) == len(results["window_set"]["channels"]):
        return []
    return [f"WQL is averaged over {averaged_channels(results, 'wql')}."]


def interval_warnings(window_set: dict[str, Any]) -> list[str]:
    """A sentence if bootstrap intervals are unreliable, because few origins or a short period can be resampled."""
    _, start, end = window_set["borders"]
    origins, horizons = window_set["origins"], (end - start) // window_set["horizon"]
    if min(origins, horizons) >= MIN_RESAMPLING_LENGTH:
        return []
    if origins < horizons:
        return [f"There are only {origins} origins, so the interval may be too narrow."]
    return [f"The scored rows are only {horizons} horizons long, so the interval may be too narrow."]
