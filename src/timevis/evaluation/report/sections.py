"""The words and tables of a report, from the record of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from timevis.evaluation.error_profile import SavedForecasts, error_statistics
from timevis.evaluation.report import data_section as data_words
from timevis.evaluation.report.verdict import COSTS, METRICS
from timevis.evaluation.significance import SKILLS
from timevis.runs.record import RunRecord, backbone_facts
from timevis.utils.formatting import (
    format_count,
    format_duration,
    format_interval,
    format_number,
    join_names,
    with_minus_sign,
)

MOST_CHANNEL_ROWS = 20
SHOWN_TEXTS = 5


def contents(record: RunRecord, trained: bool) -> list[tuple[str, str]]:
    """Anchors and names of the sections; `trained` says whether there is one on the training."""
    return [
        ("run", "What was run"),
        ("data", "Data"),
        ("scores", "Scores"),
        ("forecasts", "Forecasts"),
        ("worst", "Worst windows"),
        ("where", "Where the error sits"),
        ("errors", "Error statistics"),
        ("calibration", "Calibration"),
        *([("training", "Training")] if trained else []),
        *([("sample", "What the language model read")] if sample(record) else []),
        ("cost", "Cost"),
    ]


def tiles(results: dict[str, Any]) -> list[dict[str, str]]:
    """The few numbers on top."""
    metrics, naive, cost = results["metrics"], results["seasonal_naive"], results["cost"]
    skills = [
        {
            "name": f"Skill, {METRICS[SKILLS[name]].name}",
            "value": format_number(results["skill"][name]["value"], percent=True),
            "under": format_interval(results["skill"][name], percent=True)
            or ("not defined" if results["skill"][name]["value"] is None else "no interval: too few windows"),
        }
        for name in ("wql", "mae")
    ]
    return [
        *skills,
        {
            "name": "MASE",
            "value": format_number(metrics["mase"]["value"]),
            "under": f"seasonal naive {format_number(naive['mase']['value'])}",
        },
        {
            "name": "80 % interval holds",
            "value": format_number(metrics["coverage_80"]["value"], percent=True),
            "under": "of the truths" + _per_channel(results),
        },
        {
            "name": "Training",
            "value": format_duration(cost["fit_seconds"]),
            "under": f"{format_number(cost['trainable_parameters'])} trainable parameters",
        },
    ]


def run_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Name and value of what was run."""
    run, window_set = record.results["run"], record.results["window_set"]
    facts = [
        ("Model", record.label),
        *([("Backbone", about)] if (about := backbone_facts(run)) else []),
        (
            "Task",
            f"{window_set['horizon']} steps ahead from a context of {window_set['context_length']}, "
            f"frequency {window_set['freq']}",
        ),
        ("Seed", format_number(run["seed"])),
        (
            "Validation WQL",
            format_number((record.results["validation"] or {}).get("wql")) + ", on which choices are made",
        ),
        ("Run folder", record.folder.name),
        ("Source commit", run["git_commit"] or "unknown"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in run["versions"].items())),
        ("Hash of the data", run["data_hash"]),
    ]
    return [(name, str(value)) for name, value in facts]


def flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted names and values."""
    out = []
    for name, value in values.items():
        if isinstance(value, dict):
            out += flat(value, f"{prefix}{name}.")
        else:
            out.append((prefix + name, _plain(value)))
    return out


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return format_number(value)


def settings(record: RunRecord) -> list[tuple[str, str]]:
    """The model part of the config, and what the fitted model says about itself."""
    described = record.results["run"].get("description") or {}
    rest = {key: value for key, value in described.items() if key != "backbone"}
    return [row for row in flat(record.config["model"]) if row[0] != "_target_"] + flat(rest, "fitted ")


def data_section(record: RunRecord) -> dict[str, Any]:
    """Facts, findings and channels of the data report."""
    report = record.data_report
    names, rows = data_words.channel_rows(report)
    return {
        "description": report["card"]["description"],
        "facts": data_words.data_facts(report, record.results),
        "findings": data_words.findings(report),
        "channel_columns": names,
        "channels": rows,
    }


def _per_channel(results: dict[str, Any]) -> str:
    """What is said of a share that is taken per channel first."""
    return ", averaged over channels" if len(results["window_set"]["channels"]) > 1 else ""


def clock(record: RunRecord) -> str:
    """Which time hours and weekdays of the report are."""
    return "UTC time" if data_words.in_utc(record.data_report) else "local time"


def bounded(results: dict[str, Any]) -> str:
    """How many of the scores have an interval, after the words that say what it is of."""
    columns = [results[key]["mae"]["low"] is not None for key in ("metrics", "seasonal_naive")]
    if not any(columns):
        return ": there are too few windows for one"
    return "" if all(columns) else ", where there are windows enough"


def calibration(results: dict[str, Any], at_ends: float = 0.0) -> str:
    """How the intervals did, in a few sentences.

    The 80 % interval is judged without what it holds `at_ends` beyond its share, see `error_profile.at_ends`.
    """
    shares = {k: results["metrics"][f"coverage_{k}"]["value"] for k in (50, 80, 95)}
    if any(v is None for v in shares.values()):
        return "Coverage is not defined on these windows."
    held = ", ".join(f"the {k} % interval holds {100 * v:.1f} %" for k, v in shares.items())
    extra = at_ends if at_ends >= 0.01 else 0.0
    entry, share = results["metrics"]["coverage_80"], shares[80] - extra
    right = abs(share - 0.8) <= 0.04
    word = "about right" if right else "too wide" if share > 0.8 else "too narrow"
    sure = entry["low"] is not None and (right or not entry["low"] <= 0.8 + extra <= entry["high"])
    doubt = "" if sure else ", but these windows are too few to be sure of it"
    judged = "The 80 % interval is"
    if extra:
        judged = (
            "The 80 % interval counts truths that equal an end of it, as zeros may, as inside; with those "
            f"shared out over the levels that they equal, it holds {100 * share:.1f} %: it is"
        )
    return f"Of the truths on all scored windows{_per_channel(results)}, {held}. {judged} {word}{doubt}."


def sample(record: RunRecord) -> dict[str, Any] | None:
    """Prompt and digits of the first kept sample, where a language model left them."""
    if record.samples is None:
        return None
    first = record.samples.iloc[0]
    known = ("number", "origin", "timestamp", "channel", "samples")
    texts = [
        (name.capitalize().replace("_", " "), _text(first[name])) for name in record.samples if name not in known
    ]
    return {"title": f"{first['channel']}, from {first['timestamp']} on", "texts": texts} if texts else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray | list):
        more = [f"and {len(value) - SHOWN_TEXTS} more"] if len(value) > SHOWN_TEXTS else []
        return "\n".join([*map(_text, value[:SHOWN_TEXTS]), *more])
    return str(value)


def cost_rows(results: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value of what the run cost."""
    return [(name, format_number(results["cost"][key])) for key, name in COSTS.items()]


def metric_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Each metric in words: ours, seasonal naive's, and the change; its meaning names the unit of the data."""
    rows, results = [], record.results
    units = {record.unit_of(channel) for channel in record.channels}
    unit = "in the unit of the values"
    if units == {""} and len(record.channels) > 1:
        unit = "averaged over channels whose units are not known"
    elif len(units) > 1:
        unit = "over channels of different units: compare it between models only"
    elif units != {""}:
        unit = f"in {units.pop()}"
    for key, words in METRICS.items():
        ours, naive = results["metrics"][key], results["seasonal_naive"][key]
        change, better = "", None
        if words.less_is_better and ours["value"] is not None and naive["value"]:
            ratio = ours["value"] / naive["value"] - 1
            change, better = with_minus_sign(f"{100 * ratio:+.1f} %"), ratio < 0 if abs(ratio) > 5e-4 else None
        rows.append(
            {
                "name": words.name,
                "meaning": words.meaning.format(unit=unit),
                "value": format_number(ours["value"], words.percent),
                "interval": format_interval(ours, words.percent),
                "naive": format_number(naive["value"], words.percent),
                "naive_interval": format_interval(naive, words.percent),
                "change": change,
                "better": better,
            }
        )
    return rows


def naive_seasons(results: dict[str, Any]) -> str:
    """How far back seasonal naive looks, in rows; of which channels, where they differ."""
    seasons: dict[int, list[str]] = {}
    for channel, season in results["seasonal_naive_season"].items():
        seasons.setdefault(season, []).append(channel)
    if len(seasons) == 1:
        return format_count(next(iter(seasons)), "row")
    return ", ".join(f"{format_count(rows, 'row')} for {join_names(names)}" for rows, names in seasons.items())


def worst_rows(record: RunRecord, worst: SavedForecasts) -> list[dict[str, Any]]:
    """Timestamps of the worst windows, their error beside a typical window's and beside seasonal naive's."""
    windows = record.windows
    typical = (windows["median_abs_error"] / windows["count"] / windows["std"]).median()
    naive = record.naive_windows.set_index(["origin", "channel"])
    rows = []
    for i, row in worst.frame.iterrows():
        other = naive.loc[(row["origin"], row["channel"])]
        rows.append(
            {
                "start": worst.times[i][0].strftime(record.time_format),
                "end": worst.times[i][-1].strftime(record.time_format),
                "channel": row["channel"],
                "mae": format_number(float(row["error"] * row["std"])),
                "times_typical": format_number(float(row["error"] / typical)) if typical > 0 else "–",
                "naive": format_number(float(other["median_abs_error"] / other["count"])),
            }
        )
    return rows


def statistics(record: RunRecord, forecasts: SavedForecasts) -> tuple[pd.DataFrame, str]:
    """`error_statistics` with units, and which channels they are of: those with the largest MASE where many are."""
    table = error_statistics(forecasts)
    found, which = len(table), ""
    if found > MOST_CHANNEL_ROWS:
        which = f"The {MOST_CHANNEL_ROWS} channels with the largest MASE."
    elif found < len(record.channels):
        which = f"The kept windows hold values of {found} of the {len(record.channels)} channels."
    mase = {c: m["mase"] or 0.0 for c, m in record.results["by_channel"].items()}
    table = table.loc[sorted(table.index, key=lambda c: -mase[c])[:MOST_CHANNEL_ROWS]]
    table.insert(0, "unit", [record.unit_of(c) for c in table.index])
    return table, which
