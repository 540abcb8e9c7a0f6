"""The judgement on the width of the 80 % interval, and the findings that state it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from timevis.evaluation.finding import Finding
from timevis.evaluation.scored_part import scored_part
from timevis.messages import Share, Text
from timevis.runs.results import Results

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
