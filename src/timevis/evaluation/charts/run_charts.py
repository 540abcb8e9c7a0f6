"""The charts of a run, from its record and its saved forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.calendar import MIN_STEPS_PER_DAY_FOR_WEEKDAYS, steps_per_day
from timevis.data.cleaning.statistics import autocorrelation
from timevis.evaluation.charts.chart import Chart, Mark
from timevis.evaluation.error_profile import (
    MEDIAN,
    SavedForecasts,
    clock_profile,
    clock_table,
    pit_density,
    reliability,
    steps,
    window_bias,
)
from timevis.models.forecaster import QUANTILE_LEVELS
from timevis.runs.record import RunRecord, scored_channels

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BANDS = ((0.025, 0.975, "95 % interval", 0.13), (0.1, 0.9, "80 % interval", 0.24))
MOST_BARS = 40


def error_unit(record: RunRecord) -> tuple[str, bool]:
    """How absolute errors of several channels are put on one axis: label, and whether they are scaled."""
    if len(record.channels) > 1:
        return "absolute error / deviation", True
    unit = record.unit_of(record.channels[0])
    return f"absolute error{f', {unit}' if unit else ''}", False


def forecast_chart(forecasts: SavedForecasts, row: int, record: RunRecord) -> Chart:
    """One window: the end of its context, the truth, the median and its bands."""
    frame, freq = forecasts.frame.iloc[row], record.results["window_set"]["freq"]
    horizon = forecasts.truth.shape[1]
    context = forecasts.context[row][-max(48, 2 * horizon) :]
    before = steps(frame["timestamp"], len(context), 1, freq, record.timezone)
    times, quantiles = forecasts.times[row], forecasts.quantiles[row]
    level = QUANTILE_LEVELS.index
    bands = [
        Mark("band", times, quantiles[level(low)], name, y2=quantiles[level(high)], strength=strength)
        for low, high, name, strength in BANDS
    ]
    channel = frame["channel"]
    return Chart(
        name="forecast",
        title=times[0].strftime(record.time_format) + (f" · {channel}" if len(record.channels) > 1 else ""),
        x_label="",
        y_label=record.unit_of(channel),
        marks=[
            *bands,
            Mark("line", before, [*context, forecasts.truth[row][0]], "context", "context"),
            Mark("line", times, forecasts.truth[row], "truth", "truth"),
            Mark("line", times, quantiles[MEDIAN], "median forecast"),
        ],
    )


def horizon_charts(record: RunRecord) -> list[Chart]:
    """Error by step ahead, beside seasonal naive."""
    results = record.results
    label, scaled = error_unit(record)
    out = []
    for name, key, title, y_label in (
        ("horizon_mae", "mae_scaled" if scaled else "mae", "Absolute error by step ahead", label),
        ("horizon_wql", "wql", "WQL by step ahead", "weighted quantile loss"),
    ):
        lines = [
            Mark("line", np.arange(1, record.horizon + 1), np.array(values[key], float), who, role)
            for values, who, role in (
                (results["by_horizon"], record.label, "model"),
                (results["seasonal_naive_by_horizon"], "seasonal naive", "naive"),
            )
        ]
        out.append(Chart(name, title, "steps ahead", y_label, lines, zero=True))
    return out


def clock_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Error by hour and weekday of the target, where the data have several of them; by month for slower data."""
    label, scaled = error_unit(record)
    if steps_per_day(record.results["window_set"]["freq"]) < MIN_STEPS_PER_DAY_FOR_WEEKDAYS:
        months = clock_profile(clock_table(forecasts, scaled, ["month"]), "month")
        bars = Mark("bars", [MONTHS[m - 1] for m in months.index], months.to_numpy())
        return [Chart("month", "Error by month", "month of the target", label, [bars])] if len(months) > 1 else []
    table = clock_table(forecasts, scaled)
    hours, weekdays = (clock_profile(table, by) for by in ("hour", "weekday"))
    out = []
    if len(hours) > 1:
        bars = Mark("bars", hours.index.to_numpy(), hours.to_numpy())
        out.append(Chart("hour", "Error by hour of the day", "hour of the target", label, [bars]))
    if len(weekdays) > 1:
        bars = Mark("bars", [WEEKDAYS[d] for d in weekdays.index], weekdays.to_numpy())
        out.append(Chart("weekday", "Error by weekday", "weekday of the target", label, [bars]))
    if len(hours) > 1 and len(weekdays) > 1:
        table["miss"] = table["total"] / table["count"]
        grid = table.pivot(index="weekday", columns="hour", values="miss")
        days = [WEEKDAYS[d] for d in grid.index]
        heat = Mark("heat", grid.columns.tolist(), days, z=grid.to_numpy(), z_label=label)
        out.append(Chart("hour_weekday", "Error by hour and weekday", "hour of the target", "", [heat], wide=True))
    return out


def channel_chart(record: RunRecord) -> Chart | None:
    """MASE of each channel beside seasonal naive's, worst first; a histogram of their ratio past 40 channels.

    Of the channels that have a truth, and None where the data have one channel alone.
    """
    scored = scored_channels(record.results)
    if not scored or len(record.channels) < 2:
        return None
    table = pd.DataFrame(
        {
            "model": {c: record.results["by_channel"][c]["mase"] for c in scored},
            "naive": {c: record.results["seasonal_naive_by_channel"][c]["mase"] for c in scored},
        },
        dtype=float,
    ).sort_values("model", ascending=False)
    if len(table) <= MOST_BARS:
        names = table.index.tolist()
        marks = [
            Mark("bars", table["model"].to_numpy(), names, record.label, sideways=True),
            Mark("points", table["naive"].to_numpy(), names, "seasonal naive", "naive"),
        ]
        return Chart("channel", "Error by channel", "MASE", "", marks, wide=True)
    ratio = (table["model"] / table["naive"]).replace([np.inf, -np.inf], np.nan).dropna().clip(upper=2)
    counts, edges = np.histogram(ratio, bins=40)
    bars = Mark("bars", (edges[1:] + edges[:-1]) / 2, counts, width=np.diff(edges))
    note = "below 1 the model is better; ratios above 2 stand at 2"
    return Chart("channel", "Error by channel", "MASE / seasonal naive's MASE", "channels", [bars], note, wide=True)


def error_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Where the error sits: by step ahead, hour, weekday and channel."""
    channel = channel_chart(record)
    return [*horizon_charts(record), *clock_charts(record, forecasts), *([channel] if channel else [])]


def residual_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Distribution of the error, and how it persists within a forecast and from window to window."""
    _, scaled = error_unit(record)
    error = forecasts.error / (forecasts.frame["std"].to_numpy()[:, None] if scaled else 1.0)
    flat = error[np.isfinite(error)]
    if not len(flat):
        return []
    low, high = np.quantile(flat, (0.002, 0.998))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(flat, low, high), bins=61, range=(low, high))
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    unit = "training deviations" if scaled else record.unit_of(record.channels[0])
    density = counts / counts.sum() / width
    spread = flat.std()
    marks = [Mark("bars", middle, density, "errors" if spread > 0 else "", width=width)]
    if spread > 0:
        normal = np.exp(-0.5 * ((middle - flat.mean()) / spread) ** 2) / spread / np.sqrt(2 * np.pi)
        marks.append(Mark("line", middle, normal, "normal, same deviation", "truth", dashed=True))
    label = f"forecast less truth{f', {unit}' if unit else ''}"
    note = "the outermost 0.2 % of each side stand in the end bins"
    out = [Chart("residual_histogram", "Distribution of the error", label, "density", marks, note)]
    if error.shape[1] > 2 and spread > 0:
        names = ("residual_autocorrelation", "Autocorrelation along a forecast", "steps apart")
        out.append(_correlation_chart(error, min(error.shape[1] - 1, 168), *names))
    bias = window_bias(record.windows)
    if bias.shape[1] > 20 and np.nanstd(bias) > 0:
        names = ("window_autocorrelation", "Autocorrelation from window to window", "origins apart")
        out.append(_correlation_chart(bias, min(bias.shape[1] // 4, 100), *names))
    return out


def _correlation_chart(series: np.ndarray, lags: int, name: str, title: str, x_label: str) -> Chart:
    apart = np.arange(1, lags + 1)
    bars = Mark("bars", apart, np.array(autocorrelation(series, apart.tolist()), dtype=float))
    return Chart(name, title, x_label, "correlation of the error", [bars])


def calibration_charts(record: RunRecord, forecasts: SavedForecasts) -> list[Chart]:
    """Reliability of the quantiles and the histogram of the probability integral transform."""
    if not np.isfinite(forecasts.truth).any():
        return []
    levels, observed = np.array(QUANTILE_LEVELS), reliability(forecasts)
    edges, density = pit_density(observed)
    return [
        Chart(
            "reliability",
            "Reliability of the quantiles",
            "quantile level",
            "share of truths at or below",
            [
                Mark("line", [0.0, 1.0], [0.0, 1.0], "calibrated", "rule", dashed=True),
                Mark("line", levels, observed, record.label),
            ],
            note="above the diagonal the forecast is too high, below it too low",
            zero=True,
        ),
        Chart(
            "pit",
            "Where the truth falls in the forecast",
            "forecast probability (PIT)",
            "density",
            [
                Mark("bars", (edges[1:] + edges[:-1]) / 2, density, width=np.diff(edges)),
                Mark("line", [0.0, 1.0], [1.0, 1.0], "", "rule", dashed=True),
            ],
            note="flat at 1 when calibrated; high at both ends when the intervals are too narrow",
            zero=True,
        ),
    ]


def training_charts(record: RunRecord) -> list[Chart]:
    """Training loss and validation WQL, where the model was trained."""
    history = record.history
    if history is None or "step" not in history:
        return []
    out = []
    for name, column, title in (
        ("train_loss", "train/loss", "Training loss"),
        ("val_wql", "val/wql", "WQL on the validation windows"),
    ):
        rows = history[["step", column]].dropna() if column in history else history.iloc[:0]
        if column == "val/wql":
            rows = rows.iloc[:-1]  # the last is of the best weights again, after the fit
        if len(rows) > 1:
            marks = [Mark("line", rows["step"].to_numpy(), rows[column].to_numpy(float))]
            out.append(Chart(name, title, "step", column, marks))
    return out
