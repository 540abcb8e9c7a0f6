"""Whether a model beats seasonal naive and its intervals are calibrated: the verdict that every interface shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timevis.evaluation.finding import Finding, Severity
from timevis.evaluation.interval_width import interval_findings
from timevis.evaluation.intervals import MIN_HORIZONS
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
        window_set = results.window_set
        return Text(
            "no-interval",
            "The skill of {model} against seasonal naive is {skill} {scored}. These are too few windows to judge it "
            "(origins: {origins}, windows: {windows}): a confidence interval needs origins that span at least "
            "{horizons} horizons, here {rows} rows.",
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
    combined = results.run.description.get("combination", {})
    combination = combined.get("validation")
    if not combined.get("is_selected", True):
        text = Text(
            "members-not-selected",
            "Validation is too short to select models, so that the weights do not depend on it: the forecast is made "
            "by {members}.",
            members=[member.name for member in members if member.weight > 0],
        )
        texts.append((text, "info"))
    elif members and _fallback(results) is None and combination is not None and combination >= 1:
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


def unread_numbers(results: Results) -> list[Finding]:
    """A warning for each column that is not used although most of its cells begin with a number."""
    return [
        Finding(
            Text(
                "numbers-not-read",
                "The column {column!r} is not used, although most of its cells begin with a number: it {reason}. If "
                "it is to be forecast, write its cells as numbers; otherwise name the other columns in {setting}.",
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
