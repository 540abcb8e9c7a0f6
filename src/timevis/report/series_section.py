"""The section of report.html on the distribution over series, for a run with many of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from timevis.evaluation.error_profile import SavedForecasts
from timevis.evaluation.labels import CHANNEL, CHANNELS, METRIC, RELATIVE_WQL, SEASONAL_NAIVE
from timevis.messages import Share, Text
from timevis.metrics.specs import METRICS
from timevis.report.chart import Chart, Mark
from timevis.report.charts import forecast_chart
from timevis.runs.record import RunRecord
from timevis.utils.formatting import format_number, percent_sign
from timevis.utils.phrases import join_sentences

MANY_CHANNELS = 50
"""Number of channels above which the report has this section."""
NUM_WORST = 15
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 60
MAX_RATIO = 2.0
"""Largest relative WQL that the histogram shows; larger ones are counted there."""
METRIC_NAMES = ("relative_wql", "mase", "coverage_80")


@dataclass(frozen=True)
class SeriesSection:
    """What the section shows.

    Attributes
    ----------
    summary : str
    charts : list of Chart
        Histograms over channels.
    quantile_header, worst_header : list of str
    quantile_rows : list of list of str
        Quantiles over channels of each of `METRIC_NAMES`.
    worst_rows : list of list of str
        The channels with the largest MASE.
    examples : list of Chart
        A saved window of channels at evenly spaced ranks of their relative WQL.
    """

    summary: str
    charts: list[Chart]
    quantile_header: list[str]
    quantile_rows: list[list[str]]
    worst_header: list[str]
    worst_rows: list[list[str]]
    examples: list[Chart]


def series_section(record: RunRecord, spaced: SavedForecasts) -> SeriesSection | None:
    """The distribution over channels, the worst ones and a few examples; None for at most `MANY_CHANNELS` channels.

    Parameters
    ----------
    record : RunRecord
    spaced : SavedForecasts
        The evenly spaced windows whose forecasts were saved.
    """
    if len(record.channels) <= MANY_CHANNELS:
        return None
    results = record.results
    table = pd.DataFrame(
        {name: [scores.get(name) for scores in results.by_channel.values()] for name in METRIC_NAMES}
        | {"naive": [scores.get("mase") for scores in results.seasonal_naive_by_channel.values()]},
        index=list(results.by_channel),
        dtype=np.float64,
    )
    table = table[table["coverage_80"].notna()]  # the channels with a truth
    return SeriesSection(
        summary=_summary(table),
        charts=_histograms(table, record.label),
        quantile_header=[
            str(METRIC),
            *(str(Text("{percent} of the channels below", percent=_percent(q))) for q in QUANTILES),
        ],
        quantile_rows=[_quantile_row(name, table[name]) for name in METRIC_NAMES],
        worst_header=[
            str(CHANNEL),
            "MASE",
            str(Text("MASE of seasonal naive")),
            str(RELATIVE_WQL),
            str(Text("coverage of the 80 % interval")),
        ],
        worst_rows=[_worst_row(str(name), row) for name, row in table.nlargest(NUM_WORST, "mase").iterrows()],
        examples=_examples(table, spaced, record),
    )


def _summary(table: pd.DataFrame) -> str:
    ratio = table["relative_wql"].dropna()
    if not len(ratio):
        return str(Text("The relative WQL is not defined on any channel."))
    undefined = len(table) - len(ratio)
    text = Text(
        "On {better} of {channels} channels ({share}) the model has a lower WQL than seasonal naive.",
        better=format_number(int((ratio < 1).sum())),
        channels=format_number(len(ratio)),
        share=Share(float((ratio < 1).mean())),
    )
    if not undefined:
        return str(text)
    more = Text(
        "On {channels} more the ratio is not defined, as all scored values are zero.",
        channels=format_number(undefined),
    )
    return join_sentences(text, more)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", percent_sign())


def _histograms(table: pd.DataFrame, label: str) -> list[Chart]:
    charts = []
    if len(ratio := table["relative_wql"].dropna().to_numpy()):
        counts, edges = np.histogram(ratio.clip(max=MAX_RATIO), bins=BINS, range=(0, MAX_RATIO))
        bars = Mark("bars", (edges[1:] + edges[:-1]) / 2, counts, width=np.diff(edges))
        title = Text("Relative WQL over channels")
        note = Text("Below 1 the model is better than seasonal naive. Ratios above 2 are shown at 2.")
        charts.append(Chart("series_skill", str(title), str(RELATIVE_WQL), str(CHANNELS), [bars], str(note)))
    mase = {"model": table["mase"].dropna().to_numpy(), "naive": table["naive"].dropna().to_numpy()}
    if len(mase["model"]) and len(mase["naive"]):
        largest = float(max(np.quantile(values, 0.99) for values in mase.values())) or 1.0
        marks = []
        for (role, values), name in zip(mase.items(), (label, str(SEASONAL_NAIVE)), strict=True):
            counts, edges = np.histogram(values.clip(max=largest), bins=BINS, range=(0, largest))
            marks.append(Mark("line", (edges[1:] + edges[:-1]) / 2, counts, name, role))
        title = Text("MASE over channels")
        note = Text("Values above the 99 % quantile are shown at it.")
        charts.append(Chart("series_mase", str(title), "MASE", str(CHANNELS), marks, str(note), y_from_zero=True))
    return charts


def _quantile_row(name: str, values: pd.Series) -> list[str]:
    metric = METRICS[name]
    defined = values.dropna()
    quantiles = defined.quantile(list(QUANTILES)) if len(defined) else [None] * len(QUANTILES)
    return [str(metric.label), *(format_number(value, metric.is_percent) for value in quantiles)]


def _worst_row(name: str, row: pd.Series) -> list[str]:
    numbers = [format_number(float(row[key])) for key in ("mase", "naive", "relative_wql")]
    return [name, *numbers, format_number(float(row["coverage_80"]), percent=True)]


def _examples(table: pd.DataFrame, spaced: SavedForecasts, record: RunRecord) -> list[Chart]:
    """A saved window of each channel whose rank among the channels with saved windows is one of `QUANTILES`."""
    frame = spaced.frame.reset_index(drop=True)
    has_truth = np.isfinite(frame["scaled_mae"].to_numpy(np.float64))
    first_row = frame[has_truth].drop_duplicates("channel").reset_index().set_index("channel")["index"]
    ratio = table["relative_wql"].dropna().sort_values(kind="stable")
    ratio = ratio[ratio.index.isin(first_row.index)]
    if not len(ratio):
        return []
    ranks = np.unique(np.round(np.array(QUANTILES) * (len(ratio) - 1)).astype(int))
    charts = []
    for rank in ranks:
        channel, value = ratio.index[rank], float(ratio.iloc[rank])
        chart = forecast_chart(spaced, int(first_row[channel]), record)
        note = Text("relative WQL of the channel {value}", value=format_number(value))
        charts.append(replace(chart, note=str(note)))
    return charts
