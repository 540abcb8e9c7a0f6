"""Measure how much each group of inputs matters to a forecaster: its error and a forecast without the group.

The method is model-agnostic: it changes what a model reads and calls `Forecaster.forecast`. A part of the context is
hidden, as a gap in the series is. A covariate or the calendar takes the values of another time, as in permutation
importance (Breiman, 2001; Fisher, Rudin and Dominici, 2019), since a model that never met a missing covariate may
respond to a masked one in any way.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from timevis.data.calendar import season_lengths, steps_per_day
from timevis.data.datamodule import WindowDataModule
from timevis.data.window_sampling import evenly_spaced, stratified
from timevis.data.windows import SeriesStore, WindowCopies
from timevis.evaluation.significance import score_intervals
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.models.scoring import new_metrics
from timevis.runs.explanation import ChangeKind, ExplainedInput, ForecastMove, InputKind
from timevis.runs.results import Interval
from timevis.utils.levels import QUANTILE_LEVELS

MAX_WINDOWS = 100
"""Default of the largest number of validation windows, and of windows in which one forecast is repeated."""
REPEATS = 4
"""Times that a forecast is repeated for each group: with other replacements, or for other steps of the season."""
MIN_ORIGINS = 8
"""Smallest number of validation origins, unless their copies would have more than `MAX_COPIED_VALUES` values."""
MAX_COPIED_VALUES = 50_000_000
SHARE_OF_CONTEXT = 4
"""A context that is not longer than a season is divided into its last quarter and the rows before it."""
MEDIAN = QUANTILE_LEVELS.index(0.5)


@dataclass(frozen=True)
class InputGroup:
    """Inputs that are changed together.

    Attributes
    ----------
    kind : {"context", "covariate", "calendar"}
    label : Text
    hidden : bool [Q, L], optional
        For each block of steps, the rows of the context that are hidden while it is forecast.
    steps : bool [Q, H]
        The steps of each block.
    hides_earlier : bool
        Whether all rows before the context are hidden as well, which some models read.
    covariate : int, optional
        Its number.
    """

    kind: InputKind
    label: Text
    steps: np.ndarray
    hidden: np.ndarray | None = None
    hides_earlier: bool = False
    covariate: int | None = None

    @property
    def changed(self) -> ChangeKind:
        return "replaced" if self.hidden is None else "hidden"

    @property
    def rows(self) -> int | None:
        """Largest number of rows of the context that are hidden at once."""
        return None if self.hidden is None else int(self.hidden.sum(1).max())


def context_groups(freq: str, seasons: Sequence[int], season: int, length: int, horizon: int) -> list[InputGroup]:
    """Divide a context into parts that follow from the frequency and the season of the data.

    With hourly data and a context of two weeks they are the last day, the same time of the days before, the other
    times of the days before, and the rows before the last week. "The same time" refers to the steps that are
    forecast, which are taken in up to `REPEATS` blocks, such as quarters of a day.

    Parameters
    ----------
    freq : str
    seasons : sequence of int
        Season lengths of the data, in rows.
    season : int
        The main one.
    length, horizon : int
        In rows.
    """
    before = np.arange(length, 0, -1)  # 1 is the last row before the origin
    all_steps = np.ones((1, horizon), bool)

    def part(label: Text, rows: np.ndarray) -> InputGroup:
        return InputGroup("context", label, all_steps, rows[None], hides_earlier=bool(rows[0]))

    if season < 2 or length <= season:
        last = -(-length // SHARE_OF_CONTEXT)
        if last == length:
            return [part(Text("the context"), before > 0)]
        label = Text("the last {rows} rows", rows=last)
        rest = Text("the {rows} rows before the last {last}", rows=length - last, last=last)
        return [part(label, before <= last), part(rest, before > last)]
    unit, units = _season_name(freq, season)
    longer = [s for s in seasons if s > season and s % season == 0 and s < length]
    outer = min(longer, default=length)
    groups = [part(Text("the last {unit}", unit=unit), before <= season)]
    phases = min(horizon, season)
    blocks = min(REPEATS, phases)
    block_of_phase = np.full(season, -1)
    block_of_phase[:phases] = np.arange(phases) * blocks // phases
    block_of_row, block_of_step = block_of_phase[-before % season], block_of_phase[np.arange(horizon) % season]
    is_block = np.arange(blocks)[:, None]
    earlier, steps = (before > season) & (before <= outer), block_of_step == is_block
    same, others = earlier & (block_of_row == is_block), earlier & (block_of_row != is_block)
    label = Text("the same time of the {units} before", units=units)
    groups.append(InputGroup("context", label, steps, same))
    if others.any(1).all():
        label = Text("other times of the {units} before", units=units)
        groups.append(InputGroup("context", label, steps, others))
    if outer < length:
        label = Text("the rows before the last {unit}", unit=_season_name(freq, outer)[0])
        groups.append(part(label, before > outer))
    return groups


def _season_name(freq: str, rows: int) -> tuple[Text, Text]:
    """The name of a season, in singular and plural."""
    day, week, year = (
        (Text("day", code="unit-day"), Text("days")),
        (Text("week"), Text("weeks")),
        (Text("year"), Text("years")),
    )
    per_day = steps_per_day(freq)
    names = (day, week) if per_day > 1 else (week,) if per_day == 1 or freq == "B" else (year,)
    of_frequency = dict(zip(season_lengths(freq)[1:], names, strict=True))
    other = (
        Text("{rows} rows", code="unit-rows", rows=rows),
        Text("periods of {rows} rows", rows=rows),
    )
    return of_frequency.get(rows, other)


def input_groups(forecaster: Forecaster, datamodule: WindowDataModule) -> list[InputGroup]:
    """The parts of the context, each covariate that the model reads, and the calendar."""
    length, horizon, panel = forecaster.context_length, forecaster.horizon, datamodule.panel
    all_steps = np.ones((1, horizon), bool)
    covariates = [
        InputGroup("covariate", Text("covariate {name}", name=panel.covariate_names[k]), all_steps, covariate=k)
        for k in forecaster.covariates_read
    ]
    calendar = InputGroup("calendar", Text("calendar"), all_steps)
    context = context_groups(panel.freq, datamodule.seasons, datamodule.season, length, horizon)
    return [*context, *covariates, calendar]


@dataclass
class _Windows:
    """Windows that are forecast with changed inputs: origins, channels, and the series they are cut from.

    Attributes
    ----------
    series : SeriesStore
    origins : int64 [N]
        The origin of each segment; see `WindowCopies`.
    repeat : int64 [N]
        Number of the repetition of each segment, which selects the block of steps.
    segment, channel : int64 [W]
        Of each window.
    first_donor, last_donor : int
        Origins whose rows may replace inputs.
    """

    series: SeriesStore
    origins: np.ndarray
    repeat: np.ndarray
    segment: np.ndarray
    channel: np.ndarray
    first_donor: int
    last_donor: int

    def copies(self, group: InputGroup | None, rows_before: int, horizon: int, season: int) -> WindowCopies | None:
        """The rows of the windows with one group changed; None if there is no other time to take its values from."""
        origins = torch.from_numpy(self.origins)
        if group is None:
            return WindowCopies(self.series, origins, rows_before, horizon)
        if group.hidden is not None:
            hidden = np.zeros((len(self.origins), rows_before), bool)
            of_context = group.hidden[self.repeat % len(group.hidden)]
            start = rows_before - of_context.shape[1]
            hidden[:, start:], hidden[:, :start] = of_context, group.hides_earlier
            return WindowCopies(self.series, origins, rows_before, horizon, hidden=torch.from_numpy(hidden))
        donors = self._donors(1 if group.covariate is None else season, horizon)
        if donors is None:
            return None
        if group.covariate is None:
            return WindowCopies(self.series, origins, rows_before, horizon, calendar_of=donors)
        number = group.covariate
        return WindowCopies(self.series, origins, rows_before, horizon, covariate=number, covariate_of=donors)

    def steps(self, group: InputGroup) -> np.ndarray:
        """The steps of each window in which a group is measured, bool [W, H]."""
        return group.steps[self.repeat[self.segment] % len(group.steps)]

    def _donors(self, season: int, horizon: int) -> Tensor | None:
        """For each segment another origin, at the same time of the season and `horizon` rows away where there is one.

        None if a segment has no other origin.
        """
        rng, chosen = np.random.default_rng(0), []
        candidates = np.arange(self.first_donor, self.last_donor + 1)
        for origin in self.origins:
            distance = np.abs(candidates - origin)
            far = distance >= horizon
            for allowed in (far & (distance % season == 0), far, distance > 0):
                if allowed.any():
                    chosen.append(rng.choice(candidates[allowed]))
                    break
            else:
                return None
        return torch.tensor(chosen)


@dataclass(frozen=True)
class Measured:
    """The measurements of `explain_inputs`: of each group, and on how many windows."""

    inputs: list[ExplainedInput]
    windows: int
    origins: int
    channels: int
    forecasts: int
    seconds: float


def explain_inputs(
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    series: SeriesStore,
    origins: np.ndarray,
    channels: np.ndarray,
    *,
    max_windows: int = MAX_WINDOWS,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Measured:
    """Measure what a forecaster uses its inputs for, on validation windows and in one forecast.

    Parameters
    ----------
    forecaster : Forecaster
        Ready to forecast, on the device that is used.
    datamodule : WindowDataModule
        The data of its run; the windows are `val`, on which models are compared.
    series : SeriesStore
        The data of the forecast, up to its last row.
    origins : int64 [C]
        Row of the first forecast of each channel.
    channels : int64 [N]
        Numbers of the channels to forecast; of more than ``max_windows / REPEATS``, evenly spaced ones are taken.
    max_windows : int
        Largest number of windows in one pass. Each group takes one pass over validation windows and one over the
        repeated forecast.
    report : callable
        Called with the number of groups that are measured, and of all groups.

    Returns
    -------
    Measured
        Groups in the order of `input_groups`.
    """
    started = time.monotonic()
    groups, season = input_groups(forecaster, datamodule), datamodule.season
    rows_before = max(forecaster.rows_read, 2 * max(datamodule.seasons))
    validation = _validation_windows(datamodule, rows_before, max_windows)
    future = _forecast_windows(forecaster, series, origins, channels, max_windows)
    names, std = datamodule.panel.channels, forecaster.channel_std.float().cpu().numpy()
    forecasts = 0

    def quantiles(windows: _Windows, group: InputGroup | None) -> tuple[Tensor, Tensor] | None:
        """Point [W, H] and quantiles [W, Q, H]."""
        nonlocal forecasts
        copies = windows.copies(group, rows_before, forecaster.horizon, season)
        if copies is None:
            return None
        forecasts += len(windows.channel)
        return _forecast(forecaster, copies, windows, datamodule.eval_batch_size)

    val_base, future_base = quantiles(validation, None), quantiles(future, None)
    assert val_base is not None
    assert future_base is not None
    inputs = []
    for number, group in enumerate(groups):
        report(number, len(groups))
        changed = quantiles(validation, group)
        rise = Interval(None, None, None)
        if changed is not None:
            without, with_input = (_frame(forecaster, datamodule, validation, group, f) for f in (changed, val_base))
            value = score_intervals(without, with_input, forecaster.horizon)["metrics"]["relative_wql"]
            rise = Interval(*(float(end - 1) if math.isfinite(end) else None for end in value))
        changed = quantiles(future, group)
        move, moves = ForecastMove(None, None), dict[str, ForecastMove]()
        if changed is not None:
            difference = (future_base[1] - changed[1])[:, MEDIAN].cpu().numpy() / std[future.channel][:, None]
            steps = future.steps(group)
            move = _move(difference, steps)
            for c in np.unique(future.channel):
                own = future.channel == c
                moves[names[c]] = _move(difference[own], steps[own])
        inputs.append(
            ExplainedInput(
                kind=group.kind,
                label=str(group.label),
                label_code=group.label.to_json(),
                changed=group.changed,
                rows=group.rows,
                error_rise=rise,
                forecast=move,
                by_channel=moves,
            )
        )
    report(len(groups), len(groups))
    return Measured(
        inputs=inputs,
        windows=len(validation.channel),
        origins=len(validation.origins),
        channels=len(np.unique(future.channel)),
        forecasts=forecasts,
        seconds=time.monotonic() - started,
    )


def _move(difference: np.ndarray, steps: np.ndarray) -> ForecastMove:
    """The mean of differences [W, H] over the measured steps."""
    return ForecastMove(float(np.abs(difference)[steps].mean()), float(difference[steps].mean()))


def _validation_windows(datamodule: WindowDataModule, rows_before: int, max_windows: int) -> _Windows:
    """At most `max_windows` windows of `val`, from all their seasons, and from as many channels as possible."""
    origin, channel = (pair.numpy() for pair in datamodule.windows["val"].pairs)
    windows_per_origin = -(-len(origin) // len(np.unique(origin)))
    copied = (rows_before + datamodule.horizon) * datamodule.num_channels
    wanted = max(MIN_ORIGINS, max_windows // windows_per_origin)
    num_origins = min(wanted, max(1, MAX_COPIED_VALUES // copied))
    ordered = np.sort(origin)  # origins with more windows are chosen more often
    chosen = np.unique(ordered[stratified(len(ordered), num_origins)])
    windows = np.flatnonzero(np.isin(origin, chosen))
    windows = windows[stratified(len(windows), max_windows)]
    origins, segment = np.unique(origin[windows], return_inverse=True)
    first_donor = min(datamodule.context_length, int(origins[0]) - 1)
    return _Windows(
        series=datamodule.series,
        origins=origins,
        repeat=np.arange(len(origins)),
        segment=segment,
        channel=channel[windows],
        first_donor=max(0, first_donor),
        last_donor=int(origin.max()),
    )


def _forecast_windows(
    forecaster: Forecaster, series: SeriesStore, origins: np.ndarray, channels: np.ndarray, max_windows: int
) -> _Windows:
    """Each forecast `REPEATS` times; its own future rows replace nothing."""
    chosen = channels[evenly_spaced(len(channels), max(1, max_windows // REPEATS))]
    distinct, place = np.unique(origins[chosen], return_inverse=True)
    repeat = np.arange(REPEATS)
    return _Windows(
        series=series,
        origins=distinct.repeat(REPEATS),
        repeat=np.tile(repeat, len(distinct)),
        segment=(place[:, None] * REPEATS + repeat).ravel(),
        channel=chosen.repeat(REPEATS),
        first_donor=forecaster.context_length,
        last_donor=int(distinct[0]) - forecaster.horizon,
    )


def _forecast(
    forecaster: Forecaster, copies: WindowCopies, windows: _Windows, batch_size: int
) -> tuple[Tensor, Tensor]:
    """Point [W, H] and quantiles [W, Q, H]."""
    device = copies.values.device
    points, quantiles = [], []
    for index in torch.arange(len(windows.channel)).split(batch_size):
        origin = copies.origin_rows[torch.from_numpy(windows.segment)[index].to(device)]
        channel = torch.from_numpy(windows.channel)[index].to(device)
        batch = copies.gather(origin, channel, forecaster.context_length, forecaster.horizon)
        forecast = forecaster.forecast(batch)
        points.append(forecast.point.float())
        quantiles.append(forecast.quantiles.float())
    return torch.cat(points), torch.cat(quantiles)


def _frame(
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    windows: _Windows,
    group: InputGroup,
    forecast: tuple[Tensor, Tensor],
) -> pd.DataFrame:
    """The sums of the errors in the measured steps, as rows of windows.parquet."""
    device = forecast[0].device
    origin = windows.origins[windows.segment]
    batch = windows.series.gather(
        torch.from_numpy(origin).to(device),
        torch.from_numpy(windows.channel).to(device),
        forecaster.context_length,
        forecaster.horizon,
    )
    mask = batch.target_mask & torch.from_numpy(windows.steps(group)).to(device)
    metrics = new_metrics(forecaster)
    sums = metrics.window_sums(*forecast, batch.target, mask)
    panel = datamodule.panel
    series = {"series": panel.channel_series[windows.channel]} if datamodule.split.by_series else {}
    return pd.DataFrame(
        {
            "origin": origin,
            "channel": np.asarray(panel.channels, dtype=object)[windows.channel],
            **series,
            "std": metrics.channel_std.cpu().numpy()[windows.channel],
            "mase_scale": metrics.mase_scale.cpu().numpy()[windows.channel],
            **{name: value.cpu().numpy() for name, value in sums.items()},
        }
    )
