"""Whether a model beats seasonal naive and its intervals are calibrated: the verdict that every interface shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from timevis.data.calendar import steps_per_day
from timevis.data.split.spec import PART_NAMES
from timevis.evaluation.window_sets import MIN_SERIES
from timevis.messages import Share, Text
from timevis.models.member_record import MemberRecord
from timevis.runs.results import RescoredRunFacts, Results, WindowSetFacts
from timevis.utils.formatting import format_number, format_time
from timevis.utils.phrases import format_interval

Severity: TypeAlias = Literal["good", "info", "warning", "bad"]
Judgement: TypeAlias = Literal["about right", "too wide", "too narrow"]

MIN_RESAMPLING_LENGTH = 10
"""Origins, or horizons that the scored rows span, below which an interval comes with a warning."""
COVERAGE_TOLERANCE = 0.04
"""Deviation from 80 % up to which the coverage of the 80 % interval is called about right."""
CERTAIN_COVERAGE_DEVIATION = 0.15
"""Deviation from 80 % that is called a failure even where too few windows give no confidence interval."""
UNUSABLE_COVERAGE = 0.5
"""Coverage of the 80 % interval below which the verdict advises against its use."""
MIN_CALIBRATION_HORIZONS = 5
"""Independent horizons of validation below which the intervals count as not calibrated."""
MIN_EXCESS_COVERAGE = 0.01
"""Coverage from tied truths below which it is neglected; see `error_profile.excess_coverage_from_ties`."""
MAX_WQL_RATIO = 1.5
"""Test WQL divided by validation WQL above which the test part is called unlike the validation part."""


@dataclass(frozen=True)
class Finding:
    """One remark on a run.

    Attributes
    ----------
    message : Text
        Code ``intervals-unusable``, ``intervals-too-narrow``, ``intervals-may-be-too-narrow``,
        ``intervals-too-wide``, ``intervals-may-be-too-wide``, ``little-calibration-data``, ``member-failed``,
        ``combination-not-better``, ``test-unlike-validation``, ``wql-of-some-channels``, ``few-origins`` or
        ``short-scored-period``.
    severity : {"good", "info", "warning", "bad"}
    """

    message: Text
    severity: Severity

    @property
    def code(self) -> str:
        """The code of the message."""
        return self.message.code

    @property
    def text(self) -> str:
        """The message in English."""
        return str(self.message)

    def to_dict(self) -> dict[str, Any]:
        """Code, params, severity and English text, as values of JSON."""
        return self.message.to_json() | {"severity": self.severity, "text": self.text}


@dataclass(frozen=True)
class Verdict(Finding):
    """The judgement on a scored run.

    Attributes
    ----------
    message : Text
        Code ``beats-seasonal-naive``, ``loses-to-seasonal-naive``, ``no-significant-difference``, ``no-interval``
        (too few windows), ``reference-without-error``, ``wql-undefined``, ``is-reference`` (it is seasonal naive),
        or         for an ensemble ``no-member-beats-seasonal-naive`` or ``only-seasonal-naive-fitted``.
    severity : {"good", "info", "warning", "bad"}
        Of the whole run: a model that beats seasonal naive with intervals that fail is a warning.
    findings : tuple of Finding
    """

    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """The verdict as values of JSON."""
        return super().to_dict() | {"findings": [finding.to_dict() for finding in self.findings]}


def is_reference(results: Results) -> bool:
    """Whether the run is the reference itself, whose intervals alone may differ; not with its own `model.season`."""
    return results.run.model == "seasonal_naive" and not results.skill.mae.value


def scored_on(results: Results) -> Text:
    """The scored part, such as ``on the test part of traffic``.

    A rescored run has its dates instead, and the number of origins whose rows the model was trained or tuned on.
    """
    run, window_set = results.run, results.window_set
    if not isinstance(run, RescoredRunFacts):
        return Text("on-part", "on the {part} part of {data}", part=scored_part(results), data=run.data)
    is_daily_or_slower = steps_per_day(window_set.freq) <= 1
    first, last = (
        time[:10] if is_daily_or_slower else format_time(time) for time in (run.first_target, run.last_target)
    )
    dates = Text("on-dates", "on {first} to {last} of {data}", first=first, last=last, data=run.data)
    if not run.seen_origins:
        return dates
    return Text(
        "on-seen-dates",
        "{dates} ({seen} of its {origins} origins used in training or tuning)",
        dates=dates,
        seen=run.seen_origins,
        origins=window_set.origins,
    )


def scored_part(results: Results) -> Text:
    """The part that was scored, within a sentence."""
    if isinstance(results.run, RescoredRunFacts):
        return Text("part-scored", "scored")
    return PART_NAMES["test" if results.window_set.part == "test" else "val"]


def verdict_of(results: Results) -> Verdict:
    """Judge a scored run by its results; report, console, service and page show the verdict."""
    message, severity = _headline(results)
    findings = (
        *_member_findings(results),
        *_interval_findings(results),
        *_part_findings(results),
        *_sampling_findings(results),
    )
    if severity in ("good", "info") and any(finding.severity == "warning" for finding in findings):
        severity = "warning"
    return Verdict(message, severity, findings)


def _headline(results: Results) -> tuple[Text, Severity]:
    """Whether the model beats seasonal naive on WQL."""
    run, skill = results.run, results.skill.wql
    value, low, high = skill.value, skill.low, skill.high
    if is_reference(results):
        return Text(
            "is-reference",
            "This run is seasonal naive on {data}, which only repeats the last season: the reference for all others.",
            data=run.data,
        ), "info"
    if (fallback := _fallback(results)) is not None:
        return fallback, "warning"
    given = {"model": run.label, "scored": scored_on(results)}
    if value is None and results.metrics["wql"].value is None:
        return Text(
            "wql-undefined", "There is no verdict on {model}: WQL is not defined {scored}.", **given
        ), "warning"
    if value is None:
        return Text(
            "reference-without-error",
            "There is no verdict on {model}: seasonal naive has no error {scored}.",
            **given,
        ), "warning"
    channels = len(results.scored_channels("relative_wql"))
    given["metric"] = (
        Text("error-wql", "error (WQL)")
        if channels == 1
        else Text("error-wql-mean", "error (WQL, geometric mean over {channels} channels)", channels=channels)
    )
    if low is None or high is None:
        return Text(
            "no-interval",
            "The skill of {model} against seasonal naive is {skill} {scored}: too few windows for a confidence "
            "interval.",
            skill=Share(value),
            **given,
        ), "warning"
    if low > 0:
        bounds = {"size": Share(value), "low": Share(low), "high": Share(high)}
        return Text(
            "beats-seasonal-naive",
            "{model} beats seasonal naive, which only repeats the last season: its {metric} is {size} lower (95 % "
            "interval {low} to {high}) {scored}.",
            **given,
            **bounds,
        ), "good"
    if high < 0:
        bounds = {"size": Share(-value), "low": Share(-high), "high": Share(-low)}
        return Text(
            "loses-to-seasonal-naive",
            "{model} loses to seasonal naive, which only repeats the last season: its {metric} is {size} higher (95 "
            "% interval {low} to {high}) {scored}.",
            **given,
            **bounds,
        ), "bad"
    bounds = {"skill": Share(value), "low": Share(low), "high": Share(high)}
    return Text(
        "no-significant-difference",
        "{model} and seasonal naive, which only repeats the last season, do not differ significantly {scored}: the "
        "skill of {model} is {skill}, and its 95 % interval, {low} to {high}, includes zero.",
        **given,
        **bounds,
    ), "warning"


def _fallback(results: Results) -> Text | None:
    """The sentence on an ensemble that forecasts with seasonal naive, since no member is better on validation."""
    members = results.run.members
    if not members or any(member.weight > 0 and member.model != "seasonal_naive" for member in members):
        return None
    others = [m for m in members if m.model != "seasonal_naive" and m.validation is not None]
    given = {"model": results.run.label, "data": results.run.data}
    if not others:
        return Text(
            "only-seasonal-naive-fitted",
            "{model} forecasts {data} with seasonal naive, which only repeats the last season: no other member was "
            "fitted.",
            **given,
        )
    return Text(
        "no-member-beats-seasonal-naive",
        "{model} forecasts {data} with seasonal naive, which only repeats the last season: no member has a lower "
        "error on validation (the best, {member}, has a WQL of {wql:.4g} times the WQL of seasonal naive).",
        member=others[0].label,
        wql=others[0].validation,
        **given,
    )


def _member_findings(results: Results) -> list[Finding]:
    """Findings on the members of an ensemble: those that failed, and a combination that validation warns of."""
    members = results.run.members
    texts: list[tuple[Text, Severity]] = [
        (
            Text(
                "member-failed",
                "{member} failed and has no part in the forecast: {reason}.",
                member=member.name,
                reason=reason_of(member),
            ),
            "info",
        )
        for member in members
        if member.state == "failed"
    ]
    combination = results.run.description.get("combination", {}).get("validation")
    if members and _fallback(results) is None and combination is not None and combination >= 1:
        text = Text(
            "combination-not-better",
            "On validation the WQL of the combination is {wql:.4g} times the WQL of seasonal naive; with "
            "{seasonal_naive} among the members, seasonal naive would replace it.",
            wql=combination,
            seasonal_naive="seasonal_naive",
        )
        texts.append((text, "warning"))
    return [Finding(text, severity) for text, severity in texts]


def reason_of(member: MemberRecord) -> Text | str:
    """Why a member failed or was not fitted; empty for one that was."""
    return Text.from_json(member.error or "", member.error_code) if member.error_code else member.error or ""


@dataclass(frozen=True)
class IntervalWidth:
    """The judgement on the width of the 80 % interval.

    Attributes
    ----------
    judgement : {"about right", "too wide", "too narrow"}
    is_certain : bool
        False if the confidence interval of the coverage contradicts the judgement, or is missing.
    coverage : float
        Share of the truths inside the interval or at its ends, the metric ``coverage_80``.
    excess : float
        The part of it for which truths that equal an end are the reason; zero where it is small. An interval whose
        coverage is above 80 % for this reason alone, as of series with many zeros, is not too wide.
    """

    judgement: Judgement
    is_certain: bool
    coverage: float
    excess: float

    @property
    def fails(self) -> bool:
        """Whether the judgement is a failure: it is certain, or the deviation is large."""
        return self.judgement != "about right" and (
            self.is_certain or abs(self.coverage - 0.8) >= CERTAIN_COVERAGE_DEVIATION
        )


def interval_width(results: Results) -> IntervalWidth | None:
    """Judge the width of the 80 % interval; None if its coverage is not defined."""
    entry = results.metrics["coverage_80"]
    if entry.value is None:
        return None
    excess = results.coverage_80_from_ties or 0.0
    excess = excess if excess >= MIN_EXCESS_COVERAGE else 0.0
    judgement: Judgement = "about right"
    is_certain = entry.low is not None and entry.high is not None
    if entry.value < 0.8 - COVERAGE_TOLERANCE:
        judgement, is_certain = "too narrow", entry.high is not None and entry.high < 0.8
    elif entry.value - excess > 0.8 + COVERAGE_TOLERANCE:
        judgement, is_certain = "too wide", entry.low is not None and entry.low - excess > 0.8
    return IntervalWidth(judgement, is_certain, entry.value, excess)


def _interval_findings(results: Results) -> list[Finding]:
    """Findings on the 80 % interval: it contains clearly more or fewer of the truths, or has little to learn from."""
    width = interval_width(results)
    if width is None:
        return []
    given = {"coverage": Share(width.coverage), "part": scored_part(results)}
    findings = []
    if width.coverage < UNUSABLE_COVERAGE:
        text = Text(
            "intervals-unusable",
            "Do not use these intervals: the 80 % interval contains only {coverage} of the {part} values.",
            **given,
        )
        findings.append(Finding(text, "warning"))
    elif width.judgement == "too narrow" and width.fails:
        text = Text(
            "intervals-too-narrow",
            "The intervals are too narrow: the 80 % interval contains {coverage} of the {part} values.",
            **given,
        )
        findings.append(Finding(text, "warning"))
    elif width.judgement == "too narrow":
        text = Text(
            "intervals-may-be-too-narrow",
            "The intervals may be too narrow: the 80 % interval contains {coverage} of the {part} values, but there "
            "are too few windows to be certain.",
            **given,
        )
        findings.append(Finding(text, "info"))
    elif width.judgement == "too wide" and width.fails:
        text = Text(
            "intervals-too-wide",
            "The intervals are too wide: the 80 % interval contains {coverage} of the {part} values.",
            **given,
        )
        findings.append(Finding(text, "info"))
    elif width.judgement == "too wide":
        text = Text(
            "intervals-may-be-too-wide",
            "The intervals may be too wide: the 80 % interval contains {coverage} of the {part} values, but there "
            "are too few windows to be certain.",
            **given,
        )
        findings.append(Finding(text, "info"))
    recalibration = results.recalibration
    if recalibration and 0 < recalibration.horizons < MIN_CALIBRATION_HORIZONS:
        text = Text(
            "little-calibration-data",
            "The validation part is too short to calibrate the intervals: it has about {horizons} independent "
            "horizons, so the share of future values that they contain may be far from the stated one.",
            horizons=round(recalibration.horizons, 1),
        )
        findings.append(Finding(text, "info"))
    return findings


def _part_findings(results: Results) -> list[Finding]:
    """A finding if the WQL on the scored windows is much larger than on the validation windows."""
    validation, wql = results.validation.get("wql"), results.metrics["wql"].value
    if results.window_set.part != "test" or not validation or not wql or wql <= MAX_WQL_RATIO * validation:
        return []
    text = Text(
        "test-unlike-validation",
        "The {part} part was much harder to forecast than validation (WQL {wql:.4g} instead of "
        "{validation_wql:.4g}), so the series may behave differently now.",
        part=scored_part(results),
        wql=wql,
        validation_wql=validation,
    )
    return [Finding(text, "warning")]


def _sampling_findings(results: Results) -> list[Finding]:
    """Findings on the channels and windows that the skill is computed from; none where it is not defined."""
    if is_reference(results) or results.skill.wql.low is None:
        return []
    window_set = results.window_set
    texts = [*relative_wql_notes(results), *interval_warnings(window_set)]
    return [Finding(text, "info") for text in texts]


def summary_line(results: Results) -> str:
    """Validation score, test WQL and skill in one line, for the log; no test WQL if validation was scored."""
    skill, wql, part = results.skill.wql, results.metrics["wql"].value, results.window_set.part
    test, on_part = (f"test/wql {format_number(wql)}, ", "") if part == "test" else ("", f" on {part}")
    bounds = f" ({interval})" if (interval := format_interval(skill.low, skill.high)) else ""
    validation = format_number(results.validation.get("relative_wql"))
    return (
        f"{results.run.label}: val/relative_wql {validation}, {test}skill against seasonal naive{on_part} "
        f"{format_number(skill.value)}{bounds}"
    )


def averaging(results: Results) -> Text:
    """The channels that metrics are averaged over, and the metrics that are averaged over fewer of them."""
    channels = len(results.window_set.channels)
    scored, with_wql, with_mase = (len(results.scored_channels(metric)) for metric in ("mae", "wql", "mase"))
    averaged = (
        Text("all-channels", "the {channels} channels", channels=channels)
        if scored == channels
        else Text(
            "channels-with-values",
            "the {scored} of {channels} channels that have values in these windows",
            scored=scored,
            channels=channels,
        )
    )
    if 0 < with_wql < scored:
        averaged = Text(
            "wql-over-fewer-channels",
            "{averaged}, WQL and WAPE over the {scored} of {channels} channels that have nonzero values in these "
            "windows",
            averaged=averaged,
            scored=with_wql,
            channels=channels,
        )
    if 0 < with_mase < scored:
        averaged = Text(
            "mase-over-fewer-channels",
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
        "wql-of-some-channels",
        "The relative WQL is averaged over the {scored} of {channels} channels that have nonzero values in these "
        "windows and on which seasonal naive has errors.",
        scored=scored,
        channels=channels,
    )
    return [text]


def interval_warnings(window_set: WindowSetFacts) -> list[Text]:
    """A sentence if intervals are unreliable, because there are few origins or they span a short period."""
    origins, horizons = _scored_origins(window_set), _scored_horizons(window_set)
    has_many_series = window_set.borders is None and num_scored_series(window_set) >= MIN_SERIES
    if min(origins, horizons) >= MIN_RESAMPLING_LENGTH or has_many_series:
        return []
    if origins < horizons:
        text = Text(
            "few-origins", "There are only {origins} origins, so the interval may be too narrow.", origins=origins
        )
        return [text]
    text = Text(
        "short-scored-period",
        "The scored rows are only {horizons} horizons long, so the interval may be too narrow.",
        horizons=horizons,
    )
    return [text]


def _scored_origins(window_set: WindowSetFacts) -> int:
    """Number of origins with an observed target; earlier versions did not store it."""
    return window_set.origins if window_set.origins_with_truth is None else window_set.origins_with_truth


def _scored_horizons(window_set: WindowSetFacts) -> int:
    """Number of whole horizons in the scored rows; in the rows of all series if each has its own borders."""
    horizon = window_set.horizon
    if window_set.borders is None:
        return (_scored_origins(window_set) + horizon - 1) // horizon
    return window_set.scored_rows // horizon


def num_scored_series(window_set: WindowSetFacts) -> int:
    """Number of series with a window in the scored part."""
    return (window_set.series or 0) - (window_set.series_not_scored or 0)
