"""The verdict on a run: what it found, how sure it is, and what its intervals tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from timevis.evaluation.bootstrap import MIN_HORIZONS
from timevis.evaluation.scored_part import (
    interval_warnings,
    relative_wql_notes,
    scored_on,
    scored_origins,
    scored_part,
)
from timevis.messages import Setting, Share, Text
from timevis.models.member_record import MemberRecord
from timevis.runs.results import Results
from timevis.utils.formatting import format_number
from timevis.utils.phrases import format_interval

Severity: TypeAlias = Literal["good", "info", "warning", "bad"]


@dataclass(frozen=True)
class Finding:
    """One remark on a run.

    Attributes
    ----------
    message : Text
        Code ``intervals-unusable``, ``intervals-too-narrow``, ``intervals-may-be-too-narrow``,
        ``intervals-too-wide``, ``intervals-may-be-too-wide``, ``little-calibration-data``, ``member-failed``,
        ``combination-not-better``, ``numbers-not-read``, ``test-unlike-validation``, ``wql-of-some-channels``,
        ``few-origins`` or ``short-scored-period``.
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


Judgement: TypeAlias = Literal["about right", "too wide", "too narrow"]

COVERAGE_TOLERANCE = 0.04
"""Deviation from 80 % up to which the coverage of the 80 % interval is called about right."""
CERTAIN_COVERAGE_DEVIATION = 0.15
"""Deviation from 80 % that is called a failure even where too few windows give no confidence interval."""
MIN_SCORED_ROWS = 10
"""Scored rows below which no deviation is called a failure without a confidence interval: of two values, one lies
outside of a right 80 % interval in a third of all cases."""
UNUSABLE_COVERAGE = 0.5
"""Coverage of the 80 % interval below which the verdict advises against its use."""
MIN_CALIBRATION_HORIZONS = 5
"""Independent horizons of validation below which the intervals count as not calibrated."""
MIN_EXCESS_COVERAGE = 0.01
"""Coverage from tied truths below which it is neglected; see `error_profile.excess_coverage_from_ties`."""


@dataclass(frozen=True)
class IntervalWidth:
    """The judgement on the width of the 80 % interval.

    Attributes
    ----------
    judgement : {"about right", "too wide", "too narrow"}
    is_certain : bool
        False if the confidence interval of the coverage contradicts the judgement, or is missing.
    has_few_rows : bool
        Whether the coverage has no confidence interval, and comes from fewer than `MIN_SCORED_ROWS` rows.
    coverage : float
        Share of the truths inside the interval or at its ends, the metric ``coverage_80``.
    excess : float
        The part of it for which truths that equal an end are the reason; zero where it is small. An interval whose
        coverage is above 80 % for this reason alone, as of series with many zeros, is not too wide.
    """

    judgement: Judgement
    is_certain: bool
    has_few_rows: bool
    coverage: float
    excess: float

    @property
    def fails(self) -> bool:
        """Whether the judgement is a failure: it is certain, or the deviation is large."""
        is_far = abs(self.coverage - 0.8) >= CERTAIN_COVERAGE_DEVIATION and not self.has_few_rows
        return self.judgement != "about right" and (self.is_certain or is_far)


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
    has_few_rows = entry.low is None and results.window_set.scored_rows < MIN_SCORED_ROWS
    return IntervalWidth(judgement, is_certain, has_few_rows, entry.value, excess)


def interval_findings(results: Results) -> list[Finding]:
    """Findings on the 80 % interval: it contains clearly more or fewer of the truths, or has little to learn from."""
    width = interval_width(results)
    if width is None:
        return []
    given = {"coverage": Share(width.coverage), "part": scored_part(results)}
    findings = []
    if width.coverage < UNUSABLE_COVERAGE and not width.has_few_rows:
        text = Text(
            "Do not use these intervals: the 80 % interval contains only {coverage} of the {part} values.",
            code="intervals-unusable",
            **given,
        )
        findings.append(Finding(text, "warning"))
    elif width.judgement == "too narrow" and width.fails:
        text = Text(
            "The intervals are too narrow: the 80 % interval contains {coverage} of the {part} values.",
            code="intervals-too-narrow",
            **given,
        )
        findings.append(Finding(text, "warning"))
    elif width.judgement == "too narrow":
        text = Text(
            "The intervals may be too narrow: the 80 % interval contains {coverage} of the {part} values, but there "
            "are too few windows to be certain.",
            code="intervals-may-be-too-narrow",
            **given,
        )
        findings.append(Finding(text, "info"))
    elif width.judgement == "too wide" and width.fails:
        text = Text(
            "The intervals are too wide: the 80 % interval contains {coverage} of the {part} values.",
            code="intervals-too-wide",
            **given,
        )
        findings.append(Finding(text, "info"))
    elif width.judgement == "too wide":
        text = Text(
            "The intervals may be too wide: the 80 % interval contains {coverage} of the {part} values, but there "
            "are too few windows to be certain.",
            code="intervals-may-be-too-wide",
            **given,
        )
        findings.append(Finding(text, "info"))
    recalibration = results.recalibration
    if recalibration and 0 < recalibration.horizons < MIN_CALIBRATION_HORIZONS:
        text = Text(
            "The validation part is too short to calibrate the intervals: it has about {horizons} independent "
            "horizons, so the share of future values that they contain may be far from the stated one.",
            code="little-calibration-data",
            horizons=round(recalibration.horizons, 1),
        )
        findings.append(Finding(text, "info"))
    return findings


MAX_WQL_RATIO = 1.5
"""Test WQL divided by validation WQL above which the test part is called unlike the validation part."""


@dataclass(frozen=True)
class Verdict(Finding):
    """The judgement on a scored run.

    Attributes
    ----------
    message : Text
        Code ``beats-seasonal-naive``, ``loses-to-seasonal-naive``, ``no-significant-difference``, ``no-interval``
        (too few windows), ``reference-without-error``, ``wql-undefined``, ``is-reference`` (it is seasonal naive),
        or for an ensemble ``no-member-beats-seasonal-naive`` or ``only-seasonal-naive-fitted``.
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


def verdict_of(results: Results) -> Verdict:
    """Judge a scored run by its results; report, console, service and page show the verdict."""
    message, severity = _headline(results)
    findings = (
        *unread_numbers(results),
        *_member_findings(results),
        *interval_findings(results),
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
            "This run is seasonal naive on {data}, which only repeats the last season: the reference for all others.",
            code="is-reference",
            data=run.data,
        ), "info"
    if (fallback := _fallback(results)) is not None:
        return fallback, "warning"
    given = {"model": run.label, "scored": scored_on(results)}
    if value is None and results.metrics["wql"].value is None:
        return Text(
            "There is no verdict on {model}: WQL is not defined {scored}.", code="wql-undefined", **given
        ), "warning"
    if value is None:
        return Text(
            "There is no verdict on {model}: seasonal naive has no error {scored}.",
            code="reference-without-error",
            **given,
        ), "warning"
    channels = len(results.scored_channels("relative_wql"))
    given["metric"] = (
        Text("error (WQL)", code="error-wql")
        if channels == 1
        else Text("error (WQL, geometric mean over {channels} channels)", code="error-wql-mean", channels=channels)
    )
    if low is None or high is None:
        window_set = results.window_set
        return Text(
            "The skill of {model} against seasonal naive is {skill} {scored}. These are too few windows to judge it "
            "(origins: {origins}, windows: {windows}): a confidence interval needs origins that span at least "
            "{horizons} horizons, here {rows} rows.",
            code="no-interval",
            skill=Share(value),
            windows=window_set.windows - window_set.without_truth,
            origins=scored_origins(window_set),
            horizons=MIN_HORIZONS,
            rows=MIN_HORIZONS * window_set.horizon,
            **given,
        ), "warning"
    if low > 0:
        bounds = {"size": Share(value), "low": Share(low), "high": Share(high)}
        return Text(
            "{model} beats seasonal naive, which only repeats the last season: its {metric} is {size} lower (95 % "
            "interval {low} to {high}) {scored}.",
            code="beats-seasonal-naive",
            **given,
            **bounds,
        ), "good"
    if high < 0:
        bounds = {"size": Share(-value), "low": Share(-high), "high": Share(-low)}
        return Text(
            "{model} loses to seasonal naive, which only repeats the last season: its {metric} is {size} higher (95 "
            "% interval {low} to {high}) {scored}.",
            code="loses-to-seasonal-naive",
            **given,
            **bounds,
        ), "bad"
    bounds = {"skill": Share(value), "low": Share(low), "high": Share(high)}
    return Text(
        "{model} and seasonal naive, which only repeats the last season, do not differ significantly {scored}: the "
        "skill of {model} is {skill}, and its 95 % interval, {low} to {high}, includes zero.",
        code="no-significant-difference",
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
            "{model} forecasts {data} with seasonal naive, which only repeats the last season: no other member was "
            "fitted.",
            code="only-seasonal-naive-fitted",
            **given,
        )
    return Text(
        "{model} forecasts {data} with seasonal naive, which only repeats the last season: no member has a lower "
        "error on validation (the best, {member}, has a WQL of {wql:.4g} times the WQL of seasonal naive).",
        code="no-member-beats-seasonal-naive",
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
                "{member} failed and has no part in the forecast: {reason}.",
                code="member-failed",
                member=member.name,
                reason=reason_of(member),
            ),
            "info",
        )
        for member in members
        if member.state == "failed"
    ]
    combined = results.run.description.get("combination", {})
    combination = combined.get("validation")
    if not combined.get("is_selected", True):
        text = Text(
            "Validation is too short to select models, so that the weights do not depend on it: the forecast is made "
            "by {members}.",
            code="members-not-selected",
            members=[member.name for member in members if member.weight > 0],
        )
        texts.append((text, "info"))
    elif members and _fallback(results) is None and combination is not None and combination >= 1:
        text = Text(
            "On validation the WQL of the combination is {wql:.4g} times the WQL of seasonal naive; with "
            "{seasonal_naive} among the members, seasonal naive would replace it.",
            code="combination-not-better",
            wql=combination,
            seasonal_naive="seasonal_naive",
        )
        texts.append((text, "warning"))
    return [Finding(text, severity) for text, severity in texts]


def reason_of(member: MemberRecord) -> Text | str:
    """Why a member failed or was not fitted; empty for one that was."""
    return Text.from_json(member.error or "", member.error_code) if member.error_code else member.error or ""


def unread_numbers(results: Results) -> list[Finding]:
    """A warning for each column that is not used although most of its cells begin with a number."""
    return [
        Finding(
            Text(
                "The column {column!r} is not used, although most of its cells begin with a number: it {reason}. If "
                "it is to be forecast, write its cells as numbers; otherwise name the other columns in {setting}.",
                code="numbers-not-read",
                column=name,
                reason=Text.from_json(reason["text"], reason),
                setting=Setting("data.target"),
            ),
            "warning",
        )
        for name, reason in results.run.numbers_left_out.items()
    ]


def _part_findings(results: Results) -> list[Finding]:
    """A finding if the WQL on the scored windows is much larger than on the validation windows.

    There is none where too few windows were scored for an interval: the WQL of one or two windows differs by chance.
    """
    validation, wql = results.validation.get("wql"), results.metrics["wql"].value
    if results.metrics["wql"].low is None:
        return []
    if results.window_set.part != "test" or not validation or not wql or wql <= MAX_WQL_RATIO * validation:
        return []
    text = Text(
        "The {part} part was much harder to forecast than validation (WQL {wql:.4g} instead of "
        "{validation_wql:.4g}), so the series may behave differently now.",
        code="test-unlike-validation",
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
