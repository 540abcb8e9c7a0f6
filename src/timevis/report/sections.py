"""Texts and tables of report.html, from the record of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from timevis.data.quality import findings
from timevis.evaluation.bootstrap import AUTOCORRELATED, INDEPENDENT
from timevis.evaluation.error_profile import Event, SavedForecasts, error_statistics, scaled_error, timestamps_around
from timevis.evaluation.labels import COSTS
from timevis.evaluation.verdict import interval_width, reason_of, verdict_of
from timevis.messages import Share, Text, listed
from timevis.metrics.specs import METRICS
from timevis.report import data_console
from timevis.runs.record import RunRecord
from timevis.runs.results import Results
from timevis.utils.formatting import format_number, format_time, percent_sign, with_minus_sign
from timevis.utils.levels import COVERAGES
from timevis.utils.phrases import (
    format_duration,
    format_interval,
    join_names,
    join_sentences,
    origin_count,
    row_count,
)

MAX_CHANNEL_ROWS = 20
MAX_LANGUAGE_SAMPLES = 5
SAMPLE_TEXTS = {
    "prompt": Text("Prompt"),
    "context": Text("Context"),
    "digits": Text("Digits"),
}
"""Title of each text that samples.parquet has of a language model."""


SECTIONS = {
    "forecasts": Text("Forecasts"),
    "scores": Text("Scores"),
    "series": Text("Distribution over channels"),
    "members": Text("Members"),
    "worst": Text("Worst events"),
    "error": Text("Error by step, time and channel"),
    "statistics": Text("Error statistics"),
    "calibration": Text("Calibration"),
    "explanation": Text("Why this forecast"),
    "training": Text("Training"),
    "sample": Text("Input and output of the language model"),
    "run": Text("Run"),
    "data": Text("Data"),
    "cost": Text("Cost"),
    "next": Text("What next"),
}
"""Title of each section by its anchor."""


def contents(record: RunRecord, has_training: bool, has_series: bool = False) -> list[tuple[str, Text]]:
    """Anchors and titles of the sections; the arguments say whether there are sections on training and on series."""
    absent = {
        "series": not has_series,
        "members": not record.results.run.members,
        "training": not has_training,
        "sample": language_sample(record) is None,
    }
    return [(anchor, title) for anchor, title in SECTIONS.items() if not absent.get(anchor)]


def headline_tiles(results: Results) -> list[dict[str, str]]:
    """Name, value and note of the most important numbers, and the severity of the tile."""
    metrics, naive, cost = results.metrics, results.seasonal_naive, results.cost
    failing = [f for f in verdict_of(results).findings if f.code.startswith("intervals-")]
    coverage_severity = failing[0].severity if failing else "info"
    not_defined = Text("not defined")
    no_interval = Text("no interval: too few windows")
    skills = [
        {
            "name": str(Text("Skill, {metric}", metric=METRICS[name].label)),
            "value": format_number(skill.value, percent=True),
            "note": format_interval(skill.low, skill.high, percent=True)
            or str(not_defined if skill.value is None else no_interval),
        }
        for name, skill in (("wql", results.skill.wql), ("mae", results.skill.mae))
    ]
    return [
        *skills,
        {
            "name": "MASE",
            "value": format_number(metrics["mase"].value),
            "note": str(Text("seasonal naive {value}", value=format_number(naive["mase"].value))),
        },
        {
            "name": str(Text("Coverage of the 80 % interval")),
            "value": format_number(metrics["coverage_80"].value, percent=True),
            "note": str(
                Text("of the truths, averaged over channels")
                if _has_several_channels(results)
                else Text("of the truths")
            ),
            "severity": coverage_severity,
        },
        {
            "name": str(Text("Training", code="tile-training")),
            "value": format_duration(cost.fit_seconds),
            "note": str(Text("{count} trainable parameters", count=format_number(cost.trainable_parameters))),
        },
    ]


def run_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Name and value of each property of the run."""
    run, window_set = record.results.run, record.results.window_set
    validation = format_number(record.results.validation.get("relative_wql"))
    facts = [
        (Text("Model"), record.label),
        (Text("Backbone"), run.backbone_text),
        (Text("Note of the backbone"), run.backbone_note),
        (
            Text("Task"),
            Text(
                "{horizon} steps ahead from a context of {context_length} steps, frequency {freq}",
                horizon=window_set.horizon,
                context_length=window_set.context_length,
                freq=window_set.freq,
            ),
        ),
        (Text("Seed"), format_number(run.seed)),
        (
            Text("Relative WQL on validation"),
            Text("{value}, used for model selection", value=validation),
        ),
        (Text("Run folder"), record.folder.name),
    ]
    return [(str(name), str(value)) for name, value in facts if value]


def versions(record: RunRecord) -> list[tuple[str, str]]:
    """Name and value of what identifies the code, the data and the windows of the run."""
    run = record.results.run
    facts = [
        (Text("Git commit"), run.git_commit or Text("unknown")),
        (Text("Versions"), ", ".join(f"{name} {version}" for name, version in run.versions.items())),
        (Text("Hash of the data"), run.data_hash),
        (Text("Hash of the windows"), record.results.window_set.hash),
    ]
    return [(str(name), str(value)) for name, value in facts]


def model_settings(record: RunRecord) -> list[tuple[str, str]]:
    """Config keys of the model with their values, and the properties that the fitted model reports."""
    description = record.results.run.description
    shown_elsewhere = ("backbone", "members", "combination")
    fitted = {key: value for key, value in description.items() if key not in shown_elsewhere}
    rows = [row for row in _flatten(record.config["model"]) if row[0] != "_target_"]
    fitted_rows = [(str(Text("fitted {name}", name=name)), value) for name, value in _flatten(fitted)]
    return rows + fitted_rows


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
    names, rows = data_console.channel_rows(report)
    return {
        "description": report["card"]["description"],
        "facts": data_console.data_facts(report, record.results, record.channels_not_scored),
        "findings": [finding.text for finding in findings.data_findings(report)],
        "channel_columns": names,
        "channels": rows,
    }


def _has_several_channels(results: Results) -> bool:
    return len(results.window_set.channels) > 1


def clock(record: RunRecord) -> Text:
    """The time that hours and weekdays in the report are in."""
    if data_console.is_shown_in_utc(record.data_report):
        return Text("UTC time")
    return Text("local time")


def scored_windows(results: Results) -> Text:
    """Sentence on the windows that were scored."""
    window_set = results.window_set
    windows = window_set.windows
    return Text(
        "The model and seasonal naive were scored on the same {windows} ({origins} from {first} to {last}).",
        windows=Text("1 window") if windows == 1 else Text("{windows} windows", windows=format_number(windows)),
        origins=origin_count(window_set.origins),
        first=format_time(window_set.first_origin),
        last=format_time(window_set.last_origin),
    )


def interval_note(results: Results) -> Text:
    """Sentence on the 95 % intervals in the table of metrics."""
    has_interval = [scores["mae"].low is not None for scores in (results.metrics, results.seasonal_naive)]
    if not any(has_interval):
        return Text("There are too few windows for 95 % intervals.")
    if results.interval_method == AUTOCORRELATED:
        text = Text(
            "The small print gives the 95 % interval, which treats the errors at successive origins as autocorrelated"
        )
    elif results.interval_method == INDEPENDENT:
        text = Text(
            "The small print gives the 95 % interval, which treats the errors of different series as independent"
        )
    else:
        text = Text("The small print gives the 95 % interval")
    if all(has_interval):
        return Text("{clause}.", clause=text)
    return Text("{clause}, where there are enough windows.", clause=text)


JUDGEMENTS = {
    "about right": Text("about right"),
    "too wide": Text("too wide"),
    "too narrow": Text("too narrow"),
}
"""Words of each judgement on the width of intervals."""


def calibration(results: Results) -> str:
    """Sentences on the coverage of the intervals, and the judgement on their width that the verdict has."""
    coverage = {k: results.metrics[f"coverage_{k}"].value for k in COVERAGES}
    width = interval_width(results)
    if width is None:
        return str(Text("Coverage is not defined on these windows."))
    shares = [
        Text("the {percent} % interval contains {share}", percent=k, share=Share(share))
        for k, share in coverage.items()
        if share is not None
    ]
    observed = (
        Text("Of the truths in all scored windows, averaged over channels, {shares}.", shares=shares)
        if _has_several_channels(results)
        else Text("Of the truths in all scored windows, {shares}.", shares=shares)
    )
    judgement = JUDGEMENTS[width.judgement]
    if not width.is_certain:
        judgement = Text("{judgement}, but there are too few windows to be certain", judgement=judgement)
    judged = (
        Text(
            "Truths that equal an end of the 80 % interval, such as zeros, count as inside; without them it would "
            "contain {share} fewer. It is {judgement}.",
            share=Share(width.excess),
            judgement=judgement,
        )
        if width.excess
        else Text("The 80 % interval is {judgement}.", judgement=judgement)
    )
    return join_sentences(observed, judged)


def language_sample(record: RunRecord) -> dict[str, Any] | None:
    """Prompt and generated text of the first saved window of a language model; None for other models."""
    if record.samples is None:
        return None
    first = record.samples.iloc[0]
    texts = [(title, _sample_text(first[name])) for name, title in SAMPLE_TEXTS.items() if name in record.samples]
    if not texts:
        return None
    window = Text(
        "Prompt and generated text for the first window: {channel}, from {time} on.",
        channel=first["channel"],
        time=str(first["timestamp"]),
    )
    return {"window": window, "texts": texts}


def _sample_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray | list):
        return "\n".join(map(str, listed(list(map(_sample_text, value)), MAX_LANGUAGE_SAMPLES)))
    return str(value)


def cost_rows(results: Results) -> list[tuple[str, str]]:
    """Name and value of each cost."""
    return [(str(name), format_number(getattr(results.cost, key))) for key, name in COSTS.items()]


def metric_rows(record: RunRecord) -> list[dict[str, Any]]:
    """For each metric: the values of run and seasonal naive, their relative change, and a description with unit."""
    rows, results = [], record.results
    units = {record.unit_of(channel) for channel in record.channels}
    if len(units) > 1:
        unit = Text("averaged over channels with different units: only comparable between models")
    elif units != {""}:
        unit = Text("in {unit}", unit=units.pop())
    elif len(record.channels) > 1:
        unit = Text("averaged over channels whose units are not known")
    else:
        unit = Text("in the unit of the values")
    for key, metric in METRICS.items():
        model, naive = results.metrics[key], results.seasonal_naive[key]
        change, is_better = "", None
        if metric.direction != "nominal" and model.value is not None and naive.value:
            ratio = model.value / naive.value - 1
            change = with_minus_sign(f"{100 * ratio:+.1f}{percent_sign()}")
            is_better = (ratio < 0) == (metric.direction == "lower") if abs(ratio) > 5e-4 else None
        rows.append(
            {
                "name": str(metric.label),
                "description": str(
                    Text("{description}, {unit}", description=metric.description, unit=unit)
                    if metric.unit == "data"
                    else metric.description
                ),
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
    notes = {
        "completed": "",
        "failed": str(Text("failed")),
        "skipped": str(Text("not fitted")),
    }
    return [
        {
            "name": member.name if member.label == member.name else f"{member.name} ({member.label})",
            "weight": format_number(member.weight, percent=True),
            "validation": format_number(member.validation),
            "tuning": format_number(member.tuning),
            "seconds": format_duration(member.seconds),
            "speed": format_number(member.forecasts_per_second),
            "note": str(Text(": ")).join(
                filter(None, [notes[member.state], str(reason_of(member)) or member.source])
            ),
        }
        for member in results.run.members
    ]


def naive_seasons(results: Results) -> str:
    """The season of seasonal naive in rows, by channel where it differs."""
    seasons: dict[int, list[str]] = {}
    for channel, season in results.seasonal_naive_season.items():
        seasons.setdefault(season, []).append(channel)
    if len(seasons) == 1:
        return str(row_count(next(iter(seasons))))
    of_channels = [
        Text("{rows} for {names}", rows=row_count(rows), names=join_names(names)) for rows, names in seasons.items()
    ]
    return join_names(list(map(str, of_channels)), len(of_channels))


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
                "start": record.time_text(start),
                "end": record.time_text(end),
                "windows": format_number(len(members)),
                "channels": join_names(list(dict.fromkeys(members["channel"])), 3),
                "mae": format_number(float(peak["median_abs_error"] / peak["count"])),
                "multiple_of_median": format_number(multiple),
                "naive": format_number(float(naive_window["median_abs_error"] / naive_window["count"])),
            }
        )
    return rows


def error_statistics_table(record: RunRecord, forecasts: SavedForecasts) -> tuple[pd.DataFrame, Text | str]:
    """`error_statistics` with units, and a sentence on its channels if these are not all.

    Of many channels, those with the largest MASE are shown.
    """
    table = error_statistics(forecasts)
    num_channels = len(table)
    note: Text | str = ""
    if num_channels > MAX_CHANNEL_ROWS:
        note = Text("The table shows the {count} channels with the largest MASE.", count=MAX_CHANNEL_ROWS)
    elif num_channels < len(record.channels):
        note = Text(
            "The saved windows contain values of {count} of the {channels} channels.",
            count=num_channels,
            channels=len(record.channels),
        )
    mase = {c: m.get("mase") or 0.0 for c, m in record.results.by_channel.items()}
    table = table.loc[sorted(table.index, key=lambda c: -mase[c])[:MAX_CHANNEL_ROWS]]
    table.insert(0, "unit", [record.unit_of(c) for c in table.index])
    return table, note
