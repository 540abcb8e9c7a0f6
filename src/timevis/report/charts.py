"""The charts of a run: forecasts, errors, calibration, periods and explanations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day, to_local_time
from timevis.data.panel import Panel
from timevis.data.quality.statistics import autocorrelation
from timevis.evaluation.error_profile import (
    MEDIAN_INDEX,
    SavedForecasts,
    calendar_error_sums,
    error_histogram,
    mean_error_by,
    pit_density,
    reliability,
    timestamps_around,
    window_bias,
)
from timevis.evaluation.forecast_window import scored_period
from timevis.evaluation.labels import (
    ABSOLUTE_ERROR,
    CHANNELS,
    CONTEXT,
    MEDIAN_FORECAST,
    SEASONAL_NAIVE,
    STEPS_AHEAD,
    TRUTH,
    interval,
)
from timevis.messages import Text
from timevis.report.chart import COLOURS, Chart, Mark
from timevis.report.draw_plotly import AXIS, as_plain_text, date_axis, traces
from timevis.runs.explanation import Explanation
from timevis.runs.record import RunRecord
from timevis.utils.levels import COVERAGES, QUANTILE_LEVELS
from timevis.utils.phrases import MONTHS, WEEKDAYS

INTERVALS = ((95, 0.18), (80, 0.32))
"""Percent and opacity of the bands of a forecast."""
DENSITY = Text("density")
MAX_CHANNEL_BARS = 40
MAX_FUTURE_CHARTS = 12


def forecast_chart(forecasts: SavedForecasts, row: int, record: RunRecord) -> Chart:
    """One scored window: the end of its context, the truth, the median forecast and two intervals."""
    window, freq = forecasts.frame.iloc[row], record.results.window_set.freq
    horizon = forecasts.truth.shape[1]
    context = forecasts.context[row][-max(48, 2 * horizon) :]
    context_times = timestamps_around(window["timestamp"], len(context), 1, freq, record.timezone)
    times, channel = forecasts.times[row], window["channel"]
    marks = forecast_marks(times, forecasts.quantiles[row], context_times[:-1], context)
    return Chart(
        name="forecast",
        title=record.time_text(times[0]) + (f" · {channel}" if len(record.channels) > 1 else ""),
        x_label="",
        y_label=record.unit_of(channel),
        marks=[
            *marks[:-1],
            Mark("line", context_times, [*context, forecasts.truth[row][0]], str(CONTEXT), "context"),
            Mark("line", times, forecasts.truth[row], str(TRUTH), "truth"),
            marks[-1],
        ],
    )


def forecast_marks(
    times: pd.DatetimeIndex, quantiles: np.ndarray, past_times: pd.DatetimeIndex, past: np.ndarray
) -> list[Mark]:
    """The bands of `INTERVALS` and the median of one forecast, which start at the last observation.

    Parameters
    ----------
    times : DatetimeIndex [H]
    quantiles : float [15, H]
        At `QUANTILE_LEVELS`.
    past_times : DatetimeIndex [L]
    past : float [L]
        The values before the forecast; NaN where they are missing.
    """
    observed = np.flatnonzero(np.isfinite(past))
    if len(observed):
        last = observed[-1]
        times = past_times[last : last + 1].append(times)
        start = np.full((len(quantiles), 1), past[last], quantiles.dtype)
        quantiles = np.concatenate([start, quantiles], axis=1)
    level = QUANTILE_LEVELS.index
    bands = [
        Mark("band", times, quantiles[level(low)], str(interval(percent)), y2=quantiles[level(high)], opacity=opacity)
        for percent, opacity in INTERVALS
        for low, high in [COVERAGES[percent]]
    ]
    return [*bands, Mark("line", times, quantiles[MEDIAN_INDEX], str(MEDIAN_FORECAST))]


def future_charts(table: pd.DataFrame, items: Mapping[str, Panel]) -> list[Chart]:
    """The end of the data and the forecast beyond it, for the first series of a table of `timevis.inference.predict`.

    Parameters
    ----------
    table : DataFrame
        With the columns item, channel, timestamp, point, quantiles, scored and, of a back-test, truth.
    items : mapping of str to Panel
        The data of each item.
    """
    charts = []
    series = table.groupby(["item", "channel"], sort=False).ngroup()
    shown = table[series < MAX_FUTURE_CHARTS]
    for (item, channel), rows in shown.groupby(["item", "channel"], sort=False):
        panel = items[str(item)]
        values = panel.values[:, panel.channels.index(str(channel))]
        end = int(panel.local_index.searchsorted(rows["timestamp"].iloc[0]))
        start = max(0, end - max(48, 3 * len(rows)))
        stop = end + len(rows) if "truth" in rows else end  # a back-test has the truth
        times = to_local_time(pd.DatetimeIndex(rows["timestamp"]), panel.timezone)
        observed = np.isfinite(values[start:stop])
        quantiles = rows[[f"q{level:g}" for level in QUANTILE_LEVELS]].to_numpy().T
        marks = forecast_marks(times, quantiles, panel.local_index[start:end], values[start:end])
        title = f"{item} · {channel}" if len(panel.channels) > 1 or len(items) > 1 else str(channel)
        charts.append(
            Chart(
                name="future",
                title=title if rows["scored"].all() else str(Text("{title} (not scored)", title=title)),
                x_label="",
                y_label=panel.card.unit_of(str(channel)),
                marks=[
                    *marks[:-1],
                    Mark(
                        "line",
                        panel.local_index[start:stop][observed],
                        values[start:stop][observed],
                        str(Text("data")),
                        "truth",
                    ),
                    marks[-1],
                ],
            )
        )
    return charts


def error_axis(record: RunRecord) -> tuple[str, bool]:
    """Label of an axis of absolute errors, and whether errors on it are divided by each channel's standard deviation.

    They are when there are several channels, whose units may differ.
    """
    if len(record.channels) > 1:
        return str(Text("absolute error / std")), True
    return with_unit(ABSOLUTE_ERROR, record.unit_of(record.channels[0])), False


def with_unit(quantity: Text, unit: str) -> str:
    """The label of an axis, with the unit if it is known."""
    return str(Text("{quantity}, {unit}", quantity=quantity, unit=unit) if unit else quantity)


def error_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Error by step ahead, by calendar field and by channel."""
    channel = channel_chart(record)
    return [*horizon_charts(record), *calendar_charts(record, forecasts), *([channel] if channel else [])]


def horizon_charts(record: RunRecord) -> list[Chart]:
    """Absolute error and WQL by step ahead, with the values of seasonal naive."""
    results = record.results
    label, scaled = error_axis(record)
    charts = []
    for name, key, title, y_label in (
        (
            "horizon_mae",
            "mae_scaled" if scaled else "mae",
            str(Text("Absolute error by step ahead")),
            label,
        ),
        (
            "horizon_wql",
            "wql",
            str(Text("WQL by step ahead")),
            str(Text("weighted quantile loss")),
        ),
    ):
        lines = [
            Mark("line", np.arange(1, record.horizon + 1), np.array(values[key], float), model, role)
            for values, model, role in (
                (results.by_horizon, record.label, "model"),
                (results.seasonal_naive_by_horizon, str(SEASONAL_NAIVE), "naive"),
            )
        ]
        charts.append(Chart(name, title, str(STEPS_AHEAD), y_label, lines, y_from_zero=True))
    return charts


def calendar_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Error by hour and weekday of the target, where the data have several; by month for data slower than daily."""
    label, scaled = error_axis(record)
    if steps_per_day(record.results.window_set.freq) < MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
        months = mean_error_by(calendar_error_sums(forecasts, scaled, ["month"]), "month")
        bars = Mark("bars", [str(MONTHS[m - 1]) for m in months.index], months.to_numpy())
        title, x_label = (
            str(Text("Error by month")),
            str(Text("month of the target")),
        )
        return [Chart("month", title, x_label, label, [bars])] if len(months) > 1 else []
    sums = calendar_error_sums(forecasts, scaled)
    hours, weekdays = (mean_error_by(sums, field) for field in ("hour", "weekday"))
    charts, hour_of_target = [], str(Text("hour of the target"))
    if len(hours) > 1:
        bars = Mark("bars", hours.index.to_numpy(), hours.to_numpy())
        title = str(Text("Error by hour of the day"))
        charts.append(Chart("hour", title, hour_of_target, label, [bars]))
    if len(weekdays) > 1:
        bars = Mark("bars", [str(WEEKDAYS[d]) for d in weekdays.index], weekdays.to_numpy())
        title, x_label = (
            str(Text("Error by weekday")),
            str(Text("weekday of the target")),
        )
        charts.append(Chart("weekday", title, x_label, label, [bars]))
    if len(hours) > 1 and len(weekdays) > 1:
        sums["mean"] = sums["total"] / sums["count"]
        grid = sums.pivot(index="weekday", columns="hour", values="mean")
        days = [str(WEEKDAYS[d]) for d in grid.index]
        cells = Mark("heat", grid.columns.tolist(), days, z=grid.to_numpy(), z_label=label)
        title = str(Text("Error by hour and weekday"))
        charts.append(Chart("hour_weekday", title, hour_of_target, "", [cells], full_width=True))
    return charts


def channel_chart(record: RunRecord) -> Chart | None:
    """MASE of each channel and of seasonal naive on it, largest first; None if the data have only one channel.

    Channels without a truth are left out. With more than `MAX_CHANNEL_BARS` channels, the chart is a histogram of the
    ratio of both MASE.
    """
    scored = record.results.scored_channels()
    if not scored or len(record.channels) < 2:
        return None
    table = pd.DataFrame(
        {
            "model": {c: record.results.by_channel[c]["mase"] for c in scored},
            "naive": {c: record.results.seasonal_naive_by_channel[c]["mase"] for c in scored},
        },
        dtype=float,
    ).sort_values("model", ascending=False)
    title = str(Text("Error by channel"))
    if len(table) <= MAX_CHANNEL_BARS:
        names = table.index.tolist()
        marks = [
            Mark("bars", table["model"].to_numpy(), names, record.label, horizontal=True),
            Mark("points", table["naive"].to_numpy(), names, str(SEASONAL_NAIVE), "naive"),
        ]
        return Chart("channel", title, "MASE", "", marks, full_width=True)
    ratio = (table["model"] / table["naive"]).replace([np.inf, -np.inf], np.nan).dropna().clip(upper=2)
    counts, edges = np.histogram(ratio, bins=40)
    bars = Mark("bars", (edges[1:] + edges[:-1]) / 2, counts, width=np.diff(edges))
    x_label = str(Text("MASE / MASE of seasonal naive"))
    note = str(Text("Below 1 the model is better. Ratios above 2 are shown at 2."))
    return Chart("channel", title, x_label, str(CHANNELS), [bars], note, full_width=True)


def residual_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Distribution of the error, and its autocorrelation along a forecast and from window to window."""
    _, scaled = error_axis(record)
    error = forecasts.error / (forecasts.frame["std"].to_numpy()[:, None] if scaled else 1.0)
    observed = error[np.isfinite(error)]
    if not len(observed):
        return []
    counts, edges = error_histogram(observed)
    centres, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    unit = str(Text("training std")) if scaled else record.unit_of(record.channels[0])
    density = counts / counts.sum() / width
    std = observed.std()
    marks = [Mark("bars", centres, density, str(Text("errors")) if std > 0 else "", width=width)]
    if std > 0:
        normal = np.exp(-0.5 * ((centres - observed.mean()) / std) ** 2) / std / np.sqrt(2 * np.pi)
        name = str(Text("normal, same mean and std"))
        marks.append(Mark("line", centres, normal, name, "truth", dashed=True))
    title = str(Text("Distribution of the error"))
    label = with_unit(Text("forecast − truth"), unit)
    note = str(Text("The first and the last bin also count the most extreme 0.2 % of each side."))
    charts = [Chart("residual_histogram", title, label, str(DENSITY), marks, note)]
    if error.shape[1] > 2 and std > 0:
        names = (
            Text("Autocorrelation of the error along a forecast"),
            Text("lag in steps"),
        )
        max_lag = min(error.shape[1] - 1, 168)
        charts.append(_autocorrelation_chart(error, max_lag, "residual_autocorrelation", *names))
    bias = window_bias(record.windows)
    if bias.shape[1] > 20 and np.nanstd(bias) > 0:
        names = (
            Text("Autocorrelation of the mean error of windows"),
            Text("lag in origins"),
        )
        max_lag = min(bias.shape[1] // 4, 100)
        charts.append(_autocorrelation_chart(bias, max_lag, "window_autocorrelation", *names))
    return charts


def _autocorrelation_chart(series: np.ndarray, max_lag: int, name: str, title: Text, x_label: Text) -> Chart:
    lags = np.arange(1, max_lag + 1)
    bars = Mark("bars", lags, np.array(autocorrelation(series, lags.tolist()), dtype=float))
    return Chart(name, str(title), str(x_label), str(Text("autocorrelation")), [bars])


def calibration_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Reliability diagram of the quantiles, and the histogram of the probability integral transform."""
    if not np.isfinite(forecasts.truth).any():
        return []
    levels, observed_share = np.array(QUANTILE_LEVELS), reliability(forecasts)
    edges, density = pit_density(observed_share)
    return [
        Chart(
            "reliability",
            str(Text("Reliability of the quantiles")),
            str(Text("quantile level")),
            str(Text("share of truths at or below")),
            [
                Mark("line", [0.0, 1.0], [0.0, 1.0], str(Text("calibrated")), "guide", dashed=True),
                Mark("line", levels, observed_share, record.label),
            ],
            note=str(Text("Above the diagonal the quantiles are too high, below it they are too low.")),
            y_from_zero=True,
        ),
        Chart(
            "pit",
            str(Text("Probability integral transform (PIT)")),
            str(Text("forecast probability of a value below the truth")),
            str(DENSITY),
            [
                Mark("bars", (edges[1:] + edges[:-1]) / 2, density, width=np.diff(edges)),
                Mark("line", [0.0, 1.0], [1.0, 1.0], "", "guide", dashed=True),
            ],
            note=str(
                Text(
                    "The histogram is flat at 1 if calibrated, and high at both ends if the intervals are too narrow."
                )
            ),
            y_from_zero=True,
        ),
    ]


def training_charts(record: RunRecord) -> list[Chart]:
    """Training loss and relative WQL on the tuning windows by step; none for a model without logged steps."""
    charts = []
    for name, column, title in (
        ("train_loss", "train/loss", Text("Training loss")),
        (
            "tuning_relative_wql",
            "tuning/relative_wql",
            Text("Relative WQL on the tuning windows"),
        ),
    ):
        steps, values = record.history.curve(column)
        if len(steps) > 1:
            marks = [Mark("line", np.array(steps), np.array(values))]
            charts.append(Chart(name, str(title), str(Text("step")), column, marks))
    return charts


MAX_ROWS = 8000
"""Rows of the test period that the charts of all channels show together; the last ones of each channel."""
MAX_CHANNELS = 12
ZOOM_HORIZONS = (7, 30)
"""Spans of the zoom buttons, in horizons."""


def period_figures(forecasts: SavedForecasts, record: RunRecord) -> list[dict[str, Any]]:
    """A figure for each of the first channels, as ``{"title", "data", "layout"}`` for plotly.

    See `timevis.evaluation.forecast_window` for the windows that a figure shows.
    """
    saved = set(forecasts.frame["channel"])
    channels = [channel for channel in record.channels if channel in saved][:MAX_CHANNELS]
    return [_figure(forecasts, channel, record, MAX_ROWS // len(channels)) for channel in channels]


def _figure(forecasts: SavedForecasts, channel: str, record: RunRecord, max_rows: int) -> dict[str, Any]:
    period = scored_period(forecasts, channel, record, max_rows)
    times, truth, median = period.times, period.truth, period.median
    main = [
        Mark("band", times, period.low, y2=period.high, opacity=0.28),
        Mark("line", times, truth, str(TRUTH), "truth"),
        Mark("line", times, median, str(MEDIAN_FORECAST)),
    ]
    error = Mark("line", times, period.error, str(ABSOLUTE_ERROR), "error")
    lower = [trace | {"yaxis": "y2"} for trace in traces([error])]
    unit = as_plain_text(record.unit_of(channel))
    return {
        "title": channel,
        "data": [*traces(main), *lower],
        "layout": {
            "xaxis": {
                **AXIS,
                "anchor": "y2",
                **date_axis(),
                "rangeselector": _zoom(times, forecasts.truth.shape[1]),
            },
            "yaxis": {**AXIS, "title": {"text": unit}, "domain": [0.3, 1]},
            "yaxis2": {
                **AXIS,
                "title": {"text": str(Text("error"))},
                "domain": [0, 0.22],
                "rangemode": "tozero",
            },
            "shapes": [],
            "colorway": [COLOURS["model"]],
        },
    }


def _zoom(times: pd.DatetimeIndex, horizon: int) -> dict[str, Any]:
    """Buttons that show the last rows of the test period, and all of it."""
    row = (times[-1] - times[0]) / max(1, len(times) - 1)
    buttons: list[dict[str, Any]] = []
    for count in ZOOM_HORIZONS:
        if count * horizon < len(times):
            days = count * horizon * row / pd.Timedelta(days=1)
            step, number = ("day", round(days)) if days >= 1 else ("hour", round(days * 24))
            label = (
                Text("last {count} days", count=number) if step == "day" else Text("last {count} hours", count=number)
            )
            buttons.append({"count": number, "step": step, "stepmode": "backward", "label": str(label)})
    return {"buttons": [*buttons, {"step": "all", "label": str(Text("all"))}]}


MAX_BARS = 20


def explanation_charts(explanation: Explanation | None) -> list[Chart]:
    """A bar for each of the inputs with the largest rise of the error; no charts without an explanation."""
    if explanation is None:
        return []
    table = explanation.table.head(MAX_BARS)
    names = [str(group.text) for group in explanation.inputs[:MAX_BARS]]
    values = {"rise": 100 * table["error_rise"].to_numpy(), "move": table["forecast_change"].to_numpy()}
    note = ""
    if len(explanation.inputs) > MAX_BARS:
        note = str(Text("The {count} inputs with the largest rise.", count=MAX_BARS))
    return [
        Chart(
            f"explanation-{name}",
            str(title),
            str(x_label),
            "",
            [Mark("bars", values[name], names, horizontal=True)],
            note,
        )
        for name, title, x_label in (
            (
                "rise",
                Text("Rise of the error without an input"),
                Text("rise of the WQL, %"),
            ),
            (
                "move",
                Text("Move of the forecast without an input"),
                Text("mean absolute change, standard deviations"),
            ),
        )
    ]
