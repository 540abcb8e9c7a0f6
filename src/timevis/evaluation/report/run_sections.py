"""Texts and tables of report.html, from the record of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from timevis.data.quality import findings
from timevis.evaluation.error_profile import SavedForecasts, error_statistics, timestamps_around
from timevis.evaluation.intervals import AUTOCORRELATED, INDEPENDENT
from timevis.evaluation.labels import COSTS
from timevis.evaluation.report import data_findings
from timevis.evaluation.verdict import interval_width, verdict_of
from timevis.evaluation.worst_events import Event, scaled_error
from timevis.metric_specs import METRICS
from timevis.runs.record import RunRecord
from timevis.runs.results import Results
from timevis.utils.formatting import (
    format_count,
    format_duration,
    format_interval,
    format_number,
    join_names,
    with_minus_sign,
)
from timevis.utils.levels import COVERAGES

MAX_CHANNEL_ROWS = 20
MAX_LANGUAGE_SAMPLES = 5


def contents(record: RunRecord, has_training: bool, has_series: bool = False) -> list[tuple[str, str]]:
    """Anchors and titles of the sections; the arguments say whether there are sections on training and on series."""
    return [
        ("forecasts", "Forecasts"),
        ("scores", "Scores"),
        *([("series", "Distribution over channels")] if has_series else []),
        *([("members", "Members")] if record.results.run.members else []),
        ("worst", "Worst events"),
        ("error", "Error by step, time and channel"),
        ("statistics", "Error statistics"),
        ("calibration", "Calibration"),
        ("explanation", "Why this forecast"),
        *([("training", "Training")] if has_training else []),
        *([("sample", "Input and output of the language model")] if language_sample(record) else []),
        ("run", "Run"),
        ("data", "Data"),
        ("cost", "Cost"),
        ("next", "What next"),
    ]


def headline_tiles(results: Results) -> list[dict[str, str]]:
    """Name, value and note of the most important numbers, and the severity of the tile."""
    metrics, naive, cost = results.metrics, results.seasonal_naive, results.cost
    failing = [f for f in verdict_of(results).findings if f.code.startswith("intervals-")]
    coverage_severity = failing[0].severity if failing else "info"
    skills = [
        {
            "name": f"Skill, {METRICS[name].label}",
            "value": format_number(skill.value, percent=True),
            "note": format_interval(skill.low, skill.high, percent=True)
            or ("not defined" if skill.value is None else "no interval: too few windows"),
        }
        for name, skill in (("wql", results.skill.wql), ("mae", results.skill.mae))
    ]
    return [
        *skills,
        {
            "name": "MASE",
            "value": format_number(metrics["mase"].value),
            "note": f"seasonal naive {format_number(naive['mase'].value)}",
        },
        {
            "name": "Coverage of the 80 % interval",
            "value": format_number(metrics["coverage_80"].value, percent=True),
            "note": "of the truths" + _averaged_over_channels(results),
            "severity": coverage_severity,
        },
        {
            "name": "Training",
            "value": format_duration(cost.fit_seconds),
            "note": f"{format_number(cost.trainable_parameters)} trainable parameters",
        },
    ]


def run_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Name and value of each property of the run."""
    run, window_set = record.results.run, record.results.window_set
    validation = format_number(record.results.validation.get("relative_wql"))
    facts = [
        ("Model", record.label),
        *([("Backbone", backbone)] if (backbone := run.backbone_text) else []),
        (
            "Task",
            f"{window_set.horizon} steps ahead from a context of {window_set.context_length} steps, frequency "
            f"{window_set.freq}",
        ),
        ("Seed", format_number(run.seed)),
        ("Relative WQL on validation", f"{validation}, used for model selection"),
        ("Run folder", record.folder.name),
    ]
    return [(name, str(value)) for name, value in facts]


def versions(record: RunRecord) -> list[tuple[str, str]]:
    """Name and value of what identifies the code, the data and the windows of the run."""
    run = record.results.run
    return [
        ("Git commit", run.git_commit or "unknown"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())),
        ("Hash of the data", run.data_hash),
        ("Hash of the windows", record.results.window_set.hash),
    ]


def model_settings(record: RunRecord) -> list[tuple[str, str]]:
    """Config keys of the model with their values, and the properties that the fitted model reports."""
    description = record.results.run.description
    shown_elsewhere = ("backbone", "members", "combination")
    fitted = {key: value for key, value in description.items() if key not in shown_elsewhere}
    return [row for row in _flatten(record.config["model"]) if row[0] != "_target_"] + _flatten(fitted, "fitted ")


def _flatten(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as dotted names and text."""
    rows = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, _setting_text(value)))
    return rows


def _setting_text(value: Any) -> str:
    return ", ".join(map(_setting_text, value)) if isinstance(value, list) else format_number(value)


def data_section(record: RunRecord) -> dict[str, Any]:
    """Description, facts, findings and table of channels of the data report."""
    report = record.data_report
    names, rows = data_findings.channel_rows(report)
    return {
        "description": report["card"]["description"],
        "facts": data_findings.data_facts(report, record.results, record.channels_not_scored),
        "findings": [finding.text for finding in findings.data_findings(report)],
        "channel_columns": names,
        "channels": rows,
    }


def _averaged_over_channels(results: Results) -> str:
    """Addition to a share that is computed per channel first; empty for one channel."""
    return ", averaged over channels" if len(results.window_set.channels) > 1 else ""


def clock(record: RunRecord) -> str:
    """The time that hours and weekdays in the report are in."""
    return "UTC time" if data_findings.is_shown_in_utc(record.data_report) else "local time"


def interval_note(results: Results) -> str:
    """Sentence on the 95 % intervals in the table of metrics."""
    has_interval = [scores["mae"].low is not None for scores in (results.metrics, results.seasonal_naive)]
    if not any(has_interval):
        return "There are too few windows for 95 % intervals."
    treatment = {
        AUTOCORRELATED: ", which treats the errors at successive origins as autocorrelated",
        INDEPENDENT: ", which treats the errors of different series as independent",
    }.get(results.interval_method or "", "")
    text = f"The small print gives the 95 % interval{treatment}"
    return f"{text}." if all(has_interval) else f"{text}, where there are enough windows."


def calibration(results: Results) -> str:
    """Sentences on the coverage of the intervals, and the judgement on their width that the verdict has."""
    coverage = {k: results.metrics[f"coverage_{k}"].value for k in COVERAGES}
    width = interval_width(results)
    if width is None:
        return "Coverage is not defined on these windows."
    shares = ", ".join(f"the {k} % interval contains {format_number(v, percent=True)}" for k, v in coverage.items())
    doubt = "" if width.is_certain else ", but there are too few windows to be certain"
    subject = "The 80 % interval is"
    if width.excess:
        subject = (
            "Truths that equal an end of the 80 % interval, such as zeros, count as inside; without them it would "
            f"contain {format_number(width.excess, percent=True)} fewer. It is"
        )
    text = f"Of the truths in all scored windows{_averaged_over_channels(results)}, {shares}."
    return f"{text} {subject} {width.judgement}{doubt}."


def language_sample(record: RunRecord) -> dict[str, Any] | None:
    """Prompt and generated text of the first saved window of a language model; None for other models."""
    if record.samples is None:
        return None
    first = record.samples.iloc[0]
    other_columns = ("number", "origin", "timestamp", "channel", "samples")
    texts = [
        (name.capitalize().replace("_", " "), _sample_text(first[name]))
        for name in record.samples
        if name not in other_columns
    ]
    return {"title": f"{first['channel']}, from {first['timestamp']} on", "texts": texts} if texts else None


def _sample_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray | list):
        hidden = len(value) - MAX_LANGUAGE_SAMPLES
        more = [f"and {hidden} more"] if hidden > 0 else []
        return "\n".join([*map(_sample_text, value[:MAX_LANGUAGE_SAMPLES]), *more])
    return str(value)


def cost_rows(results: Results) -> list[tuple[str, str]]:
    """Name and value of each cost."""
    return [(name, format_number(getattr(results.cost, key))) for key, name in COSTS.items()]


def metric_rows(record: RunRecord) -> list[dict[str, Any]]:
    """For each metric: the values of run and seasonal naive, their relative change, and a description with unit."""
    rows, results = [], record.results
    units = {record.unit_of(channel) for channel in record.channels}
    unit = "in the unit of the values"
    if units == {""} and len(record.channels) > 1:
        unit = "averaged over channels whose units are not known"
    elif len(units) > 1:
        unit = "averaged over channels with different units: only comparable between models"
    elif units != {""}:
        unit = f"in {units.pop()}"
    for key, metric in METRICS.items():
        model, naive = results.metrics[key], results.seasonal_naive[key]
        change, is_better = "", None
        if metric.direction != "nominal" and model.value is not None and naive.value:
            ratio = model.value / naive.value - 1
            change = with_minus_sign(f"{100 * ratio:+.1f} %")
            is_better = (ratio < 0) == (metric.direction == "lower") if abs(ratio) > 5e-4 else None
        rows.append(
            {
                "name": metric.label,
                "description": metric.description + (f", {unit}" if metric.unit == "data" else ""),
                "value": format_number(model.value, metric.is_percent),
                "interval": format_interval(model.low, model.high, metric.is_percent),
                "naive": format_number(naive.value, metric.is_percent),
                "naive_interval": format_interval(naive.low, naive.high, metric.is_percent),
                "change": change,
                "is_better": is_better,
            }
        )
    return rows


def member_rows(results: Results) -> list[dict[str, str]]:
    """For each member of an ensemble its weight, its scores on validation, its cost, and why it has no score."""
    notes = {"completed": "", "failed": "failed", "skipped": "not fitted"}
    return [
        {
            "name": member.name if member.label == member.name else f"{member.name} ({member.label})",
            "weight": format_number(member.weight, percent=True),
            "validation": format_number(member.validation),
            "tuning": format_number(member.tuning),
            "seconds": format_duration(member.seconds),
            "speed": format_number(member.forecasts_per_second),
            "note": ": ".join(filter(None, [notes[member.state], member.error or member.source])),
        }
        for member in results.run.members
    ]


def naive_seasons(results: Results) -> str:
    """The season of seasonal naive in rows, by channel where it differs."""
    seasons: dict[int, list[str]] = {}
    for channel, season in results.seasonal_naive_season.items():
        seasons.setdefault(season, []).append(channel)
    if len(seasons) == 1:
        return format_count(next(iter(seasons)), "row")
    return ", ".join(f"{format_count(rows, 'row')} for {join_names(names)}" for rows, names in seasons.items())


def event_rows(record: RunRecord, events: list[Event]) -> list[dict[str, Any]]:
    """For each event: period, windows, channels, largest MAE, its multiple of the median, MAE of seasonal naive."""
    windows = record.windows
    error = scaled_error(windows)
    naive = record.naive_windows.set_index(["origin", "channel"])
    freq, rows = record.results.window_set.freq, []
    for event in events:
        peak = windows.iloc[event.rows[0]]
        members = windows.iloc[event.rows]
        ends = (
            timestamps_around(time, 0, record.horizon, freq, record.timezone)
            for time in (members["timestamp"].min(), members["timestamp"].max())
        )
        (start, *_), (*_, end) = ends
        naive_window = naive.loc[(peak["origin"], peak["channel"])]
        multiple = error.iloc[event.rows[0]] / error.median() if error.median() > 0 else None
        rows.append(
            {
                "start": start.strftime(record.time_format),
                "end": end.strftime(record.time_format),
                "windows": format_number(len(members)),
                "channels": join_names(list(dict.fromkeys(members["channel"])), 3),
                "mae": format_number(float(peak["median_abs_error"] / peak["count"])),
                "multiple_of_median": format_number(multiple),
                "naive": format_number(float(naive_window["median_abs_error"] / naive_window["count"])),
            }
        )
    return rows


def error_statistics_table(record: RunRecord, forecasts: SavedForecasts) -> tuple[pd.DataFrame, str]:
    """`error_statistics` with units, and a sentence on its channels if these are not all.

    Of many channels, those with the largest MASE are shown.
    """
    table = error_statistics(forecasts)
    num_channels, note = len(table), ""
    if num_channels > MAX_CHANNEL_ROWS:
        note = f"The table shows the {MAX_CHANNEL_ROWS} channels with the largest MASE."
    elif num_channels < len(record.channels):
        note = f"The saved windows contain values of {num_channels} of the {len(record.channels)} channels."
    mase = {c: m.get("mase") or 0.0 for c, m in record.results.by_channel.items()}
    table = table.loc[sorted(table.index, key=lambda c: -mase[c])[:MAX_CHANNEL_ROWS]]
    table.insert(0, "unit", [record.unit_of(c) for c in table.index])
    return table, note
