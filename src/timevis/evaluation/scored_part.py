"""What was scored, in words: the part, the channels that metrics are averaged over, and too few origins."""

from __future__ import annotations

from timevis.data.calendar import steps_per_day
from timevis.data.split import PART_NAMES
from timevis.evaluation.window_sets import MIN_SERIES
from timevis.messages import Text
from timevis.runs.results import RescoredRunFacts, Results, WindowSetFacts
from timevis.utils.formatting import format_time

MIN_FOR_INTERVALS = 10
"""Origins, or horizons that the scored rows span, below which an interval comes with a warning."""


def scored_on(results: Results) -> Text:
    """The scored part, such as ``on the test part of traffic``.

    A rescored run has its dates instead, and the number of origins whose rows the model was trained or tuned on.
    """
    run, window_set = results.run, results.window_set
    if not isinstance(run, RescoredRunFacts):
        return Text("on the {part} part of {data}", part=scored_part(results), data=run.data)
    is_daily_or_slower = steps_per_day(window_set.freq) <= 1
    first, last = (
        time[:10] if is_daily_or_slower else format_time(time) for time in (run.first_target, run.last_target)
    )
    dates = Text("on {first} to {last} of {data}", first=first, last=last, data=run.data)
    if not run.seen_origins:
        return dates
    return Text(
        "{dates} ({seen} of its {origins} origins used in training or tuning)",
        dates=dates,
        seen=run.seen_origins,
        origins=window_set.origins,
    )


def scored_part(results: Results) -> Text:
    """The part that was scored, within a sentence."""
    if isinstance(results.run, RescoredRunFacts):
        return Text("scored")
    return PART_NAMES["test" if results.window_set.part == "test" else "val"]


def averaging(results: Results) -> Text:
    """The channels that metrics are averaged over, and the metrics that are averaged over fewer of them."""
    channels = len(results.window_set.channels)
    scored, with_wql, with_mase = (len(results.scored_channels(metric)) for metric in ("mae", "wql", "mase"))
    averaged = (
        Text("the {channels} channels", channels=channels)
        if scored == channels
        else Text(
            "the {scored} of {channels} channels that have values in these windows", scored=scored, channels=channels
        )
    )
    if 0 < with_wql < scored:
        averaged = Text(
            "{averaged}, WQL and WAPE over the {scored} of {channels} channels that have nonzero values in these "
            "windows",
            averaged=averaged,
            scored=with_wql,
            channels=channels,
        )
    if 0 < with_mase < scored:
        averaged = Text(
            "{averaged}, MASE over the {scored} of {channels} channels on which seasonal naive has errors in the "
            "training part",
            averaged=averaged,
            scored=with_mase,
            channels=channels,
        )
    return averaged


def relative_wql_notes(results: Results) -> list[Text]:
    """A sentence on the channels that the relative WQL is averaged over; none if these are all channels."""
    scored, channels = len(results.scored_channels("relative_wql")), len(results.window_set.channels)
    if scored == channels:
        return []
    text = Text(
        "The relative WQL is averaged over the {scored} of {channels} channels that have nonzero values in these "
        "windows and on which seasonal naive has errors.",
        code="wql-of-some-channels",
        scored=scored,
        channels=channels,
    )
    return [text]


def interval_warnings(window_set: WindowSetFacts) -> list[Text]:
    """A sentence if intervals are unreliable, because there are few origins or they span a short period."""
    origins, horizons = scored_origins(window_set), _scored_horizons(window_set)
    has_many_series = window_set.borders is None and num_scored_series(window_set) >= MIN_SERIES
    if min(origins, horizons) >= MIN_FOR_INTERVALS or has_many_series:
        return []
    if origins < horizons:
        text = Text(
            "There are only {origins} origins, so the interval may be too narrow.",
            code="few-origins",
            origins=origins,
        )
        return [text]
    text = Text(
        "The scored rows are only {horizons} horizons long, so the interval may be too narrow.",
        code="short-scored-period",
        horizons=horizons,
    )
    return [text]


def scored_origins(window_set: WindowSetFacts) -> int:
    """Number of origins with an observed target; earlier versions did not store it."""
    return window_set.origins if window_set.origins_with_truth is None else window_set.origins_with_truth


def _scored_horizons(window_set: WindowSetFacts) -> int:
    """Number of whole horizons in the scored rows; in the rows of all series if each has its own borders."""
    horizon = window_set.horizon
    if window_set.borders is None:
        return (scored_origins(window_set) + horizon - 1) // horizon
    return window_set.scored_rows // horizon


def num_scored_series(window_set: WindowSetFacts) -> int:
    """Number of series with a window in the scored part."""
    return (window_set.series or 0) - (window_set.series_not_scored or 0)
