"""Build the charts of a run: forecasts, errors, calibration and training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day, to_local_time
from timevis.data.panel import Panel
from timevis.data.quality.statistics import autocorrelation
from timevis.evaluation.charts.chart import Chart, Mark
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
from timevis.runs.record import RunRecord
from timevis.utils.levels import QUANTILE_LEVELS

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
INTERVALS = ((0.025, 0.975, "95 % interval", 0.18), (0.1, 0.9, "80 % interval", 0.32))
"""Lower and upper quantile level, name and opacity of the bands of a forecast."""
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
        title=times[0].strftime(record.time_format) + (f" · {channel}" if len(record.channels) > 1 else ""),
        x_label="",
        y_label=record.unit_of(channel),
        marks=[
            *marks[:-1],
            Mark("line", context_times, [*context, forecasts.truth[row][0]], "context", "context"),
            Mark("line", times, forecasts.truth[row], "truth", "truth"),
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
        Mark("band", times, quantiles[level(low)], name, y2=quantiles[level(high)], opacity=opacity)
        for low, high, name, opacity in INTERVALS
    ]
    return [*bands, Mark("line", times, quantiles[MEDIAN_INDEX], "median forecast")]


def future_charts(table: pd.DataFrame, items: Mapping[str, Panel]) -> list[Chart]:
    """The end of the data and the forecast beyond it, for the first series of a table of `timevis.predict`.

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
                title=title if rows["scored"].all() else f"{title} (not scored)",
                x_label="",
                y_label=panel.card.unit_of(str(channel)),
                marks=[
                    *marks[:-1],
                    Mark(
                        "line",
                        panel.local_index[start:stop][observed],
                        values[start:stop][observed],
                        "data",
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
        return "absolute error / std", True
    unit = record.unit_of(record.channels[0])
    return f"absolute error{f', {unit}' if unit else ''}", False


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
        ("horizon_mae", "mae_scaled" if scaled else "mae", "Absolute error by step ahead", label),
        ("horizon_wql", "wql", "WQL by step ahead", "weighted quantile loss"),
    ):
        lines = [
            Mark("line", np.arange(1, record.horizon + 1), np.array(values[key], float), model, role)
            for values, model, role in (
                (results.by_horizon, record.label, "model"),
                (results.seasonal_naive_by_horizon, "seasonal naive", "naive"),
            )
        ]
        charts.append(Chart(name, title, "steps ahead", y_label, lines, y_from_zero=True))
    return charts


def calendar_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Error by hour and weekday of the target, where the data have several; by month for data slower than daily."""
    label, scaled = error_axis(record)
    if steps_per_day(record.results.window_set.freq) < MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
        months = mean_error_by(calendar_error_sums(forecasts, scaled, ["month"]), "month")
        bars = Mark("bars", [MONTHS[m - 1] for m in months.index], months.to_numpy())
        return [Chart("month", "Error by month", "month of the target", label, [bars])] if len(months) > 1 else []
    sums = calendar_error_sums(forecasts, scaled)
    hours, weekdays = (mean_error_by(sums, field) for field in ("hour", "weekday"))
    charts = []
    if len(hours) > 1:
        bars = Mark("bars", hours.index.to_numpy(), hours.to_numpy())
        charts.append(Chart("hour", "Error by hour of the day", "hour of the target", label, [bars]))
    if len(weekdays) > 1:
        bars = Mark("bars", [WEEKDAYS[d] for d in weekdays.index], weekdays.to_numpy())
        charts.append(Chart("weekday", "Error by weekday", "weekday of the target", label, [bars]))
    if len(hours) > 1 and len(weekdays) > 1:
        sums["mean"] = sums["total"] / sums["count"]
        grid = sums.pivot(index="weekday", columns="hour", values="mean")
        days = [WEEKDAYS[d] for d in grid.index]
        cells = Mark("heat", grid.columns.tolist(), days, z=grid.to_numpy(), z_label=label)
        title = "Error by hour and weekday"
        charts.append(Chart("hour_weekday", title, "hour of the target", "", [cells], full_width=True))
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
    if len(table) <= MAX_CHANNEL_BARS:
        names = table.index.tolist()
        marks = [
            Mark("bars", table["model"].to_numpy(), names, record.label, horizontal=True),
            Mark("points", table["naive"].to_numpy(), names, "seasonal naive", "naive"),
        ]
        return Chart("channel", "Error by channel", "MASE", "", marks, full_width=True)
    ratio = (table["model"] / table["naive"]).replace([np.inf, -np.inf], np.nan).dropna().clip(upper=2)
    counts, edges = np.histogram(ratio, bins=40)
    bars = Mark("bars", (edges[1:] + edges[:-1]) / 2, counts, width=np.diff(edges))
    x_label, note = "MASE / MASE of seasonal naive", "Below 1 the model is better. Ratios above 2 are shown at 2."
    return Chart("channel", "Error by channel", x_label, "channels", [bars], note, full_width=True)


def residual_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Distribution of the error, and its autocorrelation along a forecast and from window to window."""
    _, scaled = error_axis(record)
    error = forecasts.error / (forecasts.frame["std"].to_numpy()[:, None] if scaled else 1.0)
    observed = error[np.isfinite(error)]
    if not len(observed):
        return []
    counts, edges = error_histogram(observed)
    centres, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    unit = "training std" if scaled else record.unit_of(record.channels[0])
    density = counts / counts.sum() / width
    std = observed.std()
    marks = [Mark("bars", centres, density, "errors" if std > 0 else "", width=width)]
    if std > 0:
        normal = np.exp(-0.5 * ((centres - observed.mean()) / std) ** 2) / std / np.sqrt(2 * np.pi)
        marks.append(Mark("line", centres, normal, "normal, same mean and std", "truth", dashed=True))
    label = f"forecast − truth{f', {unit}' if unit else ''}"
    note = "The first and the last bin also count the most extreme 0.2 % of each side."
    charts = [Chart("residual_histogram", "Distribution of the error", label, "density", marks, note)]
    if error.shape[1] > 2 and std > 0:
        names = ("residual_autocorrelation", "Autocorrelation of the error along a forecast", "lag in steps")
        charts.append(_autocorrelation_chart(error, min(error.shape[1] - 1, 168), *names))
    bias = window_bias(record.windows)
    if bias.shape[1] > 20 and np.nanstd(bias) > 0:
        names = ("window_autocorrelation", "Autocorrelation of the mean error of windows", "lag in origins")
        charts.append(_autocorrelation_chart(bias, min(bias.shape[1] // 4, 100), *names))
    return charts


def _autocorrelation_chart(series: np.ndarray, max_lag: int, name: str, title: str, x_label: str) -> Chart:
    lags = np.arange(1, max_lag + 1)
    bars = Mark("bars", lags, np.array(autocorrelation(series, lags.tolist()), dtype=float))
    return Chart(name, title, x_label, "autocorrelation", [bars])


def calibration_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Reliability diagram of the quantiles, and the histogram of the probability integral transform."""
    if not np.isfinite(forecasts.truth).any():
        return []
    levels, observed_share = np.array(QUANTILE_LEVELS), reliability(forecasts)
    edges, density = pit_density(observed_share)
    return [
        Chart(
            "reliability",
            "Reliability of the quantiles",
            "quantile level",
            "share of truths at or below",
            [
                Mark("line", [0.0, 1.0], [0.0, 1.0], "calibrated", "guide", dashed=True),
                Mark("line", levels, observed_share, record.label),
            ],
            note="Above the diagonal the quantiles are too high, below it they are too low.",
            y_from_zero=True,
        ),
        Chart(
            "pit",
            "Probability integral transform (PIT)",
            "forecast probability of a value below the truth",
            "density",
            [
                Mark("bars", (edges[1:] + edges[:-1]) / 2, density, width=np.diff(edges)),
                Mark("line", [0.0, 1.0], [1.0, 1.0], "", "guide", dashed=True),
            ],
            note="The histogram is flat at 1 if calibrated, and high at both ends if the intervals are too narrow.",
            y_from_zero=True,
        ),
    ]


def training_charts(record: RunRecord) -> list[Chart]:
    """Training loss and relative WQL on the tuning windows by step; none for a model without logged steps."""
    charts = []
    for name, column, title in (
        ("train_loss", "train/loss", "Training loss"),
        ("tuning_relative_wql", "tuning/relative_wql", "Relative WQL on the tuning windows"),
    ):
        steps, values = record.history.curve(column)
        if len(steps) > 1:
            marks = [Mark("line", np.array(steps), np.array(values))]
            charts.append(Chart(name, title, "step", column, marks))
    return charts
