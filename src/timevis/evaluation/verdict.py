"""Whether a model beats seasonal naive, and whether its intervals hold: the judgement that every interface shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from timevis.data.calendar import steps_per_day
from timevis.evaluation.window_sets import MIN_SERIES
from timevis.runs.results import RescoredRunFacts, Results, WindowSetFacts
from timevis.utils.formatting import format_interval, format_number, format_time

Severity: TypeAlias = Literal["good", "info", "warning", "bad"]
Judgement: TypeAlias = Literal["about right", "too wide", "too narrow"]

MIN_RESAMPLING_LENGTH = 10
"""Origins, or horizons that the scored rows span, below which an interval comes with a warning."""
COVERAGE_TOLERANCE = 0.04
"""Deviation from 80 % up to which the coverage of the 80 % interval is called about right."""
CERTAIN_COVERAGE_DEVIATION = 0.15
"""Deviation from 80 % that is called a failure even where too few windows give no confidence interval."""
MIN_EXCESS_COVERAGE = 0.01
"""Coverage from tied truths below which it is not subtracted; see `error_profile.excess_coverage_from_ties`."""
MAX_WQL_RATIO = 1.5
"""Test WQL divided by validation WQL above which the test part is called unlike the validation part."""
CHANNELS_WITH_METRIC = {
    "mae": "that have values in these windows",
    "wql": "that have nonzero values in these windows",
    "relative_wql": "that have nonzero values in these windows and on which seasonal naive has errors",
    "mase": "on which seasonal naive has errors in the training part",
}
"""The channels on which a metric is defined, where these are not all."""


@dataclass(frozen=True)
class Finding:
    """One remark on a run.

    Attributes
    ----------
    code : str
        One of ``intervals_too_narrow``, ``intervals_too_wide``, ``test_unlike_validation``, ``wql_of_some_channels``,
        ``few_origins``, ``short_scored_period``.
    severity : {"good", "info", "warning", "bad"}
    params : dict
        The numbers and names in the text, for an interface that writes its own sentence.
    text : str
        The sentence in English.
    """

    code: str
    severity: Severity
    params: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Verdict:
    """The judgement on a scored run.

    Attributes
    ----------
    code : str
        ``beats_seasonal_naive``, ``loses_to_seasonal_naive``, ``no_significant_difference``, ``no_interval`` (too few
        windows), ``undefined`` or ``reference`` (the run is seasonal naive itself).
    severity : {"good", "info", "warning", "bad"}
        That of the whole run: a model that beats seasonal naive with intervals that fail is a warning.
    params : dict
        model, data, part, skill, low and high.
    text : str
        The sentence on the skill, in English; those of the findings come after it.
    findings : tuple of Finding
    """

    code: str
    severity: Severity
    params: dict[str, Any]
    text: str
    findings: tuple[Finding, ...]


def is_reference(results: Results) -> bool:
    """Whether the run is the reference itself; seasonal naive with its own `model.season` may differ from it."""
    return results.run.model == "seasonal_naive" and not results.skill.wql.value


def scored_on(results: Results) -> str:
    """The scored part, such as ``on the test part of traffic``.

    A rescored run has its dates instead, and the number of origins whose rows the model was trained or tuned on.
    """
    run, window_set = results.run, results.window_set
    if not isinstance(run, RescoredRunFacts):
        return f"on the {window_set.part} part of {run.data}"
    is_daily_or_slower = steps_per_day(window_set.freq) <= 1
    first, last = (
        time[:10] if is_daily_or_slower else format_time(time) for time in (run.first_target, run.last_target)
    )
    dates = f"on {first} to {last} of {run.data}"
    seen, origins = run.seen_origins, window_set.origins
    if not seen:
        return dates
    return f"{dates} ({seen} of its {origins} origins {'was' if seen == 1 else 'were'} used in training or tuning)"


def verdict_of(results: Results) -> Verdict:
    """Judge a scored run by its results.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Verdict
        Report, console, service and page show it.
    """
    run, skill = results.run, results.skill.wql
    code, severity, text = _headline(results)
    findings = (*_interval_findings(results), *_part_findings(results), *_sampling_findings(results))
    if severity in ("good", "info") and any(finding.severity == "warning" for finding in findings):
        severity = "warning"
    params = {
        "model": run.label,
        "data": run.data,
        "part": results.window_set.part,
        "skill": skill.value,
        "low": skill.low,
        "high": skill.high,
    }
    return Verdict(code, severity, params, text, findings)


def _headline(results: Results) -> tuple[str, Severity, str]:
    """Code, severity and sentence on whether the model beats seasonal naive on WQL."""
    run, skill = results.run, results.skill.wql
    model = run.label
    value, low, high = skill.value, skill.low, skill.high
    if is_reference(results):
        return (
            "reference",
            "info",
            f"This run is seasonal naive on {run.data}, the reference for all other models.",
        )
    if value is None:
        is_defined = results.metrics["wql"].value is not None
        reason = "seasonal naive has no error" if is_defined else "WQL is not defined"
        return "undefined", "warning", f"There is no verdict on {model}: {reason} on these windows of {run.data}."
    size, scored = f"{abs(100 * value):.1f} %", scored_on(results)
    direction, channels = "lower" if value > 0 else "higher", len(results.scored_channels("relative_wql"))
    metric = "WQL" if channels == 1 else f"WQL, as a geometric mean over {channels} channels,"
    if low is None or high is None:
        text = (
            f"The {metric} of {model} is {size} {direction} than that of seasonal naive {scored}, "
            "but there are too few windows for a confidence interval."
        )
        return "no_interval", "warning", text
    bounds = f"95 % interval {format_interval(low, high, percent=True)}"
    if low > 0:
        text = f"{model} beats seasonal naive by {size} on {metric} ({bounds}) {scored}."
        return "beats_seasonal_naive", "good", text
    if high < 0:
        bounds = f"95 % interval {format_interval(-high, -low, percent=True)}"
        text = f"{model} loses to seasonal naive: its {metric} is {size} higher ({bounds}) {scored}."
        return "loses_to_seasonal_naive", "bad", text
    text = (
        f"{model} and seasonal naive do not differ significantly {scored}: "
        f"the {metric} of {model} is {size} {direction}, but the interval of its skill includes zero ({bounds})."
    )
    return "no_significant_difference", "warning", text


@dataclass(frozen=True)
class IntervalWidth:
    """The judgement on the width of the 80 % interval.

    Attributes
    ----------
    judgement : {"about right", "too wide", "too narrow"}
    is_certain : bool
        False if the confidence interval of the coverage contradicts the judgement, or is missing.
    coverage : float
        Share of the truths inside, without the part that comes from ties.
    excess : float
        Share that comes from truths that equal an end of the interval; zero where it is small.
    """

    judgement: Judgement
    is_certain: bool
    coverage: float
    excess: float


def interval_width(results: Results) -> IntervalWidth | None:
    """Judge the width of the 80 % interval; None if its coverage is not defined."""
    entry = results.metrics["coverage_80"]
    if entry.value is None:
        return None
    excess = results.coverage_80_from_ties or 0.0
    excess = excess if excess >= MIN_EXCESS_COVERAGE else 0.0
    coverage = entry.value - excess
    is_right = abs(coverage - 0.8) <= COVERAGE_TOLERANCE
    is_certain = False
    if entry.low is not None and entry.high is not None:
        is_certain = is_right or not entry.low <= 0.8 + excess <= entry.high
    judgement: Judgement = "about right" if is_right else "too wide" if coverage > 0.8 else "too narrow"
    return IntervalWidth(judgement, is_certain, coverage, excess)


def _interval_findings(results: Results) -> list[Finding]:
    """A finding if the 80 % interval holds clearly more or fewer of the truths than 80 %."""
    width = interval_width(results)
    if width is None or width.judgement == "about right":
        return []
    fails = width.is_certain or abs(width.coverage - 0.8) >= CERTAIN_COVERAGE_DEVIATION
    part = "scored" if isinstance(results.run, RescoredRunFacts) else results.window_set.part
    narrow = width.judgement == "too narrow"
    text = (
        f"The intervals are {width.judgement}: the 80 % interval holds {100 * width.coverage:.0f} % of the {part} "
        f"values{'' if fails else ', but there are too few windows to be certain'}."
    )
    return [
        Finding(
            "intervals_too_narrow" if narrow else "intervals_too_wide",
            "warning" if fails and narrow else "info",
            {"coverage_80": width.coverage, "is_certain": width.is_certain, "part": part},
            text,
        )
    ]


def _part_findings(results: Results) -> list[Finding]:
    """A finding if the WQL on the scored windows is much larger than on the validation windows."""
    validation, wql = results.validation.get("wql"), results.metrics["wql"].value
    if results.window_set.part != "test" or not validation or not wql or wql <= MAX_WQL_RATIO * validation:
        return []
    scored = "scored" if isinstance(results.run, RescoredRunFacts) else "test"
    text = (
        f"Validation WQL {format_number(validation)}, {scored} {format_number(wql)}: "
        f"the {scored} part is unlike validation."
    )
    return [Finding("test_unlike_validation", "warning", {"validation_wql": validation, "wql": wql}, text)]


def _sampling_findings(results: Results) -> list[Finding]:
    """Findings on the channels and windows that the skill is computed from; none where it is not defined."""
    if is_reference(results) or results.skill.wql.low is None:
        return []
    window_set = results.window_set
    scored, channels = len(results.scored_channels("relative_wql")), len(window_set.channels)
    findings = [
        Finding("wql_of_some_channels", "info", {"scored": scored, "channels": channels}, text)
        for text in relative_wql_notes(results)
    ]
    origins, horizons = _scored_origins(window_set), _scored_horizons(window_set)
    code = "few_origins" if origins < horizons else "short_scored_period"
    params = {"origins": origins, "horizons": horizons}
    return findings + [Finding(code, "info", params, text) for text in interval_warnings(window_set)]


def summary_line(results: Results) -> str:
    """Validation score, test WQL and skill in one line, for the log; no test WQL if validation was scored."""
    skill, wql, part = results.skill.wql, results.metrics["wql"].value, results.window_set.part
    test, on_part = (f"test/wql {format_number(wql)}, ", "") if part == "test" else ("", f" on {part}")
    bounds = f" ({interval})" if (interval := format_interval(skill.low, skill.high)) else ""
    validation = format_number(results.validation.get("relative_wql"))
    return (
        f"{results.run.label}: val/relative_wql {validation}, {test}"
        f"skill against seasonal naive{on_part} {format_number(skill.value)}{bounds}"
    )


def averaged_channels(results: Results, metric: str = "mae") -> str:
    """The channels that a metric is averaged over, such as ``the 3 channels``."""
    scored, channels = len(results.scored_channels(metric)), len(results.window_set.channels)
    if scored == channels:
        return f"the {channels} channels"
    return f"the {scored} of {channels} channels {CHANNELS_WITH_METRIC[metric]}"


def averaging(results: Results) -> str:
    """The channels that metrics are averaged over, and the metrics that are averaged over fewer of them."""
    num_scored = len(results.scored_channels())
    exceptions = [
        f"{names} over {averaged_channels(results, metric)}"
        for names, metric in (("WQL and WAPE", "wql"), ("MASE", "mase"))
        if 0 < len(results.scored_channels(metric)) < num_scored
    ]
    return ", ".join([averaged_channels(results), *exceptions])


def relative_wql_notes(results: Results) -> list[str]:
    """A sentence on the channels that the relative WQL is averaged over; none if these are all channels."""
    if len(results.scored_channels("relative_wql")) == len(results.window_set.channels):
        return []
    return [f"The relative WQL is averaged over {averaged_channels(results, 'relative_wql')}."]


def interval_warnings(window_set: WindowSetFacts) -> list[str]:
    """A sentence if intervals are unreliable, because there are few origins or they span a short period."""
    origins, horizons = _scored_origins(window_set), _scored_horizons(window_set)
    has_many_series = window_set.borders is None and num_scored_series(window_set) >= MIN_SERIES
    if min(origins, horizons) >= MIN_RESAMPLING_LENGTH or has_many_series:
        return []
    if origins < horizons:
        return [f"There are only {origins} origins, so the interval may be too narrow."]
    return [f"The scored rows are only {horizons} horizons long, so the interval may be too narrow."]


def _scored_origins(window_set: WindowSetFacts) -> int:
    """Number of origins with an observed target; earlier versions did not store it."""
    return window_set.origins if window_set.origins_with_truth is None else window_set.origins_with_truth


def _scored_horizons(window_set: WindowSetFacts) -> int:
    """Number of whole horizons in the rows that were scored; in those of all series if each has its own borders."""
    horizon = window_set.horizon
    if window_set.borders is None:
        return (_scored_origins(window_set) + horizon - 1) // horizon
    return window_set.scored_rows // horizon


def num_scored_series(window_set: WindowSetFacts) -> int:
    """Number of series with a window in the scored part."""
    return (window_set.series or 0) - (window_set.series_not_scored or 0)
